// TemporalJoin: each left row with the version of the right row (by key) that was valid at the left row's
// time. A left row waits until the watermark of both inputs has reached its time; one that is late already is
// joined at once, with what is known. Left rows come out by time, then arrival.
//
// A version is valid from its row's time until the next one's. A retraction that a new row of the same key
// follows within the same arrival is an update and leaves the old version in place; one alone ends the key's
// validity at the time of the retracted row, as Flink does.
//
// State: versions  key, time -> deleted (u8), row
//        ripe      time, key -> nothing: when the watermark reaches `time`, versions before that one can go
//        pending   time, number -> weight (i64), length of key (u32), key, row
//        sequence  numbers left rows
#include "engine/internal/join_condition.h"
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

constexpr std::size_t kPendingHeader = 12;

class TemporalJoin final : public Operator {
  public:
    TemporalJoin(const MakeContext& context, const plan::TemporalJoinNode& join, JoinCondition condition)
        : Operator(context.node),
          join_(join),
          left_time_(input_schema(0)[static_cast<std::size_t>(join.left_time)].type),
          right_time_(input_schema(1)[static_cast<std::size_t>(join.right_time)].type),
          condition_(std::move(condition)),
          versions_(context.ordered("versions")),
          ripe_(context.ordered("ripe")),
          pending_(context.ordered("pending")),
          sequence_(context.keyed("sequence")),
          left_row_(input_schema(0)),
          out_(context.node->schema) {}

