// Match (MATCH_RECOGNIZE): rows of a partition in order of time go through the pattern's automaton
// (internal/match.h); each match gives one row, or all of its rows.
//
// By event time: rows wait until the watermark reaches them, late ones are dropped. By processing time: at
// once. Conditions that read nothing but the row itself are computed when it comes, for the whole batch; the
// others when the automaton asks for them. Measures are computed over all matches of the round at its end.
//
// State: pending     time, sort key, number -> conditions that hold (u64), key length (u32), key, row
//        partitions  key -> what is under way (MatchProgress)
//        rows        key, position -> time (i64), row
//        due         time, key -> nothing: when the oldest partial match of the partition is too old
//        sequence    numbers rows
#include <algorithm>
#include <numeric>
#include <set>

#include "engine/internal/match_rows.h"
#include "engine/internal/operators.h"

namespace mr::engine::internal {
namespace {

/// A condition that must be asked for with the path at hand: its places as columns.
struct PathCondition {
    std::vector<std::size_t> places;
    Schema schema;
    std::unique_ptr<Evaluator> evaluator;
};

struct Compiled {
    std::vector<int> columns;                             ///< of the input, kept with rows
    std::vector<int> passed;                              ///< of the input, in the output's rows
    std::vector<std::unique_ptr<Evaluator>> on_arrival;   ///< by variable; nullptr: not, or always true
    std::vector<std::unique_ptr<PathCondition>> on_path;  ///< by variable
    std::vector<std::size_t> measured;                    ///< places the measures read
    Schema found;                                         ///< passed columns, then the measured places
    std::unique_ptr<Evaluator> measures;                  ///< over `found`; nullptr: none
    std::unique_ptr<MatchRows> rows;
};

class Match final : public Operator, private MatchCondition {
  public:
    Match(const MakeContext& context, const plan::MatchNode& match, Compiled compiled)
        : Operator(context.node),
          match_(match),
          compiled_(std::move(compiled)),
          automaton_(match.variables),
          pending_(context.ordered("pending")),
          partitions_(context.keyed("partitions")),
          rows_(context.ordered("rows")),
          due_(context.ordered("due")),
          sequence_(context.keyed("sequence")),
          found_(compiled_.found) {
        if (!match_.processing_time) {
            time_ = RowTime(input_schema()[static_cast<std::size_t>(match_.order_column)].type);
        }
    }

    bool reacts_to_watermark() const override { return !match_.processing_time; }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        round_ = &round;
        sequence_.load();
        hold_on_arrival(in);
        if (match_.processing_time) {
            for (std::size_t row = 0; row < in.size(); ++row) {
                encode(in, row);
                arrival_ = in.arrival[row];
                wm_ = in.wm[row];
                come(round.processing_time_ms, value_);
            }
        } else {
            walk(
                in, round.track, [&](std::size_t row, std::int64_t wm) { add(in, row, wm); },
                [&](const Raise& raise, std::int64_t before) { fire(raise, before); });
        }
        sequence_.store();
        return finish();
    }

  private:
    /// holds_[row]: the conditions (a bit a variable) that hold for a row by itself.
    void hold_on_arrival(const Delta& in) {
        holds_.assign(in.size(), 0);
        for (std::size_t v = 0; v < match_.variables.size(); ++v) {
            const std::uint64_t bit = std::uint64_t{1} << v;
            if (!match_.variables[v].condition) {
                for (std::uint64_t& h : holds_) h |= bit;
            }
            if (!compiled_.on_arrival[v] || in.empty()) continue;
            selected_.clear();
            compiled_.on_arrival[v]->select(EvalInput::of(in, round_->processing_time_ms), selected_,
                                            errors_);
            for (const std::uint32_t row : selected_) holds_[row] |= bit;
            std::vector<bool> failed;
            report_failed(*round_, in, errors_, failed);
        }
    }

    void encode(const Delta& in, std::size_t row) {
        key_.clear();
        append_key_columns(key_, in, match_.partition_keys, row);
        kept_.clear();
        for (const int c : compiled_.columns) kept_.push_back(in.columns[static_cast<std::size_t>(c)]);
        value_.clear();
        ByteWriter writer(value_);
        writer.u64(holds_[row]);
        writer.u32(static_cast<std::uint32_t>(key_.size()));
        writer.raw(key_);
        append_row(value_, kept_, row);
    }

    void add(const Delta& in, std::size_t row, std::int64_t watermark) {
        const Column& times = *in.columns[static_cast<std::size_t>(match_.order_column)];
        if (const auto bad = time_.problem(times, row); !bad.empty()) {
            return report_failed(*round_, in.arrival[row], bad);
        }
        const std::int64_t t = time_.ms(times, row);
        if (t <= watermark) return report_late(*round_, in, row, watermark);
        encode(in, row);
        key_.clear();
        append_ordered(key_, t);
        for (const plan::SortKey& o : match_.then_by) {
            const Column& c = *in.columns[static_cast<std::size_t>(o.column)];
            append_sort_column(key_, c, row, o.descending, o.nulls_last);
        }
        append_ordered(key_, sequence_.next());
        pending_.put(key_, value_);
    }

