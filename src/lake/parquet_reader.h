// Reads data files back, ours and those of other Iceberg writers: the columns asked for, found by field id
// (by name where a field has none), batch by batch. A column the file does not have is NULL; narrower numbers
// are widened. Arrow stays in the .cc. Holds a few hundred KiB a column and one batch. Format:
// docs/formats/iceberg-mapping.md. Thread: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "columnar/column.h"
#include "lake/schema.h"

namespace mr::lake {

/// The SQL type that holds what a lake type does: INT of int, TIMESTAMP_LTZ(6) of timestamptz, … unsupported:
/// none (uuid, fixed, and types of later versions).
Result<DataType> data_type(const LakeType& type);

class ParquetReader {
  public:
    /// `types[i]` is what `fields[i]` is read as. corrupt for what is no Parquet file.
    static Result<std::unique_ptr<ParquetReader>> open(FileSystem& fs, const std::string& path,
                                                       const std::vector<LakeField>& fields,
                                                       const std::vector<DataType>& types,
                                                       std::int64_t batch_rows);
    ~ParquetReader();

    struct Batch {
        std::vector<ColumnPtr> columns;
        std::size_t rows = 0;
    };
    /// The next rows, in the file's order; nothing at its end.
    Result<std::optional<Batch>> next();

    /// For open().
    class Impl;
    explicit ParquetReader(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::lake
