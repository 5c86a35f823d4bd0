// SortedOver: OVER where the order is no time attribute or the input changes: each partition is kept in its
// order, and rows that come or go make their partition's results new, once for all rows of one arrival. What
// differs from before is emitted.
//
// A row whose arguments fail is reported when it comes and is not kept; its retraction fails alike and is
// ignored.
//
// State: rows      partition, sort key, number -> row
//        results   the same key -> row of the calls' results, as emitted
//        sequence  numbers rows
//        rows_*    when partitions are forgotten (Expiry)
#include <algorithm>
#include <optional>
#include <set>

#include "engine/functions/aggregate.h"
#include "engine/internal/expiry.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

struct Call {
    enum class Kind : std::uint8_t {
        aggregate,
        row_number,
        rank,
        dense_rank,
        lag,
        lead,
        nth_value,
        ntile,
        percent_rank,
        cume_dist,
    };
    Kind kind = Kind::aggregate;
    std::size_t at = 0;       ///< aggregate: in the set; lag, lead, nth_value: its value among the arguments
    std::int64_t number = 1;  ///< offset, n-th, number of tiles
};

struct Calls {
    std::vector<Call> calls;
    std::unique_ptr<AggregateSet> set;
    std::unique_ptr<Evaluator> arguments;  ///< lag, lead: value and default; nth_value: value; nullptr: none
};

/// A partition in its order.
struct Partition {
    std::vector<std::string> keys;
    Delta rows;
    std::vector<std::size_t> peers_begin;  ///< by row: the first one of equal sort key
    std::vector<std::size_t> peers_end;
    std::vector<std::int64_t> dense_rank;
    [[nodiscard]] std::size_t size() const { return keys.size(); }
};

