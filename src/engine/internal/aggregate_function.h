// One aggregate function over its part of a group's state. Families: aggregate_fixed.cc (state of fixed
// size), aggregate_entries.cc (state in entries), DISTINCT around either. Thread: one at a time.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "columnar/codec.h"
#include "columnar/column.h"
#include "engine/functions/aggregate.h"

namespace mr::engine {

/// What one call is given of a row.
struct AggregateRow {
    std::span<const ColumnPtr> args;
    std::size_t row = 0;
    std::int32_t weight = 1;
    std::uint64_t arrival = 0;
};

class AggregateFunction {
  public:
    virtual ~AggregateFunction() = default;
    /// Bytes of fixed state; they start as zero.
    [[nodiscard]] virtual std::size_t fixed_size() const = 0;
    [[nodiscard]] virtual bool needs_entries() const { return false; }
    virtual void update(char* state, EntryStore* entries, const AggregateRow& row) = 0;
    virtual void merge(char* state, EntryStore* entries, const char* other,
                       EntryStore* other_entries) const = 0;
    virtual void result(const char* state, EntryStore* entries, ColumnBuilder& out) const = 0;
    /// update() for a batch; `groups[i]` is a group's whole state, of which `offset` is this function's part.
    virtual void update_all(std::span<char* const> groups, std::size_t offset,
                            std::span<const ColumnPtr> args, std::span<const std::int32_t> weights) {
        for (std::size_t i = 0; i < groups.size(); ++i) {
            if (groups[i] != nullptr && passes(i))
                update(groups[i] + offset, nullptr, {args, i, weights[i], 0});
        }
    }

    /// FILTER (WHERE …): rows that are not TRUE are not seen.
    void set_filter(ColumnPtr filter) { filter_ = std::move(filter); }
    [[nodiscard]] bool passes(std::size_t row) const {
        return filter_ == nullptr || (!filter_->is_null(row) && filter_->boolean(row));
    }

  private:
    ColumnPtr filter_;
};
using AggregatePtr = std::unique_ptr<AggregateFunction>;

namespace internal {

/// State of a plain struct, read and written by memcpy: it may lie unaligned.
template <class State>
State load_state(const char* from) {
    State s;
    std::memcpy(&s, from, sizeof s);
    return s;
}
template <class State>
void store_state(char* to, const State& s) {
    std::memcpy(to, &s, sizeof s);
}

/// Which entries of a group belong to which call: two bytes, big-endian, and what the call adds.
std::string slot_prefix(std::uint16_t slot);

struct AggregateSpec {
    std::string function;
    std::vector<DataType> args;
    DataType type;
    std::string separator = ",";  ///< LISTAGG
    bool json_nulls = false;      ///< JSON_ARRAYAGG, JSON_OBJECTAGG: NULL ON NULL
    std::vector<double> parts;    ///< PERCENTILE
    bool retracting = false;
    std::uint16_t slot = 0;  ///< names its entries within the group
};

/// nullptr: not of this family.
AggregatePtr make_fixed_aggregate(const AggregateSpec& spec);
AggregatePtr make_entry_aggregate(const AggregateSpec& spec);
AggregatePtr make_distinct(AggregatePtr inner, const AggregateSpec& spec);

}  // namespace internal
}  // namespace mr::engine
