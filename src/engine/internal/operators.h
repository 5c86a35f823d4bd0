// The factories of the operators, one a file below engine/operators/.
#pragma once

#include "engine/operator.h"

namespace mr::engine::internal {

struct MakeContext {
    const plan::NodePtr& node;
    state::StateSpace& state;
    std::uint64_t fingerprint;

    [[nodiscard]] state::KeyedTable& keyed(std::string_view role) const {
        return state.keyed(fingerprint, role);
    }
    [[nodiscard]] state::OrderedTable& ordered(std::string_view role) const {
        return state.ordered(fingerprint, role);
    }
    [[nodiscard]] const Schema& input(std::size_t i = 0) const { return node->inputs[i]->schema; }
};

Result<OperatorPtr> make_project(const MakeContext& context, const plan::ProjectNode& node);
Result<OperatorPtr> make_filter(const MakeContext& context, const plan::FilterNode& node);
Result<OperatorPtr> make_aggregate(const MakeContext& context, const plan::AggregateNode& node);
Result<OperatorPtr> make_window_tvf(const MakeContext& context, const plan::WindowTvfNode& node);
Result<OperatorPtr> make_session_tvf(const MakeContext& context, const plan::WindowTvfNode& node);
Result<OperatorPtr> make_window_aggregate(const MakeContext& context, const plan::WindowAggregateNode& node);
Result<OperatorPtr> make_session_aggregate(const MakeContext& context, const plan::WindowAggregateNode& node);
Result<OperatorPtr> make_join(const MakeContext& context, const plan::JoinNode& node);
Result<OperatorPtr> make_interval_join(const MakeContext& context, const plan::IntervalJoinNode& node);
Result<OperatorPtr> make_temporal_join(const MakeContext& context, const plan::TemporalJoinNode& node);
Result<OperatorPtr> make_lookup_join(const MakeContext& context, const plan::TemporalJoinNode& node);
Result<OperatorPtr> make_match(const MakeContext& context, const plan::MatchNode& node);
Result<OperatorPtr> make_over(const MakeContext& context, const plan::OverNode& node);
Result<OperatorPtr> make_sorted_over(const MakeContext& context, const plan::SortedOverNode& node);
Result<OperatorPtr> make_top_n(const MakeContext& context, const plan::TopNNode& node);
Result<OperatorPtr> make_deduplicate(const MakeContext& context, const plan::DeduplicateNode& node);
Result<OperatorPtr> make_unnest(const MakeContext& context, const plan::UnnestNode& node);
Result<OperatorPtr> make_union_all(const MakeContext& context);
Result<OperatorPtr> make_processing_time(const MakeContext& context);
Result<OperatorPtr> make_normalize(const MakeContext& context, const plan::NormalizeNode& node);
Result<OperatorPtr> make_values(const MakeContext& context, const plan::ValuesNode& node);
/// Keeps the rows of each sink key in arrival order and emits the last one: for a sink whose key is not the
/// row's own. The node is the sink's root.
OperatorPtr make_materializer(const MakeContext& context, std::vector<int> key);

}  // namespace mr::engine::internal
