#include "engine/track.h"

#include <algorithm>

#include "base/check.h"

namespace mr::engine {
namespace {

void add_raise(Track& track, std::uint64_t arrival, std::int64_t watermark) {
    if (watermark <= track.end()) return;
    if (!track.raises.empty()) arrival = std::max(arrival, track.raises.back().arrival);
    track.raises.push_back({arrival, watermark});
}

}  // namespace

std::int64_t watermark_delayed(std::int64_t watermark, std::int64_t delay_ms) {
    if (watermark == kNoWatermark || watermark == kMaxWatermark) return watermark;
    std::int64_t result = 0;
    return __builtin_sub_overflow(watermark, delay_ms, &result) ? kNoWatermark : result;
}

Track track_of_source(const Delta& delta, std::int64_t start, std::uint64_t last_arrival) {
    Track track;
    track.start = start;
    for (std::size_t row = 0; row < delta.size(); ++row) {
        const std::uint64_t arrival = delta.arrival[row];
        // A rise before the row that no earlier row explains.
        add_raise(track, arrival == 0 ? 0 : arrival - 1, delta.wm[row]);
        if (row + 1 < delta.size()) add_raise(track, arrival, delta.wm[row + 1]);
    }
    add_raise(track, delta.empty() ? last_arrival : delta.arrival.back(), delta.end_watermark);
    return track;
}

Track track_minimum(std::span<const Track* const> tracks) {
    Track result;
    result.start = kMaxWatermark;
    std::vector<std::int64_t> now;
    std::vector<std::size_t> next(tracks.size(), 0);
    for (const Track* t : tracks) {
        now.push_back(t->start);
        result.start = std::min(result.start, t->start);
    }
    while (true) {
        std::size_t first = tracks.size();
        for (std::size_t i = 0; i < tracks.size(); ++i) {
            if (next[i] == tracks[i]->raises.size()) continue;
            if (first == tracks.size() ||
                tracks[i]->raises[next[i]].arrival < tracks[first]->raises[next[first]].arrival) {
                first = i;
            }
        }
        if (first == tracks.size()) return result;
        const Raise& raise = tracks[first]->raises[next[first]++];
        now[first] = raise.watermark;
        add_raise(result, raise.arrival, *std::min_element(now.begin(), now.end()));
    }
}

Track track_delayed(const Track& track, std::int64_t delay_ms) {
    MR_CHECK(delay_ms >= 0, "delay {}", delay_ms);
    Track result;
    result.start = watermark_delayed(track.start, delay_ms);
    for (const Raise& r : track.raises)
        add_raise(result, r.arrival, watermark_delayed(r.watermark, delay_ms));
    return result;
}

}  // namespace mr::engine
