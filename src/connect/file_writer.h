// One file of a filesystem sink while it is written: text lines or Parquet. Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "columnar/column.h"
#include "plan/table.h"

namespace mr::connect {

class FileWriter {
  public:
    virtual ~FileWriter() = default;
    /// `schema`: what is in the file. unsupported: a format that has no files.
    static Result<std::unique_ptr<FileWriter>> open(FileSystem& fs, const std::string& path,
                                                    const plan::Table& table, const Schema& schema);
    /// These rows of the columns. `skipped` gets the reasons of rows that the format cannot say.
    virtual Status write(const std::vector<ColumnPtr>& columns, const std::vector<std::uint32_t>& rows,
                         std::vector<std::string>& skipped) = 0;
    /// Everything is on disk.
    virtual Status finish() = 0;
    [[nodiscard]] virtual std::int64_t bytes() const = 0;
};

}  // namespace mr::connect
