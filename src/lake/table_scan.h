// Reads a lake table as it is now: the rows of its current snapshot, file after file. No lock is taken; the
// files of a snapshot stay for an hour after it was replaced. Memory: one batch and the buffers of one file.
// Thread: one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "lake/manifest.h"
#include "lake/parquet_reader.h"

namespace mr::lake {

/// Both ends included; times in microseconds.
struct ColumnRange {
    std::int64_t low = 0, high = 0;
};

class TableScan {
  public:
    /// The columns of a table, as SQL types. not_found: there is no table in this folder.
    static Result<Schema> schema(FileSystem& fs, const std::string& directory);

    /// `columns`: those read, by their place in schema(), in the order wanted. unsupported for a table with
    /// another writer's delete files. Files whose bounds say that no row lies in all of `ranges` (integers
    /// and timestamps, by place in schema()) are left out.
    static Result<std::unique_ptr<TableScan>> open(FileSystem& fs, const std::string& directory,
                                                   const std::vector<int>& columns,
                                                   const std::map<int, ColumnRange>& ranges = {});
    [[nodiscard]] std::size_t files() const { return paths_.size(); }

    /// The next rows; nothing at the end. Files in the order of their commits.
    Result<std::optional<ParquetReader::Batch>> next();

    TableScan(FileSystem& fs, std::vector<LakeField> fields, std::vector<DataType> types)
        : fs_(fs), fields_(std::move(fields)), types_(std::move(types)) {}

  private:
    FileSystem& fs_;
    const std::vector<LakeField> fields_;
    const std::vector<DataType> types_;
    std::vector<std::string> paths_;
    std::size_t at_ = 0;
    std::unique_ptr<ParquetReader> reader_;
};

}  // namespace mr::lake
