// The net effect of a step on a sink: what is left of a delta when changes that cancel out are taken away.
//
// A pipeline runs many rounds' worth of intermediate changes within one step; outside only the step's effect
// is seen. Rows are grouped by the sink's key; within a key -1 precedes +1; keys come in the order of their
// last change. Thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "columnar/delta.h"
#include "plan/node.h"

namespace mr::engine {

/// What a step does to one key of an upsert sink.
struct KeyChange {
    std::string key;         ///< memcomparable, the key's columns
    std::int64_t row = -1;   ///< the row of the delta that is the key's new content; -1: removed
    std::uint32_t last = 0;  ///< the last row of the delta that had a part in it (for arrival)
};

/// Net changes per key, at most one a key. `mode` retract: rows that cancel out are no change at all, and the
/// last row still inserted wins; upsert: the last row of the key decides, +1 put, -1 delete. One delta, or
/// the rounds of a step one after the other as `concat` made them.
std::vector<KeyChange> key_changes(const Delta& delta, std::span<const int> key, plan::Mode mode);

/// The same delta with equal rows' weights added up and zeros dropped; per key -1 before +1, keys by last
/// change. An empty key means the whole row. A row's weight may be of any size but 0.
Delta consolidate(const Delta& delta, std::span<const int> key);

/// The rounds of one step as one delta. REQUIRES: equal schemas, arrivals that do not fall.
Delta concat(std::span<const Delta> deltas, const Schema& schema);

}  // namespace mr::engine
