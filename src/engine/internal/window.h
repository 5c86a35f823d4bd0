// Which windows an event time falls in. Windows are [start, end) in milliseconds; one is closed as soon as
// the watermark reaches end - 1.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "plan/node.h"

namespace mr::engine::internal {

inline bool window_closed(std::int64_t end, std::int64_t watermark) {
    return end - 1 <= watermark;
}

/// Largest multiple of `unit` (shifted by `offset`) that is <= `t`.
std::int64_t align_down(std::int64_t t, std::int64_t unit, std::int64_t offset);

/// TUMBLE, HOP and CUMULATE as unions of panes: the shortest stretches that no window cuts. A row is added to
/// one pane; a window's result is the merge of its panes.
class WindowPanes {
  public:
    /// invalid_argument for sizes that Flink refuses.
    static Result<WindowPanes> create(const plan::WindowSpec& spec);

    [[nodiscard]] std::int64_t pane_ms() const { return pane_ms_; }
    /// End of the pane that `t` falls in.
    [[nodiscard]] std::int64_t pane_end(std::int64_t t) const {
        return align_down(t, pane_ms_, offset_ms_) + pane_ms_;
    }
    /// End of the first window that contains the pane; nothing where a hop leaves gaps.
    [[nodiscard]] std::optional<std::int64_t> first_window(std::int64_t pane_end) const;
    /// End of the next window after the one that ends at `window_end` that contains the pane.
    [[nodiscard]] std::optional<std::int64_t> next_window(std::int64_t pane_end,
                                                          std::int64_t window_end) const;
    [[nodiscard]] std::int64_t window_start(std::int64_t window_end) const;

  private:
    explicit WindowPanes(const plan::WindowSpec& spec);
    plan::WindowKind kind_;
    std::int64_t size_ms_;
    std::int64_t slide_ms_;
    std::int64_t offset_ms_;
    std::int64_t pane_ms_;
};

}  // namespace mr::engine::internal
