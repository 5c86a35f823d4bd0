// Over: for each row, aggregates over the rows of its partition from `preceding` up to itself. By event time:
// rows wait until the watermark reaches them and come out by time, then arrival; late ones (add()) are
// dropped. By processing time: at once, in order of arrival.
//
// A round has two passes. The first decides, from keys and times alone, which rows come out and which leave
// each frame on the way; all of them are put into one batch. The second evaluates the arguments of the whole
// batch at once and then adds, removes and reads out in the order found.
//
// State: pending     time, number -> weight (i64), length (u32) of the compact row, compact row, row
//        partitions  partition key -> Header, then the aggregates' fixed part
//        entries     partition key, entry -> value
//        frame       partition key, time, position -> compact row (bounded frames)
//        lag         partition key, position modulo the largest offset + 1 -> values of LAG's arguments
//        idle        time, partition key -> nothing: when a bounded RANGE partition may be empty
//        sequence    numbers rows
//        partitions_*  when partitions are forgotten (Expiry)
#include <algorithm>

#include "engine/internal/expiry.h"
#include "engine/internal/group_entries.h"
#include "engine/internal/operators.h"
#include "engine/internal/over_frame.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

constexpr std::size_t kPendingHeader = 12;

/// The place of a partition, kept in front of its aggregates.
struct Header {
    static constexpr std::size_t kBytes = 40;
    std::int64_t position = 0;  ///< rows that came out so far
    std::int64_t frame = 0;     ///< rows in the frame
    std::int64_t last_time = 0;
    std::int64_t rank = 0;
    std::int64_t dense_rank = 0;

    static Header load(const char* from) {
        return {load_i64(from), load_i64(from + 8), load_i64(from + 16), load_i64(from + 24),
                load_i64(from + 32)};
    }
    void store(char* to) const {
        store_i64(to, position);
        store_i64(to + 8, frame);
        store_i64(to + 16, last_time);
        store_i64(to + 24, rank);
        store_i64(to + 32, dense_rank);
    }
};

/// A row that comes out in this round.
struct Fired {
    std::string partition;
    std::int64_t time = 0;
    std::uint32_t batch_row = 0;  ///< of the compact batch
    std::size_t removed_begin = 0;
    std::size_t removed_end = 0;  ///< in removed_
    std::int64_t position = 0;    ///< from 0
    std::int64_t rank = 0;
    std::int64_t dense_rank = 0;
    std::uint32_t fire = 0;  ///< rows of one instant of one fire are peers
};

/// A row that leaves a frame.
struct Removed {
    std::uint32_t batch_row = 0;
    std::int64_t position = 0;
};

class Over final : public Operator {
  public:
    Over(const MakeContext& context, const plan::OverNode& over, OverCalls calls)
        : Operator(context.node),
          over_(over),
          time_column_(static_cast<std::size_t>(over.order_column)),
          calls_(std::move(calls)),
          pending_(context.ordered("pending")),
          partitions_(context.keyed("partitions")),
          entries_(context.ordered("entries")),
          frame_(context.ordered("frame")),
          lag_(context.keyed("lag")),
          idle_(context.ordered("idle")),
          sequence_(context.keyed("sequence")),
          expiry_(context, "partitions", context.node->state_ttl_ms[0]),
          fired_rows_(input_schema()),
          batch_(calls_.compact),
          results_(calls_.set->results()),
          lag_row_(calls_.lag_values),
          cleans_(over.range && over.preceding && !over.processing_time && places_only_aggregates()) {
        if (!over_.processing_time) time_ = RowTime(input_schema()[time_column_].type);
        for (std::size_t i = input_schema().size(); i < node().schema.size(); ++i) {
            columns_.emplace_back(node().schema[i].type);
        }
    }

