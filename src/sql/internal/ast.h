// The syntax tree: what the parser made of a text, before any name has a meaning. Every node keeps its span.
// Special syntax (EXTRACT, TRIM, IN, CASE …) is already a call in the shape plan/functions.h lists. Trees are
// bounded: kMaxDepth nodes from root to leaf. Thread: any (not changed after parsing).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "columnar/type.h"
#include "sql/internal/source_file.h"

namespace mr::sql::ast {

struct Name {
    std::string text;
    Span span;
};
/// a.b.c
using Path = std::vector<Name>;

struct Expr;
struct Query;
struct TableRef;
using ExprPtr = std::unique_ptr<Expr>;
using QueryPtr = std::shared_ptr<const Query>;
using TableRefPtr = std::unique_ptr<TableRef>;

struct OrderItem {
    ExprPtr expr;
    bool descending = false;
    std::optional<bool> nulls_last;
};

enum class BoundKind : std::uint8_t {
    unbounded_preceding,
    preceding,
    current_row,
    following,
    unbounded_following,
};
struct FrameBound {
    BoundKind kind = BoundKind::current_row;
    ExprPtr offset;  ///< preceding, following
};
struct Frame {
    bool range = false;
    FrameBound start;
    FrameBound end;
    Span span;
};

/// (PARTITION BY … ORDER BY … ROWS …), perhaps built on a named one.
struct WindowSpec {
    std::optional<Name> base;
    std::vector<ExprPtr> partition;
    std::vector<OrderItem> order;
    std::optional<Frame> frame;
    Span span;
};

enum class ExprKind : std::uint8_t {
    number,       ///< text
    string,       ///< text
    bytes,        ///< text
    boolean_,     ///< flag
    null,         ///<
    date_time,    ///< function DATE | TIME | TIMESTAMP, text
    interval,     ///< value in months (flag) or milliseconds
    name,         ///< path
    star,         ///< [path.]*
    call,         ///< function(args), with what may follow it
    field,        ///< args[0].text
    cast,         ///< CAST or TRY_CAST (function) of args[0] AS type
    in_query,     ///< (args) [NOT: flag] IN (query)
    exists,       ///< EXISTS (query)
    scalar,       ///< (query) as a value
    quantified,   ///< args[0] = ANY (query) and the like
    descriptor,   ///< DESCRIPTOR(args…)
    table_arg,    ///< TABLE path | TABLE(query) [PARTITION BY args] [ORDER BY order]
    unsupported,  ///< parsed, with no meaning here yet: text says what
};

struct Expr {
    ExprKind kind = ExprKind::null;
    Span span;
    std::string text;
    std::string function;  ///< canonical name in capitals; what a user wrote is in the span
    bool quoted_function = false;
    Path path;
    std::vector<ExprPtr> args;
    std::vector<Name> arg_names;  ///< name => value: one an argument, empty text where positional
    std::int64_t value = 0;
    bool flag = false;
    DataType type;
    bool distinct = false;
    bool star_argument = false;    ///< COUNT(*)
    bool ignore_nulls = false;     ///<
    ExprPtr filter;                ///< FILTER (WHERE …)
    std::vector<OrderItem> order;  ///< WITHIN GROUP (ORDER BY …), or ORDER BY inside the parentheses
    std::unique_ptr<WindowSpec> over;
    QueryPtr query;
    int depth = 1;
};

enum class JoinKind : std::uint8_t { inner, left, right, full, cross };

/// A variable of PATTERN with its quantifier.
struct PatternItem {
    Name variable;
    int least = 1;
    int most = 1;  ///< -1: without end
    bool reluctant = false;
    bool quantified = false;
};

enum class AfterMatch : std::uint8_t { unsaid, to_next_row, past_last_row, to_first, to_last };

struct MatchRecognize {
    std::vector<ExprPtr> partition;
    std::vector<OrderItem> order;
    struct Measure {
        ExprPtr value;
        Name name;
        bool final = false;
    };
    std::vector<Measure> measures;
    bool all_rows = false;
    std::vector<PatternItem> pattern;
    AfterMatch after = AfterMatch::unsaid;
    Name after_variable;  ///< to_first, to_last
    ExprPtr within;
    std::vector<std::pair<Name, ExprPtr>> define;
    /// What was parsed but has no meaning here: its place and name, in order.
    std::vector<Name> unsupported;
    Span span;
};

struct Hint {
    std::string name;  ///< in capitals
    std::vector<std::pair<std::string, std::string>> options;
    Span span;
};

enum class TableKind : std::uint8_t {
    named,     ///< path [FOR SYSTEM_TIME AS OF system_time]
    subquery,  ///< (query)
    function,  ///< TABLE(call), LATERAL TABLE(call)
    unnest,    ///< UNNEST(expr) [WITH ORDINALITY]
    join,      ///< left, right
};

struct TableRef {
    TableKind kind = TableKind::named;
    Span span;
    Path path;
    ExprPtr system_time;
    QueryPtr query;
    ExprPtr expr;  ///< function, unnest
    bool lateral = false;
    bool ordinality = false;
    std::optional<Name> alias;
    std::vector<Name> column_aliases;
    std::vector<Hint> hints;
    std::unique_ptr<MatchRecognize> match;
    // join
    TableRefPtr left;
    TableRefPtr right;
    JoinKind join_kind = JoinKind::inner;
    bool comma = false;
    bool natural = false;
    ExprPtr on;
    std::vector<Name> using_columns;
    int depth = 1;
};

struct SelectItem {
    ExprPtr expr;
    std::optional<Name> alias;
};

enum class GroupKind : std::uint8_t { plain, empty, grouping_sets, cube, rollup };
struct GroupItem {
    GroupKind kind = GroupKind::plain;
    std::vector<ExprPtr> exprs;
    std::vector<GroupItem> sets;
    Span span;
};

struct NamedWindow {
    Name name;
    std::unique_ptr<WindowSpec> spec;
};

struct Select {
    bool distinct = false;
    std::vector<SelectItem> items;
    TableRefPtr from;  ///< nullptr: SELECT without FROM
    ExprPtr where;
    std::vector<GroupItem> group_by;
    bool has_group_by = false;
    ExprPtr having;
    std::vector<NamedWindow> windows;
    ExprPtr qualify;
    std::vector<Hint> hints;
    Span span;
};

enum class SetOp : std::uint8_t { union_, intersect, except };

struct WithItem {
    Name name;
    std::vector<Name> columns;
    QueryPtr query;
};

enum class QueryKind : std::uint8_t { select, set_operation, values, nested, table };

struct Query {
    QueryKind kind = QueryKind::select;
    Span span;
    std::vector<WithItem> with;
    std::unique_ptr<Select> select;
    SetOp set_op = SetOp::union_;
    bool all = false;
    Span op_span;
    QueryPtr left;  ///< set operation; nested: the query inside
    QueryPtr right;
    std::vector<std::vector<ExprPtr>> rows;  ///< VALUES
    Path table;                              ///< TABLE t
    std::vector<OrderItem> order;
    ExprPtr limit;
    ExprPtr offset;
    int depth = 1;
};

}  // namespace mr::sql::ast