    bool reacts_to_watermark() const override { return true; }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        sequence_.load();
        walk_two(
            *inputs[0], *inputs[1], round.track,
            [&](std::size_t side, std::size_t row, std::int64_t wm) {
                if (side == 0) {
                    add_left(round, *inputs[0], row, wm);
                } else {
                    add_version(round, *inputs[1], row);
                }
            },
            [&](const Raise& raise, std::int64_t before) {
                fire(round, raise, before);
                clean(raise.watermark);
            });
        sequence_.store();
        return out_.finish(round.track.end());
    }

  private:
    void add_left(const Round& round, const Delta& in, std::size_t row, std::int64_t wm) {
        const Column& times = *in.columns[static_cast<std::size_t>(join_.left_time)];
        if (const auto bad = left_time_.problem(times, row); !bad.empty()) {
            return report_failed(round, in.arrival[row], bad);
        }
        const std::int64_t t = left_time_.ms(times, row);
        key_.clear();
        if (!any_null(in, join_.left_keys, row)) append_key_columns(key_, in, join_.left_keys, row);
        value_.assign(kPendingHeader, '\0');
        store_i64(value_.data(), in.weight[row]);
        mr::internal::store(value_.data() + 8, static_cast<std::uint32_t>(key_.size()), Endian::little);
        value_.append(key_);
        append_row(value_, in.columns, row);
        if (t <= wm) return join(round, t, value_, in.arrival[row], wm);
        pending_key_.clear();
        append_ordered(pending_key_, t);
        append_ordered(pending_key_, sequence_.next());
        pending_.put(pending_key_, value_);
    }

    void add_version(const Round& round, const Delta& in, std::size_t row) {
        const Column& times = *in.columns[static_cast<std::size_t>(join_.right_time)];
        if (const auto bad = right_time_.problem(times, row); !bad.empty()) {
            return report_failed(round, in.arrival[row], bad);
        }
        if (any_null(in, join_.right_keys, row)) return;
        key_.clear();
        append_key_columns(key_, in, join_.right_keys, row);
        const bool deleted = in.weight[row] < 0;
        if (deleted && is_update(in, row)) return;
        const std::int64_t t = right_time_.ms(times, row);
        const std::size_t key_size = key_.size();
        append_ordered(key_, t);
        value_.assign(1, deleted ? '\1' : '\0');
        append_row(value_, in.columns, row);
        versions_.put(key_, value_);
        ripe_key_.clear();
        append_ordered(ripe_key_, t);
        ripe_key_.append(key_, 0, key_size);
        ripe_.put(ripe_key_, {});
    }

    /// Does a new row of the key at key_ follow the retraction within the same arrival?
    bool is_update(const Delta& in, std::size_t row) {
        for (std::size_t i = row + 1; i < in.size() && in.arrival[i] == in.arrival[row]; ++i) {
            if (in.weight[i] < 0) continue;
            other_key_.clear();
            append_key_columns(other_key_, in, join_.right_keys, i);
            if (other_key_ == key_) return true;
        }
        return false;
    }

    void fire(const Round& round, const Raise& raise, std::int64_t before) {
        take_due(
            pending_, raise.watermark, pending_key_, value_,
            [&](std::int64_t t, const std::string& value) { join(round, t, value, raise.arrival, before); });
    }

    /// `pending`: as in the table, not in one of the scratch strings used here.
    void join(const Round& round, std::int64_t t, std::string_view pending, std::uint64_t arrival,
              std::int64_t wm) {
        const auto key_size = mr::internal::load<std::uint32_t>(pending.data() + 8, Endian::little);
        const std::string_view key = pending.substr(kPendingHeader, key_size);
        const std::string_view row = pending.substr(kPendingHeader + key_size);
        const auto weight = static_cast<std::int32_t>(load_i64(pending.data()));
        const std::optional<std::string_view> version = find_version(round, key, t, row, arrival);
        if (!version && join_.kind == plan::JoinKind::inner) return;
        decode_row(out_, 0, row, input_schema(0));
        if (version) {
            decode_row(out_, input_schema(0).size(), *version, input_schema(1));
        } else {
            pad_row(out_, input_schema(0).size(), input_schema(1).size());
        }
        out_.end_row(weight, arrival, wm);
    }

    std::optional<std::string_view> find_version(const Round& round, std::string_view key, std::int64_t t,
                                                 std::string_view row, std::uint64_t arrival) {
        if (key.empty() && !join_.left_keys.empty()) return std::nullopt;  // NULL in it
        other_key_.assign(key);
        append_ordered(other_key_, t);
        const auto found = versions_.before(other_key_, true);
        if (!found || !found->key.starts_with(key) || found->value[0] != 0) return std::nullopt;
        const std::string_view version = found->value.substr(1);
        if (condition_.always()) return version;
        decode_row(left_row_, 0, row, input_schema(0));
        left_row_.end_row(1, arrival, kNoWatermark);
        const Delta left = left_row_.finish(kNoWatermark);
        selected_.clear();
        condition_.select(left, 0, 0, std::span(&version, 1), round.processing_time_ms, selected_, errors_);
        if (!errors_.empty()) {
            report_failed(round, arrival, errors_.front().message);
            errors_.clear();
        }
        return selected_.empty() ? std::nullopt : std::optional(version);
    }

    /// Left rows to come are later than the watermark: of each key they need the last version at or before
    /// it.
    void clean(std::int64_t watermark) {
        while (const auto first = ripe_.at_or_after({})) {
            const std::int64_t t = read_ordered(first->key);
            if (t > watermark) return;
            ripe_key_.assign(first->key);
            ripe_.erase(ripe_key_);
            const std::string_view key = std::string_view(ripe_key_).substr(8);
            other_key_.assign(key);
            append_ordered(other_key_, t);
            while (const auto version = versions_.at_or_after(key)) {
                if (version->key > other_key_ || !version->key.starts_with(key)) break;
                if (version->key == other_key_ && version->value[0] == 0) break;
                key_.assign(version->key);
                versions_.erase(key_);
            }
        }
    }

    plan::TemporalJoinNode join_;
    RowTime left_time_;
    RowTime right_time_;
    JoinCondition condition_;
    state::OrderedTable& versions_;
    state::OrderedTable& ripe_;
    state::OrderedTable& pending_;
    Sequence sequence_;
    DeltaBuilder left_row_;
    DeltaBuilder out_;
    std::string key_;
    std::string other_key_;
    std::string pending_key_;
    std::string ripe_key_;
    std::string value_;
    std::vector<std::uint32_t> selected_;
    std::vector<RowError> errors_;
};

}  // namespace

Result<OperatorPtr> make_temporal_join(const MakeContext& context, const plan::TemporalJoinNode& node) {
    if (node.kind != plan::JoinKind::inner && node.kind != plan::JoinKind::left) {
        return fail(Code::unsupported, "a temporal join must be INNER or LEFT");
    }
    if (node.processing_time) return make_lookup_join(context, node);
    MR_TRY_VOID(check_join_keys(context.input(0), node.left_keys, context.input(1), node.right_keys));
    MR_TRY(JoinCondition condition, JoinCondition::create(node.residual, context.input(0), context.input(1)));
    return std::make_unique<TemporalJoin>(context, node, std::move(condition));
}

}  // namespace mr::engine::internal
