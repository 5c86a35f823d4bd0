#include "engine/operator.h"

#include "engine/internal/operators.h"

namespace mr::engine {

void Operator::count(std::span<const Delta* const> inputs, const Delta& output) {
    for (const Delta* in : inputs) counters_.rows_in += in->size();
    counters_.rows_out += output.size();
}

void Operator::report_failed(const Round& round, const Delta& delta, std::vector<RowError>& errors,
                             std::vector<bool>& failed) {
    failed.clear();
    if (errors.empty()) return;
    failed.resize(delta.size());
    for (const RowError& e : failed_rows(std::move(errors))) {
        failed[e.row] = true;
        report_failed(round, delta.arrival[e.row], e.message);
    }
    errors.clear();
}

void Operator::report_failed(const Round& round, std::uint64_t arrival, std::string_view message) {
    ++counters_.failed_rows;
    round.collector.failed(*node_, arrival, message);
}

void Operator::report_late(const Round& round, const Delta& delta, std::size_t row, std::int64_t watermark) {
    ++counters_.late_rows;
    round.collector.late(*node_, delta, row, watermark);
}

namespace {

/// Picks the factory of a node's operator.
struct Factory {
    const internal::MakeContext& context;

    Result<OperatorPtr> operator()(const plan::SourceNode&) const {
        return fail(Code::internal, "a source has no operator");
    }
    Result<OperatorPtr> operator()(const plan::ProjectNode& n) const {
        return internal::make_project(context, n);
    }
    Result<OperatorPtr> operator()(const plan::FilterNode& n) const {
        return internal::make_filter(context, n);
    }
    Result<OperatorPtr> operator()(const plan::AggregateNode& n) const {
        return internal::make_aggregate(context, n);
    }
    Result<OperatorPtr> operator()(const plan::WindowTvfNode& n) const {
        return internal::make_window_tvf(context, n);
    }
    Result<OperatorPtr> operator()(const plan::WindowAggregateNode& n) const {
        return internal::make_window_aggregate(context, n);
    }
    Result<OperatorPtr> operator()(const plan::JoinNode& n) const { return internal::make_join(context, n); }
    Result<OperatorPtr> operator()(const plan::IntervalJoinNode& n) const {
        return internal::make_interval_join(context, n);
    }
    Result<OperatorPtr> operator()(const plan::TemporalJoinNode& n) const {
        return internal::make_temporal_join(context, n);
    }
    Result<OperatorPtr> operator()(const plan::OverNode& n) const { return internal::make_over(context, n); }
    Result<OperatorPtr> operator()(const plan::MatchNode& n) const {
        return internal::make_match(context, n);
    }
    Result<OperatorPtr> operator()(const plan::SortedOverNode& n) const {
        return internal::make_sorted_over(context, n);
    }
    Result<OperatorPtr> operator()(const plan::TopNNode& n) const { return internal::make_top_n(context, n); }
    Result<OperatorPtr> operator()(const plan::DeduplicateNode& n) const {
        return internal::make_deduplicate(context, n);
    }
    Result<OperatorPtr> operator()(const plan::UnnestNode& n) const {
        return internal::make_unnest(context, n);
    }
    Result<OperatorPtr> operator()(const plan::UnionAllNode&) const {
        return internal::make_union_all(context);
    }
    Result<OperatorPtr> operator()(const plan::ProcessingTimeNode&) const {
        return internal::make_processing_time(context);
    }
    Result<OperatorPtr> operator()(const plan::NormalizeNode& n) const {
        return internal::make_normalize(context, n);
    }
    Result<OperatorPtr> operator()(const plan::ValuesNode& n) const {
        return internal::make_values(context, n);
    }
};

}  // namespace

Result<OperatorPtr> make_operator(const plan::NodePtr& node, state::StateSpace& state,
                                  std::uint64_t fingerprint) {
    const internal::MakeContext context{node, state, fingerprint};
    return std::visit(Factory{context}, node->op);
}

}  // namespace mr::engine
