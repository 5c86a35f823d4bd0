// How the watermark of an edge rises within one round, and by which input row.
//
// A delta says what the watermark was before each of its rows; it cannot say which row raised it where that
// row was filtered away on the path. The track can, because it is computed from the sources, where every row
// still is: raise (a, w) means "after the input row of arrival a the watermark is w". An operator handles all
// rows of arrival <= a, then what falls due at w, and its output of that carries arrival a. So what comes
// out, with which arrival and in which order, depends on the sources' rows alone: not on filters on the way
// and not on where rounds were cut.
//
// An operator with several inputs has the minimum of theirs; one that may emit rows older than its input's
// watermark (an interval join) holds its own track back by that much. Thread: one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "columnar/delta.h"

namespace mr::engine {

struct Raise {
    std::uint64_t arrival = 0;
    std::int64_t watermark = kNoWatermark;
    bool operator==(const Raise&) const = default;
};

struct Track {
    std::int64_t start = kNoWatermark;  ///< in force when the round begins
    std::vector<Raise> raises;          ///< arrivals do not fall, watermarks strictly rise

    [[nodiscard]] std::int64_t end() const { return raises.empty() ? start : raises.back().watermark; }
};

/// The track of a source's delta. `start`: its watermark after the round before. A rise that no row explains
/// (silence, an idle partition) counts as caused by `last_arrival`, the latest row of any source so far.
Track track_of_source(const Delta& delta, std::int64_t start, std::uint64_t last_arrival);
/// The minimum of several; of none: kMaxWatermark from the start.
Track track_minimum(std::span<const Track* const> tracks);
/// Lowered by `delay_ms` (kNoWatermark and kMaxWatermark stay).
std::int64_t watermark_delayed(std::int64_t watermark, std::int64_t delay_ms);
/// The same for each of a track.
Track track_delayed(const Track& track, std::int64_t delay_ms);

/// Goes through the rows of one delta and the rises of its track in the order in which they count:
/// `on_row(row, watermark)`, `on_raise(raise, watermark_before)`.
template <class OnRow, class OnRaise>
void walk(const Delta& delta, const Track& track, OnRow&& on_row, OnRaise&& on_raise) {
    std::int64_t watermark = track.start;
    std::size_t row = 0;
    for (const Raise& raise : track.raises) {
        for (; row < delta.size() && delta.arrival[row] <= raise.arrival; ++row) on_row(row, watermark);
        on_raise(raise, watermark);
        watermark = raise.watermark;
    }
    for (; row < delta.size(); ++row) on_row(row, watermark);
}

/// The same for two deltas merged by arrival (ties: left first): `on_row(side, row, watermark)`, side 0 left.
template <class OnRow, class OnRaise>
void walk_two(const Delta& left, const Delta& right, const Track& track, OnRow&& on_row, OnRaise&& on_raise) {
    std::int64_t watermark = track.start;
    std::size_t l = 0;
    std::size_t r = 0;
    const auto rows_until = [&](std::uint64_t arrival) {
        while (true) {
            const bool has_left = l < left.size() && left.arrival[l] <= arrival;
            const bool has_right = r < right.size() && right.arrival[r] <= arrival;
            if (has_left && (!has_right || left.arrival[l] <= right.arrival[r])) {
                on_row(0, l++, watermark);
            } else if (has_right) {
                on_row(1, r++, watermark);
            } else {
                return;
            }
        }
    };
    for (const Raise& raise : track.raises) {
        rows_until(raise.arrival);
        on_raise(raise, watermark);
        watermark = raise.watermark;
    }
    rows_until(UINT64_MAX);
}

}  // namespace mr::engine