    void fire(const Raise& raise, std::int64_t before) {
        arrival_ = raise.arrival;
        wm_ = before;
        take_due(pending_, raise.watermark, key_, value_,
                 [this](std::int64_t t, const std::string& value) { come(t, value); });
        while (const auto first = due_.at_or_after({})) {
            if (read_ordered(first->key) > raise.watermark) return;
            key_.assign(first->key);
            due_.erase(key_);
            grow_old(std::string_view(key_).substr(8), raise.watermark);
        }
    }

    void load(std::string_view partition) {
        partition_.assign(partition);
        const auto state = partitions_.get(partition_);
        progress_ = state ? MatchProgress::decode(*state) : MatchProgress{};
        compiled_.rows->open([this](std::int64_t position) { return fetch(position); });
    }

    MatchRows::Kept fetch(std::int64_t position) {
        std::string key = partition_;
        append_ordered(key, position);
        const auto found = rows_.get(key);
        MR_CHECK(found.has_value(), "a match lost its row at {}", position);
        return {load_i64(found->data()), std::string(found->substr(8))};
    }

    /// A row that it is time for.
    void come(std::int64_t t, std::string_view value) {
        holds_now_ = mr::internal::load<std::uint64_t>(value.data(), Endian::little);
        const std::size_t size = mr::internal::load<std::uint32_t>(value.data() + 8, Endian::little);
        const std::string_view row = value.substr(12 + size);
        load(value.substr(12, size));
        const std::int64_t oldest = oldest_time();
        const std::int64_t first = progress_.first_row();
        if (match_.within_ms) {
            progress_.expire(t, *match_.within_ms);
            settle();
        }
        const std::int64_t position = progress_.next++;
        compiled_.rows->put(position, t, row);
        std::vector<MatchPath> partial;
        known_path_ = nullptr;
        for (const MatchPath& p : progress_.partial) {
            automaton_.step(p, position, t, *this, partial, progress_.complete);
        }
        automaton_.step(automaton_.start(), position, t, *this, partial, progress_.complete);
        progress_.partial = std::move(partial);
        settle();
        store(first, oldest, position, t, row);
    }

    /// Partial matches of the partition have become too old without another row.
    void grow_old(std::string_view partition, std::int64_t watermark) {
        load(std::string(partition));
        const std::int64_t first = progress_.first_row();
        progress_.expire(watermark, *match_.within_ms);
        settle();
        store(first, kMaxWatermark, -1, 0, {});
    }

    [[nodiscard]] std::int64_t oldest_time() const {
        std::int64_t oldest = kMaxWatermark;
        for (const MatchPath& p : progress_.partial) oldest = std::min(oldest, p.start_time);
        return oldest;
    }

    /// Emits the matches that stand.
    void settle() {
        bool stuck = false;
        while (const auto match = progress_.next_match(match_.skip, match_.skip_variable, stuck)) {
            if (stuck) {
                const std::string& name =
                    match_.variables[static_cast<std::size_t>(match_.skip_variable)].name;
                report_failed(*round_, arrival_,
                              "AFTER MATCH SKIP TO " + name + ": the match has no row of it after its first");
                continue;
            }
            emit(*match);
        }
    }

    void emit(const MatchPath& match) {
        if (!match_.all_rows) return emit_row(match, match, match.start);
        for (std::int64_t row = match.start; row < match.end(); ++row) {
            emit_row(match, match.prefix(row - match.start + 1), row);
        }
    }

    /// A row of the output: columns of the row at `position`, measures of the match's rows so far.
    void emit_row(const MatchPath& match, const MatchPath& so_far, std::int64_t position) {
        std::size_t at = 0;
        for (const int c : compiled_.passed) {
            compiled_.rows->append_column(position, c, found_.column(at++));
        }
        for (const std::size_t place : compiled_.measured) {
            const plan::MatchPlace& p = match_.places[place];
            const bool whole = p.final || p.kind == plan::MatchPlace::Kind::row_time;
            compiled_.rows->append(whole ? match : so_far, place, found_.column(at++),
                                   round_->processing_time_ms, errors_);
        }
        found_.end_row(1, arrival_, wm_);
        if (errors_.empty()) return;
        broken_.push_back(found_.size() - 1);
        report_failed(*round_, arrival_, errors_.front().message);
        errors_.clear();
    }

