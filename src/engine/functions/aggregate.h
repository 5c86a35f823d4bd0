// Aggregate functions over groups, windows and frames.
//
// The state of a group is two things, both belonging to the operator, which persists them:
//   fixed    `fixed_size()` bytes, changed in place, no pointers inside: as they lie in memory is how they
//   are
//            stored (little-endian; Format: docs/formats/aggregate-state.md). COUNT, SUM, AVG, STDDEV, and
//            MIN/MAX/FIRST_VALUE/LAST_VALUE over fixed-width values without retraction need nothing else.
//   entries  an ordered map of byte strings (EntryStore) for what grows: DISTINCT, MIN/MAX and
//            FIRST/LAST_VALUE under retraction or over strings, LISTAGG. Every change is one small put or
//            erase, so a step writes what changed, not the whole group. `needs_entries()` says whether the
//            set uses it.
// Use: prepare() once a batch (evaluates arguments and FILTERs), then update() for each row with the group it
// belongs to, result() when the group's row is wanted. Results are exact: DECIMAL sums in 256 bits are
// checked at 38 digits, integer sums wrap as Flink's do, and DOUBLE sums under retraction are compensated (a
// fixed-point superaccumulator's error-free pair), so that taking back what was added gives the value before.
//
// ROW_NUMBER, RANK, DENSE_RANK, LAG, LEAD, NTH_VALUE need the order of the frame and belong to the OVER
// operator. Thread: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "columnar/column.h"
#include "engine/expr/evaluator.h"
#include "plan/expr.h"

namespace mr::engine {

/// The ordered entries of one group: the operator implements it over its state table (key: group key, then
/// the entry), or uses MemoryEntries.
class EntryStore {
  public:
    virtual ~EntryStore() = default;
    /// The value stored under `entry`; valid until the next call.
    virtual std::optional<std::string_view> get(std::string_view entry) = 0;
    virtual void put(std::string_view entry, std::string_view value) = 0;
    virtual void erase(std::string_view entry) = 0;
    struct Found {
        std::string entry;
        std::string value;
    };
    /// The smallest entry that is > `after` (>= if `inclusive`) and starts with `prefix`.
    virtual std::optional<Found> next(std::string_view prefix, std::string_view after, bool inclusive) = 0;
    /// The greatest entry that starts with `prefix`.
    virtual std::optional<Found> last(std::string_view prefix) = 0;
};

/// Entries in memory, for small groups, tests, and window panes kept as one value.
class MemoryEntries final : public EntryStore {
  public:
    std::optional<std::string_view> get(std::string_view entry) override;
    void put(std::string_view entry, std::string_view value) override;
    void erase(std::string_view entry) override;
    std::optional<Found> next(std::string_view prefix, std::string_view after, bool inclusive) override;
    std::optional<Found> last(std::string_view prefix) override;
    [[nodiscard]] bool empty() const { return map_.empty(); }
    void clear() { map_.clear(); }
    /// Count, then each entry and value, length-prefixed.
    void encode(std::string& out) const;
    Status decode(ByteReader& reader);

  private:
    std::map<std::string, std::string, std::less<>> map_;
};

struct AggregateOptions {
    /// Rows of weight -1 may come (a retracting input, or a frame that slides).
    bool retracting = false;
};

class AggregateFunction;

class AggregateSet {
  public:
    static Result<std::unique_ptr<AggregateSet>> create(std::span<const plan::AggCall> calls,
                                                        const Schema& input, AggregateOptions options);
    ~AggregateSet();

    [[nodiscard]] std::size_t size() const { return functions_.size(); }
    [[nodiscard]] std::size_t fixed_size() const { return fixed_size_; }
    [[nodiscard]] bool needs_entries() const { return needs_entries_; }
    /// Result types, one a call.
    [[nodiscard]] const Schema& results() const { return results_; }

    /// Writes the state of a group without rows to `fixed_size()` bytes (they are zero).
    void init(char* fixed) const;
    /// Evaluates arguments and FILTER conditions for the rows of `input`. Keeps the columns until the next
    /// call.
    void prepare(const EvalInput& input, std::vector<RowError>& errors);
    /// Takes row `row` of the prepared batch into (weight > 0) or out of (< 0) a group. `arrival` orders
    /// FIRST_VALUE, LAST_VALUE and LISTAGG; rows of equal arrival are taken in call order. `entries` may be
    /// nullptr if !needs_entries(). Alignment of `fixed` does not matter.
    void update(char* fixed, EntryStore* entries, std::size_t row, std::int32_t weight,
                std::uint64_t arrival);
    /// The same for all rows of the batch, row i into `groups[i]` (nullptr: skip): the fast path.
    /// REQUIRES: !needs_entries().
    void update_all(std::span<char* const> groups, std::span<const std::int32_t> weights);
    /// Adds what `other` holds (sessions that merge, partial aggregates).
    void merge(char* fixed, EntryStore* entries, const char* other, EntryStore* other_entries) const;
    /// Appends the results, one value to each builder of `out`.
    void result(const char* fixed, EntryStore* entries, std::span<ColumnBuilder> out) const;
    [[nodiscard]] std::vector<Value> result(const char* fixed, EntryStore* entries) const;

    /// For create().
    AggregateSet();

  private:
    std::vector<std::unique_ptr<AggregateFunction>> functions_;
    Schema results_;
    std::size_t fixed_size_ = 0;
    bool needs_entries_ = false;
    std::unique_ptr<Evaluator> arguments_;  ///< every argument and filter of every call
    struct Layout;
    std::unique_ptr<Layout> layout_;
};

}  // namespace mr::engine
