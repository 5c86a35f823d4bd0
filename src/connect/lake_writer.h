// What every sink of the lake does: rows of a topic go into one Iceberg table, and each snapshot carries the
// position it was read to, so rows are there exactly once whatever was killed when. After an error the table
// and its position are read again. archive_sink.h and lake_sink.h say which rows.
//
// Thread: one worker at a time; run_once() blocks on the disk.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "lake/rewrite.h"
#include "lake/table.h"

namespace mr::connect {

class LakeWriter {
  public:
    virtual ~LakeWriter() = default;
    LakeWriter(const LakeWriter&) = delete;
    LakeWriter& operator=(const LakeWriter&) = delete;

    /// Opens the table, creates it where it is missing, and goes on at its position.
    Status start();
    /// Commits what came, in one or several snapshots; number of rows written. Call it every commit interval.
    /// After an error the next call starts again at the committed position.
    Result<std::size_t> run_once();
    /// Looks after the table now and then: drops rows that are due, and gives a job for a partition whose
    /// small files are worth rewriting (nullptr: none). Short. The job runs on any thread beside run_once().
    Result<std::shared_ptr<lake::Rewrite>> plan_upkeep();
    /// Puts a finished job's files in place. Short. not_found: they came too late, and nothing changed.
    Status commit_upkeep(lake::Rewrite& job);
    /// Called once after a run_once() that left nothing, when there is more. Short; any thread may call it.
    void set_wakeup(std::function<void()> wakeup);
    /// "<database>.<table>"
    [[nodiscard]] const std::string& name() const { return name_; }

  protected:
    LakeWriter(FileSystem& fs, Clock& clock, std::string name, lake::TableSpec spec)
        : fs_(fs), clock_(clock), name_(std::move(name)), spec_(std::move(spec)) {}

    /// Reads on behind `position`, the summary of the table's newest snapshot.
    virtual Status open_reader(const lake::Summary& position) = 0;
    virtual void close_reader() = 0;
    /// REQUIRES: the reader is open.
    virtual void wake_on_more(const std::function<void()>& wakeup) = 0;
    /// One snapshot at most; `more` becomes false when nothing was left to read. Number of rows.
    virtual Result<std::size_t> commit_once(bool& more) = 0;

    [[nodiscard]] lake::Table& table() { return *table_; }
    [[nodiscard]] const lake::TableSpec& spec() const { return spec_; }
    [[nodiscard]] Clock& clock() { return clock_; }

  private:
    FileSystem& fs_;
    Clock& clock_;
    const std::string name_;
    const lake::TableSpec spec_;
    std::unique_ptr<lake::Table> table_;
    std::function<void()> wakeup_;
    bool started_ = false;
};

}  // namespace mr::connect
