// ROW, ARRAY and MAP: constructors, access, and functions over them. Elements compare as values of their
// type.
#include <algorithm>

#include "engine/internal/registry.h"

namespace mr::engine::internal {
namespace {

using List = std::vector<Value>;

List arguments(const RowCall& c, std::size_t from = 0) {
    List out;
    for (std::size_t i = from; i < c.size(); ++i) out.push_back(c.is_null(i) ? Value::null() : c.value(i));
    return out;
}

/// MAP[k, v, …]: of equal keys the last counts; the first keeps its place.
Value make_map(const List& items) {
    List out;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
        std::size_t at = 0;
        while (at < out.size() && Value::compare(out[at], items[i]) != 0) at += 2;
        if (at < out.size()) {
            out[at + 1] = items[i + 1];
        } else {
            out.push_back(items[i]);
            out.push_back(items[i + 1]);
        }
    }
    return Value::of(std::move(out));
}

/// array[i] from 1, map[k]; NULL where there is none.
void item(RowCall& c) {
    const Column& from = c.column(0);
    const std::size_t row = c.row_of(0);
    const std::uint32_t begin = from.list_begin(row), end = from.list_end(row);
    if (from.type().kind == TypeKind::array) {
        const std::int64_t i = c.integer(1);
        if (i < 1 || i > static_cast<std::int64_t>(end - begin)) return c.null();
        return c.out().append_from(*from.child(0), begin + static_cast<std::size_t>(i - 1));
    }
    const Column& keys = *from.child(0);
    if (keys.type().is_character()) {
        const std::string_view wanted = c.text(1);
        for (std::uint32_t i = begin; i < end; ++i) {
            if (!keys.is_null(i) && keys.text(i) == wanted) return c.out().append_from(*from.child(1), i);
        }
        return c.null();
    }
    const Value wanted = c.value(1);
    for (std::uint32_t i = begin; i < end; ++i) {
        if (!keys.is_null(i) && Value::compare(keys.value(i), wanted) == 0)
            return c.out().append_from(*from.child(1), i);
    }
    c.null();
}

void cardinality(RowCall& c) {
    c.set_integer(c.column(0).list_end(c.row_of(0)) - c.column(0).list_begin(c.row_of(0)));
}

void element(RowCall& c) {
    const Value v = c.value(0);
    if (v.list().empty()) return c.null();
    if (v.list().size() > 1) return c.fail("ELEMENT of an array with more than one element");
    c.set_value(v.list()[0]);
}

bool holds(const List& list, const Value& v) {
    return std::ranges::any_of(list, [&](const Value& x) { return Value::compare(x, v) == 0; });
}

List distinct(const List& list) {
    List out;
    for (const Value& v : list) {
        if (!holds(out, v)) out.push_back(v);
    }
    return out;
}

void position(RowCall& c) {
    const Value list = c.value(0), wanted = c.value(1);
    for (std::size_t i = 0; i < list.list().size(); ++i) {
        if (Value::compare(list.list()[i], wanted) == 0)
            return c.set_integer(static_cast<std::int64_t>(i) + 1);
    }
    c.set_integer(0);
}

/// (array, element) where the element may be NULL: `edit` changes a copy of the list.
RowFunction edited(void (*edit)(List&, const Value&)) {
    return [edit](RowCall& c) {
        if (c.is_null(0)) return c.null();
        List list = c.value(0).list();
        edit(list, c.is_null(1) ? Value::null() : c.value(1));
        c.set_value(Value::of(std::move(list)));
    };
}

void concat(RowCall& c) {
    List out;
    for (std::size_t i = 0; i < c.size(); ++i) {
        const Value v = c.value(i);
        out.insert(out.end(), v.list().begin(), v.list().end());
    }
    c.set_value(Value::of(std::move(out)));
}

enum class SetOperation : std::uint8_t { unite, intersect, except };

RowFunction set_operation(SetOperation op) {
    return [op](RowCall& c) {
        const Value a = c.value(0), b = c.value(1);
        List out;
        for (const Value& v : a.list()) {
            const bool keep =
                op == SetOperation::unite || holds(b.list(), v) == (op == SetOperation::intersect);
            if (keep && !holds(out, v)) out.push_back(v);
        }
        if (op == SetOperation::unite) {
            for (const Value& v : b.list()) {
                if (!holds(out, v)) out.push_back(v);
            }
        }
        c.set_value(Value::of(std::move(out)));
    };
}

void sort(RowCall& c) {
    const bool ascending = c.size() < 2 || c.boolean(1);
    const bool nulls_first = c.size() < 3 ? ascending : c.boolean(2);
    List list = c.value(0).list();
    std::ranges::stable_sort(list, [&](const Value& a, const Value& b) {
        if (a.is_null() || b.is_null()) return a.is_null() != b.is_null() && a.is_null() == nulls_first;
        return ascending ? Value::compare(a, b) < 0 : Value::compare(b, a) < 0;
    });
    c.set_value(Value::of(std::move(list)));
}

void slice(RowCall& c) {
    const Value v = c.value(0);
    const auto size = static_cast<std::int64_t>(v.list().size());
    const auto place = [&](std::int64_t i) { return i < 0 ? size + i + 1 : std::max<std::int64_t>(i, 1); };
    const std::int64_t from = std::max<std::int64_t>(1, place(c.integer(1)));
    const std::int64_t to = std::min(size, c.size() > 2 ? place(c.integer(2)) : size);
    List out;
    for (std::int64_t i = from; i <= to; ++i) out.push_back(v.list()[static_cast<std::size_t>(i - 1)]);
    c.set_value(Value::of(std::move(out)));
}

RowFunction extreme(int sign) {
    return [sign](RowCall& c) {
        Value best;
        const Value list = c.value(0);
        for (const Value& v : list.list()) {
            if (!v.is_null() && (best.is_null() || Value::compare(v, best) * sign > 0)) best = v;
        }
        c.set_value(best);
    };
}

void join(RowCall& c) {
    std::string out;
    bool any = false;
    const Value list = c.value(0);
    const DataType& element = c.type(0).child(0).type;
    for (const Value& v : list.list()) {
        if (v.is_null() && c.size() < 3) continue;
        if (any) out += c.text(1);
        out += v.is_null() ? std::string(c.text(2)) : to_string(v, element);
        any = true;
    }
    c.set(out);
}

RowFunction map_part(std::size_t part) {
    return [part](RowCall& c) {
        const Value map = c.value(0);
        List out;
        for (std::size_t i = 0; i + 1 < map.list().size(); i += 2) {
            out.push_back(part < 2 ? map.list()[i + part]
                                   : Value::of(List{map.list()[i], map.list()[i + 1]}));
        }
        c.set_value(Value::of(std::move(out)));
    };
}

void map_union(RowCall& c) {
    List items;
    for (std::size_t i = 0; i < c.size(); ++i) {
        const Value map = c.value(i);
        items.insert(items.end(), map.list().begin(), map.list().end());
    }
    c.set_value(make_map(items));
}

void map_from_arrays(RowCall& c) {
    const Value keys = c.value(0), values = c.value(1);
    if (keys.list().size() != values.list().size())
        return c.fail("MAP_FROM_ARRAYS needs as many keys as values");
    List items;
    for (std::size_t i = 0; i < keys.list().size(); ++i) {
        items.push_back(keys.list()[i]);
        items.push_back(values.list()[i]);
    }
    c.set_value(make_map(items));
}

void text_to_map(RowCall& c) {
    const std::string_view s = c.text(0);
    const std::string_view pairs = c.size() > 1 ? c.text(1) : ",", keys = c.size() > 2 ? c.text(2) : "=";
    if (pairs.empty() || keys.empty()) return c.fail("STR_TO_MAP needs separators that are not empty");
    List items;
    for (std::size_t at = 0; at <= s.size() && !s.empty();) {
        const std::size_t end = std::min(s.find(pairs, at), s.size());
        const std::string_view pair = s.substr(at, end - at);
        const std::size_t cut = pair.find(keys);
        items.push_back(Value::of(std::string(pair.substr(0, cut))));
        items.push_back(cut == std::string_view::npos
                            ? Value::null()
                            : Value::of(std::string(pair.substr(cut + keys.size()))));
        at = end + pairs.size();
    }
    c.set_value(make_map(items));
}

}  // namespace

