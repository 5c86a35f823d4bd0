// A hash table of a pipeline's state: bytes key -> bytes value, changed in place at 10-20 ns a
// read-modify-write.
//
// 1. Every changed key is captured once a step: changes() gives its final value or its removal, in the order
//    in which keys were first touched; step_done() closes the step. A key put and erased within one step
//    leaves no trace.
// 2. What get() and edit() return belongs to the table and is valid until the next non-const call on it: a
//    caller holds nothing longer, so that a store on disk may stand behind it.
// 3. Results never depend on an order of the hash: there is no ordered walk (for_each() is for snapshots and
//    tests). What needs an order uses OrderedTable.
//
// Thread: one. Format of keys and values: docs/formats/state-keys.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/change.h"
#include "state/slab.h"

namespace mr::state {

class KeyedTable {
  public:
    KeyedTable(std::uint32_t id, std::string name);

    [[nodiscard]] std::uint32_t id() const { return id_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    /// Number of keys.
    [[nodiscard]] std::size_t size() const { return live_; }
    /// Bytes held.
    [[nodiscard]] std::size_t memory() const;

    std::optional<std::string_view> get(std::string_view key);
    bool contains(std::string_view key) { return get(key).has_value(); }
    void put(std::string_view key, std::string_view value);
    struct Edit {
        char* value = nullptr;  ///< `size` bytes, to be changed in place
        bool inserted = false;  ///< the key was not there: the bytes are zero
    };
    /// The value of `key`, made `size` bytes long (cut, or filled up with zeros), as changed in this step.
    Edit edit(std::string_view key, std::size_t size);
    /// False if it was not there.
    bool erase(std::string_view key);

    /// Keys changed since the last step_done(), appended. The views are valid until the next non-const call.
    void changes(std::vector<Change>& out) const;
    void step_done();
    [[nodiscard]] bool dirty() const { return !dirty_.empty(); }
    /// Recovery: sets or removes a key without capturing it. REQUIRES: !dirty().
    void apply(std::string_view key, std::optional<std::string_view> value);
    void for_each(const std::function<void(std::string_view key, std::string_view value)>& f) const;
    void clear();

  private:
    using Ref = Slab::Ref;
    struct Slot {
        std::uint32_t hash = 0;
        Ref ref = Slab::kNone;
    };
    struct Record;

    [[nodiscard]] Record& record(Ref ref) const;
    /// Slot of the key, or the empty slot where it belongs.
    [[nodiscard]] std::size_t find_slot(std::string_view key, std::uint32_t hash) const;
    std::size_t insert(std::size_t slot, std::uint32_t hash, std::string_view key, std::size_t size);
    void resize_value(Slot& slot, std::size_t size);
    void mark_dirty(Slot& slot);
    void remove_slot(std::size_t slot);
    void grow();

    std::uint32_t id_;
    std::string name_;
    Slab slab_;
    std::vector<Slot> slots_;  ///< a power of two; linear probing
    std::size_t used_ = 0;     ///< slots taken, removed keys of this step included
    std::size_t live_ = 0;
    std::vector<Ref> dirty_;
};

}  // namespace mr::state
