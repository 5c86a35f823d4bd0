// Broker::retention_once: how far each log's start may move, by age and by size, as far as holds allow.
#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/holds.h"
#include "broker/internal/answer_proposal.h"
#include "broker/internal/entries.h"
#include "broker/internal/expire_offsets.h"
#include "broker/internal/log_access.h"
#include "broker/internal/state.h"

namespace mr::broker {
namespace {

using Why = internal::LogStartMoved::Why;

struct NewStart {
    Offset start;
    Why why{};
};

/// Segments go whole, oldest first; the newest goes only by age, once nothing came after it.
std::optional<NewStart> by_age(const PartitionView& view, const SegmentList& segments,
                               const TopicSettings& settings, TimestampMs now) {
    if (settings.retention_ms < 0) return std::nullopt;
    const std::int64_t limit = now.value - settings.retention_ms;
    std::optional<NewStart> found;
    for (const auto& segment : segments) {
        const SegmentInfo& info = segment->info();
        if (info.next <= view.log_start) continue;
        // A batch without timestamps counts by when it was appended.
        const std::int64_t newest =
            info.max_timestamp.value >= 0 ? info.max_timestamp.value : info.first_append.value;
        if (newest >= limit || info.next > view.log_end) break;
        found = NewStart{info.next, Why::retention_ms};
    }
    return found;
}

std::optional<NewStart> by_size(const PartitionView& view, const SegmentList& segments,
                                const TopicSettings& settings) {
    if (settings.retention_bytes < 0 || segments.empty()) return std::nullopt;
    std::uint64_t total = 0;
    for (const auto& segment : segments) {
        if (segment->info().next > view.log_start) total += segment->info().log_bytes;
    }
    for (std::size_t i = view.find_offset(segments.back()->info().next); i < view.tail_count; ++i) {
        total += view.tail(i).bytes;
    }
    const auto limit = static_cast<std::uint64_t>(settings.retention_bytes);
    std::optional<NewStart> found;
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        const SegmentInfo& info = segments[i]->info();
        if (info.next <= view.log_start) continue;
        if (total < limit + info.log_bytes || info.next > view.log_end) break;
        total -= info.log_bytes;
        found = NewStart{info.next, Why::retention_bytes};
    }
    return found;
}

std::unique_ptr<journal::Proposal> move_start(Broker& broker, const Uuid& topic, PartitionId partition,
                                              NewStart to) {
    return internal::answer_with<bool>(
        broker, {}, 1, [topic, partition, to](BrokerState& state, journal::Appender& out) {
            const TopicState* found = state.find(topic);
            const PartitionState* log = found == nullptr ? nullptr : found->partition(partition);
            if (log == nullptr || to.start <= log->view.log_start || to.start > log->view.log_end)
                return false;
            out.append(
                journal::Kind::log_start,
                internal::encode(internal::LogStartMoved{topic, partition, to.start, to.why, out.now()}),
                internal::kEntryVersion);
            return true;
        });
}

}  // namespace

void Broker::retention_once(TimestampMs now,
                            const std::function<bool(std::unique_ptr<journal::Proposal>)>& submit,
                            const std::function<bool(std::string_view)>& active) {
    const auto all = topics();
    for (const auto& [name, topic] : all->by_name) {
        const TopicSettings& settings = topic->config.settings();
        if (!settings.del) continue;
        const auto held = settings.hold ? holds_->lowest(topic->id) : std::nullopt;
        for (const auto& log : topic->partitions) {
            // The view first: what it counts is in the segments or in its own tail.
            const auto view = log->durable();
            const auto segments = log->segments();
            auto to = by_age(*view, *segments, settings, now);
            if (const auto size = by_size(*view, *segments, settings);
                size && (!to || size->start > to->start))
                to = size;
            if (!to || to->start <= view->log_start) continue;
            if (held) {
                const auto first = access_->stable_at(*log, *view, *held);
                if (!first) {
                    log_warn("broker", "retention of {}-{}: {}", name, log->id(), first.error().message);
                    continue;
                }
                to->start = std::min(to->start, *first);
                if (to->start <= view->log_start) continue;
            }
            if (!submit(move_start(*this, topic->id, log->id(), *to))) return;
        }
    }
    const TimestampMs before(now.value - options_.offsets_retention_ms);
    for (const auto& group : groups_with_offsets()) {
        if (active && active(group)) continue;
        const auto offsets = group_offsets(group);
        if (offsets == nullptr) continue;
        // A group goes as a whole, once it is long since anybody committed anything: a partition without traffic
        // is not forgotten while others of the group move on.
        const bool due = offsets->last_commit < before;
        if (due && !submit(internal::expire_offsets(*this, group, before))) return;
    }
}

}  // namespace mr::broker
