#include "engine/internal/window.h"

#include <numeric>

#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

/// A row falls in at most this many windows, and a window is merged from at most this many panes.
constexpr std::int64_t kPanesMax = 10'000;

}  // namespace

std::int64_t align_down(std::int64_t t, std::int64_t unit, std::int64_t offset) {
    const std::int64_t rest = (t - offset) % unit;
    return t - rest - (rest < 0 ? unit : 0);
}

WindowPanes::WindowPanes(const plan::WindowSpec& spec)
    : kind_(spec.kind),
      size_ms_(spec.size_ms),
      slide_ms_(spec.kind == plan::WindowKind::tumble ? spec.size_ms : spec.slide_ms),
      offset_ms_(spec.offset_ms),
      pane_ms_(std::gcd(size_ms_, slide_ms_)) {}

Result<WindowPanes> WindowPanes::create(const plan::WindowSpec& spec) {
    const bool slides = spec.kind == plan::WindowKind::hop || spec.kind == plan::WindowKind::cumulate;
    if (spec.size_ms <= 0 || (slides && spec.slide_ms <= 0)) {
        return fail(Code::invalid_argument, "a window of {} ms sliding by {} ms: both must be positive",
                    spec.size_ms, spec.slide_ms);
    }
    for (const std::int64_t ms : {spec.size_ms, spec.slide_ms, spec.offset_ms}) {
        MR_TRY_VOID(check_span("a window", ms));
    }
    if (spec.kind == plan::WindowKind::cumulate && spec.size_ms % spec.slide_ms != 0) {
        return fail(Code::invalid_argument,
                    "CUMULATE: the size ({} ms) must be a multiple of the step ({} ms)", spec.size_ms,
                    spec.slide_ms);
    }
    const WindowPanes panes(spec);
    if (spec.size_ms / panes.pane_ms_ > kPanesMax) {
        return fail(
            Code::invalid_argument,
            "a window of {} ms sliding by {} ms is made of {} panes, more than {}: choose a slide that "
            "divides the size, or a longer one",
            spec.size_ms, spec.slide_ms, spec.size_ms / panes.pane_ms_, kPanesMax);
    }
    return panes;
}

std::optional<std::int64_t> WindowPanes::first_window(std::int64_t pane_end) const {
    if (kind_ != plan::WindowKind::hop) return pane_end;
    // The smallest aligned start whose window reaches the pane's end.
    const std::int64_t start = align_down(pane_end - size_ms_ + slide_ms_ - 1, slide_ms_, offset_ms_);
    if (start > pane_end - pane_ms_) return std::nullopt;
    return start + size_ms_;
}

std::optional<std::int64_t> WindowPanes::next_window(std::int64_t pane_end, std::int64_t window_end) const {
    const std::int64_t next = window_end + slide_ms_;
    switch (kind_) {
        case plan::WindowKind::hop:
            return next - size_ms_ <= pane_end - pane_ms_ ? std::optional(next) : std::nullopt;
        case plan::WindowKind::cumulate:
            return window_start(next) == window_start(window_end) ? std::optional(next) : std::nullopt;
        default:
            return std::nullopt;
    }
}

std::int64_t WindowPanes::window_start(std::int64_t window_end) const {
    if (kind_ == plan::WindowKind::cumulate) return align_down(window_end - 1, size_ms_, offset_ms_);
    return window_end - size_ms_;
}

}  // namespace mr::engine::internal
