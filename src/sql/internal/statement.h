// The statements of a file. Thread: any (not changed after parsing).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sql/internal/ast.h"

namespace mr::sql::ast {

/// 'key' = 'value' of WITH, SET and hints.
struct OptionItem {
    Name key;
    Name value;
};

enum class ColumnDefKind : std::uint8_t { physical, metadata, computed };

struct ColumnDef {
    ColumnDefKind kind = ColumnDefKind::physical;
    Name name;
    DataType type;
    Span type_span;
    std::optional<Name> metadata_key;
    bool is_virtual = false;
    ExprPtr expression;  ///< computed
    std::string comment;
    bool primary_key = false;
};

struct PrimaryKeyDef {
    std::vector<Name> columns;
    bool not_enforced = false;
    Span span;
};

struct WatermarkDef {
    Path column;
    ExprPtr expression;
    Span span;
};

enum class LikeFeature : std::uint8_t {
    all,
    constraints,
    distribution,
    generated,
    metadata,
    options,
    partitions,
    watermarks
};
enum class LikeMerge : std::uint8_t { including, excluding, overwriting };

/// LIKE base (INCLUDING ALL OVERWRITING OPTIONS …)
struct LikeClause {
    Path table;
    struct Item {
        LikeMerge merge = LikeMerge::including;
        LikeFeature feature = LikeFeature::all;
        Span span;
    };
    std::vector<Item> items;
    Span span;
};

struct CreateTable {
    Path name;
    bool temporary = false;
    bool if_not_exists = false;
    std::vector<ColumnDef> columns;
    std::optional<PrimaryKeyDef> primary_key;
    std::optional<WatermarkDef> watermark;
    std::string comment;
    std::vector<Name> partitioned_by;
    std::vector<OptionItem> options;
    bool has_options = false;
    std::optional<LikeClause> like;
    QueryPtr query;  ///< AS SELECT
};

struct CreateView {
    Path name;
    bool temporary = false;
    bool if_not_exists = false;
    bool materialized = false;
    std::vector<Name> columns;
    std::optional<PrimaryKeyDef> primary_key;
    std::string comment;
    std::vector<OptionItem> options;
    QueryPtr query;
};

struct InsertInto {
    Path table;
    bool overwrite = false;
    std::vector<Hint> hints;
    std::vector<Name> partition_keys;
    std::vector<Path> columns;
    QueryPtr query;
};

/// EXECUTE STATEMENT SET BEGIN … END, BEGIN STATEMENT SET; … END.
struct StatementSet {
    std::vector<InsertInto> inserts;
    std::vector<Span> spans;
};

struct SetOption {
    std::optional<OptionItem> option;  ///< nothing: SET alone
    bool reset = false;
};

struct CreateFunction {
    Path name;
    bool temporary = false;
    bool if_not_exists = false;
    std::vector<std::pair<Name, DataType>> parameters;
    bool has_parameters = false;
    std::optional<DataType> returns;
    Name definition;  ///< class name, a library's function or $$ expression $$
    Name language;
    std::vector<std::pair<Name, Name>> uses;  ///< JAR, ARTIFACT or LIBRARY, and its path
};

struct Drop {
    std::string what;  ///< TABLE, VIEW, MATERIALIZED VIEW, FUNCTION, CATALOG, DATABASE
    Path name;
    bool if_exists = false;
};

/// Statements that are read over without a meaning here: ALTER, USE, CREATE CATALOG, SHOW …
struct Other {
    std::string what;
};

struct Statement;
struct Explain {
    std::string mode;
    std::shared_ptr<Statement> statement;
};

struct QueryStatement {
    QueryPtr query;
};

struct Statement {
    std::variant<CreateTable, CreateView, InsertInto, StatementSet, SetOption, CreateFunction, Drop, Other,
                 Explain, QueryStatement>
        body;
    Span span;
};

}  // namespace mr::sql::ast
