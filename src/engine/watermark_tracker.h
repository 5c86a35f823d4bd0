// The watermark of one source over its partitions. Thread: the pipeline's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::engine {

/// Invariant: current() never falls.
class WatermarkTracker {
  public:
    void set_partitions(std::int32_t count);
    [[nodiscard]] std::int32_t partitions() const { return static_cast<std::int32_t>(partitions_.size()); }

    /// A record of `partition` whose watermark expression gave `candidate_ms`. Returns whether the source's
    /// watermark rose.
    bool observe(std::int32_t partition, std::int64_t candidate_ms);
    void set_idle(std::int32_t partition, bool idle);
    [[nodiscard]] bool is_idle(std::int32_t partition) const;
    void advance(std::int64_t watermark_ms);
    [[nodiscard]] std::int64_t current() const { return current_; }
    [[nodiscard]] std::int32_t held_by() const;

    void encode(std::string& out) const;
    Status decode(std::string_view bytes);

  private:
    struct Partition {
        std::int64_t watermark;
        bool idle = false;
    };
    void recompute();
    std::vector<Partition> partitions_;
    std::int64_t current_;

  public:
    WatermarkTracker();
};

}  // namespace mr::engine