    bool reacts_to_watermark() const override { return !over_.processing_time; }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        expiry_.advance(round.processing_time_ms, [this](std::string_view key) {
            forgotten_.assign(key);
            drop(forgotten_);
        });
        sequence_.load();
        if (over_.processing_time) {
            for (std::size_t row = 0; row < in.size(); ++row) {
                encode(in, row);
                come_out(round.processing_time_ms, value_, in.arrival[row], in.wm[row]);
            }
        } else {
            walk(
                in, round.track, [&](std::size_t row, std::int64_t wm) { add(round, in, row, wm); },
                [&](const Raise& raise, std::int64_t before) { fire(raise, before); });
        }
        sequence_.store();
        return finish(round);
    }

  private:
    [[nodiscard]] bool places_only_aggregates() const {
        return std::ranges::all_of(calls_.calls,
                                   [](const OverCall& c) { return c.kind == OverCall::Kind::aggregate; });
    }

    /// value_ = the row as `pending` keeps it.
    void encode(const Delta& in, std::size_t row) {
        compact_.clear();
        for (const int c : calls_.compact_columns)
            compact_.push_back(in.columns[static_cast<std::size_t>(c)]);
        value_.assign(kPendingHeader, '\0');
        store_i64(value_.data(), in.weight[row]);
        append_row(value_, compact_, row);
        const auto size = static_cast<std::uint32_t>(value_.size() - kPendingHeader);
        mr::internal::store(value_.data() + 8, size, Endian::little);
        append_row(value_, in.columns, row);
        partition_.clear();
        append_key_columns(partition_, in, over_.partition_keys, row);
        value_.append(partition_);
        ByteWriter(value_).u32(static_cast<std::uint32_t>(partition_.size()));
    }

    void add(const Round& round, const Delta& in, std::size_t row, std::int64_t watermark) {
        const Column& times = *in.columns[time_column_];
        if (const auto bad = time_.problem(times, row); !bad.empty()) {
            return report_failed(round, in.arrival[row], bad);
        }
        const std::int64_t t = time_.ms(times, row);
        // As Flink: an unbounded frame goes by the watermark; a bounded one by what of the partition has come
        // out, so that a row the watermark has passed may still find its place. It comes out with the next
        // rise.
        if (t <= watermark && !over_.preceding) return report_late(round, in, row, watermark);
        encode(in, row);
        if (t <= watermark && has_come_out(t)) return report_late(round, in, row, watermark);
        key_.clear();
        append_ordered(key_, t);
        append_ordered(key_, sequence_.next());
        pending_.put(key_, value_);
        expiry_.touch(partition_);
    }

    /// Has the partition at partition_ given a row of this time, or a later one?
    bool has_come_out(std::int64_t t) {
        const auto state = partitions_.get(partition_);
        if (!state) return false;
        const Header header = Header::load(state->data());
        return header.position > 0 && t <= header.last_time;
    }

    void fire(const Raise& raise, std::int64_t before) {
        ++fire_;
        take_due(pending_, raise.watermark, key_, value_, [&](std::int64_t t, const std::string& value) {
            come_out(t, value, raise.arrival, before);
        });
        if (cleans_) clean(raise.watermark);
    }

    /// First pass for one row: its place, what leaves its frame, and both into the batch.
    void come_out(std::int64_t t, std::string_view value, std::uint64_t arrival, std::int64_t wm) {
        const std::size_t compact_size = mr::internal::load<std::uint32_t>(value.data() + 8, Endian::little);
        const std::size_t partition_size =
            mr::internal::load<std::uint32_t>(value.data() + value.size() - 4, Endian::little);
        const std::string_view compact = value.substr(kPendingHeader, compact_size);
        const std::string_view row = value.substr(
            kPendingHeader + compact_size, value.size() - kPendingHeader - compact_size - partition_size - 4);
        Fired& f = fired_.emplace_back();
        f.partition = value.substr(value.size() - partition_size - 4, partition_size);
        f.time = t;
        f.fire = over_.processing_time ? static_cast<std::uint32_t>(fired_.size()) : fire_;
        decode_row(fired_rows_, 0, row, input_schema());
        fired_rows_.end_row(static_cast<std::int32_t>(load_i64(value.data())), arrival, wm);

        const std::size_t state_bytes = Header::kBytes + calls_.set->fixed_size();
        const state::KeyedTable::Edit state = partitions_.edit(f.partition, state_bytes);
        if (state.inserted) calls_.set->init(state.value + Header::kBytes);
        Header header = Header::load(state.value);
        f.position = header.position;
        if (header.position == 0 || header.last_time != t) {
            header.rank = header.position + 1;
            ++header.dense_rank;
        }
        f.rank = header.rank;
        f.dense_rank = header.dense_rank;
        header.last_time = t;
        ++header.position;
        ++header.frame;
        f.removed_begin = removed_.size();
        if (over_.preceding) {
            remember(f, compact);
            shrink_frame(f, header);
        }
        f.removed_end = removed_.size();
        header.store(state.value);
        expiry_.touch(f.partition);
        f.batch_row = add_to_batch(compact);
        if (state.inserted && cleans_) enter_idle(t, f.partition);
    }

    std::uint32_t add_to_batch(std::string_view compact) {
        decode_row(batch_, 0, compact, calls_.compact);
        batch_.end_row(1, 0, kNoWatermark);
        return static_cast<std::uint32_t>(batch_.size() - 1);
    }

    void remember(const Fired& f, std::string_view compact) {
        key_.assign(f.partition);
        append_ordered(key_, f.time);
        append_ordered(key_, f.position);
        frame_.put(key_, compact);
    }

    /// Takes the rows that no longer belong to the frame of `f` out of it.
    void shrink_frame(const Fired& f, Header& header) {
        while (header.frame > 0) {
            const auto oldest = frame_.at_or_after(f.partition);
            MR_CHECK(oldest && oldest->key.starts_with(f.partition), "a frame of {} rows is empty",
                     header.frame);
            const std::string_view place = oldest->key.substr(f.partition.size());
            const bool leaves = over_.range ? read_ordered(place) < f.time - *over_.preceding
                                            : header.frame > *over_.preceding + 1;
            if (!leaves) return;
            removed_.push_back({add_to_batch(oldest->value), read_ordered(place.substr(8))});
            key_.assign(oldest->key);
            frame_.erase(key_);
            --header.frame;
        }
    }

    void enter_idle(std::int64_t t, std::string_view partition) {
        key_.clear();
        append_ordered(key_, t + *over_.preceding);
        key_.append(partition);
        idle_.put(key_, {});
    }

    /// Forgets partitions whose frame no row to come can reach.
    void clean(std::int64_t watermark) {
        while (const auto first = idle_.at_or_after({})) {
            if (read_ordered(first->key) >= watermark) return;
            key_.assign(first->key);
            idle_.erase(key_);
            forgotten_.assign(key_, 8);
            const auto state = partitions_.get(forgotten_);
            if (!state) continue;
            const std::int64_t last = Header::load(state->data()).last_time;
            if (last + *over_.preceding >= watermark) {
                enter_idle(last, forgotten_);
            } else {
                forget_.emplace_back(forgotten_, watermark);
            }
        }
    }

    /// After the second pass, which still needs the partition's state.
    void forget(const std::string& partition, std::int64_t watermark) {
        const auto state = partitions_.get(partition);
        if (!state) return;
        const std::int64_t last = Header::load(state->data()).last_time;
        // A later row of the same round has used it again.
        if (last + *over_.preceding >= watermark) return enter_idle(last, partition);
        expiry_.forget(partition);
        drop(partition);
    }

    /// All that is kept of a partition but rows that have not come out.
    void drop(const std::string& partition) {
        const auto state = partitions_.get(partition);
        if (!state) return;
        const std::int64_t kept = std::min(Header::load(state->data()).position, calls_.lag_offset_max + 1);
        for (std::int64_t i = 0; calls_.lag_offset_max > 0 && i < kept; ++i)
            lag_.erase(lag_key(partition, i));
        partitions_.erase(partition);
        entries_.select(partition);
        if (calls_.set->needs_entries()) entries_.clear();
        while (const auto e = frame_.at_or_after(partition)) {
            if (!e->key.starts_with(partition)) return;
            key_.assign(e->key);
            frame_.erase(key_);
        }
    }

    /// Second pass.
    Delta finish(const Round& round) {
        Delta fired = fired_rows_.finish(round.track.end());
        const Delta batch = batch_.finish(kNoWatermark);
        bad_.clear();
        std::vector<bool> bad_batch;
        if (!fired_.empty()) bad_batch = prepare(round, fired, batch);
        aggregate(bad_batch);
        const Delta results = results_.finish(kNoWatermark);
        place(round, fired);
        std::vector<ColumnPtr> places;
        for (ColumnBuilder& b : columns_) places.push_back(b.finish());
        for (std::size_t i = 0; i < calls_.calls.size(); ++i) {
            const OverCall& call = calls_.calls[i];
            const bool aggregate = call.kind == OverCall::Kind::aggregate;
            fired.columns.push_back(aggregate ? results.columns[call.at] : places[i]);
        }
        if (!bad_.empty()) fired = without_failed(fired);
        fired_.clear();
        removed_.clear();
        for (const auto& [partition, watermark] : forget_) forget(partition, watermark);
        forget_.clear();
        return fired;
    }

    /// Evaluates the aggregates' arguments for the batch; which of its rows failed (empty: none).
    std::vector<bool> prepare(const Round& round, const Delta& fired, const Delta& batch) {
        calls_.set->prepare({.columns = batch.columns,
                             .rows = batch.size(),
                             .wm = {},
                             .processing_time_ms = round.processing_time_ms},
                            errors_);
        if (errors_.empty()) return {};
        std::vector<bool> bad_batch(batch.size());
        bad_.resize(fired_.size());
        for (const RowError& e : failed_rows(std::move(errors_))) {
            bad_batch[e.row] = true;
            for (std::size_t i = 0; i < fired_.size(); ++i) {
                if (fired_[i].batch_row != e.row) continue;
                bad_[i] = true;
                report_failed(round, fired.arrival[i], e.message);
            }
        }
        errors_.clear();
        return bad_batch;
    }

    /// Adds, removes and reads out; peers of a RANGE frame are all added before one is read.
    void aggregate(const std::vector<bool>& bad_batch) {
        for (std::size_t begin = 0; begin < fired_.size();) {
            std::size_t end = begin + 1;
            while (over_.range && end < fired_.size() && fired_[end].fire == fired_[begin].fire &&
                   fired_[end].time == fired_[begin].time) {
                ++end;
            }
            for (std::size_t i = begin; i < end; ++i) update(fired_[i], bad_batch);
            for (std::size_t i = begin; i < end; ++i) read_out(fired_[i]);
            begin = end;
        }
    }

    char* open(const Fired& f) {
        entries_.select(f.partition);
        const std::size_t bytes = Header::kBytes + calls_.set->fixed_size();
        return partitions_.edit(f.partition, bytes).value + Header::kBytes;
    }

    void update(const Fired& f, const std::vector<bool>& bad_batch) {
        if (calls_.set->size() == 0) return;
        char* fixed = open(f);
        for (std::size_t i = f.removed_begin; i < f.removed_end; ++i) {
            const Removed& r = removed_[i];
            if (!bad_batch.empty() && bad_batch[r.batch_row]) continue;
            calls_.set->update(fixed, &entries_, r.batch_row, -1, static_cast<std::uint64_t>(r.position));
        }
        if (!bad_batch.empty() && bad_batch[f.batch_row]) return;
        calls_.set->update(fixed, &entries_, f.batch_row, 1, static_cast<std::uint64_t>(f.position));
    }

    void read_out(const Fired& f) {
        if (calls_.set->size() == 0) return;
        const char* fixed = open(f);
        calls_.set->result(fixed, &entries_, builder_columns(results_, 0, calls_.set->size()));
    }

    /// The functions of a row's place: ROW_NUMBER, RANK, LAG.
    void place(const Round& round, const Delta& fired) {
        std::vector<ColumnPtr> arguments;
        std::vector<bool> failed;
        if (calls_.lag_arguments && !fired.empty()) {
            arguments =
                calls_.lag_arguments->evaluate(EvalInput::of(fired, round.processing_time_ms), errors_);
            report_failed(round, fired, errors_, failed);
            if (!failed.empty()) bad_.resize(fired_.size());
            for (std::size_t i = 0; i < failed.size(); ++i) bad_[i] = bad_[i] || failed[i];
        }
        std::vector<ColumnPtr> values;
        for (std::size_t i = 0; i < arguments.size(); i += 2) values.push_back(arguments[i]);
        for (std::size_t row = 0; row < fired_.size(); ++row) {
            const Fired& f = fired_[row];
            for (std::size_t i = 0; i < calls_.calls.size(); ++i) {
                const OverCall& call = calls_.calls[i];
                ColumnBuilder& out = columns_[i];
                if (call.kind == OverCall::Kind::row_number) out.append_integer(f.position + 1);
                if (call.kind == OverCall::Kind::rank) out.append_integer(f.rank);
                if (call.kind == OverCall::Kind::dense_rank) out.append_integer(f.dense_rank);
                if (call.kind == OverCall::Kind::lag) append_lag(out, f, call.at, arguments, row);
            }
            if (calls_.lag_offset_max > 0) {
                key_.clear();
                append_row(key_, values, row);
                lag_.put(lag_key(f.partition, f.position), key_);
            }
        }
    }

    std::string_view lag_key(std::string_view partition, std::int64_t position) {
        lag_key_.assign(partition);
        append_ordered(lag_key_, position % (calls_.lag_offset_max + 1));
        return lag_key_;
    }

    void append_lag(ColumnBuilder& out, const Fired& f, std::size_t lag,
                    const std::vector<ColumnPtr>& arguments, std::size_t row) {
        const std::int64_t offset = calls_.lag_offsets[lag];
        const Column& otherwise = *arguments[2 * lag + 1];
        const auto put = [&](const Column& values, std::size_t at) {
            // As Flink: the default also stands in for a NULL that is there.
            const bool null = values.is_null(at);
            out.append_from(null ? otherwise : values, null ? row : at);
        };
        if (offset == 0) return put(*arguments[2 * lag], row);
        if (f.position < offset) return out.append_from(otherwise, row);
        const auto found = lag_.get(lag_key(f.partition, f.position - offset));
        MR_CHECK(found.has_value(), "LAG lost the row {} before position {}", offset, f.position);
        decode_row(lag_row_, 0, *found, calls_.lag_values);
        lag_row_.end_row(1, 0, kNoWatermark);
        const Delta values = lag_row_.finish(kNoWatermark);
        put(*values.columns[lag], 0);
    }

    Delta without_failed(const Delta& fired) const {
        std::vector<std::uint32_t> kept;
        for (std::uint32_t i = 0; i < fired_.size(); ++i) {
            if (!bad_[i]) kept.push_back(i);
        }
        return take_rows(fired, kept);
    }

    plan::OverNode over_;
    std::size_t time_column_;
    RowTime time_;
    OverCalls calls_;
    state::OrderedTable& pending_;
    state::KeyedTable& partitions_;
    GroupEntries entries_;
    state::OrderedTable& frame_;
    state::KeyedTable& lag_;
    state::OrderedTable& idle_;
    Sequence sequence_;
    Expiry expiry_;
    DeltaBuilder fired_rows_;
    DeltaBuilder batch_;
    DeltaBuilder results_;
    DeltaBuilder lag_row_;
    bool cleans_;
    std::vector<ColumnBuilder> columns_;  ///< one a call; aggregates' stay empty
    std::vector<Fired> fired_;
    std::vector<Removed> removed_;
    std::vector<bool> bad_;                                     ///< rows of fired_ that failed; empty: none
    std::vector<std::pair<std::string, std::int64_t>> forget_;  ///< partition, watermark
    std::uint32_t fire_ = 0;
    std::vector<ColumnPtr> compact_;
    std::vector<RowError> errors_;
    std::string key_;
    std::string lag_key_;
    std::string value_;
    std::string partition_;
    std::string forgotten_;
};

}  // namespace

Result<OperatorPtr> make_over(const MakeContext& context, const plan::OverNode& node) {
    if (node.preceding) {
        MR_TRY_VOID(check_span("an OVER frame", *node.preceding));
    }
    if (node.preceding && *node.preceding < 0) {
        return fail(Code::invalid_argument, "an OVER frame of {} PRECEDING", *node.preceding);
    }
    if (context.node->schema.size() != context.input().size() + node.calls.size()) {
        return fail(Code::internal, "OVER of {} calls in a schema of {} columns after {}", node.calls.size(),
                    context.node->schema.size(), context.input().size());
    }
    MR_TRY(OverCalls calls, OverCalls::create(node, context.input()));
    return std::make_unique<Over>(context, node, std::move(calls));
}

}  // namespace mr::engine::internal
