// The options of WITH (…): which connectors and formats there are, what each takes, what each needs.
// Thread: any (functions over constants).
#pragma once

#include <string>
#include <vector>

#include "plan/table.h"
#include "sql/internal/source_file.h"
#include "sql/internal/statement.h"

namespace mr::sql {

/// Takes a table's options into `table`; reports unknown, repeated, missing and malformed ones. False after
/// an error.
bool table_options(const SourceFile& file, const std::vector<ast::OptionItem>& items, Span table_span,
                   Diagnostics& diagnostics, plan::Table& table);
/// The same for CREATE MATERIALIZED VIEW.
bool view_options(const SourceFile& file, const std::vector<ast::OptionItem>& items, Diagnostics& diagnostics,
                  plan::Table& table);

/// What of a table's options depends on its columns, once these are known. False after an error.
bool connector_fits(const SourceFile& file, const std::vector<ast::OptionItem>& items,
                    Diagnostics& diagnostics, const plan::Table& table);

/// How rows of a connector's sink may change.
bool sink_takes_updates(const plan::Table& table);
/// Metadata keys of a connector: name, type, writable.
struct MetadataKey {
    std::string name;
    DataType type;
    bool writable = false;
};
std::vector<MetadataKey> metadata_keys(const plan::Table& table);

}  // namespace mr::sql
