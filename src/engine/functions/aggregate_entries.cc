// Aggregates whose state grows: MIN and MAX that may lose their best, FIRST_VALUE, LAST_VALUE and LISTAGG
// over an ordered list, and DISTINCT. Format of the entries: docs/formats/aggregate-state.md.
#include <algorithm>
#include <map>

#include "engine/internal/aggregate_function.h"
#include "engine/internal/json_tape.h"

namespace mr::engine::internal {
namespace {

void append_u64(std::string& out, std::uint64_t v) {
    char raw[8];
    mr::internal::store(raw, v, Endian::big);
    out.append(raw, sizeof raw);
}

std::int64_t read_count(std::optional<std::string_view> value) {
    return value && value->size() == 8 ? mr::internal::load<std::int64_t>(value->data(), Endian::little) : 0;
}

/// Adds to the count under an entry; the count after. An entry of count 0 is erased. Counts below 0 stay, so
/// that a retraction that comes before its insertion (within one step) is not lost.
std::int64_t add_count(EntryStore& entries, const std::string& entry, std::int64_t by) {
    const std::int64_t after = read_count(entries.get(entry)) + by;
    if (after == 0) {
        entries.erase(entry);
    } else {
        char raw[8];
        mr::internal::store(raw, after, Endian::little);
        entries.put(entry, {raw, sizeof raw});
    }
    return after;
}

void append_key_value(std::string_view entry, std::size_t from, const DataType& type, ColumnBuilder& out) {
    ByteReader reader(entry.substr(from));
    const auto v = read_key(reader, type);
    v ? out.append_value(*v) : out.append_null();
}

/// MIN and MAX over a counted ordered set; without retraction only the best is kept.
class ExtremeEntries final : public AggregateFunction {
  public:
    explicit ExtremeEntries(const AggregateSpec& spec)
        : prefix_(slot_prefix(spec.slot)),
          type_(spec.args[0]),
          greatest_(spec.function == "MAX"),
          retracting_(spec.retracting) {}
    [[nodiscard]] std::size_t fixed_size() const override { return 0; }
    [[nodiscard]] bool needs_entries() const override { return true; }

    void update(char*, EntryStore* entries, const AggregateRow& row) override {
        if (row.args[0]->is_null(row.row)) return;
        std::string entry = prefix_;
        append_key(entry, *row.args[0], row.row);
        take(*entries, entry, row.weight);
    }

    void merge(char*, EntryStore* entries, const char*, EntryStore* other) const override {
        std::string at = prefix_;
        for (auto e = other->next(prefix_, at, true); e; e = other->next(prefix_, at, false)) {
            at = e->entry;
            take(*entries, e->entry, read_count(e->value));
        }
    }

    void result(const char*, EntryStore* entries, ColumnBuilder& out) const override {
        const auto best = edge(*entries);
        best ? append_key_value(best->entry, prefix_.size(), type_, out) : out.append_null();
    }

  private:
    [[nodiscard]] std::optional<EntryStore::Found> edge(EntryStore& entries) const {
        if (!greatest_) {
            auto e = entries.next(prefix_, prefix_, true);
            while (e && read_count(e->value) < 0) e = entries.next(prefix_, e->entry, false);
            return e;
        }
        auto e = entries.last(prefix_);
        if (!e || read_count(e->value) > 0) return e;
        // A count below 0 waits for its insertion: look through the rest, which is rare.
        std::optional<EntryStore::Found> best;
        for (auto at = entries.next(prefix_, prefix_, true); at;
             at = entries.next(prefix_, at->entry, false)) {
            if (read_count(at->value) > 0) best = at;
        }
        return best;
    }

    void take(EntryStore& entries, const std::string& entry, std::int64_t weight) const {
        if (!retracting_) {
            if (const auto best = edge(entries)) {
                if (best->entry == entry || (best->entry < entry) != greatest_) return;
                entries.erase(best->entry);
            }
        }
        add_count(entries, entry, weight);
    }

