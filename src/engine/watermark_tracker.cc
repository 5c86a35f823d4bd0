#include "engine/watermark_tracker.h"

#include <algorithm>

#include "base/bytes.h"
#include "columnar/delta.h"

namespace mr::engine {
namespace {
constexpr std::uint8_t kVersion = 1;
}

WatermarkTracker::WatermarkTracker() : current_(kNoWatermark) {}

void WatermarkTracker::set_partitions(std::int32_t count) {
    while (partitions() < count) partitions_.push_back({kNoWatermark});
}

bool WatermarkTracker::observe(std::int32_t partition, std::int64_t candidate_ms) {
    set_partitions(partition + 1);
    Partition& p = partitions_[static_cast<std::size_t>(partition)];
    const bool was_idle = std::exchange(p.idle, false);
    // Flink's generator starts at 0: event times before 1970 never move it.
    const bool rises = candidate_ms > std::max<std::int64_t>(p.watermark, 0);
    if (rises) p.watermark = candidate_ms;
    if (!rises && !was_idle) return false;
    const std::int64_t before = current_;
    recompute();
    return current_ > before;
}

void WatermarkTracker::set_idle(std::int32_t partition, bool idle) {
    set_partitions(partition + 1);
    partitions_[static_cast<std::size_t>(partition)].idle = idle;
    recompute();
}

bool WatermarkTracker::is_idle(std::int32_t partition) const {
    return partition < partitions() && partitions_[static_cast<std::size_t>(partition)].idle;
}

void WatermarkTracker::advance(std::int64_t watermark_ms) {
    current_ = std::max(current_, watermark_ms);
}

std::int32_t WatermarkTracker::held_by() const {
    std::int32_t lowest = -1;
    for (std::int32_t i = 0; i < partitions(); ++i) {
        const auto at = [&](std::int32_t p) { return partitions_[static_cast<std::size_t>(p)]; };
        if (!at(i).idle && (lowest < 0 || at(i).watermark < at(lowest).watermark)) lowest = i;
    }
    return lowest;
}

void WatermarkTracker::recompute() {
    std::int64_t lowest = kMaxWatermark;
    for (const Partition& p : partitions_) {
        if (!p.idle) lowest = std::min(lowest, p.watermark);
    }
    // With every partition idle the watermark stays where it is; only advance() moves it.
    if (lowest != kMaxWatermark) current_ = std::max(current_, lowest);
}

void WatermarkTracker::encode(std::string& out) const {
    ByteWriter w(out);
    w.u8(kVersion);
    w.i64(current_);
    w.uvarint(partitions_.size());
    for (const Partition& p : partitions_) {
        w.i64(p.watermark);
        w.u8(p.idle ? 1 : 0);
    }
}

Status WatermarkTracker::decode(std::string_view bytes) {
    ByteReader r(bytes);
    if (r.u8() != kVersion) return fail(Code::corrupt, "source state: unknown version");
    const std::int64_t current = r.i64();
    std::vector<Partition> partitions;
    for (std::uint64_t n = r.uvarint(); n > 0 && !r.bad(); --n) {
        const std::int64_t watermark = r.i64();
        partitions.push_back({watermark, r.u8() != 0});
    }
    MR_TRY_VOID(r.finish("source state"));
    current_ = current;
    partitions_ = std::move(partitions);
    return {};
}

}  // namespace mr::engine
