#include "engine/functions/aggregate.h"

#include <algorithm>

#include "engine/internal/aggregate_function.h"
#include "engine/internal/kernel.h"

namespace mr::engine {
namespace {

/// Where the arguments and the filter of a call lie among the evaluated columns.
struct CallColumns {
    std::size_t first = 0;
    std::size_t count = 0;
    int filter = -1;
};

Result<AggregatePtr> make_function(const plan::AggCall& call, std::uint16_t slot, AggregateOptions options) {
    internal::AggregateSpec spec;
    spec.function = call.function;
    spec.type = call.type;
    spec.slot = slot;
    // DISTINCT takes a value out when its last row goes: the function below it must be able to.
    spec.retracting = options.retracting;
    for (const plan::ExprPtr& a : call.args) spec.args.push_back(a->type);
    if (call.function == "LISTAGG" && call.args.size() == 2) {
        if (call.args[1]->kind == plan::ExprKind::literal && !call.args[1]->value.is_null()) {
            spec.separator = call.args[1]->value.text();
        } else if (auto v = evaluate_constant(call.args[1]); v && !v->is_null()) {
            spec.separator = v->text();
        } else {
            return fail(Code::invalid_argument, "the separator of LISTAGG must be a literal");
        }
    }
    if (call.function.starts_with("JSON_") && !call.args.empty()) {
        MR_TRY(const Value nulls, evaluate_constant(call.args[0]));
        spec.json_nulls = !nulls.is_null() && nulls.text() == "NULL";
    }
    if (call.function == "PERCENTILE") {
        const auto given =
            call.args.size() < 2 ? Result<Value>(Value::null()) : evaluate_constant(call.args[1]);
        if (!given || given->is_null())
            return fail(Code::invalid_argument, "PERCENTILE takes a constant percentage");
        const bool many = call.args[1]->type.kind == TypeKind::array;
        for (const Value& p : many ? given->list() : std::vector<Value>{*given}) {
            if (p.is_null() || !(p.real() >= 0 && p.real() <= 1))
                return fail(Code::invalid_argument, "a percentage of PERCENTILE is between 0 and 1");
            spec.parts.push_back(p.real());
        }
    }
    AggregatePtr made = internal::make_fixed_aggregate(spec);
    if (made == nullptr) made = internal::make_entry_aggregate(spec);
    if (made == nullptr) {
        return fail(Code::unsupported, "aggregate {} over {} is not supported yet", call.function,
                    spec.args.empty() ? "nothing" : spec.args[0].to_string());
    }
    const bool idempotent = call.function == "MIN" || call.function == "MAX";
    if (call.distinct && !call.args.empty() && !idempotent) {
        return internal::make_distinct(std::move(made), spec);
    }
    return made;
}

}  // namespace

struct AggregateSet::Layout {
    std::vector<CallColumns> calls;
    std::vector<std::size_t> offsets;
    std::vector<ColumnPtr> columns;  ///< of the prepared batch

