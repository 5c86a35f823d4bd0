// Plan nodes: the relational operators between a source's rows and a sink. Made by `sql/`, run by `engine/`.
//
// A pipeline's plan is a DAG: a node used twice is the same pointer twice and is computed once a step.
// Expressions of a node refer to the columns of its input (joins: left columns, then right columns). What
// each operator does to deltas, watermarks and lateness is Flink's; the notes on each say what the engine
// must do and what final rows mean.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "columnar/type.h"
#include "plan/expr.h"
#include "plan/match.h"
#include "plan/sort_key.h"
#include "plan/table.h"

namespace mr::plan {

/// How rows change over an edge.
enum class Mode : std::uint8_t {
    append,   ///< weights are +1 only
    upsert,   ///< +1 means "put" for the unique key, -1 "delete"; no retraction precedes a put
    retract,  ///< every change of a row is a -1 of the old and a +1 of the new
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;

/// Rows of a table as its source decodes them; watermark and rejection belong to the source stage
/// (engine/source_stage.h). Upsert sources (upsert-kafka) yield Mode::upsert and are followed by a Normalize.
struct SourceNode {
    TablePtr table;
    std::vector<int> columns;  ///< the table's columns read, in output order (others are not decoded)
};

/// Output i is expressions[i]; weight, arrival and wm pass through.
struct ProjectNode {
    std::vector<ExprPtr> expressions;
};

/// Keeps rows for which the condition is TRUE. The watermark passes for filtered rows too.
struct FilterNode {
    ExprPtr condition;
};

/// Unwindowed GROUP BY: output = keys, then aggregates. Emits (-1 old, +1 new) per changed group and input
/// row; equal new values emit nothing; a group whose row count reaches 0 is retracted. No keys: one global
/// row, which exists only once a row came (Flink streaming). Input may retract.
struct AggregateNode {
    std::vector<int> keys;
    std::vector<AggCall> calls;
};

enum class WindowKind : std::uint8_t { tumble, hop, cumulate, session };

/// Window assignment: TUMBLE/HOP/CUMULATE/SESSION over a time attribute.
struct WindowSpec {
    WindowKind kind = WindowKind::tumble;
    int time_column = -1;       ///< rowtime of the input (timestamp or timestamp_ltz)
    std::int64_t size_ms = 0;   ///< cumulate: maximum size
    std::int64_t slide_ms = 0;  ///< hop: slide; cumulate: step
    std::int64_t offset_ms = 0;
    std::int64_t gap_ms = 0;          ///< session
    std::vector<int> partition_keys;  ///< session: PARTITION BY
};

/// A window table function on its own: each row once per window it falls in (tumble 1, hop size/slide …),
/// with window_start, window_end (TIMESTAMP(3)) and window_time (rowtime = window_end - 1 ms) appended.
/// Session: emitted when the watermark closes the session. Rows are not dropped as late here except where a
/// session has closed.
struct WindowTvfNode {
    WindowSpec window;
    /// Leaves out a row's windows that are closed already: below a rank within windows, which Flink gives
    /// once, when the window closes.
    bool drop_late = false;
};

/// GROUP BY window_start, window_end [, keys]. Output = keys (without the window columns), then aggregates,
/// then the window columns asked for by `window_columns` ("window_start", "window_end", "window_time"), in
/// the order given. Emitted once, when the watermark reaches window_end - 1; late rows (for that window) are
/// counted and go to late.<stream>. Append output. Where the input retracts (not append), Flink refuses and
/// so does the binder.
struct WindowAggregateNode {
    WindowSpec window;
    std::vector<int> keys;
    std::vector<AggCall> calls;
    std::vector<std::string> window_columns;
};

enum class JoinKind : std::uint8_t { inner, left, right, full, semi, anti };

/// Regular join: keeps both inputs. Equi keys (NULL never matches) and a residual condition over left ++
/// right. Output = left columns, right columns (semi/anti: left only). Outer: the padded row is emitted and
/// taken back as Flink does.
struct JoinNode {
    JoinKind kind = JoinKind::inner;
    std::vector<int> left_keys;
    std::vector<int> right_keys;
    ExprPtr residual;        ///< may be nullptr
    bool null_safe = false;  ///< set operations: NULL equals NULL
};

/// Join of two append-only inputs within a time bound: right.time between left.time + lower and left.time +
/// upper (ms). State is dropped as watermarks pass. Output as JoinNode.
struct IntervalJoinNode {
    JoinKind kind = JoinKind::inner;
    std::vector<int> left_keys;
    std::vector<int> right_keys;
    int left_time = -1;
    int right_time = -1;
    std::int64_t lower_ms = 0;
    std::int64_t upper_ms = 0;
    ExprPtr residual;
};

/// left JOIN versioned FOR SYSTEM_TIME AS OF left.time: the version of the right row (by its key) valid at
/// that instant. Left rows wait until both watermarks passed them. Right input: upsert or retract by its
/// unique key, with a time column. Kinds: inner, left.
struct TemporalJoinNode {
    JoinKind kind = JoinKind::inner;
    std::vector<int> left_keys;
    std::vector<int> right_keys;  ///< the right side's primary (upsert) key
    int left_time = -1;
    int right_time = -1;
    ExprPtr residual;
    /// As of a processing time: the right rows of the key as they are when the left row comes; no times, and
    /// right_keys may be any columns.
    bool processing_time = false;
};

/// One OVER window: frame [preceding, CURRENT ROW].
struct OverNode {
    std::vector<int> partition_keys;
    int order_column = -1;                  ///< time attribute, ascending
    bool processing_time = false;           ///< order by PROCTIME(): arrival order, emitted at once
    bool range = false;                     ///< RANGE (peers of the same time share a result) or ROWS
    std::optional<std::int64_t> preceding;  ///< rows, or milliseconds for RANGE; nothing: UNBOUNDED
    /// Aggregates and LAG/LEAD-like functions. Output = input columns, then one a call. Rows come out in time
    /// order once the watermark passes them (ties in arrival order); late rows are dropped to late.<stream>.
    /// Append in, append out.
    std::vector<AggCall> calls;
};

/// OVER where the order is no time attribute, or the input changes: a row that comes or goes changes the
/// results of others of its partition. Frame [preceding rows, CURRENT ROW]; also functions of the whole
/// partition (LEAD, NTILE, …). Output = input columns, then one a call; retracts. Ties keep arrival order.
struct SortedOverNode {
    std::vector<int> partition_keys;
    std::vector<SortKey> order;
    bool range = false;                     ///< up to the last row of equal order; else ROWS
    std::optional<std::int64_t> preceding;  ///< rows; nothing: UNBOUNDED
    std::vector<AggCall> calls;
};

enum class RankKind : std::uint8_t { row_number, rank, dense_rank };

/// ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) with a constant bound: [low, high]. Output = input columns,
/// then the rank (BIGINT) if `with_rank`. Ties keep arrival order. Input may retract.
struct TopNNode {
    RankKind rank = RankKind::row_number;
    std::vector<int> partition_keys;
    std::vector<SortKey> order;
    std::int64_t low = 1;
    std::int64_t high = 1;
    bool with_rank = false;
};

/// ROW_NUMBER() = 1 over a time attribute on an append-only input. keep_last: a newer or equal time replaces,
/// an older is ignored (retract output). keep first: in rowtime, emitted once the watermark passes (append
/// output), as Flink 2.2 plans it.
struct DeduplicateNode {
    std::vector<int> keys;
    int time_column = -1;
    bool keep_last = false;
    bool processing_time = false;
};

/// CROSS/LEFT JOIN UNNEST(expr): output = input columns, then the element's columns (ROW elements are spread;
/// a map gives key, value), then the 1-based ordinality (INT) if asked. Weight, arrival and wm as the input
/// row's.
struct UnnestNode {
    ExprPtr collection;
    bool outer = false;  ///< LEFT JOIN … ON TRUE: one padded row for an empty or NULL collection
    bool ordinality = false;
};

/// Concatenation by arrival.
struct UnionAllNode {};

/// Upsert stream -> retract stream: remembers the last row a key. Also drops no-op updates.
struct NormalizeNode {
    std::vector<int> keys;
};

/// SELECT DISTINCT, UNION, set operations: see AggregateNode without calls. VALUES: constant rows emitted
/// once at start.
struct ValuesNode {
    std::vector<std::vector<ExprPtr>> rows;
};

/// The input, then the processing time of the row's step ($proctime, TIMESTAMP_LTZ(3)) as an event-time
/// attribute whose watermark is the clock: what windows over PROCTIME() stand on.
struct ProcessingTimeNode {};

using Operator = std::variant<SourceNode, ProjectNode, FilterNode, AggregateNode, WindowTvfNode,
                              WindowAggregateNode, JoinNode, IntervalJoinNode, TemporalJoinNode, OverNode,
                              TopNNode, DeduplicateNode, UnnestNode, UnionAllNode, NormalizeNode, ValuesNode,
                              ProcessingTimeNode, MatchNode, SortedOverNode>;

struct Node {
    Operator op;
    std::vector<NodePtr> inputs;
    Schema schema;  ///< of the output
    Mode mode = Mode::append;
    /// Columns that identify a row of the output at any time; empty: none known (or, for a global aggregate,
    /// one row: `single_row`).
    std::vector<int> unique_key;
    bool single_row = false;
    /// How long an operator keeps what it knows of a key of each input that nobody writes
    /// (table.exec.state.ttl), by processing time; 0: for ever.
    std::array<std::int64_t, 2> state_ttl_ms{};
    /// Output columns that are event-time attributes (follow the watermark).
    std::vector<int> time_columns;
    /// 64-bit hash of the canonical bound sub-plan (this node and all below it), versioned: names state
    /// tables, so that unchanged operators keep their state. Made by fingerprint().
    std::uint64_t fingerprint = 0;
};

/// "Project", "WindowAggregate", … for EXPLAIN and metrics.
std::string operator_name(const Operator& op);
/// One line: operator with its expressions, by the input's column names. The canonical text that is hashed.
std::string describe(const Node& node);
/// Hash over describe(node), the output schema, and the inputs' fingerprints.
std::uint64_t compute_fingerprint(const Node& node);

}  // namespace mr::plan