    std::string prefix_;
    DataType type_;
    bool greatest_;
    bool retracting_;
};

enum class Wanted : std::uint8_t { first, last, list, array, json_array, json_object };

/// Values in order of arrival. Entries: 'o' arrival number -> value, and, where rows may be taken back, 'v'
/// value arrival number -> nothing, to find the oldest row of a value.
class ArrivalList final : public AggregateFunction {
  public:
    ArrivalList(const AggregateSpec& spec, Wanted wanted)
        : orders_(slot_prefix(spec.slot) + "o"),
          values_(slot_prefix(spec.slot) + "v"),
          types_(spec.args.begin() + (in_json(wanted) ? 1 : 0),
                 spec.args.begin() + (wanted == Wanted::json_object ? 3
                                      : in_json(wanted)             ? 2
                                                                    : 1)),
          separator_(spec.separator),
          wanted_(wanted),
          first_(in_json(wanted) ? 1 : 0),
          keeps_nulls_(wanted == Wanted::array || (in_json(wanted) && spec.json_nulls)),
          retracting_(spec.retracting) {}
    /// The next number, so that rows of one arrival stay apart.
    [[nodiscard]] std::size_t fixed_size() const override { return sizeof(std::uint64_t); }
    [[nodiscard]] bool needs_entries() const override { return true; }

    void update(char* state, EntryStore* entries, const AggregateRow& row) override {
        if (!keeps_nulls_ && row.args[first_ + types_.size() - 1]->is_null(row.row)) return;
        if (types_.size() > 1 && row.args[first_]->is_null(row.row)) return;
        std::string key, value;
        for (std::size_t i = 0; i < types_.size(); ++i) {
            append_key(key, *row.args[first_ + i], row.row);
            append_value(value, *row.args[first_ + i], row.row);
        }
        for (std::int32_t i = 0; i < row.weight; ++i) insert(state, *entries, key, value, row.arrival);
        for (std::int32_t i = 0; i > row.weight; --i) remove(*entries, key);
    }

    void merge(char* state, EntryStore* entries, const char*, EntryStore* other) const override {
        std::string at = orders_;
        for (auto e = other->next(orders_, at, true); e; e = other->next(orders_, at, false)) {
            at = e->entry;
            const std::vector<Value> values = read(e->value);
            if (e->entry.size() < orders_.size() + 8) continue;
            std::string key;
            for (std::size_t i = 0; i < types_.size(); ++i) append_key(key, types_[i], values[i]);
            const auto arrival =
                mr::internal::load<std::uint64_t>(e->entry.data() + orders_.size(), Endian::big);
            insert(state, *entries, key, e->value, arrival);
        }
    }

    void result(const char*, EntryStore* entries, ColumnBuilder& out) const override {
        if (wanted_ == Wanted::list) return join(*entries, out);
        if (wanted_ == Wanted::array) return gather(*entries, out);
        if (in_json(wanted_)) return write_json(*entries, out);
        const auto e =
            wanted_ == Wanted::first ? entries->next(orders_, orders_, true) : entries->last(orders_);
        if (!e) return out.append_null();
        out.append_value(read(e->value)[0]);
    }

  private:
    static bool in_json(Wanted wanted) {
        return wanted == Wanted::json_array || wanted == Wanted::json_object;
    }
    [[nodiscard]] std::vector<Value> read(std::string_view bytes) const {
        std::vector<Value> out;
        ByteReader reader(bytes);
        for (const DataType& t : types_) out.push_back(read_value(reader, t).value_or(Value::null()));
        return out;
    }
    /// Calls `use(values)` for each row, in order of arrival.
    template <class Use>
    void each(EntryStore& entries, Use use) const {
        std::string at = orders_;
        for (auto e = entries.next(orders_, at, true); e; e = entries.next(orders_, at, false)) {
            at = e->entry;
            use(read(e->value));
        }
    }

    void gather(EntryStore& entries, ColumnBuilder& out) const {
        std::vector<Value> list;
        each(entries, [&](std::vector<Value> row) { list.push_back(std::move(row[0])); });
        list.empty() ? out.append_null() : out.append_value(Value::of(std::move(list)));
    }

    void write_json(EntryStore& entries, ColumnBuilder& out) const {
        const bool object = wanted_ == Wanted::json_object;
        std::string text;
        std::map<std::string, std::string> members;  // of equal keys the last counts
        each(entries, [&](const std::vector<Value>& row) {
            std::string value;
            append_json_value(value, row.back(), types_.back());
            if (object) {
                std::string key;
                append_json_value(key, row[0], types_[0]);
                members[std::move(key)] = std::move(value);
            } else {
                text += (text.empty() ? "" : ",") + value;
            }
        });
        for (const auto& [key, value] : members) text += (text.empty() ? "" : ",") + key + ":" + value;
        out.append_text(object ? "{" + text + "}" : "[" + text + "]");
    }