    [[nodiscard]] std::span<const ColumnPtr> args(std::size_t call) const {
        return std::span(columns).subspan(calls[call].first, calls[call].count);
    }
};

AggregateSet::AggregateSet() : layout_(std::make_unique<Layout>()) {}
AggregateSet::~AggregateSet() = default;

Result<std::unique_ptr<AggregateSet>> AggregateSet::create(std::span<const plan::AggCall> calls,
                                                           const Schema& input, AggregateOptions options) {
    auto set = std::make_unique<AggregateSet>();
    std::vector<plan::ExprPtr> expressions;
    for (const plan::AggCall& call : calls) {
        CallColumns columns{expressions.size(), call.args.size(), -1};
        expressions.insert(expressions.end(), call.args.begin(), call.args.end());
        if (call.filter != nullptr) {
            columns.filter = static_cast<int>(expressions.size());
            expressions.push_back(call.filter);
        }
        const auto slot = static_cast<std::uint16_t>(set->functions_.size());
        MR_TRY(AggregatePtr function, make_function(call, slot, options));
        set->layout_->calls.push_back(columns);
        set->layout_->offsets.push_back(set->fixed_size_);
        set->fixed_size_ += function->fixed_size();
        set->needs_entries_ = set->needs_entries_ || function->needs_entries();
        set->results_.fields.push_back({call.name, call.type});
        set->functions_.push_back(std::move(function));
    }
    if (!expressions.empty()) {
        MR_TRY(set->arguments_, Evaluator::create(expressions, input));
    }
    return set;
}

void AggregateSet::init(char* fixed) const {
    std::memset(fixed, 0, fixed_size_);
}

void AggregateSet::prepare(const EvalInput& input, std::vector<RowError>& errors) {
    if (arguments_ == nullptr) return;
    layout_->columns = arguments_->evaluate(input, errors);
    for (std::size_t i = 0; i < functions_.size(); ++i) {
        const int filter = layout_->calls[i].filter;
        if (filter >= 0) functions_[i]->set_filter(layout_->columns[static_cast<std::size_t>(filter)]);
    }
}

void AggregateSet::update(char* fixed, EntryStore* entries, std::size_t row, std::int32_t weight,
                          std::uint64_t arrival) {
    MR_DCHECK(entries != nullptr || !needs_entries_, "an aggregate needs entries and was given none");
    for (std::size_t i = 0; i < functions_.size(); ++i) {
        if (!functions_[i]->passes(row)) continue;
        functions_[i]->update(fixed + layout_->offsets[i], entries, {layout_->args(i), row, weight, arrival});
    }
}

void AggregateSet::update_all(std::span<char* const> groups, std::span<const std::int32_t> weights) {
    MR_CHECK(!needs_entries_ && groups.size() == weights.size(), "{} groups, {} weights", groups.size(),
             weights.size());
    for (std::size_t i = 0; i < functions_.size(); ++i)
        functions_[i]->update_all(groups, layout_->offsets[i], layout_->args(i), weights);
}

void AggregateSet::merge(char* fixed, EntryStore* entries, const char* other,
                         EntryStore* other_entries) const {
    for (std::size_t i = 0; i < functions_.size(); ++i)
        functions_[i]->merge(fixed + layout_->offsets[i], entries, other + layout_->offsets[i],
                             other_entries);
}

void AggregateSet::result(const char* fixed, EntryStore* entries, std::span<ColumnBuilder> out) const {
    MR_DCHECK(out.size() == functions_.size(), "{} builders for {} aggregates", out.size(),
              functions_.size());
    for (std::size_t i = 0; i < functions_.size(); ++i)
        functions_[i]->result(fixed + layout_->offsets[i], entries, out[i]);
}

std::vector<Value> AggregateSet::result(const char* fixed, EntryStore* entries) const {
    std::vector<Value> values;
    for (std::size_t i = 0; i < functions_.size(); ++i) {
        ColumnBuilder one(results_[i].type);
        functions_[i]->result(fixed + layout_->offsets[i], entries, one);
        values.push_back(one.finish()->value(0));
    }
    return values;
}

std::optional<std::string_view> MemoryEntries::get(std::string_view entry) {
    const auto found = map_.find(entry);
    return found == map_.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

void MemoryEntries::put(std::string_view entry, std::string_view value) {
    const auto found = map_.find(entry);
    if (found != map_.end()) {
        found->second.assign(value);
    } else {
        map_.emplace(entry, value);
    }
}

void MemoryEntries::erase(std::string_view entry) {
    const auto found = map_.find(entry);
    if (found != map_.end()) map_.erase(found);
}

std::optional<EntryStore::Found> MemoryEntries::next(std::string_view prefix, std::string_view after,
                                                     bool inclusive) {
    const auto at = inclusive ? map_.lower_bound(after) : map_.upper_bound(after);
    if (at == map_.end() || !at->first.starts_with(prefix)) return std::nullopt;
    return Found{at->first, at->second};
}

std::optional<EntryStore::Found> MemoryEntries::last(std::string_view prefix) {
    std::string beyond(prefix);
    while (!beyond.empty() && static_cast<unsigned char>(beyond.back()) == 0xff) beyond.pop_back();
    auto at = map_.end();
    if (!beyond.empty()) {
        beyond.back() = static_cast<char>(beyond.back() + 1);
        at = map_.lower_bound(beyond);
    }
    if (at == map_.begin()) return std::nullopt;
    --at;
    if (!at->first.starts_with(prefix)) return std::nullopt;
    return Found{at->first, at->second};
}

void MemoryEntries::encode(std::string& out) const {
    ByteWriter w(out);
    w.uvarint(map_.size());
    for (const auto& [entry, value] : map_) {
        w.sized(entry);
        w.sized(value);
    }
}

Status MemoryEntries::decode(ByteReader& reader) {
    map_.clear();
    for (std::uint64_t n = reader.uvarint(); n > 0 && !reader.bad(); --n) {
        std::string entry(reader.sized());
        map_.emplace(std::move(entry), reader.sized());
    }
    return reader.status("aggregate entries");
}

}  // namespace mr::engine
