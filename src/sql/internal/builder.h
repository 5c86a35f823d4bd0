// Makes plan nodes: derives schema, mode, keys and time columns of each operator in one place, shares equal
// sub-plans, and pushes filters down as they are added. The binder describes what a query says; what follows
// from it for the plan is decided here. Thread: one.
//
// Invariants: equal sub-plans are the same pointer; a node's traits are known for every node made here.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plan/node.h"

namespace mr::sql {

/// What a node does not carry but planning needs.
struct Traits {
    /// Column sets that identify a row, the one a view would take as its key first.
    std::vector<std::vector<int>> keys;
    /// Columns that are PROCTIME().
    std::vector<int> proctime;
    /// Both >= 0: all rows of one window come together, when the watermark passes its end.
    int window_start = -1;
    int window_end = -1;
    /// ROW_NUMBER and its like without a bound yet (a TopNNode whose rank nobody has limited).
    bool unbounded_rank = false;
};

inline constexpr std::int64_t kUnboundedRank = INT64_MAX;

class Builder {
  public:
    /// How long operators made from now on keep state, each input's; windows clean up after themselves.
    std::array<std::int64_t, 2> state_ttl_ms{};

    /// Reads all columns; pruning (internal/prune.h) narrows it. Upsert tables come normalised.
    plan::NodePtr source(const plan::TablePtr& table);
    plan::NodePtr values(std::vector<std::vector<plan::ExprPtr>> rows, Schema schema);
    plan::NodePtr project(const plan::NodePtr& in, std::vector<plan::ExprPtr> expressions,
                          const std::vector<std::string>& names);
    /// Columns of `in` by index, names kept.
    plan::NodePtr pick(const plan::NodePtr& in, const std::vector<int>& columns);
    /// The input's columns, then `extra`, named $k0, $k1 …
    plan::NodePtr extend(const plan::NodePtr& in, const std::vector<plan::ExprPtr>& extra);
    /// Pushes what it can below projections, windows, unions and into joins; turns a bound on a rank into
    /// Top-N or deduplication.
    plan::NodePtr filter(const plan::NodePtr& in, const plan::ExprPtr& condition);
    /// Any operator over inputs, everything derived. `names` (where the operator makes columns of its own)
    /// are the output's names.
    plan::NodePtr make(plan::Operator op, std::vector<plan::NodePtr> inputs,
                       std::vector<std::string> names = {});
    /// A join of conjuncts over left ++ right: finds keys, time bounds and residual. Never for a lookup.
    plan::NodePtr join(plan::JoinKind kind, const plan::NodePtr& left, const plan::NodePtr& right,
                       const std::vector<plan::ExprPtr>& conjuncts);
    /// Rows of windows (a window function below, with projections and filters above it) as a rank within the
    /// windows reads them: without late rows. `node` itself if `partition` has not both bounds of a window.
    plan::NodePtr in_windows(const plan::NodePtr& node, const std::vector<int>& partition);
    plan::NodePtr distinct(const plan::NodePtr& in);

    [[nodiscard]] const Traits& traits(const plan::NodePtr& node) const;
    [[nodiscard]] bool is_time(const plan::NodePtr& node, int column) const;
    [[nodiscard]] bool is_proctime(const plan::NodePtr& node, int column) const;

  private:
    plan::NodePtr filter_conjuncts(const plan::NodePtr& in, std::vector<plan::ExprPtr> conjuncts);
    plan::NodePtr below_project(const plan::NodePtr& in, std::vector<plan::ExprPtr>& conjuncts);
    plan::NodePtr below_join(const plan::NodePtr& in, std::vector<plan::ExprPtr>& conjuncts);
    plan::NodePtr below_left(const plan::NodePtr& in, std::vector<plan::ExprPtr>& conjuncts);
    plan::NodePtr below_union(const plan::NodePtr& in, std::vector<plan::ExprPtr>& conjuncts);
    plan::NodePtr bound_rank(const plan::NodePtr& in, std::vector<plan::ExprPtr>& conjuncts);
    plan::NodePtr ranked(const plan::NodePtr& in, std::int64_t low, std::int64_t high);
    plan::NodePtr interval_join(plan::JoinKind kind, const plan::NodePtr& left, const plan::NodePtr& right,
                                plan::JoinNode& join, std::vector<plan::ExprPtr>& rest);
    plan::NodePtr intern(plan::Node node, Traits traits);

    std::unordered_map<std::uint64_t, plan::NodePtr> by_fingerprint_;
    std::unordered_map<const plan::Node*, Traits> traits_;
    /// Keeps every node alive, so that addresses in traits_ stay unique.
    std::vector<plan::NodePtr> nodes_;
};

/// Operators made meanwhile keep their state for another time.
class StateTtl {
  public:
    StateTtl(Builder& builder, std::array<std::int64_t, 2> ttl_ms)
        : builder_(builder), before_(std::exchange(builder.state_ttl_ms, ttl_ms)) {}
    ~StateTtl() { builder_.state_ttl_ms = before_; }
    StateTtl(const StateTtl&) = delete;
    StateTtl& operator=(const StateTtl&) = delete;

  private:
    Builder& builder_;
    std::array<std::int64_t, 2> before_;
};

/// Splits at AND.
void split_conjuncts(const plan::ExprPtr& condition, std::vector<plan::ExprPtr>& out);
plan::ExprPtr combine(const std::vector<plan::ExprPtr>& conjuncts);
/// The expression over an input whose columns start `by` later (or earlier).
plan::ExprPtr shifted(const plan::ExprPtr& expr, int by);
/// True if all columns it reads lie in [begin, end).
bool reads_only(const plan::Expr& expr, int begin, int end);

}  // namespace mr::sql
