// What a file says and where each part of it stands in the text: for tools that print the text anew in
// another dialect (emit/) and want to keep all of it that may stay. Only syntax: no name is looked up.
//
// Ranges are bytes of the text, the end not included. Thread: any (a function of the text; the result is a
// value).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columnar/type.h"
#include "sql/diagnostic.h"

namespace mr::sql {

struct TextRange {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;

    [[nodiscard]] bool empty() const { return end <= begin; }
    [[nodiscard]] bool contains(const TextRange& other) const {
        return begin <= other.begin && other.end <= end;
    }
};

/// A table or view that a query reads.
struct OutlineTable {
    std::string name;  ///< the last part of a.b.t
    TextRange range;   ///< the path
    TextRange whole;   ///< TABLE t of a window function's argument, or the path
    bool argument = false;
    bool aliased = false;
    TextRange as_of;         ///< the time after FOR SYSTEM_TIME AS OF; empty: none
    std::string as_of_name;  ///< the column it is, without what qualifies it
};

/// A word that stands for a name.
struct OutlineName {
    std::string text;
    TextRange range;
    bool quoted = false;
    bool field = false;  ///< behind a dot
};

/// f(a, b): what may be a user's function.
struct OutlineCall {
    std::string function;  ///< in capitals
    TextRange name;
    TextRange range;  ///< to the closing parenthesis
    std::vector<TextRange> arguments;
};

/// OPTIONS('key' = 'value', …), STATE_TTL(…): one hint between /*+ and */.
struct OutlineHint {
    std::string name;  ///< in capitals
    std::vector<std::pair<std::string, std::string>> options;
    TextRange range;
    TextRange comment;  ///< from /*+ to */
};

/// The OVER windows of one SELECT, each once.
struct OutlineOvers {
    std::vector<std::pair<std::string, TextRange>> windows;  ///< what it says, and where first
};

/// Syntax that other engines may lack.
enum class OutlineFeature : std::uint8_t {
    all_rows_per_match,
    classifier,
    final_measure,
    table_query,   ///< TABLE(query) as an argument; the range is the word TABLE
    session_keys,  ///< SESSION over a table partitioned by several columns
};

struct OutlineColumn {
    enum class Kind : std::uint8_t { physical, metadata, computed };
    Kind kind = Kind::physical;
    std::string name;
    TextRange name_range;
    std::string metadata_key;  ///< metadata; the column's name if it does not say
    bool is_virtual = false;
    std::uint32_t metadata_end = 0;  ///< metadata: where VIRTUAL belongs
    TextRange expression;            ///< computed
    std::vector<OutlineName> reads;  ///< computed: names in the expression, quoted or not
};

struct OutlineInsert {
    std::string table;
    TextRange span;
    TextRange table_range;
    TextRange query;
    std::vector<std::string> columns;
    bool hinted = false;  ///< OPTIONS(…) behind the table's name
};

struct OutlineStatement {
    enum class Kind : std::uint8_t {
        create_table,
        create_view,
        create_materialized_view,
        create_function,
        insert,  ///< one, or those of a statement set
        set,
        reset,
        other,  ///< USE, EXPLAIN, a query: without an effect on what runs
    };
    Kind kind = Kind::other;
    TextRange span;
    TextRange before;  ///< comments and blank lines since the statement before
    std::string name;
    TextRange name_range;
    TextRange query;          ///< views, CREATE TABLE AS
    bool in_library = false;  ///< CREATE FUNCTION … USING: no text of SQL
    // tables
    std::vector<OutlineColumn> columns;
    std::vector<std::pair<std::string, std::string>> options;
    TextRange with;  ///< WITH (…)
    std::optional<std::string> like;
    TextRange like_range;
    TextRange as_range;        ///< AS query of a table
    bool like_options = true;  ///< the base's options are taken
    std::string like_items;    ///< what else LIKE says, in Flink's words
    bool has_watermark = false;
    bool has_primary_key = false;
    bool has_columns = false;
    // views
    std::vector<std::string> view_columns;
    // functions written in SQL
    std::vector<std::pair<std::string, DataType>> parameters;
    std::optional<DataType> returns;
    std::string body;
    // inserts
    std::vector<OutlineInsert> inserts;
    // SET, RESET
    std::string key, value;
};

struct Outline {
    SourceText source;
    std::vector<OutlineStatement> statements;
    TextRange after;  ///< comments behind the last statement
    std::vector<OutlineTable> tables;
    std::vector<OutlineName> names;
    std::vector<OutlineCall> calls;
    std::vector<OutlineHint> hints;
    std::vector<OutlineOvers> overs;
    std::vector<std::pair<OutlineFeature, TextRange>> features;

    [[nodiscard]] std::string_view text(TextRange range) const;
};

/// Of a text that compiles; of another one as much as can be read.
Outline outline(const SourceText& source);
/// Of one expression: the body of a function.
Outline outline_expression(const SourceText& source);
/// A message about a place of a text, as the compiler makes them.
Diagnostic diagnostic_at(const SourceText& source, TextRange range, Severity severity, std::string_view code,
                         std::string message, std::string help);

}  // namespace mr::sql