    /// Writes the partition back: `first`, `oldest` as they were when it was loaded.
    void store(std::int64_t first, std::int64_t oldest, std::int64_t position, std::int64_t t,
               std::string_view row) {
        const bool idle = progress_.idle();
        const std::int64_t keep = idle ? progress_.next : progress_.first_row();
        for (std::int64_t p = first; p < keep && p != position; ++p) rows_.erase(row_key(p));
        if (idle) {
            partitions_.erase(partition_);
            return;
        }
        if (position >= keep) {
            state_.assign(8, '\0');
            store_i64(state_.data(), t);
            state_.append(row);
            rows_.put(row_key(position), state_);
        }
        state_.clear();
        progress_.encode(state_);
        partitions_.put(partition_, state_);
        const std::int64_t now = oldest_time();
        if (match_.processing_time || !match_.within_ms || now == kMaxWatermark || now == oldest) return;
        state_.clear();
        append_ordered(state_, now + *match_.within_ms);
        state_.append(partition_);
        due_.put(state_, {});
    }

    std::string_view row_key(std::int64_t position) {
        row_key_.assign(partition_);
        append_ordered(row_key_, position);
        return row_key_;
    }

    /// Does the row at hand satisfy the variable's condition after `path`?
    bool takes(const MatchPath& path, std::uint32_t variable) override {
        const PathCondition* condition = compiled_.on_path[variable].get();
        if (condition == nullptr) return ((holds_now_ >> variable) & 1) != 0;
        if (known_path_ != &path) {
            known_path_ = &path;
            known_ = known_true_ = 0;
        }
        const std::uint64_t bit = std::uint64_t{1} << variable;
        if ((known_ & bit) == 0) {
            known_ |= bit;
            if (evaluate(path, variable, *condition)) known_true_ |= bit;
        }
        return (known_true_ & bit) != 0;
    }

    bool evaluate(const MatchPath& path, std::uint32_t variable, const PathCondition& condition) {
        MatchPath with = path;
        if (with.runs.empty()) with.start = progress_.next - 1;
        with.take(variable);
        DeltaBuilder row(condition.schema);
        for (std::size_t i = 0; i < condition.places.size(); ++i) {
            compiled_.rows->append(with, condition.places[i], row.column(i), round_->processing_time_ms,
                                   errors_);
        }
        row.end_row(1, arrival_, wm_);
        const Delta delta = row.finish(kNoWatermark);
        selected_.clear();
        if (errors_.empty()) {
            condition.evaluator->select(EvalInput::of(delta, round_->processing_time_ms), selected_, errors_);
        }
        if (!errors_.empty()) {
            report_failed(*round_, arrival_, errors_.front().message);
            errors_.clear();
            return false;
        }
        return !selected_.empty();
    }

    /// The rows of the round's matches.
    Delta finish() {
        Delta found = found_.finish(round_->track.end());
        const std::size_t keys = compiled_.passed.size();
        std::vector<bool> failed;
        std::vector<ColumnPtr> measures;
        if (compiled_.measures) {
            measures =
                compiled_.measures->evaluate(EvalInput::of(found, round_->processing_time_ms), errors_);
            report_failed(*round_, found, errors_, failed);
        }
        found.columns.resize(keys);
        for (ColumnPtr& m : measures) found.columns.push_back(std::move(m));
        if (!broken_.empty()) failed.resize(found.size());
        for (const std::size_t row : broken_) failed[row] = true;
        broken_.clear();
        if (failed.empty()) return found;
        std::vector<std::uint32_t> good;
        for (std::uint32_t row = 0; row < found.size(); ++row) {
            if (!failed[row]) good.push_back(row);
        }
        return take_rows(found, good);
    }

