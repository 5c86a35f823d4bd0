#include "state/ordered_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace mr::state {
namespace {

constexpr std::uint32_t kClean = UINT32_MAX;
constexpr std::size_t kLeafMax = 128;
constexpr std::size_t kLeafSmall = 24;

std::size_t padded(std::size_t key_size) {
    return (key_size + 7) & ~std::size_t{7};
}

/// The first 8 bytes as a big-endian number (zeros where the key is shorter): orders as the bytes do, and
/// equal prefixes decide nothing.
std::uint64_t prefix_of(std::string_view key) {
    char raw[8] = {};
    std::ranges::copy(key.substr(0, 8), raw);  // not memcpy: an empty key may point nowhere
    return mr::internal::load<std::uint64_t>(raw, Endian::big);
}

}  // namespace

/// Followed by the key, padded to 8 bytes, and the value.
struct OrderedTable::Record {
    std::uint32_t key_size;
    std::uint32_t value_size;
    std::uint32_t granules : 30;
    std::uint32_t live : 1;     ///< 0: removed in this step, in no leaf any more
    std::uint32_t fresh : 1;    ///< not known to the last step
    std::uint32_t dirty_index;  ///< in dirty_, or kClean

    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    std::string_view key() { return {bytes(), key_size}; }
    char* value_data() { return bytes() + padded(key_size); }
    std::string_view value() { return {value_data(), value_size}; }
    [[nodiscard]] std::size_t block() const { return granules * Slab::kGranule; }
};

struct OrderedTable::Leaf {
    std::size_t count = 0;
    std::array<std::uint64_t, kLeafMax> prefixes;
    std::array<Ref, kLeafMax> refs;

    void insert(std::size_t at, std::uint64_t prefix, Ref ref) {
        std::copy_backward(&prefixes[at], &prefixes[at] + (count - at), &prefixes[at] + (count - at) + 1);
        std::copy_backward(&refs[at], &refs[at] + (count - at), &refs[at] + (count - at) + 1);
        prefixes[at] = prefix;
        refs[at] = ref;
        ++count;
    }
    void erase(std::size_t at) {
        std::copy(&prefixes[at] + 1, prefixes.data() + count, &prefixes[at]);
        std::copy(&refs[at] + 1, refs.data() + count, &refs[at]);
        --count;
    }
    /// Moves entries [from, count) to the end of `to`.
    void move_tail(std::size_t from, Leaf& to) {
        std::copy(prefixes.data() + from, prefixes.data() + count, to.prefixes.data() + to.count);
        std::copy(refs.data() + from, refs.data() + count, to.refs.data() + to.count);
        to.count += count - from;
        count = from;
    }
};

OrderedTable::OrderedTable(std::uint32_t id, std::string name) : id_(id), name_(std::move(name)) {
    static_assert(sizeof(Record) == Slab::kGranule);
}

OrderedTable::~OrderedTable() = default;

OrderedTable::Record& OrderedTable::record(Ref ref) const {
    return *reinterpret_cast<Record*>(slab_.at(ref));
}

std::size_t OrderedTable::memory() const {
    return slab_.memory() + leaves_.size() * (sizeof(Leaf) + sizeof(void*)) + dirty_.capacity() * sizeof(Ref);
}

int OrderedTable::compare(const Leaf& leaf, std::size_t index, std::string_view key,
                          std::uint64_t prefix) const {
    if (leaf.prefixes[index] != prefix) return leaf.prefixes[index] < prefix ? -1 : 1;
    return record(leaf.refs[index]).key().compare(key);
}

