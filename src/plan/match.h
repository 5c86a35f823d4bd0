// MATCH_RECOGNIZE as a plan node: a pattern of variables over the rows of a partition in order of time.
// Thread: any (immutable).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "columnar/type.h"
#include "plan/expr.h"
#include "plan/sort_key.h"

namespace mr::plan {

/// A value that conditions and measures read from a match: a column of one of its rows, an aggregate over its
/// rows, the time of its last row, the variable that took its last row.
struct MatchPlace {
    enum class Kind : std::uint8_t { first, last, aggregate, row_time, classifier };
    Kind kind = Kind::last;
    int variable = -1;        ///< whose rows; -1: all rows of the match
    std::int64_t offset = 0;  ///< first, last: so many rows further in, or before
    int column = -1;          ///< first, last: of the input
    AggCall call;             ///< aggregate, over the input's columns
    DataType type;
    bool final =
        false;  ///< of all rows of a match: of the whole match, not of its rows up to the one in question
};

/// A variable of the pattern, in its order, with its quantifier and its condition in DEFINE.
struct MatchVariable {
    std::string name;
    int least = 1;
    int most = 1;  ///< -1: without end
    bool greedy = true;
    ExprPtr condition;  ///< over the node's places; nullptr: every row
};

enum class MatchSkip : std::uint8_t { to_next_row, past_last_row, to_first, to_last };

/// Matches have no gaps: a row goes on with a partial match or ends it. In a condition the row in question is
/// the last one of its variable. Output = partition columns, then one column a measure, one row a match (with
/// `all_rows` the input's columns, then the measures, one row a row of the match); append in, append out. A
/// quantifier decides row by row: a greedy variable takes every row it can, a reluctant one leaves both ways
/// open (docs/sql/match-recognize.md).
struct MatchNode {
    std::vector<int> partition_keys;
    int order_column = -1;         ///< time attribute, ascending
    bool processing_time = false;  ///< order by PROCTIME(): as rows come
    std::vector<SortKey> then_by;
    std::vector<MatchVariable> variables;
    std::vector<MatchPlace> places;
    std::vector<ExprPtr> measures;  ///< over places
    bool all_rows = false;
    MatchSkip skip = MatchSkip::to_next_row;
    int skip_variable = -1;
    std::optional<std::int64_t> within_ms;  ///< from the first row to the last: less than
};

/// The places as columns: what conditions and measures are expressions over.
Schema match_places(const MatchNode& node, const Schema& input);
/// For describe().
std::string describe(const MatchNode& node, const Schema& input);

}  // namespace mr::plan
