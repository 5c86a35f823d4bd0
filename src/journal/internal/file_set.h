// The journal's files that hold entries, oldest first; the last one is being written. Thread: any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "journal/entry.h"
#include "journal/internal/journal_file.h"

namespace mr::journal::internal {

class FileSet {
  public:
    explicit FileSet(std::vector<std::shared_ptr<JournalFile>> files) : files_(std::move(files)) {}

    void add(std::shared_ptr<JournalFile> file);
    [[nodiscard]] std::size_t size() const;
    /// Takes out the files whose entries are all at or below `through`; never the last one that holds any.
    std::vector<std::shared_ptr<JournalFile>> remove_through(Seq through);
    /// As Journal::read.
    Status read(Seq after, Seq applied, const std::function<bool(const Entry&)>& visit) const;

  private:
    /// As read(), entries as they were written: with parts by themselves.
    Status read_written(Seq after, const std::function<Result<bool>(Entry&)>& visit) const;
    [[nodiscard]] std::vector<std::shared_ptr<JournalFile>> snapshot() const;

    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<JournalFile>> files_;  // guarded by mutex_
};

}  // namespace mr::journal::internal
