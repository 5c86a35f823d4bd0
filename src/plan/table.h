// Tables as declared by CREATE TABLE and CREATE MATERIALIZED VIEW: what sources, sinks and the catalogue know
// of them. Thread: any (immutable).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/type.h"
#include "plan/expr.h"

namespace mr::plan {

/// Where the value of a declared column comes from.
enum class ColumnKind : std::uint8_t {
    physical,  ///< a field of the record
    metadata,  ///< METADATA [FROM 'key'] [VIRTUAL]: topic, partition, offset, timestamp, timestamp-type,
               ///< headers, leader-epoch
    computed,  ///< AS expr, over the physical and metadata columns (`expression` refers to the table's column
               ///< indexes)
};

struct TableColumn {
    std::string name;
    DataType type;
    ColumnKind kind = ColumnKind::physical;
    std::string metadata_key;  ///< metadata
    bool is_virtual = false;   ///< metadata: not written by INSERT INTO
    ExprPtr expression;        ///< computed
    std::string comment;
};

struct Watermark {
    int column = -1;
    ExprPtr expression;  ///< over the table's columns; same type as the column
};

/// An option of WITH (…), with its place for error messages.
struct Option {
    std::string value;
    int line = 0;
    int column = 0;
};

struct Table {
    std::string name;
    std::vector<TableColumn> columns;
    std::optional<Watermark> watermark;
    std::vector<int> primary_key;  ///< NOT ENFORCED
    std::vector<int> partitioned_by;
    std::map<std::string, Option, std::less<>> options;
    /// What the hint OPTIONS of one reader changed, as text; empty: nothing. Part of that source's plan.
    std::string hinted;
    std::string file;  ///< where it was declared, for messages
    int line = 0;

    [[nodiscard]] Schema schema() const;
    [[nodiscard]] int find(std::string_view column) const;
    /// Value of an option, or `fallback`.
    [[nodiscard]] std::string_view option(std::string_view key, std::string_view fallback = {}) const;
    [[nodiscard]] bool has_option(std::string_view key) const { return options.contains(key); }
    [[nodiscard]] std::string_view connector() const { return option("connector"); }
    /// 'topic', or the table's name.
    [[nodiscard]] std::string_view topic() const { return option("topic", name); }
    /// Its rows come from outside into a topic of their own: 'datagen', 'filesystem'.
    [[nodiscard]] bool is_fed() const { return connector() == "datagen" || connector() == "filesystem"; }
    /// Where its rows are read.
    [[nodiscard]] std::string source_topic() const;
};
using TablePtr = std::shared_ptr<const Table>;

}  // namespace mr::plan
