// All state of one pipeline instance: its tables, by name. A table's name is the fingerprint of the operator
// it belongs to and its role in it, so that an unchanged operator finds its state again after a query change;
// its number (the order of creation, kept in the instance's `pipeline` entry) is what step entries carry.
//
// A step: operators change tables; changes() gives every changed key once, with its final value or its
// removal, for the step entry; step_done() closes the step. Recovery: declare() the names of the `pipeline`
// entry, restore() the last snapshot, apply() the changes of each later step; then make the operators.
//
// Everything is in memory. A store on disk will stand behind the tables (docs/adr): they hand out nothing
// that it could not.
//
// Thread: one (the pipeline's). Format: docs/formats/state-keys.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "state/change.h"
#include "state/keyed_table.h"
#include "state/ordered_table.h"

namespace mr::state {

inline constexpr std::uint8_t kSnapshotVersion = 1;

class StateSpace {
  public:
    StateSpace() = default;
    StateSpace(const StateSpace&) = delete;
    StateSpace& operator=(const StateSpace&) = delete;

    /// Finds or creates the table; the reference is valid as long as the space. Bug if one of that name is of
    /// the other shape.
    KeyedTable& keyed(std::uint64_t fingerprint, std::string_view role);
    OrderedTable& ordered(std::uint64_t fingerprint, std::string_view role);

    /// Names by number: "keyed/0123456789abcdef/groups", "ordered/…/left".
    [[nodiscard]] std::vector<std::string> names() const;
    /// Creates tables of these names, in this order, where they do not exist. corrupt for a name that
    /// names() cannot have given, or if numbers come out different from the names' places.
    Status declare(const std::vector<std::string>& names);

    /// Every key changed since the last step_done(), appended, in order of tables. The views are valid until
    /// the next change of a table.
    void changes(std::vector<Change>& out) const;
    void step_done();
    /// One change of a step that was journaled. corrupt for a table number there is not.
    Status apply(const Change& change);

    /// Appends everything. REQUIRES: no changes are pending. The caller checksums it (journal/participant.h).
    void snapshot(std::string& out) const;
    /// Replaces everything: tables that exist keep their address and number. corrupt on bytes snapshot()
    /// cannot have written; the space is then empty.
    Status restore(std::string_view bytes);

    struct TableStats {
        std::string name;
        std::size_t keys = 0;
        std::size_t bytes = 0;
    };
    [[nodiscard]] std::vector<TableStats> stats() const;
    /// Bytes held by all tables of an operator.
    [[nodiscard]] std::size_t memory(std::uint64_t fingerprint) const;
    [[nodiscard]] std::size_t memory() const;

  private:
    using Table = std::variant<std::unique_ptr<KeyedTable>, std::unique_ptr<OrderedTable>>;
    /// Number of the table of that name, created if need be.
    Result<std::size_t> open(std::string_view name);

    std::vector<Table> tables_;
};

}  // namespace mr::state