    void insert(char* state, EntryStore& entries, const std::string& key, std::string_view value,
                std::uint64_t arrival) const {
        const auto number = load_state<std::uint64_t>(state);
        store_state(state, number + 1);
        std::string place;
        append_u64(place, arrival);
        append_u64(place, number);
        if (!retracting_ && (wanted_ == Wanted::first || wanted_ == Wanted::last)) {
            // Only the edge matters.
            const auto e =
                wanted_ == Wanted::first ? entries.next(orders_, orders_, true) : entries.last(orders_);
            if (e) {
                const bool better =
                    wanted_ == Wanted::first ? orders_ + place < e->entry : orders_ + place > e->entry;
                if (!better) return;
                entries.erase(e->entry);
            }
        }
        entries.put(orders_ + place, value);
        if (retracting_) entries.put(values_ + key + place, {});
    }

    void remove(EntryStore& entries, const std::string& key) const {
        const std::string prefix = values_ + key;
        const auto e = entries.next(prefix, prefix, true);
        if (!e || e->entry.size() != prefix.size() + 16) return;
        const std::string place = e->entry.substr(prefix.size());
        entries.erase(e->entry);
        entries.erase(orders_ + place);
    }

    void join(EntryStore& entries, ColumnBuilder& out) const {
        std::string text;
        bool any = false;
        each(entries, [&](const std::vector<Value>& row) {
            if (row[0].is_null()) return;
            if (any) text += separator_;
            text += row[0].text();
            any = true;
        });
        any ? out.append_text(text) : out.append_null();
    }

    std::string orders_;
    std::string values_;
    std::vector<DataType> types_;  ///< of what is kept of a row
    std::string separator_;
    Wanted wanted_;
    std::size_t first_;  ///< argument kept first
    bool keeps_nulls_;
    bool retracting_;
};

/// COLLECT and PERCENTILE: how often each value came, in order of value.
class Counted final : public AggregateFunction {
  public:
    explicit Counted(const AggregateSpec& spec)
        : prefix_(slot_prefix(spec.slot)), type_(spec.args[0]), result_(spec.type), parts_(spec.parts) {}
    [[nodiscard]] std::size_t fixed_size() const override { return 0; }
    [[nodiscard]] bool needs_entries() const override { return true; }

    void update(char*, EntryStore* entries, const AggregateRow& row) override {
        if (row.args[0]->is_null(row.row)) return;
        std::int64_t times = row.weight;
        if (row.args.size() > 2) {
            if (row.args[2]->is_null(row.row)) return;
            times *= std::max<std::int64_t>(0, row.args[2]->integer(row.row));
        }
        std::string entry = prefix_;
        append_key(entry, *row.args[0], row.row);
        if (times != 0) add_count(*entries, entry, times);
    }

    void merge(char*, EntryStore* entries, const char*, EntryStore* other) const override {
        each(*other, [&](const EntryStore::Found& e) { add_count(*entries, e.entry, read_count(e.value)); });
    }

    void result(const char*, EntryStore* entries, ColumnBuilder& out) const override {
        if (result_.kind == TypeKind::map) return counts(*entries, out);
        std::vector<std::pair<double, std::int64_t>> rows;
        std::int64_t total = 0;
        each(*entries, [&](const EntryStore::Found& e) {
            ByteReader reader(std::string_view(e.entry).substr(prefix_.size()));
            const std::int64_t n = read_count(e.value);
            if (n <= 0) return;
            rows.emplace_back(read_key(reader, type_).value_or(Value::of(0.0)).real(), n);
            total += n;
        });
        if (total == 0) return out.append_null();
        if (result_.kind != TypeKind::array) return out.append_real(percentile(rows, total, parts_[0]));
        std::vector<Value> all;
        for (const double p : parts_) all.push_back(Value::of(percentile(rows, total, p)));
        out.append_value(Value::of(std::move(all)));
    }

  private:
    template <class Use>
    void each(EntryStore& entries, Use use) const {
        std::string at = prefix_;
        for (auto e = entries.next(prefix_, at, true); e; e = entries.next(prefix_, at, false)) {
            at = e->entry;
            use(*e);
        }
    }

    void counts(EntryStore& entries, ColumnBuilder& out) const {
        std::vector<Value> list;
        each(entries, [&](const EntryStore::Found& e) {
            ByteReader reader(std::string_view(e.entry).substr(prefix_.size()));
            if (read_count(e.value) <= 0) return;
            list.push_back(read_key(reader, type_).value_or(Value::null()));
            list.push_back(Value::of(read_count(e.value)));
        });
        out.append_value(Value::of(std::move(list)));
    }