void add_collections(Registry& r) {
    const auto lenient = Strictness::lenient;
    r.add_row("ROW", [](RowCall& c) { c.set_value(Value::of(arguments(c))); }, lenient);
    r.add_row("ARRAY", [](RowCall& c) { c.set_value(Value::of(arguments(c))); }, lenient);
    r.add_row("MAP", [](RowCall& c) { c.set_value(make_map(arguments(c))); }, lenient);
    r.add_row("ITEM", item);
    r.add_row("CARDINALITY", cardinality);
    r.add_row("ELEMENT", element);
    r.add_row(
        "ARRAY_CONTAINS",
        [](RowCall& c) {
            if (c.is_null(0)) return c.null();
            c.set_boolean(holds(c.value(0).list(), c.is_null(1) ? Value::null() : c.value(1)));
        },
        lenient);
    r.add_row("ARRAY_POSITION", position);
    r.add_row("ARRAY_APPEND", edited([](List& l, const Value& v) { l.push_back(v); }), lenient);
    r.add_row("ARRAY_PREPEND", edited([](List& l, const Value& v) { l.insert(l.begin(), v); }), lenient);
    r.add_row("ARRAY_REMOVE", edited([](List& l, const Value& v) {
                  std::erase_if(l, [&](const Value& x) { return Value::compare(x, v) == 0; });
              }),
              lenient);
    r.add_row("ARRAY_CONCAT", concat);
    r.add_row("ARRAY_UNION", set_operation(SetOperation::unite));
    r.add_row("ARRAY_INTERSECT", set_operation(SetOperation::intersect));
    r.add_row("ARRAY_EXCEPT", set_operation(SetOperation::except));
    r.add_row("ARRAY_DISTINCT", [](RowCall& c) { c.set_value(Value::of(distinct(c.value(0).list()))); });
    r.add_row("ARRAY_REVERSE", [](RowCall& c) {
        List list = c.value(0).list();
        std::ranges::reverse(list);
        c.set_value(Value::of(std::move(list)));
    });
    r.add_row("ARRAY_SORT", sort);
    r.add_row("ARRAY_SLICE", slice);
    r.add_row("ARRAY_MAX", extreme(1));
    r.add_row("ARRAY_MIN", extreme(-1));
    r.add_row("ARRAY_JOIN", join);
    r.add_row("MAP_KEYS", map_part(0));
    r.add_row("MAP_VALUES", map_part(1));
    r.add_row("MAP_ENTRIES", map_part(2));
    r.add_row("MAP_UNION", map_union);
    r.add_row("MAP_FROM_ARRAYS", map_from_arrays);
    r.add_row("STR_TO_MAP", text_to_map);
}

}  // namespace mr::engine::internal