class SortedOver final : public Operator {
  public:
    SortedOver(const MakeContext& context, const plan::SortedOverNode& over, Calls calls)
        : Operator(context.node),
          over_(over),
          calls_(std::move(calls)),
          rows_(context.ordered("rows")),
          results_(context.ordered("results")),
          sequence_(context.keyed("sequence")),
          expiry_(context, "rows", context.node->state_ttl_ms[0]),
          out_(context.node->schema),
          load_(input_schema()) {
        const Schema& all = node().schema;
        result_schema_.fields.assign(all.fields.begin() + static_cast<std::ptrdiff_t>(input_schema().size()),
                                     all.fields.end());
        if (calls_.set->size() > 0) aggregated_.emplace(calls_.set->results());
    }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        expiry_.advance(round.processing_time_ms, [this](std::string_view partition) { drop(partition); });
        sequence_.load();
        const std::vector<bool> bad = check_arguments(round, in);
        for (std::size_t row = 0; row < in.size(); ++row) {
            if (row > 0 && in.arrival[row] != arrival_) refresh_changed(round);
            arrival_ = in.arrival[row];
            wm_ = in.wm[row];
            if (!bad.empty() && bad[row]) continue;
            make_keys(in, row);
            for (std::int32_t n = in.weight[row]; n > 0; --n) {
                sort_.resize(sort_size_);
                append_ordered(sort_, sequence_.next());
                rows_.put(sort_, encoded_);
            }
            for (std::int32_t n = in.weight[row]; n < 0; ++n) remove();
            changed_.insert(partition_);
            expiry_.touch(partition_);
        }
        refresh_changed(round);
        sequence_.store();
        return out_.finish(round.track.end());
    }

  private:
    std::vector<bool> check_arguments(const Round& round, const Delta& in) {
        const EvalInput rows = EvalInput::of(in, round.processing_time_ms);
        calls_.set->prepare(rows, errors_);
        if (calls_.arguments) calls_.arguments->evaluate(rows, errors_);
        std::vector<bool> failed;
        report_failed(round, in, errors_, failed);
        return failed;
    }

    void make_keys(const Delta& in, std::size_t row) {
        partition_.clear();
        append_key_columns(partition_, in, over_.partition_keys, row);
        sort_.assign(partition_);
        for (const plan::SortKey& k : over_.order) {
            const Column& c = *in.columns[static_cast<std::size_t>(k.column)];
            append_sort_column(sort_, c, row, k.descending, k.nulls_last);
        }
        sort_size_ = sort_.size();
        encoded_.clear();
        append_row(encoded_, in.columns, row);
    }

    /// Without a word to whoever has its results.
    void drop(std::string_view partition) {
        std::vector<std::string> keys;
        rows_.scan_prefix(partition, [&](const state::OrderedTable::Entry& e) {
            keys.emplace_back(e.key);
            return true;
        });
        for (const std::string& key : keys) {
            rows_.erase(key);
            results_.erase(key);
        }
    }

    void remove() {
        sort_.resize(sort_size_);
        const std::string found = find_row(rows_, sort_, encoded_);
        if (found.empty()) return;
        if (const auto old = results_.get(found)) {
            old_.assign(*old);
            emit(encoded_, old_, -1);
            results_.erase(found);
        }
        rows_.erase(found);
    }

    void emit(std::string_view row, std::string_view result, std::int32_t weight) {
        decode_row(out_, 0, row, input_schema());
        decode_row(out_, input_schema().size(), result, result_schema_);
        out_.end_row(weight, arrival_, wm_);
    }

    Partition load() {
        Partition p;
        rows_.scan_prefix(partition_, [&](const state::OrderedTable::Entry& e) {
            p.keys.emplace_back(e.key);
            decode_row(load_, 0, e.value, input_schema());
            load_.end_row(1, 0, kNoWatermark);
            return true;
        });
        p.rows = load_.finish(kNoWatermark);
        p.peers_begin.resize(p.size());
        p.peers_end.resize(p.size());
        p.dense_rank.resize(p.size());
        std::int64_t dense = 0;
        for (std::size_t begin = 0; begin < p.size();) {
            std::size_t end = begin + 1;
            while (end < p.size() && order_of(p.keys[end]) == order_of(p.keys[begin])) ++end;
            ++dense;
            for (std::size_t i = begin; i < end; ++i) {
                p.peers_begin[i] = begin;
                p.peers_end[i] = end;
                p.dense_rank[i] = dense;
            }
            begin = end;
        }
        return p;
    }
    /// A key without the row's number.
    static std::string_view order_of(const std::string& key) {
        return std::string_view(key).substr(0, key.size() - 8);
    }

    /// Once for all rows of one arrival: what one row of the input caused is one change.
    void refresh_changed(const Round& round) {
        for (const std::string& partition : changed_) {
            partition_.assign(partition);
            refresh(round);
        }
        changed_.clear();
    }

    /// Computes the partition's results and emits what has changed.
    void refresh(const Round& round) {
        const Partition p = load();
        if (p.size() == 0) return;
        const EvalInput rows = EvalInput::of(p.rows, round.processing_time_ms);
        std::vector<ColumnPtr> arguments;
        if (calls_.arguments) arguments = calls_.arguments->evaluate(rows, errors_);
        const Delta aggregates = aggregate(p, rows);
        errors_.clear();  // reported when the rows came
        std::vector<ColumnPtr> columns;
        for (std::size_t i = 0; i < calls_.calls.size(); ++i) {
            const Call& call = calls_.calls[i];
            columns.push_back(call.kind == Call::Kind::aggregate
                                  ? aggregates.columns[call.at]
                                  : place(p, call, result_schema_[i].type, arguments));
        }
        for (std::size_t i = 0; i < p.size(); ++i) {
            result_.clear();
            append_row(result_, columns, i);
            const auto old = results_.get(p.keys[i]);
            if (old && *old == result_) continue;
            const bool had = old.has_value();
            if (had) old_.assign(*old);
            row_.assign(*rows_.get(p.keys[i]));
            if (had) emit(row_, old_, -1);
            emit(row_, result_, 1);
            results_.put(p.keys[i], result_);
        }
    }

    [[nodiscard]] std::size_t frame_begin(std::size_t row) const {
        if (!over_.preceding) return 0;
        const auto back = static_cast<std::size_t>(*over_.preceding);
        return row > back ? row - back : 0;
    }
    [[nodiscard]] std::size_t frame_end(const Partition& p, std::size_t row) const {
        return over_.range ? p.peers_end[row] : row + 1;
    }

    Delta aggregate(const Partition& p, const EvalInput& rows) {
        if (!aggregated_) return {};
        AggregateSet& set = *calls_.set;
        set.prepare(rows, errors_);
        std::string fixed(set.fixed_size(), '\0');
        set.init(fixed.data());
        MemoryEntries entries;
        std::size_t begin = 0;
        std::size_t end = 0;
        for (std::size_t row = 0; row < p.size(); ++row) {
            for (; end < frame_end(p, row); ++end) set.update(fixed.data(), &entries, end, 1, end);
            for (; begin < frame_begin(row); ++begin) set.update(fixed.data(), &entries, begin, -1, begin);
            set.result(fixed.data(), &entries, builder_columns(*aggregated_, 0, set.size()));
            aggregated_->end_row(1, 0, kNoWatermark);
        }
        return aggregated_->finish(kNoWatermark);
    }

    /// The functions of a row's place in its partition.
    ColumnPtr place(const Partition& p, const Call& call, const DataType& type,
                    const std::vector<ColumnPtr>& arguments) const {
        using Kind = Call::Kind;
        ColumnBuilder out(type);
        const auto n = static_cast<std::int64_t>(p.size());
        for (std::size_t row = 0; row < p.size(); ++row) {
            const auto at = static_cast<std::int64_t>(row);
            const auto rank = static_cast<std::int64_t>(p.peers_begin[row]);
            switch (call.kind) {
                case Kind::row_number:
                    out.append_integer(at + 1);
                    break;
                case Kind::rank:
                    out.append_integer(rank + 1);
                    break;
                case Kind::dense_rank:
                    out.append_integer(p.dense_rank[row]);
                    break;
                case Kind::percent_rank:
                    out.append_real(n > 1 ? static_cast<double>(rank) / static_cast<double>(n - 1) : 0.0);
                    break;
                case Kind::cume_dist:
                    out.append_real(static_cast<double>(p.peers_end[row]) / static_cast<double>(n));
                    break;
                case Kind::ntile: {
                    // The first n % k tiles have one row more.
                    const std::int64_t small = n / call.number;
                    const std::int64_t large = n % call.number;
                    const std::int64_t in_large = large * (small + 1);
                    out.append_integer(at < in_large
                                           ? at / (small + 1) + 1
                                           : large + (at - in_large) / std::max<std::int64_t>(small, 1) + 1);
                    break;
                }
                case Kind::lag:
                case Kind::lead: {
                    const std::int64_t from = call.kind == Kind::lag ? at - call.number : at + call.number;
                    // The default also stands in for a NULL that is there, as in Flink's LAG.
                    const bool inside =
                        from >= 0 && from < n && !arguments[call.at]->is_null(static_cast<std::size_t>(from));
                    out.append_from(*arguments[call.at + (inside ? 0 : 1)],
                                    inside ? static_cast<std::size_t>(from) : row);
                    break;
                }
                case Kind::nth_value: {
                    const std::size_t from = frame_begin(row) + static_cast<std::size_t>(call.number - 1);
                    if (from < frame_end(p, row)) {
                        out.append_from(*arguments[call.at], from);
                    } else {
                        out.append_null();
                    }
                    break;
                }
                case Kind::aggregate:
                    break;
            }
        }
        return out.finish();
    }

    plan::SortedOverNode over_;
    Calls calls_;
    state::OrderedTable& rows_;
    state::OrderedTable& results_;
    Sequence sequence_;
    Expiry expiry_;
    DeltaBuilder out_;
    DeltaBuilder load_;
    std::optional<DeltaBuilder> aggregated_;
    Schema result_schema_;
    std::uint64_t arrival_ = 0;
    std::int64_t wm_ = kNoWatermark;
    std::string partition_;
    std::set<std::string> changed_;  ///< partitions to be computed
    std::string sort_;
    std::size_t sort_size_ = 0;
    std::string encoded_;
    std::string row_;
    std::string old_;
    std::string result_;
    std::vector<RowError> errors_;
};