    /// Between the two rows around p * (n - 1), by the distance to each.
    static double percentile(const std::vector<std::pair<double, std::int64_t>>& rows, std::int64_t total,
                             double p) {
        const double place = p * static_cast<double>(total - 1);
        const auto low = static_cast<std::int64_t>(place);
        const double rest = place - static_cast<double>(low);
        const auto at = [&](std::int64_t index) {
            for (const auto& [value, n] : rows) {
                if (index < n) return value;
                index -= n;
            }
            return rows.back().first;
        };
        const double a = at(low);
        if (rest == 0) return a;
        return (1 - rest) * a + rest * at(std::min(low + 1, total - 1));
    }

    std::string prefix_;
    DataType type_;
    DataType result_;
    std::vector<double> parts_;
};

/// DISTINCT: the function inside sees a value when its first row comes and when its last one goes.
class Distinct final : public AggregateFunction {
  public:
    Distinct(AggregatePtr inner, const AggregateSpec& spec)
        : inner_(std::move(inner)),
          prefix_(slot_prefix(spec.slot) + "d"),
          types_(spec.args),
          keeps_nulls_(spec.function == "ARRAY_AGG") {}
    [[nodiscard]] std::size_t fixed_size() const override { return inner_->fixed_size(); }
    [[nodiscard]] bool needs_entries() const override { return true; }

    void update(char* state, EntryStore* entries, const AggregateRow& row) override {
        std::string entry = prefix_;
        for (const ColumnPtr& c : row.args) {
            if (!keeps_nulls_ && c->is_null(row.row)) return;
            append_key(entry, *c, row.row);
        }
        const std::int64_t after = add_count(*entries, entry, row.weight);
        const std::int64_t before = after - row.weight;
        AggregateRow once = row;
        once.weight = (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
        if (once.weight != 0) inner_->update(state, entries, once);
    }

    void merge(char* state, EntryStore* entries, const char*, EntryStore* other) const override {
        std::string at = prefix_;
        for (auto e = other->next(prefix_, at, true); e; e = other->next(prefix_, at, false)) {
            at = e->entry;
            const std::int64_t count = read_count(e->value);
            const std::int64_t after = add_count(*entries, e->entry, count);
            if (after - count > 0 || after <= 0) continue;
            ByteReader reader(std::string_view(e->entry).substr(prefix_.size()));
            std::vector<ColumnPtr> args;
            for (const DataType& t : types_) {
                const auto v = read_key(reader, t);
                args.push_back(Column::constant(t, v.value_or(Value::null()), 1));
            }
            inner_->update(state, entries, {args, 0, 1, 0});
        }
    }

    void result(const char* state, EntryStore* entries, ColumnBuilder& out) const override {
        inner_->result(state, entries, out);
    }

  private:
    AggregatePtr inner_;
    std::string prefix_;
    std::vector<DataType> types_;
    bool keeps_nulls_;
};

}  // namespace

std::string slot_prefix(std::uint16_t slot) {
    return {static_cast<char>(slot >> 8), static_cast<char>(slot & 0xff)};
}

AggregatePtr make_entry_aggregate(const AggregateSpec& spec) {
    if (spec.args.empty()) return nullptr;
    const std::string& f = spec.function;
    if (f == "MIN" || f == "MAX") return std::make_unique<ExtremeEntries>(spec);
    if (f == "FIRST_VALUE") return std::make_unique<ArrivalList>(spec, Wanted::first);
    if (f == "LAST_VALUE") return std::make_unique<ArrivalList>(spec, Wanted::last);
    if (f == "ARRAY_AGG") return std::make_unique<ArrivalList>(spec, Wanted::array);
    if (f == "JSON_ARRAYAGG") return std::make_unique<ArrivalList>(spec, Wanted::json_array);
    if (f == "JSON_OBJECTAGG") return std::make_unique<ArrivalList>(spec, Wanted::json_object);
    if (f == "COLLECT" || f == "PERCENTILE") return std::make_unique<Counted>(spec);
    if (f == "LISTAGG" && spec.args[0].is_character())
        return std::make_unique<ArrivalList>(spec, Wanted::list);
    return nullptr;
}

AggregatePtr make_distinct(AggregatePtr inner, const AggregateSpec& spec) {
    return std::make_unique<Distinct>(std::move(inner), spec);
}

}  // namespace mr::engine::internal