    plan::MatchNode match_;
    Compiled compiled_;
    MatchAutomaton automaton_;
    state::OrderedTable& pending_;
    state::KeyedTable& partitions_;
    state::OrderedTable& rows_;
    state::OrderedTable& due_;
    Sequence sequence_;
    DeltaBuilder found_;
    RowTime time_;
    const Round* round_ = nullptr;  ///< the round that runs
    std::uint64_t arrival_ = 0;     ///< of what is emitted now
    std::int64_t wm_ = kNoWatermark;
    std::string partition_;
    MatchProgress progress_;
    std::uint64_t holds_now_ = 0;
    const MatchPath* known_path_ = nullptr;  ///< whose conditions known_ and known_true_ are
    std::uint64_t known_ = 0;
    std::uint64_t known_true_ = 0;
    std::vector<std::uint64_t> holds_;
    std::vector<std::uint32_t> selected_;
    std::vector<RowError> errors_;
    std::vector<std::size_t> broken_;  ///< rows of found_ an aggregate failed for
    std::vector<ColumnPtr> kept_;
    std::string key_;
    std::string value_;
    std::string state_;
    std::string row_key_;
};

/// Does the condition read nothing of the match but the row in question?
bool reads_row_only(const plan::MatchNode& node, const plan::Expr& condition, int variable) {
    return std::ranges::all_of(plan::columns_read(condition), [&](int c) {
        const plan::MatchPlace& p = node.places[static_cast<std::size_t>(c)];
        return p.kind == plan::MatchPlace::Kind::last && p.offset == 0 &&
               (p.variable < 0 || p.variable == variable);
    });
}

Status compile_condition(const plan::MatchNode& node, const Schema& input, std::size_t v, Compiled& out) {
    std::unique_ptr<Evaluator>& on_arrival = out.on_arrival.emplace_back();
    std::unique_ptr<PathCondition>& on_path = out.on_path.emplace_back();
    const plan::ExprPtr& condition = node.variables[v].condition;
    if (!condition) return {};
    std::vector<plan::ExprPtr> mapping(node.places.size());
    if (reads_row_only(node, *condition, static_cast<int>(v))) {
        for (const int c : plan::columns_read(*condition)) {
            const int column = node.places[static_cast<std::size_t>(c)].column;
            mapping[static_cast<std::size_t>(c)] =
                plan::input(column, input[static_cast<std::size_t>(column)].type);
        }
        MR_TRY(on_arrival, Evaluator::create(plan::rewrite(condition, mapping), input));
        return {};
    }
    on_path = std::make_unique<PathCondition>();
    for (const int c : plan::columns_read(*condition)) {
        const auto place = static_cast<std::size_t>(c);
        mapping[place] = plan::input(static_cast<int>(on_path->places.size()), node.places[place].type);
        on_path->schema.fields.push_back({"", node.places[place].type});
        on_path->places.push_back(place);
    }
    MR_TRY(on_path->evaluator, Evaluator::create(plan::rewrite(condition, mapping), on_path->schema));
    return {};
}

Status compile_measures(const plan::MatchNode& node, const Schema& input, Compiled& out) {
    out.passed = node.partition_keys;
    if (node.all_rows) {
        out.passed.resize(input.size());
        std::iota(out.passed.begin(), out.passed.end(), 0);
    }
    for (const int c : out.passed) out.found.fields.push_back(input[static_cast<std::size_t>(c)]);
    std::vector<plan::ExprPtr> mapping(node.places.size());
    for (const plan::ExprPtr& m : node.measures) {
        for (const int c : plan::columns_read(*m)) {
            const auto place = static_cast<std::size_t>(c);
            if (mapping[place]) continue;
            mapping[place] = plan::input(static_cast<int>(out.found.size()), node.places[place].type);
            out.found.fields.push_back({"", node.places[place].type});
            out.measured.push_back(place);
        }
    }
    if (node.measures.empty()) return {};
    std::vector<plan::ExprPtr> measures;
    for (const plan::ExprPtr& m : node.measures) measures.push_back(plan::rewrite(m, mapping));
    MR_TRY(out.measures, Evaluator::create(measures, out.found));
    return {};
}

std::vector<int> columns_kept(const plan::MatchNode& node, std::size_t width) {
    std::set<int> columns(node.partition_keys.begin(), node.partition_keys.end());
    if (node.all_rows) {
        for (std::size_t c = 0; c < width; ++c) columns.insert(static_cast<int>(c));
    }
    for (const plan::MatchPlace& p : node.places) {
        if (p.column >= 0) columns.insert(p.column);
        for (const plan::ExprPtr& a : p.call.args) {
            for (const int c : plan::columns_read(*a)) columns.insert(c);
        }
        if (!p.call.filter) continue;
        for (const int c : plan::columns_read(*p.call.filter)) columns.insert(c);
    }
    return {columns.begin(), columns.end()};
}

}  // namespace

Result<OperatorPtr> make_match(const MakeContext& context, const plan::MatchNode& node) {
    if (node.within_ms) {
        MR_TRY_VOID(check_span("WITHIN", *node.within_ms));
    }
    if (node.variables.empty() || node.variables.size() > 64) {
        return fail(Code::internal, "a pattern of {} variables", node.variables.size());
    }
    Compiled compiled;
    compiled.columns = columns_kept(node, context.input().size());
    for (std::size_t v = 0; v < node.variables.size(); ++v) {
        MR_TRY_VOID(compile_condition(node, context.input(), v, compiled));
    }
    MR_TRY_VOID(compile_measures(node, context.input(), compiled));
    // The rows refer to the node's places; the node lives as long as its operator.
    const auto& own = std::get<plan::MatchNode>(context.node->op);
    MR_TRY(compiled.rows, MatchRows::create(own, context.input(), compiled.columns));
    return std::make_unique<Match>(context, node, std::move(compiled));
}

}  // namespace mr::engine::internal
