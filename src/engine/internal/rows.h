// Small things operators share: keys and rows of a delta as bytes, event time in milliseconds, copying rows,
// and a number for each row an order-sensitive operator has seen.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/codec.h"
#include "columnar/delta.h"
#include "state/keyed_table.h"
#include "state/ordered_table.h"

namespace mr::engine::internal {

/// Appends the memcomparable key of some columns of a row. Self-delimiting: no key is a prefix of another.
inline void append_key_columns(std::string& out, const Delta& delta, std::span<const int> columns,
                               std::size_t row) {
    for (const int c : columns) append_key(out, *delta.columns[static_cast<std::size_t>(c)], row);
}

inline bool any_null(const Delta& delta, std::span<const int> columns, std::size_t row) {
    for (const int c : columns) {
        if (delta.columns[static_cast<std::size_t>(c)]->is_null(row)) return true;
    }
    return false;
}

/// 8 bytes that order as the number does.
void append_ordered(std::string& out, std::int64_t v);
void append_ordered(std::string& out, std::uint64_t v);
/// REQUIRES: bytes.size() >= 8.
std::int64_t read_ordered(std::string_view bytes);
std::uint64_t read_ordered_unsigned(std::string_view bytes);

/// A column's part of a sort key: NULL before or behind everything, then the value.
void append_sort_column(std::string& out, const Column& column, std::size_t row, bool descending,
                        bool nulls_last);
/// Key of the first entry that begins with `prefix` and holds this row; empty if there is none.
std::string find_row(state::OrderedTable& rows, std::string_view prefix, std::string_view encoded);

/// Takes out what waits (keys begin with an event time) and that the watermark has reached, in order, and
/// calls `f(time, value)`. `key` and `value` are scratch.
template <class F>
void take_due(state::OrderedTable& waiting, std::int64_t watermark, std::string& key, std::string& value,
              F&& f) {
    while (const auto first = waiting.at_or_after({})) {
        const std::int64_t t = read_ordered(first->key);
        if (t > watermark) return;
        key.assign(first->key);
        value.assign(first->value);
        waiting.erase(key);
        f(t, value);
    }
}

/// An 8-byte number within a state value (little-endian).
std::int64_t load_i64(const char* from);
void store_i64(char* to, std::int64_t v);

/// Copies row `row` of `columns` into the builder's columns from `first` on.
void copy_row(DeltaBuilder& out, std::size_t first, std::span<const ColumnPtr> columns, std::size_t row);
/// NULL in `count` columns from `first` on.
void pad_row(DeltaBuilder& out, std::size_t first, std::size_t count);
/// Decodes an encoded row into the builder's columns from `first` on. Bug if it does not decode: state is
/// checksummed where it is stored.
void decode_row(DeltaBuilder& out, std::size_t first, std::string_view bytes, const Schema& schema);
/// The builder's columns [first, first + count), for AggregateSet::result().
std::span<ColumnBuilder> builder_columns(DeltaBuilder& out, std::size_t first, std::size_t count);

/// Rows `rows` of a delta, with their weight, arrival and watermark.
Delta take_rows(const Delta& delta, std::span<const std::uint32_t> rows);

inline constexpr std::string_view kNullTime =
    "the event-time attribute is NULL; filter such rows out or give the column a default";
inline constexpr std::string_view kFarTime =
    "the event-time attribute is more than 280,000 years from 1970; is its unit right?";
/// Event times and spans of time stay within, so that adding a few of them cannot overflow.
inline constexpr std::int64_t kTimeMaxMs = std::int64_t{1} << 53;

/// Event time in milliseconds of a TIMESTAMP or TIMESTAMP_LTZ column, rounded down.
class RowTime {
  public:
    RowTime() = default;
    explicit RowTime(const DataType& type) : ticks_per_ms_(type.time_unit() / 1000) {}
    [[nodiscard]] std::int64_t ms(const Column& column, std::size_t row) const {
        const std::int64_t ticks = column.integer(row);
        if (ticks_per_ms_ == 1) return ticks;
        const std::int64_t ms = ticks / ticks_per_ms_;
        return ms - (ticks % ticks_per_ms_ < 0 ? 1 : 0);
    }
    /// Why the row cannot be placed in time; empty if it can.
    [[nodiscard]] std::string_view problem(const Column& column, std::size_t row) const {
        if (column.is_null(row)) return kNullTime;
        const std::int64_t t = ms(column, row);
        return t > kTimeMaxMs || t < -kTimeMaxMs ? kFarTime : std::string_view();
    }
    /// In the column's own unit.
    [[nodiscard]] std::int64_t ticks(std::int64_t ms) const { return ms * ticks_per_ms_; }

  private:
    std::int64_t ticks_per_ms_ = 1;
};

/// invalid_argument for a span of time (a window's size, a gap, a bound) beyond all reason.
Status check_span(std::string_view what, std::int64_t ms);

/// Numbers the rows of an order-sensitive operator, growing for ever; kept in state.
class Sequence {
  public:
    explicit Sequence(state::KeyedTable& table) : table_(table) {}
    /// At the start of a round.
    void load();
    std::uint64_t next() { return value_++; }
    /// At the end of a round.
    void store();

  private:
    state::KeyedTable& table_;
    std::uint64_t value_ = 0;
    std::uint64_t stored_ = 0;
};

}  // namespace mr::engine::internal
