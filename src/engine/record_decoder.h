// The physical and metadata columns of a table, record by record, by the table's formats (value.format,
// key.format). Computed columns are not its business. Thread: the pipeline's.
#pragma once

#include <memory>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "columnar/column.h"
#include "formats/fields_read.h"
#include "formats/schema_source.h"
#include "plan/table.h"
#include "wire/record.h"

namespace mr::engine {

/// What a record comes to. `update` is two rows, the old one and the new one; `none` is no row (the tombstone
/// that follows a removal in a log of changes).
enum class RowKind : std::uint8_t { put, remove, update, none };

class RecordDecoder {
  public:
    /// Decodes the columns of `table` marked in `wanted` (by column index; computed ones are ignored).
    /// `schemas`: where formats with a registry find theirs; may be nullptr. `reads`, by table column: what
    /// of each is read; empty: everything.
    static Result<std::unique_ptr<RecordDecoder>> create(const plan::TablePtr& table,
                                                         const std::vector<bool>& wanted,
                                                         formats::SchemaSource* schemas,
                                                         const std::vector<formats::FieldsRead>& reads = {});
    /// For create().
    class Impl;
    explicit RecordDecoder(std::unique_ptr<Impl> impl);
    ~RecordDecoder();

    /// Appends one value (two for `update`, none for `none`) to the builder of every wanted physical and
    /// metadata column, or, on an error, to none. A record without value is `remove` for an upsert table
    /// (only its key columns are filled), an error for others. `at`: the journal entry it came with, for
    /// formats with a registry.
    Result<RowKind> decode(PartitionId partition, const wire::Record& record, Seq at);
    /// The column of table column `index`; nullptr if it is not decoded. Ends the batch for that column.
    [[nodiscard]] ColumnPtr take(std::size_t index);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::engine
