// The rows of one file as values of records: lines of a text, rows of a Parquet file as JSON. Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "connect/file_source.h"
#include "plan/table.h"

namespace mr::connect {

class FileRows {
  public:
    virtual ~FileRows() = default;
    /// Goes on behind `from`. `name`: the path below the table's, whose folders say what is in the columns of
    /// PARTITIONED BY ("day=2024-01-31/a.csv"). unsupported: a format that has no files.
    static Result<std::unique_ptr<FileRows>> open(FileSystem& fs, const std::string& path,
                                                  std::string_view name, const plan::Table& table,
                                                  std::int64_t from);
    /// False at the end of the file.
    virtual Result<bool> next(std::string& value) = 0;
    /// Behind the last row that next() gave.
    [[nodiscard]] virtual FilePlace place() const = 0;
};

}  // namespace mr::connect
