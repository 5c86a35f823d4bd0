#include "state/keyed_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "state/hash.h"

namespace mr::state {
namespace {

constexpr std::uint32_t kClean = UINT32_MAX;
constexpr std::size_t kSlotsMin = 16;

std::uint32_t hash_of(std::string_view key) {
    return static_cast<std::uint32_t>(hash_bytes(key) >> 32);
}

std::size_t padded(std::size_t key_size) {
    return (key_size + 7) & ~std::size_t{7};
}

}  // namespace

/// Followed by the key, padded to 8 bytes, and the value.
struct KeyedTable::Record {
    std::uint32_t key_size;
    std::uint32_t value_size;
    std::uint32_t granules : 30;  ///< of the block
    std::uint32_t live : 1;       ///< 0: removed in this step
    std::uint32_t fresh : 1;      ///< was not there when the step began
    std::uint32_t dirty_index;    ///< in dirty_, or kClean

    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    std::string_view key() { return {bytes(), key_size}; }
    char* value_data() { return bytes() + padded(key_size); }
    std::string_view value() { return {value_data(), value_size}; }
    [[nodiscard]] std::size_t block() const { return granules * Slab::kGranule; }
};

KeyedTable::KeyedTable(std::uint32_t id, std::string name)
    : id_(id), name_(std::move(name)), slots_(kSlotsMin) {
    static_assert(sizeof(Record) == Slab::kGranule);
}

KeyedTable::Record& KeyedTable::record(Ref ref) const {
    return *reinterpret_cast<Record*>(slab_.at(ref));
}

std::size_t KeyedTable::memory() const {
    return slab_.memory() + slots_.capacity() * sizeof(Slot) + dirty_.capacity() * sizeof(Ref);
}

std::size_t KeyedTable::find_slot(std::string_view key, std::uint32_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
        const Slot& slot = slots_[i];
        if (slot.ref == Slab::kNone) return i;
        if (slot.hash == hash && record(slot.ref).key() == key) return i;
    }
}

std::optional<std::string_view> KeyedTable::get(std::string_view key) {
    const Slot& slot = slots_[find_slot(key, hash_of(key))];
    if (slot.ref == Slab::kNone) return std::nullopt;
    Record& r = record(slot.ref);
    if (!r.live) return std::nullopt;
    return r.value();
}

/// Makes a record with a value of `size` zero bytes; returns its slot.
std::size_t KeyedTable::insert(std::size_t slot, std::uint32_t hash, std::string_view key, std::size_t size) {
    if ((used_ + 1) * 4 > slots_.size() * 3) {
        grow();
        slot = find_slot(key, hash);
    }
    MR_CHECK(key.size() + size < (std::size_t{1} << 31), "state entry of {} bytes in {}", key.size() + size,
             name_);
    const std::size_t block = Slab::block_bytes(sizeof(Record) + padded(key.size()) + size);
    const Ref ref = slab_.allocate(block);
    Record& r = record(ref);
    r.key_size = static_cast<std::uint32_t>(key.size());
    r.value_size = static_cast<std::uint32_t>(size);
    r.granules = static_cast<std::uint32_t>(block / Slab::kGranule) & 0x3fffffff;
    r.live = 1;
    r.fresh = 1;
    r.dirty_index = kClean;
    std::memcpy(r.bytes(), key.data(), key.size());
    std::memset(r.value_data(), 0, size);
    slots_[slot] = {hash, ref};
    ++used_;
    ++live_;
    return slot;
}

void KeyedTable::resize_value(Slot& slot, std::size_t size) {
    Record& old = record(slot.ref);
    const std::size_t kept = std::min<std::size_t>(old.value_size, size);
    const std::size_t needed = sizeof(Record) + padded(old.key_size) + size;
    if (needed > old.block()) {
        const std::size_t block = Slab::block_bytes(needed);
        const Ref ref = slab_.allocate(block);
        Record& moved = record(ref);
        std::memcpy(&moved, &old, sizeof(Record) + padded(old.key_size) + kept);
        moved.granules = static_cast<std::uint32_t>(block / Slab::kGranule) & 0x3fffffff;
        if (moved.dirty_index != kClean) dirty_[moved.dirty_index] = ref;
        slab_.free(slot.ref, old.block());
        slot.ref = ref;
    }
    Record& r = record(slot.ref);
    if (size > kept) std::memset(r.value_data() + kept, 0, size - kept);
    r.value_size = static_cast<std::uint32_t>(size);
}

