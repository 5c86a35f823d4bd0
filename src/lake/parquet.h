// Data files: columns in, the bytes of one Parquet file and its Iceberg statistics out. Arrow stays in the
// .cc. Format: docs/formats/iceberg-mapping.md. Thread: any.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/column.h"
#include "lake/manifest.h"
#include "lake/schema.h"

namespace mr::lake {

struct ParquetOptions {
    /// Columns without dictionary: every value differs.
    std::set<std::string, std::less<>> plain_columns;
    /// Columns without dictionary and bounds: payloads, where both cost and neither helps.
    std::set<std::string, std::less<>> raw_columns;
    std::size_t row_group_bytes = 32U << 20;
};

/// Writes one file batch by batch; holds at most one row group, encoded.
class ParquetWriter {
  public:
    /// Takes the file's bytes in order.
    using Sink = std::function<Status(std::string_view)>;
    static Result<std::unique_ptr<ParquetWriter>> open(const std::vector<LakeField>& fields,
                                                       const std::vector<DataType>& types,
                                                       const ParquetOptions& options, Sink sink);
    ~ParquetWriter();

    /// Columns of equal length, at least one row, each for the field of the same place.
    Status write(const std::vector<ColumnPtr>& columns);
    /// All but path and partition. REQUIRES: something was written.
    Result<DataFile> finish();
    /// Given to the sink so far.
    [[nodiscard]] std::int64_t bytes() const;

    /// For open().
    class Impl;
    explicit ParquetWriter(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

struct ParquetFile {
    std::string bytes;
    DataFile file;  ///< all but path and partition
};

/// One file of `columns`, each for the field of the same place in `fields` (ids from the table's schema).
/// REQUIRES: columns of equal length, at least one row.
Result<ParquetFile> write_parquet(const std::vector<LakeField>& fields, const std::vector<ColumnPtr>& columns,
                                  const ParquetOptions& options);

/// Microseconds of a timestamp column's ticks; beyond 64 bits the largest or smallest.
std::int64_t to_micros(std::int64_t ticks, std::int64_t unit);

/// The bound Iceberg takes for text and bytes: at most 16 bytes; an upper one is raised so that nothing is
/// above it, and empty where that cannot be.
std::string lower_bound_of(std::string_view value, bool text);
std::string upper_bound_of(std::string_view value, bool text);
/// Big-endian two's complement without redundant bytes.
std::string minimal_decimal(std::string_view big_endian);

}  // namespace mr::lake
