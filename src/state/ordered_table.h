// A sorted table of a pipeline's state: bytes key -> bytes value in the order of the keys' bytes (keys are
// memcomparable: columnar/codec.h). For everything scanned by prefix or by time: join sides, OVER buffers,
// windows due.
//
// Inside: sorted leaves of up to 128 references, found by binary search over the leaves' first keys; the
// first 8 bytes of every key lie beside its reference, so most comparisons touch nothing else.
//
// 1. Change capture as KeyedTable's: each changed key once a step.
// 2. What get(), at_or_after() and scans hand out is valid until the next non-const call. A scan's callback
//    must not change the table.
//
// Thread: one. Format of keys and values: docs/formats/state-keys.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/change.h"
#include "state/slab.h"

namespace mr::state {

class OrderedTable {
  public:
    struct Entry {
        std::string_view key;
        std::string_view value;
    };

    OrderedTable(std::uint32_t id, std::string name);
    ~OrderedTable();
    OrderedTable(const OrderedTable&) = delete;
    OrderedTable& operator=(const OrderedTable&) = delete;

    [[nodiscard]] std::uint32_t id() const { return id_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::size_t size() const { return live_; }
    [[nodiscard]] std::size_t memory() const;

    std::optional<std::string_view> get(std::string_view key);
    void put(std::string_view key, std::string_view value);
    struct Edit {
        char* value = nullptr;  ///< `size` bytes, to be changed in place
        bool inserted = false;  ///< the key was not there: the bytes are zero
    };
    /// The value of `key`, of `size` bytes, as changed in this step. Bug if it is there with another size.
    Edit edit(std::string_view key, std::size_t size);
    /// False if it was not there.
    bool erase(std::string_view key);

    /// The first entry with key >= `from` (> `from` if not `inclusive`).
    std::optional<Entry> at_or_after(std::string_view from, bool inclusive = true);
    /// The last entry with key < `until` (<= if `inclusive`); of the whole table if `until` is empty.
    std::optional<Entry> before(std::string_view until, bool inclusive = false);
    /// The last entry whose key starts with `prefix`.
    std::optional<Entry> last_of_prefix(std::string_view prefix);

    /// Calls `f(Entry)` for keys in [from, until) ascending (`until` empty: to the end) until it returns
    /// false.
    template <class F>
    void scan(std::string_view from, std::string_view until, F&& f) {
        for (Position p = lower_bound(from); !at_end(p); advance(p)) {
            const Entry e = entry(p);
            if (!until.empty() && e.key >= until) return;
            if (!f(e)) return;
        }
    }
    /// The same for all keys that start with `prefix`.
    template <class F>
    void scan_prefix(std::string_view prefix, F&& f) {
        scan_prefix_from(prefix, prefix, std::forward<F>(f));
    }
    /// … from `from` on. REQUIRES: `from` >= `prefix`.
    template <class F>
    void scan_prefix_from(std::string_view prefix, std::string_view from, F&& f) {
        for (Position p = lower_bound(from); !at_end(p); advance(p)) {
            const Entry e = entry(p);
            if (!e.key.starts_with(prefix) || !f(e)) return;
        }
    }
    /// Descending from the last key < `until` (<= if `inclusive`), while keys start with `prefix`.
    template <class F>
    void scan_back(std::string_view prefix, std::string_view until, bool inclusive, F&& f) {
        for (std::optional<Position> p = last_before(until, inclusive); p; p = previous(*p)) {
            const Entry e = entry(*p);
            if (!e.key.starts_with(prefix) || !f(e)) return;
        }
    }

    void changes(std::vector<Change>& out) const;
    void step_done();
    [[nodiscard]] bool dirty() const { return !dirty_.empty(); }
    /// Recovery: sets or removes a key without capturing it. REQUIRES: !dirty().
    void apply(std::string_view key, std::optional<std::string_view> value);
    void clear();

  private:
    using Ref = Slab::Ref;
    struct Record;
    struct Leaf;
    struct Position {
        std::size_t leaf = 0;
        std::size_t index = 0;
    };

    [[nodiscard]] Record& record(Ref ref) const;
    [[nodiscard]] Position lower_bound(std::string_view key) const;
    [[nodiscard]] std::optional<Position> last_before(std::string_view until, bool inclusive) const;
    [[nodiscard]] std::optional<Position> previous(Position p) const;
    [[nodiscard]] bool at_end(Position p) const { return p.leaf >= leaves_.size(); }
    void advance(Position& p) const;
    [[nodiscard]] Entry entry(Position p) const;
    [[nodiscard]] bool matches(Position p, std::string_view key) const;
    /// Negative, zero, positive as the entry's key is below, equal to, above `key`.
    [[nodiscard]] int compare(const Leaf& leaf, std::size_t index, std::string_view key,
                              std::uint64_t prefix) const;

    /// The value's bytes are not set.
    Ref new_record(std::string_view key, std::size_t value_size);
    void insert_at(Position p, Ref ref);
    void remove_at(Position p);
    void merge_if_small(std::size_t leaf);
    void mark_dirty(Ref ref);

    std::uint32_t id_;
    std::string name_;
    Slab slab_;
    std::vector<std::unique_ptr<Leaf>> leaves_;  ///< none is empty
    std::size_t live_ = 0;
    std::vector<Ref> dirty_;
};

/// The smallest string greater than every string that starts with `prefix`; empty if there is none.
std::string prefix_end(std::string_view prefix);

}  // namespace mr::state
