#include "state/state_space.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"

namespace mr::state {
namespace {

constexpr std::string_view kKeyed = "keyed/";
constexpr std::string_view kOrdered = "ordered/";

std::string table_name(std::string_view shape, std::uint64_t fingerprint, std::string_view role) {
    return fmt::format("{}{:016x}/{}", shape, fingerprint, role);
}

template <class T>
const std::string& name_of(const T& table) {
    return std::visit([](const auto& t) -> const std::string& { return t->name(); }, table);
}

}  // namespace

Result<std::size_t> StateSpace::open(std::string_view name) {
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        if (name_of(tables_[i]) == name) return i;
    }
    const auto id = static_cast<std::uint32_t>(tables_.size());
    if (name.starts_with(kKeyed)) {
        tables_.emplace_back(std::make_unique<KeyedTable>(id, std::string(name)));
    } else if (name.starts_with(kOrdered)) {
        tables_.emplace_back(std::make_unique<OrderedTable>(id, std::string(name)));
    } else {
        return fail(Code::corrupt, "state table with an unknown shape: {}", name);
    }
    return id;
}

KeyedTable& StateSpace::keyed(std::uint64_t fingerprint, std::string_view role) {
    const Result<std::size_t> at = open(table_name(kKeyed, fingerprint, role));
    MR_CHECK(at.has_value(), "{}", at.error().message);
    return *std::get<0>(tables_[*at]);
}

OrderedTable& StateSpace::ordered(std::uint64_t fingerprint, std::string_view role) {
    const Result<std::size_t> at = open(table_name(kOrdered, fingerprint, role));
    MR_CHECK(at.has_value(), "{}", at.error().message);
    return *std::get<1>(tables_[*at]);
}

std::vector<std::string> StateSpace::names() const {
    std::vector<std::string> names;
    names.reserve(tables_.size());
    for (const Table& t : tables_) names.push_back(name_of(t));
    return names;
}

Status StateSpace::declare(const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        MR_TRY(const std::size_t at, open(names[i]));
        if (at != i) {
            return fail(Code::corrupt, "state table {} was number {} and is {} now", names[i], i, at);
        }
    }
    return {};
}

void StateSpace::changes(std::vector<Change>& out) const {
    for (const Table& t : tables_) {
        std::visit([&](const auto& table) { table->changes(out); }, t);
    }
}

void StateSpace::step_done() {
    for (const Table& t : tables_) {
        std::visit([](const auto& table) { table->step_done(); }, t);
    }
}

Status StateSpace::apply(const Change& change) {
    if (change.table >= tables_.size()) {
        return fail(Code::corrupt, "a step changes state table {} of {}", change.table, tables_.size());
    }
    std::visit([&](const auto& table) { table->apply(change.key, change.value); }, tables_[change.table]);
    return {};
}

void StateSpace::snapshot(std::string& out) const {
    ByteWriter w(out);
    w.u8(kSnapshotVersion);
    w.uvarint(tables_.size());
    for (const Table& t : tables_) {
        std::visit([](const auto& table) { MR_CHECK(!table->dirty(), "snapshot within a step"); }, t);
        w.sized(name_of(t));
        if (const auto* keyed = std::get_if<0>(&t)) {
            w.uvarint((*keyed)->size());
            (*keyed)->for_each([&](std::string_view key, std::string_view value) {
                w.sized(key);
                w.sized(value);
            });
        } else {
            OrderedTable& ordered = *std::get<1>(t);
            w.uvarint(ordered.size());
            ordered.scan({}, {}, [&](const OrderedTable::Entry& e) {
                w.sized(e.key);
                w.sized(e.value);
                return true;
            });
        }
    }
}

Status StateSpace::restore(std::string_view bytes) {
    const auto clear = [this] {
        for (const Table& t : tables_) std::visit([](const auto& table) { table->clear(); }, t);
    };
    clear();
    ByteReader r(bytes);
    const std::uint8_t version = r.u8();
    if (!r.bad() && version != kSnapshotVersion) {
        return fail(Code::corrupt, "state snapshot has version {}, this build reads {}", version,
                    kSnapshotVersion);
    }
    const auto load = [&]() -> Status {
        for (std::uint64_t tables = r.uvarint(); tables > 0 && !r.bad(); --tables) {
            const std::string_view name = r.sized();
            if (r.bad()) break;
            MR_TRY(const std::size_t at, open(name));
            for (std::uint64_t keys = r.uvarint(); keys > 0 && !r.bad(); --keys) {
                const std::string_view key = r.sized();
                const std::string_view value = r.sized();
                if (r.bad()) break;
                std::visit([&](const auto& table) { table->apply(key, value); }, tables_[at]);
            }
        }
        return r.finish("state snapshot");
    };
    Status done = load();
    if (!done) clear();
    return done;
}

std::vector<StateSpace::TableStats> StateSpace::stats() const {
    std::vector<TableStats> stats;
    for (const Table& t : tables_) {
        std::visit(
            [&](const auto& table) { stats.push_back({table->name(), table->size(), table->memory()}); }, t);
    }
    return stats;
}

std::size_t StateSpace::memory(std::uint64_t fingerprint) const {
    const std::string part = fmt::format("/{:016x}/", fingerprint);
    std::size_t bytes = 0;
    for (const TableStats& s : stats()) bytes += s.name.find(part) != std::string::npos ? s.bytes : 0;
    return bytes;
}

std::size_t StateSpace::memory() const {
    std::size_t bytes = 0;
    for (const TableStats& s : stats()) bytes += s.bytes;
    return bytes;
}

}  // namespace mr::state