OrderedTable::Position OrderedTable::lower_bound(std::string_view key) const {
    const std::uint64_t prefix = prefix_of(key);
    // The last leaf whose first key is < `key` may hold the answer; all before it cannot.
    const auto above = std::partition_point(
        leaves_.begin(), leaves_.end(), [&](const auto& leaf) { return compare(*leaf, 0, key, prefix) < 0; });
    if (above == leaves_.begin()) return {0, 0};
    const auto at = static_cast<std::size_t>(above - leaves_.begin()) - 1;
    const Leaf& leaf = *leaves_[at];
    std::size_t low = 1;
    std::size_t high = leaf.count;
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (compare(leaf, middle, key, prefix) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == leaf.count ? Position{at + 1, 0} : Position{at, low};
}

void OrderedTable::advance(Position& p) const {
    if (++p.index == leaves_[p.leaf]->count) p = {p.leaf + 1, 0};
}

std::optional<OrderedTable::Position> OrderedTable::previous(Position p) const {
    if (p.index > 0) return Position{p.leaf, p.index - 1};
    if (p.leaf == 0) return std::nullopt;
    return Position{p.leaf - 1, leaves_[p.leaf - 1]->count - 1};
}

std::optional<OrderedTable::Position> OrderedTable::last_before(std::string_view until,
                                                                bool inclusive) const {
    if (until.empty()) return previous({leaves_.size(), 0});
    const Position p = lower_bound(until);
    if (inclusive && matches(p, until)) return p;
    return previous(p);
}

OrderedTable::Entry OrderedTable::entry(Position p) const {
    Record& r = record(leaves_[p.leaf]->refs[p.index]);
    return {r.key(), r.value()};
}

bool OrderedTable::matches(Position p, std::string_view key) const {
    return !at_end(p) && entry(p).key == key;
}

std::optional<std::string_view> OrderedTable::get(std::string_view key) {
    const Position p = lower_bound(key);
    if (!matches(p, key)) return std::nullopt;
    return entry(p).value;
}

std::optional<OrderedTable::Entry> OrderedTable::at_or_after(std::string_view from, bool inclusive) {
    Position p = lower_bound(from);
    if (!inclusive && matches(p, from)) advance(p);
    if (at_end(p)) return std::nullopt;
    return entry(p);
}

std::optional<OrderedTable::Entry> OrderedTable::before(std::string_view until, bool inclusive) {
    const std::optional<Position> p = last_before(until, inclusive);
    if (!p) return std::nullopt;
    return entry(*p);
}

std::optional<OrderedTable::Entry> OrderedTable::last_of_prefix(std::string_view prefix) {
    const std::optional<Entry> e = before(prefix_end(prefix));
    if (!e || !e->key.starts_with(prefix)) return std::nullopt;
    return e;
}

OrderedTable::Ref OrderedTable::new_record(std::string_view key, std::size_t value_size) {
    MR_CHECK(key.size() + value_size < (std::size_t{1} << 31), "state entry of {} bytes in {}",
             key.size() + value_size, name_);
    const std::size_t block = Slab::block_bytes(sizeof(Record) + padded(key.size()) + value_size);
    const Ref ref = slab_.allocate(block);
    Record& r = record(ref);
    r.key_size = static_cast<std::uint32_t>(key.size());
    r.value_size = static_cast<std::uint32_t>(value_size);
    r.granules = static_cast<std::uint32_t>(block / Slab::kGranule) & 0x3fffffff;
    r.live = 1;
    r.fresh = 1;
    r.dirty_index = kClean;
    std::memcpy(r.bytes(), key.data(), key.size());
    return ref;
}

void OrderedTable::mark_dirty(Ref ref) {
    Record& r = record(ref);
    if (r.dirty_index != kClean) return;
    r.dirty_index = static_cast<std::uint32_t>(dirty_.size());
    dirty_.push_back(ref);
}

void OrderedTable::put(std::string_view key, std::string_view value) {
    const Position p = lower_bound(key);
    if (!matches(p, key)) {
        const Ref ref = new_record(key, value.size());
        if (!value.empty()) std::memcpy(record(ref).value_data(), value.data(), value.size());
        insert_at(p, ref);
        ++live_;
        return mark_dirty(ref);
    }
    Ref& ref = leaves_[p.leaf]->refs[p.index];
    Record& r = record(ref);
    if (sizeof(Record) + padded(r.key_size) + value.size() <= r.block()) {
        r.value_size = static_cast<std::uint32_t>(value.size());
        // `value` may lie in this very record (a caller that edits what it scanned).
        if (!value.empty()) std::memmove(r.value_data(), value.data(), value.size());
        return mark_dirty(ref);
    }
    const Ref moved = new_record(key, value.size());
    Record& m = record(moved);
    std::memcpy(m.value_data(), value.data(), value.size());
    m.fresh = r.fresh;
    m.dirty_index = r.dirty_index;
    if (m.dirty_index != kClean) dirty_[m.dirty_index] = moved;
    slab_.free(ref, r.block());
    ref = moved;
    mark_dirty(moved);
}

OrderedTable::Edit OrderedTable::edit(std::string_view key, std::size_t size) {
    const Position p = lower_bound(key);
    const bool inserted = !matches(p, key);
    Ref ref = inserted ? new_record(key, size) : leaves_[p.leaf]->refs[p.index];
    Record& r = record(ref);
    if (inserted) {
        std::memset(r.value_data(), 0, size);
        insert_at(p, ref);
        ++live_;
    }
    MR_CHECK(r.value_size == size, "{}: a value of {} bytes edited as {}", name_, r.value_size, size);
    mark_dirty(ref);
    return {r.value_data(), inserted};
}

void OrderedTable::insert_at(Position p, Ref ref) {
    const std::uint64_t prefix = prefix_of(record(ref).key());
    if (leaves_.empty()) leaves_.push_back(std::make_unique<Leaf>());
    // A position at the start of a leaf is as well the end of the one before: appending keeps leaves full.
    if (p.index == 0 && p.leaf > 0) p = {p.leaf - 1, leaves_[p.leaf - 1]->count};
    if (leaves_[p.leaf]->count == kLeafMax) {
        auto right = std::make_unique<Leaf>();
        const bool append = p.index == kLeafMax && p.leaf + 1 == leaves_.size();
        leaves_[p.leaf]->move_tail(append ? kLeafMax : kLeafMax / 2, *right);
        const std::size_t left_count = leaves_[p.leaf]->count;
        leaves_.insert(leaves_.begin() + static_cast<std::ptrdiff_t>(p.leaf) + 1, std::move(right));
        if (p.index >= left_count && (append || p.index > left_count)) {
            p = {p.leaf + 1, p.index - left_count};
        }
    }
    leaves_[p.leaf]->insert(p.index, prefix, ref);
}

void OrderedTable::remove_at(Position p) {
    Leaf& leaf = *leaves_[p.leaf];
    leaf.erase(p.index);
    if (leaf.count == 0) {
        leaves_.erase(leaves_.begin() + static_cast<std::ptrdiff_t>(p.leaf));
    } else if (leaf.count < kLeafSmall) {
        merge_if_small(p.leaf);
    }
}

/// Keeps leaves from going sparse under random removal.
void OrderedTable::merge_if_small(std::size_t leaf) {
    if (leaf + 1 >= leaves_.size()) return;
    Leaf& next = *leaves_[leaf + 1];
    if (leaves_[leaf]->count + next.count > kLeafMax - kLeafSmall) return;
    next.move_tail(0, *leaves_[leaf]);
    leaves_.erase(leaves_.begin() + static_cast<std::ptrdiff_t>(leaf) + 1);
}

bool OrderedTable::erase(std::string_view key) {
    const Position p = lower_bound(key);
    if (!matches(p, key)) return false;
    const Ref ref = leaves_[p.leaf]->refs[p.index];
    remove_at(p);
    --live_;
    // The record stays until the step's changes were taken.
    record(ref).live = 0;
    mark_dirty(ref);
    return true;
}

void OrderedTable::changes(std::vector<Change>& out) const {
    for (const Ref ref : dirty_) {
        Record& r = record(ref);
        if (r.live) {
            out.push_back({id_, r.key(), r.value()});
        } else if (!r.fresh && !matches(lower_bound(r.key()), r.key())) {
            // A key removed and put again in the same step is captured by its new record.
            out.push_back({id_, r.key(), std::nullopt});
        }
    }
}

void OrderedTable::step_done() {
    for (const Ref ref : dirty_) {
        Record& r = record(ref);
        if (r.live) {
            r.fresh = 0;
            r.dirty_index = kClean;
        } else {
            slab_.free(ref, r.block());
        }
    }
    dirty_.clear();
}

void OrderedTable::apply(std::string_view key, std::optional<std::string_view> value) {
    MR_CHECK(dirty_.empty(), "recovery into table {} in the middle of a step", name_);
    if (value) {
        put(key, *value);
    } else {
        erase(key);
    }
    step_done();
}

void OrderedTable::clear() {
    leaves_.clear();
    slab_ = Slab();
    dirty_.clear();
    live_ = 0;
}

std::string prefix_end(std::string_view prefix) {
    std::string end(prefix);
    while (!end.empty()) {
        if (static_cast<unsigned char>(end.back()) != 0xff) {
            end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
            return end;
        }
        end.pop_back();
    }
    return end;
}

}  // namespace mr::state