std::optional<Call::Kind> kind_of(std::string_view function) {
    using Kind = Call::Kind;
    static constexpr std::pair<std::string_view, Kind> kKinds[] = {{"ROW_NUMBER", Kind::row_number},
                                                                   {"RANK", Kind::rank},
                                                                   {"DENSE_RANK", Kind::dense_rank},
                                                                   {"LAG", Kind::lag},
                                                                   {"LEAD", Kind::lead},
                                                                   {"NTH_VALUE", Kind::nth_value},
                                                                   {"NTILE", Kind::ntile},
                                                                   {"CUME_DIST", Kind::cume_dist},
                                                                   {"PERCENT_RANK", Kind::percent_rank}};
    const auto* it = std::find_if(std::begin(kKinds), std::end(kKinds),
                                  [&](const auto& k) { return k.first == function; });
    return it == std::end(kKinds) ? std::nullopt : std::optional(it->second);
}

Result<std::int64_t> constant_argument(const plan::AggCall& call, std::size_t i, std::int64_t fallback,
                                       std::int64_t least) {
    if (call.args.size() <= i) return fallback;
    MR_TRY(const Value v, evaluate_constant(call.args[i]));
    if (v.is_null() || !std::holds_alternative<std::int64_t>(v.data) || v.integer() < least ||
        v.integer() > 1'000'000'000) {
        return fail(Code::invalid_argument, "{}: its number is a constant from {} to 1000000000",
                    call.function, least);
    }
    return v.integer();
}

