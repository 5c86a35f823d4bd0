#include "engine/internal/over_frame.h"

#include <algorithm>
#include <set>

namespace mr::engine::internal {
namespace {

/// The expressions an aggregate call is made of.
std::vector<plan::ExprPtr> expressions_of(const plan::AggCall& call) {
    std::vector<plan::ExprPtr> all = call.args;
    if (call.filter) all.push_back(call.filter);
    return all;
}

Result<std::int64_t> lag_offset(const plan::AggCall& call) {
    if (call.args.size() < 2) return 1;
    MR_TRY(const Value offset, evaluate_constant(call.args[1]));
    if (offset.is_null() || !std::holds_alternative<std::int64_t>(offset.data) || offset.integer() < 0 ||
        offset.integer() > 1'000'000) {
        return fail(Code::invalid_argument, "LAG: the offset must be a constant from 0 to 1000000");
    }
    return offset.integer();
}

}  // namespace

Result<OverCalls> OverCalls::create(const plan::OverNode& over, const Schema& input) {
    OverCalls result;
    std::vector<plan::AggCall> aggregates;
    std::vector<plan::ExprPtr> lags;
    std::set<int> read;
    for (const plan::AggCall& call : over.calls) {
        OverCall& out = result.calls.emplace_back();
        if (call.function == "ROW_NUMBER") {
            out.kind = OverCall::Kind::row_number;
        } else if (call.function == "RANK") {
            out.kind = OverCall::Kind::rank;
        } else if (call.function == "DENSE_RANK") {
            out.kind = OverCall::Kind::dense_rank;
        } else if (call.function == "LAG") {
            if (call.args.empty()) return fail(Code::internal, "LAG without an argument");
            out.kind = OverCall::Kind::lag;
            out.at = result.lag_offsets.size();
            MR_TRY(const std::int64_t offset, lag_offset(call));
            result.lag_offsets.push_back(offset);
            result.lag_offset_max = std::max(result.lag_offset_max, offset);
            lags.push_back(plan::cast(call.args[0], call.type));
            lags.push_back(call.args.size() > 2 ? plan::cast(call.args[2], call.type)
                                                : plan::literal(call.type, Value::null()));
            result.lag_values.fields.push_back({"", call.type});
        } else if (call.function == "LEAD" || call.function == "NTILE" || call.function == "PERCENT_RANK" ||
                   call.function == "CUME_DIST" || call.function == "NTH_VALUE") {
            return fail(Code::unsupported, "{} OVER is not supported yet: it needs rows that follow",
                        call.function);
        } else {
            out.at = aggregates.size();
            aggregates.push_back(call);
            for (const plan::ExprPtr& e : expressions_of(call)) {
                for (const int c : plan::columns_read(*e)) read.insert(c);
            }
        }
    }
    std::vector<plan::ExprPtr> mapping(input.size());
    for (const int c : read) {
        const auto at = static_cast<std::size_t>(c);
        mapping[at] = plan::input(static_cast<int>(result.compact.size()), input[at].type);
        result.compact.fields.push_back(input[at]);
        result.compact_columns.push_back(c);
    }
    for (plan::AggCall& call : aggregates) {
        for (plan::ExprPtr& arg : call.args) arg = plan::rewrite(arg, mapping);
        if (call.filter) call.filter = plan::rewrite(call.filter, mapping);
    }
    MR_TRY(result.set,
           AggregateSet::create(aggregates, result.compact, {.retracting = over.preceding.has_value()}));
    if (!lags.empty()) {
        MR_TRY(result.lag_arguments, Evaluator::create(lags, input));
    }
    return result;
}

}  // namespace mr::engine::internal
