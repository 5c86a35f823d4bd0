// The automaton of a MATCH_RECOGNIZE pattern, as Flink's CEP library has it: states in a chain, each taking
// rows for one variable, with ways past the optional ones. It knows no rows: whether a variable takes the row
// in question is asked of the operator.
//
// 1. A match has no gaps, so a path is its first row and how many rows each variable took, in order.
// 2. A greedy variable is greedy row by row: what follows it does not take a row that it would take itself.
// There
//    is no way back to another division of the rows.
// 3. Where two variables could take a row (a reluctant one and its successor), both paths go on.
//
// Thread: one. Format of paths in state: docs/formats/state-keys.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/match.h"

namespace mr::engine::internal {

struct MatchRun {
    std::uint32_t variable = 0;
    std::uint32_t rows = 0;
    bool operator==(const MatchRun&) const = default;
};

/// A partial or complete match. Positions number the rows of a partition.
struct MatchPath {
    std::uint32_t state = 0;
    std::int64_t start = 0;  ///< position of its first row
    std::int64_t start_time = 0;
    std::vector<MatchRun> runs;

    [[nodiscard]] std::int64_t end() const;  ///< behind its last row
    /// Its first `rows` rows. REQUIRES: rows <= end() - start.
    [[nodiscard]] MatchPath prefix(std::int64_t rows) const;
    void take(std::uint32_t variable);
    /// Positions [first, second) of a variable's rows, of all rows for -1.
    [[nodiscard]] std::pair<std::int64_t, std::int64_t> rows_of(int variable) const;
    /// The `offset`th row from the first or the last; nothing if there is none.
    [[nodiscard]] std::optional<std::int64_t> find(int variable, bool first, std::int64_t offset) const;
};

/// Would this variable take the row after `path`?
class MatchCondition {
  public:
    virtual ~MatchCondition() = default;
    virtual bool takes(const MatchPath& path, std::uint32_t variable) = 0;
};

class MatchAutomaton {
  public:
    explicit MatchAutomaton(const std::vector<plan::MatchVariable>& variables);

    /// The path of no rows.
    [[nodiscard]] MatchPath start() const;
    /// Takes the row at `position` into `path`: what it becomes goes to `partial` and `complete`. A path that
    /// appears in neither has ended.
    void step(const MatchPath& path, std::int64_t position, std::int64_t time, MatchCondition& condition,
              std::vector<MatchPath>& partial, std::vector<MatchPath>& complete) const;
    [[nodiscard]] std::size_t states() const { return states_.size(); }

  private:
    static constexpr std::uint32_t kFinal = 0;
    struct Edge {
        bool takes = false;  ///< a row, for the state's variable; else the way past it
        std::uint32_t to = kFinal;
        std::vector<std::uint32_t> unless;  ///< greedy variables that would take the row
    };
    struct State {
        std::uint32_t variable = 0;
        std::vector<Edge> edges;
    };

    std::uint32_t add_state(std::uint32_t variable);
    std::uint32_t single(std::uint32_t variable, std::uint32_t to, std::optional<std::uint32_t> past);
    std::uint32_t times(const plan::MatchVariable& v, std::uint32_t variable, std::uint32_t to);
    void hold_back(std::uint32_t state, std::uint32_t variable);
    bool open(const Edge& edge, const MatchPath& path, MatchCondition& condition) const;
    bool may_end(std::uint32_t state, const MatchPath& path, MatchCondition& condition) const;

    std::vector<State> states_;
    std::uint32_t start_ = kFinal;
};

/// What is under way in one partition.
struct MatchProgress {
    std::int64_t next = 0;            ///< position of the next row
    std::vector<MatchPath> partial;   ///< by their first rows
    std::vector<MatchPath> complete;  ///< waiting for a partial match that began earlier

    void encode(std::string& out) const;
    /// Bug if it does not decode: state is checksummed where it is stored.
    static MatchProgress decode(std::string_view bytes);

    /// Ends what began too long before `time`.
    void expire(std::int64_t time, std::int64_t within_ms);
    /// The next complete match nothing earlier can displace, taken out; what it skips goes with it.
    /// `stuck`: there is nothing to skip to (no row of the variable, or the first row of the match).
    std::optional<MatchPath> next_match(plan::MatchSkip skip, int variable, bool& stuck);
    /// Position of the earliest row still needed; `next` if none is.
    [[nodiscard]] std::int64_t first_row() const;
    [[nodiscard]] bool idle() const { return partial.empty() && complete.empty(); }
};

}  // namespace mr::engine::internal