Result<Calls> compile_calls(const plan::SortedOverNode& over, const Schema& input) {
    Calls out;
    std::vector<plan::AggCall> aggregates;
    std::vector<plan::ExprPtr> arguments;
    for (const plan::AggCall& call : over.calls) {
        Call& c = out.calls.emplace_back();
        const auto kind = kind_of(call.function);
        if (!kind) {
            c.at = aggregates.size();
            aggregates.push_back(call);
            continue;
        }
        c.kind = *kind;
        if (c.kind == Call::Kind::ntile) {
            MR_TRY(c.number, constant_argument(call, 0, 1, 1));
        }
        const bool shifts = c.kind == Call::Kind::lag || c.kind == Call::Kind::lead;
        if (!shifts && c.kind != Call::Kind::nth_value) continue;
        if (call.args.empty()) return fail(Code::internal, "{} without an argument", call.function);
        MR_TRY(c.number, constant_argument(call, 1, 1, shifts ? 0 : 1));
        c.at = arguments.size();
        arguments.push_back(plan::cast(call.args[0], call.type));
        if (!shifts) continue;
        arguments.push_back(call.args.size() > 2 ? plan::cast(call.args[2], call.type)
                                                 : plan::literal(call.type, Value::null()));
    }
    MR_TRY(out.set, AggregateSet::create(aggregates, input, {.retracting = over.preceding.has_value()}));
    if (!arguments.empty()) {
        MR_TRY(out.arguments, Evaluator::create(arguments, input));
    }
    return out;
}

}  // namespace

Result<OperatorPtr> make_sorted_over(const MakeContext& context, const plan::SortedOverNode& node) {
    if (node.preceding && *node.preceding < 0) {
        return fail(Code::invalid_argument, "an OVER frame of {} PRECEDING", *node.preceding);
    }
    if (context.node->schema.size() != context.input().size() + node.calls.size()) {
        return fail(Code::internal, "OVER of {} calls in a schema of {} columns after {}", node.calls.size(),
                    context.node->schema.size(), context.input().size());
    }
    MR_TRY(Calls calls, compile_calls(node, context.input()));
    return std::make_unique<SortedOver>(context, node, std::move(calls));
}

}  // namespace mr::engine::internal