void KeyedTable::mark_dirty(Slot& slot) {
    Record& r = record(slot.ref);
    if (r.dirty_index != kClean) return;
    r.dirty_index = static_cast<std::uint32_t>(dirty_.size());
    dirty_.push_back(slot.ref);
}

KeyedTable::Edit KeyedTable::edit(std::string_view key, std::size_t size) {
    const std::uint32_t hash = hash_of(key);
    std::size_t at = find_slot(key, hash);
    bool inserted = false;
    if (slots_[at].ref == Slab::kNone) {
        at = insert(at, hash, key, size);
        inserted = true;
    } else if (Record& r = record(slots_[at].ref); !r.live) {
        r.live = 1;
        ++live_;
        r.value_size = 0;
        resize_value(slots_[at], size);
        inserted = true;
    } else if (r.value_size != size) {
        resize_value(slots_[at], size);
    }
    mark_dirty(slots_[at]);
    return {record(slots_[at].ref).value_data(), inserted};
}

void KeyedTable::put(std::string_view key, std::string_view value) {
    const Edit e = edit(key, value.size());
    // `value` may lie in this very record (a caller that puts what it got).
    if (!value.empty()) std::memmove(e.value, value.data(), value.size());
}

bool KeyedTable::erase(std::string_view key) {
    Slot& slot = slots_[find_slot(key, hash_of(key))];
    if (slot.ref == Slab::kNone) return false;
    Record& r = record(slot.ref);
    if (!r.live) return false;
    r.live = 0;
    --live_;
    mark_dirty(slot);
    return true;
}

/// Backward-shift deletion: what probed over the slot moves up, so no marker stays behind.
void KeyedTable::remove_slot(std::size_t at) {
    Record& r = record(slots_[at].ref);
    slab_.free(slots_[at].ref, r.block());
    const std::size_t mask = slots_.size() - 1;
    std::size_t hole = at;
    for (std::size_t i = (at + 1) & mask; slots_[i].ref != Slab::kNone; i = (i + 1) & mask) {
        const std::size_t home = slots_[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            slots_[hole] = slots_[i];
            hole = i;
        }
    }
    slots_[hole] = {};
    --used_;
}

void KeyedTable::grow() {
    std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    const std::size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
        if (slot.ref == Slab::kNone) continue;
        std::size_t i = slot.hash & mask;
        while (slots_[i].ref != Slab::kNone) i = (i + 1) & mask;
        slots_[i] = slot;
    }
}

void KeyedTable::changes(std::vector<Change>& out) const {
    for (const Ref ref : dirty_) {
        Record& r = record(ref);
        if (r.live) {
            out.push_back({id_, r.key(), r.value()});
        } else if (!r.fresh) {
            out.push_back({id_, r.key(), std::nullopt});
        }
    }
}

void KeyedTable::step_done() {
    for (const Ref ref : dirty_) {
        Record& r = record(ref);
        if (r.live) {
            r.fresh = 0;
            r.dirty_index = kClean;
        } else {
            remove_slot(find_slot(r.key(), hash_of(r.key())));
        }
    }
    dirty_.clear();
}

void KeyedTable::apply(std::string_view key, std::optional<std::string_view> value) {
    MR_CHECK(dirty_.empty(), "recovery into table {} in the middle of a step", name_);
    if (value) {
        put(key, *value);
    } else {
        erase(key);
    }
    step_done();
}

void KeyedTable::for_each(const std::function<void(std::string_view, std::string_view)>& f) const {
    for (const Slot& slot : slots_) {
        if (slot.ref == Slab::kNone) continue;
        Record& r = record(slot.ref);
        if (r.live) f(r.key(), r.value());
    }
}

void KeyedTable::clear() {
    slots_.assign(kSlotsMin, {});
    slab_ = Slab();
    dirty_.clear();
    used_ = live_ = 0;
}

}  // namespace mr::state
