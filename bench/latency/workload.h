// What is sent and where it shows: the bench's own project (events of one size, one view) or the whole
// fulfilment example (its generator's events, its view of activity by site). Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct Event {
    std::string topic;
    std::int32_t partition = 0;
    std::string key;
    std::string json;
    std::string row;  ///< key of the view's row it changes, as view_row() gives it
};

class Workload {
  public:
    virtual ~Workload() = default;
    /// The events are numbered 1, 2, 3 … in the order of the calls.
    virtual Event next(std::int64_t wall_ms) = 0;
    [[nodiscard]] virtual std::string view() const = 0;
    /// Columns of the view's key; their values joined by '|' are Event::row.
    [[nodiscard]] virtual std::vector<std::string> key_columns() const = 0;
    /// Events after which the view has all its rows.
    [[nodiscard]] virtual int warm_up() const = 0;
};

/// bench/project: 250 rows, events of exactly `size` bytes.
std::unique_ptr<Workload> project_workload(std::size_t size);
/// examples/fulfilment: 0.8 to 3.2 KB, 2 KB on average, over three topics.
std::unique_ptr<Workload> example_workload();

}  // namespace bench
