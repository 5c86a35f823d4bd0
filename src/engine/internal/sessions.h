// Session windows per partition: which session a row belongs to, which sessions it joins together, and which
// ones the watermark closes.
//
// State: sessions  partition key, start -> end (i64), id (i64)
//        due       end, partition key -> nothing. A session that grows keeps its first entry: when that comes
//                  due the session is entered again under its end of that time. Each session always has an
//                  entry at or before its end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/internal/rows.h"
#include "engine/internal/window.h"
#include "state/ordered_table.h"

namespace mr::engine::internal {

class Sessions {
  public:
    Sessions(state::OrderedTable& sessions, state::OrderedTable& due, std::int64_t gap_ms)
        : sessions_(sessions), due_(due), gap_ms_(gap_ms) {}

    struct Placed {
        bool late = false;  ///< the session that the row would make has closed
        std::uint64_t id = 0;
        /// Sessions that are part of `id` from now on: their contents must be moved there.
        std::vector<std::uint64_t> absorbed;
    };
    /// Puts a row of event time `t` into a session. `fresh_id` is used if a new one begins.
    Placed place(std::string_view partition, std::int64_t t, std::int64_t watermark, std::uint64_t fresh_id);

    struct Closed {
        std::string partition;
        std::int64_t start = 0;
        std::int64_t end = 0;
        std::uint64_t id = 0;
    };
    /// Takes out the next session closed at `watermark`, by end, then partition.
    std::optional<Closed> next_closed(std::int64_t watermark);

  private:
    state::OrderedTable& sessions_;
    state::OrderedTable& due_;
    std::int64_t gap_ms_;
    std::string key_;
    std::string due_key_;
    std::vector<Closed> touched_;
};

}  // namespace mr::engine::internal
