// Iceberg's schemas: types with field ids, their JSON, how SQL types map to them, and how a table grows
// columns. Format: docs/formats/iceberg-mapping.md. Thread: any (immutable values).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/type.h"

namespace mr::lake {

struct LakeField;

struct LakeType {
    /// A primitive ("long", "decimal(12, 2)", "timestamptz"), or "struct", "list", "map".
    std::string name;
    /// struct: its fields; list: one, "element"; map: "key" and "value".
    std::vector<LakeField> fields;

    [[nodiscard]] bool is_nested() const;
    /// Equal in names and types; ids do not count.
    [[nodiscard]] bool same_as(const LakeType& other) const;
};

struct LakeField {
    int id = 0;
    std::string name;
    bool required = false;
    LakeType type;
};

struct LakeSchema {
    int id = 0;
    std::vector<LakeField> fields;

    [[nodiscard]] const LakeField* find(std::string_view name) const;
    /// The highest id of any field, nested ones included.
    [[nodiscard]] int last_id() const;
    /// A schema object as table metadata and manifests hold it.
    [[nodiscard]] std::string to_json() const;
    static Result<LakeSchema> parse(std::string_view json);
};

/// unsupported for a type Iceberg has no place for (NULL). Ids are 0.
Result<LakeType> lake_type(const DataType& type);

/// Columns as optional fields (required where the SQL type says NOT NULL and `keep_not_null`), ids from 1.
Result<LakeSchema> lake_schema(const Schema& columns, bool keep_not_null);

/// `current` with the columns of `wanted` it lacks, as optional fields with new ids above `last_id` (moved),
/// and with int, float and decimal columns widened. The schema id is unchanged when nothing is new.
/// unsupported when a column has another type, or a required column is not in `wanted`.
Result<LakeSchema> evolve(const LakeSchema& current, const LakeSchema& wanted, int& last_id,
                          int new_schema_id);

}  // namespace mr::lake
