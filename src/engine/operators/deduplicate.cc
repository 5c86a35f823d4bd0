// Deduplicate: one row a key of an append-only input. keep_last: a newer or equal time replaces the row (-1
// old, +1 new), an older one is ignored. Keep first: the earliest row (ties: the first to come) comes out
// when the watermark reaches it; later rows of its key are duplicates for ever. By processing time: order of
// arrival, at once.
//
// State: keep last   rows     key -> time (i64), row
//        keep first  seen     key -> nothing once the key's row came out
//                    waiting  key -> time (i64), number (u64), row
//                    due      time, number -> key
//                    sequence numbers rows
//        both        rows_*, seen_*: when keys are forgotten (Expiry)
#include "engine/internal/expiry.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

class KeepLast final : public Operator {
  public:
    KeepLast(const MakeContext& context, const plan::DeduplicateNode& dedup)
        : Operator(context.node),
          keys_(dedup.keys),
          processing_time_(dedup.processing_time),
          time_column_(static_cast<std::size_t>(dedup.time_column)),
          rows_(context.keyed("rows")),
          expiry_(context, "rows", context.node->state_ttl_ms[0]),
          out_(context.node->schema) {
        if (!processing_time_) time_ = RowTime(input_schema()[time_column_].type);
    }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        expiry_.advance(round.processing_time_ms, [this](std::string_view key) { rows_.erase(key); });
        for (std::size_t row = 0; row < in.size(); ++row) apply(round, in, row);
        return out_.finish(round.track.end());
    }

  private:
    void apply(const Round& round, const Delta& in, std::size_t row) {
        std::int64_t t = 0;
        if (!processing_time_) {
            const Column& times = *in.columns[time_column_];
            if (const auto bad = time_.problem(times, row); !bad.empty()) {
                return report_failed(round, in.arrival[row], bad);
            }
            t = times.integer(row);
        }
        key_.clear();
        append_key_columns(key_, in, keys_, row);
        value_.assign(8, '\0');
        store_i64(value_.data(), t);
        append_row(value_, in.columns, row);
        if (const auto old = rows_.get(key_)) {
            if (load_i64(old->data()) > t || *old == value_) return;
            decode_row(out_, 0, old->substr(8), node().schema);
            out_.end_row(-1, in.arrival[row], in.wm[row]);
        }
        rows_.put(key_, value_);
        expiry_.touch(key_);
        copy_row(out_, 0, in.columns, row);
        out_.end_row(1, in.arrival[row], in.wm[row]);
    }

    std::vector<int> keys_;
    bool processing_time_;
    std::size_t time_column_;
    RowTime time_;
    state::KeyedTable& rows_;
    Expiry expiry_;
    DeltaBuilder out_;
    std::string key_;
    std::string value_;
};

/// Keep first, by order of arrival.
class KeepFirstArrival final : public Operator {
  public:
    KeepFirstArrival(const MakeContext& context, const plan::DeduplicateNode& dedup)
        : Operator(context.node),
          keys_(dedup.keys),
          seen_(context.keyed("seen")),
          expiry_(context, "seen", context.node->state_ttl_ms[0]) {}

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        expiry_.advance(round.processing_time_ms, [this](std::string_view key) { seen_.erase(key); });
        kept_.clear();
        for (std::uint32_t row = 0; row < in.size(); ++row) {
            key_.clear();
            append_key_columns(key_, in, keys_, row);
            if (seen_.contains(key_)) continue;
            seen_.put(key_, {});
            expiry_.touch(key_);
            kept_.push_back(row);
        }
        return take_rows(in, kept_);
    }

  private:
    std::vector<int> keys_;
    state::KeyedTable& seen_;
    Expiry expiry_;
    std::vector<std::uint32_t> kept_;
    std::string key_;
};

class KeepFirst final : public Operator {
  public:
    KeepFirst(const MakeContext& context, const plan::DeduplicateNode& dedup)
        : Operator(context.node),
          keys_(dedup.keys),
          time_column_(static_cast<std::size_t>(dedup.time_column)),
          time_(input_schema()[time_column_].type),
          seen_(context.keyed("seen")),
          waiting_(context.keyed("waiting")),
          due_(context.ordered("due")),
          sequence_(context.keyed("sequence")),
          expiry_(context, "seen", context.node->state_ttl_ms[0]),
          out_(context.node->schema) {}

    bool reacts_to_watermark() const override { return true; }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        expiry_.advance(round.processing_time_ms, [this](std::string_view key) { seen_.erase(key); });
        sequence_.load();
        walk(
            in, round.track, [&](std::size_t row, std::int64_t wm) { add(round, in, row, wm); },
            [&](const Raise& raise, std::int64_t before) { fire(raise, before); });
        sequence_.store();
        return out_.finish(round.track.end());
    }

  private:
    static constexpr std::size_t kHeader = 16;

    void add(const Round& round, const Delta& in, std::size_t row, std::int64_t watermark) {
        const Column& times = *in.columns[time_column_];
        if (const auto bad = time_.problem(times, row); !bad.empty()) {
            return report_failed(round, in.arrival[row], bad);
        }
        key_.clear();
        append_key_columns(key_, in, keys_, row);
        if (seen_.contains(key_)) return;
        const std::int64_t t = time_.ms(times, row);
        if (t <= watermark) return report_late(round, in, row, watermark);
        if (const auto old = waiting_.get(key_)) {
            if (load_i64(old->data()) <= t) return;
            due_.erase(due_key(load_i64(old->data()), static_cast<std::uint64_t>(load_i64(old->data() + 8))));
        }
        const std::uint64_t number = sequence_.next();
        value_.assign(kHeader, '\0');
        store_i64(value_.data(), t);
        store_i64(value_.data() + 8, static_cast<std::int64_t>(number));
        append_row(value_, in.columns, row);
        waiting_.put(key_, value_);
        due_.put(due_key(t, number), key_);
    }

    std::string_view due_key(std::int64_t t, std::uint64_t number) {
        due_key_.clear();
        append_ordered(due_key_, t);
        append_ordered(due_key_, number);
        return due_key_;
    }

    void fire(const Raise& raise, std::int64_t before) {
        while (const auto first = due_.at_or_after({})) {
            if (read_ordered(first->key) > raise.watermark) return;
            key_.assign(first->value);
            due_key_.assign(first->key);
            due_.erase(due_key_);
            const auto row = waiting_.get(key_);
            MR_CHECK(row.has_value(), "a first row came due and is not there");
            decode_row(out_, 0, row->substr(kHeader), node().schema);
            out_.end_row(1, raise.arrival, before);
            waiting_.erase(key_);
            seen_.put(key_, {});
            expiry_.touch(key_);
        }
    }

    std::vector<int> keys_;
    std::size_t time_column_;
    RowTime time_;
    state::KeyedTable& seen_;
    state::KeyedTable& waiting_;
    state::OrderedTable& due_;
    Sequence sequence_;
    Expiry expiry_;
    DeltaBuilder out_;
    std::string key_;
    std::string due_key_;
    std::string value_;
};

}  // namespace

Result<OperatorPtr> make_deduplicate(const MakeContext& context, const plan::DeduplicateNode& node) {
    if (node.keep_last) return std::make_unique<KeepLast>(context, node);
    if (node.processing_time) return std::make_unique<KeepFirstArrival>(context, node);
    return std::make_unique<KeepFirst>(context, node);
}

}  // namespace mr::engine::internal
