#include "sql/internal/derive.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace mr::sql {

using namespace plan;

namespace {

constexpr std::size_t kMaxKeys = 8;  // candidate keys kept a node: joins multiply them

using Inputs = std::vector<DeriveInput>;
using Names = std::vector<std::string>;

void add_key(std::vector<std::vector<int>>& keys, std::vector<int> key) {
    if (keys.size() >= kMaxKeys) return;
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
}

bool contains_all(const std::vector<int>& all, const std::vector<int>& some) {
    return std::ranges::all_of(some, [&](int c) { return std::ranges::find(all, c) != all.end(); });
}

std::vector<int> range(int begin, int count) {
    std::vector<int> out;
    for (int i = 0; i < count; ++i) out.push_back(begin + i);
    return out;
}

/// An operator that adds columns behind its input's and keeps its rows.
Derived passing(const DeriveInput& in) {
    Derived d;
    d.schema = in.node.schema;
    d.mode = in.node.mode;
    d.single_row = in.node.single_row;
    d.time_columns = in.node.time_columns;
    d.traits = in.traits;
    d.traits.unbounded_rank = false;
    return d;
}

Derived of(const SourceNode& n, const Inputs&, const Names&) {
    Derived d;
    std::vector<int> key;
    const Table& t = *n.table;
    for (std::size_t i = 0; i < n.columns.size(); ++i) {
        const auto column = static_cast<std::size_t>(n.columns[i]);
        const TableColumn& c = t.columns[column];
        d.schema.fields.push_back({c.name, c.type});
        if (t.watermark && t.watermark->column == n.columns[i]) d.time_columns.push_back(static_cast<int>(i));
        if (c.kind == ColumnKind::computed && c.expression && c.expression->kind == ExprKind::call &&
            c.expression->function == "PROCTIME") {
            d.traits.proctime.push_back(static_cast<int>(i));
        }
    }
    for (const int k : t.primary_key) {
        const auto it = std::ranges::find(n.columns, k);
        if (it != n.columns.end()) key.push_back(static_cast<int>(it - n.columns.begin()));
    }
    if (!key.empty() && key.size() == t.primary_key.size()) add_key(d.traits.keys, key);
    const bool upsert = t.connector() == "upsert-kafka";
    // Events of changes carry both images: their rows are added and taken back one by one.
    const bool changes = t.option("value.format", t.option("format")).starts_with("debezium");
    d.mode = upsert ? Mode::upsert : changes ? Mode::retract : Mode::append;
    return d;
}

Derived of(const ProjectNode& n, const Inputs& inputs, const Names& names) {
    Derived d;
    const DeriveInput& in = inputs[0];
    d.mode = in.node.mode;
    d.single_row = in.node.single_row;
    std::vector<std::vector<int>> places(in.node.schema.size());
    for (std::size_t i = 0; i < n.expressions.size(); ++i) {
        const Expr& e = *n.expressions[i];
        d.schema.fields.push_back({names[i], e.type});
        const int out = static_cast<int>(i);
        if (e.kind == ExprKind::call && e.function == "PROCTIME") d.traits.proctime.push_back(out);
        if (e.kind != ExprKind::input) continue;
        places[static_cast<std::size_t>(e.index)].push_back(out);
        const auto has = [&](const std::vector<int>& columns) {
            return std::ranges::find(columns, e.index) != columns.end();
        };
        if (has(in.node.time_columns)) d.time_columns.push_back(out);
        if (has(in.traits.proctime)) d.traits.proctime.push_back(out);
        if (in.traits.window_start == e.index && d.traits.window_start < 0) d.traits.window_start = out;
        if (in.traits.window_end == e.index && d.traits.window_end < 0) d.traits.window_end = out;
    }
    if (d.traits.window_start < 0 || d.traits.window_end < 0)
        d.traits.window_start = d.traits.window_end = -1;
    for (const auto& key : in.traits.keys) {
        std::vector<int> mapped;
        for (const int c : key) {
            const auto& at = places[static_cast<std::size_t>(c)];
            if (!at.empty()) mapped.push_back(at.front());
        }
        if (mapped.size() == key.size()) add_key(d.traits.keys, std::move(mapped));
    }
    return d;
}

Derived of(const FilterNode&, const Inputs& inputs, const Names&) {
    return passing(inputs[0]);
}

Derived of(const AggregateNode& n, const Inputs& inputs, const Names&) {
    Derived d;
    const Node& in = inputs[0].node;
    for (const int k : n.keys) d.schema.fields.push_back(in.schema[static_cast<std::size_t>(k)]);
    for (const AggCall& c : n.calls) d.schema.fields.push_back({c.name, c.type});
    // Distinct rows of an append-only input only ever appear.
    d.mode = n.calls.empty() && in.mode == Mode::append ? Mode::append : Mode::retract;
    if (n.keys.empty()) {
        d.single_row = true;
    } else {
        add_key(d.traits.keys, range(0, static_cast<int>(n.keys.size())));
    }
    return d;
}

std::vector<std::vector<int>> window_keys(WindowKind kind, int start, int end, int time,
                                          const std::vector<int>& keys) {
    std::vector<std::vector<int>> out;
    const auto with = [&](std::vector<int> window) {
        window.insert(window.end(), keys.begin(), keys.end());
        add_key(out, std::move(window));
    };
    if (start >= 0 && end >= 0) with({start, end});
    // Steps of one cumulating window share its start.
    if (start >= 0 && kind != WindowKind::cumulate) with({start});
    if (end >= 0) with({end});
    if (time >= 0) with({time});
    return out;
}

void add_window_columns(Derived& d, const Node& in, const WindowSpec& w,
                        const std::vector<std::string>& columns, int (&at)[3]) {
    const DataType bound = DataType::timestamp(3).with_nullable(false);
    const DataType& time = in.schema[static_cast<std::size_t>(w.time_column)].type;
    at[0] = at[1] = at[2] = -1;
    for (const std::string& name : columns) {
        const int out = static_cast<int>(d.schema.size());
        if (name == "window_start") {
            at[0] = out;
            d.schema.fields.push_back({name, bound});
        } else if (name == "window_end") {
            at[1] = out;
            d.schema.fields.push_back({name, bound});
        } else {
            at[2] = out;
            DataType t = time.with_nullable(false);
            t.precision = 3;
            d.schema.fields.push_back({name, t});
            d.time_columns.push_back(out);
        }
    }
}

Derived of(const WindowTvfNode& n, const Inputs& inputs, const Names&) {
    Derived d = passing(inputs[0]);
    // After a window the time attribute is window_time; the column it was made of is an ordinary one.
    d.time_columns.clear();
    int at[3];
    add_window_columns(d, inputs[0].node, n.window, {"window_start", "window_end", "window_time"}, at);
    std::vector<std::vector<int>> keys;
    for (const auto& key : inputs[0].traits.keys) {
        if (n.window.kind == WindowKind::tumble || n.window.kind == WindowKind::session) {
            add_key(keys, key);
        } else {
            std::vector<int> k = key;
            k.push_back(at[1]);
            add_key(keys, std::move(k));
        }
    }
    d.traits.keys = std::move(keys);
    d.traits.window_start = d.traits.window_end = -1;
    return d;
}

Derived of(const WindowAggregateNode& n, const Inputs& inputs, const Names&) {
    Derived d;
    const Node& in = inputs[0].node;
    for (const int k : n.keys) d.schema.fields.push_back(in.schema[static_cast<std::size_t>(k)]);
    for (const AggCall& c : n.calls) d.schema.fields.push_back({c.name, c.type});
    int at[3];
    add_window_columns(d, in, n.window, n.window_columns, at);
    const std::vector<int> keys = range(0, static_cast<int>(n.keys.size()));
    d.traits.keys = window_keys(n.window.kind, at[0], at[1], at[2], keys);
    if (at[0] >= 0 && at[1] >= 0) {
        d.traits.window_start = at[0];
        d.traits.window_end = at[1];
    }
    // A window attached to those of its input (Builder's caller) keeps their bounds among its keys.
    const Traits& t = inputs[0].traits;
    for (std::size_t i = 0; i < n.keys.size() && n.window_columns.empty(); ++i) {
        if (n.keys[i] == t.window_start) d.traits.window_start = static_cast<int>(i);
        if (n.keys[i] == t.window_end) d.traits.window_end = static_cast<int>(i);
    }
    if (d.traits.window_start < 0 || d.traits.window_end < 0) {
        d.traits.window_start = d.traits.window_end = -1;
    } else if (n.window_columns.empty()) {
        add_key(d.traits.keys, keys);
    }
    return d;
}

bool keeps_left(JoinKind kind) {
    return kind == JoinKind::left || kind == JoinKind::full;
}
bool keeps_right(JoinKind kind) {
    return kind == JoinKind::right || kind == JoinKind::full;
}

/// Schema of a join; keys where one side's join key identifies its row.
Derived joined(JoinKind kind, const std::vector<int>& left_keys, const std::vector<int>& right_keys,
               const Inputs& inputs) {
    Derived d;
    const Node &l = inputs[0].node, &r = inputs[1].node;
    d.schema = l.schema;
    if (kind == JoinKind::semi || kind == JoinKind::anti) {
        d.traits.keys = inputs[0].traits.keys;
        return d;
    }
    const int shift = static_cast<int>(l.schema.size());
    for (Field& f : d.schema.fields) {
        if (keeps_right(kind)) f.type.nullable = true;
    }
    for (Field f : r.schema.fields) {
        if (keeps_left(kind)) f.type.nullable = true;
        d.schema.fields.push_back(std::move(f));
    }
    const auto unique = [](const std::vector<int>& columns, const DeriveInput& side) {
        return side.node.single_row || std::ranges::any_of(side.traits.keys, [&](const auto& key) {
                   return contains_all(columns, key);
               });
    };
    const auto moved = [shift](std::vector<int> key) {
        for (int& c : key) c += shift;
        return key;
    };
    // One row of the other side at most: this side's key goes on identifying (unless padded rows mix in).
    if (unique(right_keys, inputs[1]) && !keeps_right(kind)) {
        for (const auto& key : inputs[0].traits.keys) add_key(d.traits.keys, key);
    }
    if (unique(left_keys, inputs[0]) && !keeps_left(kind)) {
        for (const auto& key : inputs[1].traits.keys) add_key(d.traits.keys, moved(key));
    }
    for (const auto& left : inputs[0].traits.keys) {
        for (const auto& right : inputs[1].traits.keys) {
            std::vector<int> both = left;
            const std::vector<int> tail = moved(right);
            both.insert(both.end(), tail.begin(), tail.end());
            add_key(d.traits.keys, std::move(both));
        }
    }
    return d;
}

Derived of(const JoinNode& n, const Inputs& inputs, const Names&) {
    Derived d = joined(n.kind, n.left_keys, n.right_keys, inputs);
    const bool only_adds = n.kind == JoinKind::inner || n.kind == JoinKind::semi;
    d.mode = only_adds && inputs[0].node.mode == Mode::append && inputs[1].node.mode == Mode::append
                 ? Mode::append
                 : Mode::retract;
    // Joined on their windows, the rows of a window still come together.
    const Traits &l = inputs[0].traits, &r = inputs[1].traits;
    bool starts = false, ends = false;
    for (std::size_t i = 0; i < n.left_keys.size(); ++i) {
        starts = starts || (n.left_keys[i] == l.window_start && n.right_keys[i] == r.window_start);
        ends = ends || (n.left_keys[i] == l.window_end && n.right_keys[i] == r.window_end);
    }
    if (starts && ends && l.window_start >= 0 && d.mode == Mode::append) {
        d.traits.window_start = l.window_start;
        d.traits.window_end = l.window_end;
    }
    return d;
}

Derived of(const IntervalJoinNode& n, const Inputs& inputs, const Names&) {
    Derived d = joined(n.kind, n.left_keys, n.right_keys, inputs);
    d.mode = Mode::append;
    if (!keeps_right(n.kind)) d.time_columns = inputs[0].node.time_columns;
    if (!keeps_left(n.kind) && n.kind != JoinKind::semi && n.kind != JoinKind::anti) {
        const int shift = static_cast<int>(inputs[0].node.schema.size());
        for (const int c : inputs[1].node.time_columns) d.time_columns.push_back(c + shift);
    }
    return d;
}

Derived of(const TemporalJoinNode& n, const Inputs& inputs, const Names&) {
    Derived d = joined(n.kind, n.left_keys, n.right_keys, inputs);
    d.mode = Mode::append;
    d.time_columns = inputs[0].node.time_columns;
    if (n.processing_time) return d;
    // At most one version matches, whatever the right side's own keys.
    d.traits.keys = inputs[0].traits.keys;
    return d;
}

Derived of(const OverNode& n, const Inputs& inputs, const Names&) {
    Derived d = passing(inputs[0]);
    for (const AggCall& c : n.calls) d.schema.fields.push_back({c.name, c.type});
    return d;
}

Derived of(const SortedOverNode& n, const Inputs& inputs, const Names&) {
    Derived d = passing(inputs[0]);
    d.mode = Mode::retract;
    d.traits.window_start = d.traits.window_end = -1;
    for (const AggCall& c : n.calls) d.schema.fields.push_back({c.name, c.type});
    return d;
}

Derived of(const TopNNode& n, const Inputs& inputs, const Names& names) {
    Derived d = passing(inputs[0]);
    d.mode = Mode::retract;
    d.traits.window_start = d.traits.window_end = -1;
    d.traits.unbounded_rank = n.high == kUnboundedRank;
    std::vector<std::vector<int>> keys;
    const bool unique_rank = n.rank == RankKind::row_number;
    if (unique_rank && n.low == n.high && !n.partition_keys.empty()) add_key(keys, n.partition_keys);
    if (n.with_rank) {
        const int rank = static_cast<int>(d.schema.size());
        d.schema.fields.push_back(
            {names.empty() ? "$rank" : names[0], DataType::bigint().with_nullable(false)});
        if (unique_rank) {
            std::vector<int> key = n.partition_keys;
            key.push_back(rank);
            add_key(keys, std::move(key));
        }
    }
    for (const auto& key : inputs[0].traits.keys) add_key(keys, key);
    d.single_row = inputs[0].node.single_row || (n.partition_keys.empty() && n.low == n.high && unique_rank);
    d.traits.keys = std::move(keys);
    return d;
}

Derived of(const DeduplicateNode& n, const Inputs& inputs, const Names&) {
    Derived d = passing(inputs[0]);
    d.mode = n.keep_last ? Mode::retract : Mode::append;
    d.traits.window_start = d.traits.window_end = -1;
    std::vector<std::vector<int>> keys;
    if (n.keys.empty()) d.single_row = true;
    if (!n.keys.empty()) add_key(keys, n.keys);
    for (const auto& key : inputs[0].traits.keys) add_key(keys, key);
    d.traits.keys = std::move(keys);
    return d;
}

Derived of(const ProcessingTimeNode&, const Inputs& inputs, const Names&) {
    Derived d = passing(inputs[0]);
    d.time_columns = {static_cast<int>(d.schema.size())};
    d.schema.fields.push_back({"$proctime", DataType::timestamp_ltz(3).with_nullable(false)});
    return d;
}

/// One row a match: the partition, then the measures. All rows: the input's columns, which are no time
/// attributes any more: their rows come with the last one of the match.
Derived of(const MatchNode& n, const Inputs& inputs, const Names& names) {
    Derived d;
    if (n.all_rows) d.schema = inputs[0].node.schema;
    for (const int k : n.all_rows ? std::vector<int>() : n.partition_keys) {
        d.schema.fields.push_back(inputs[0].node.schema[static_cast<std::size_t>(k)]);
    }
    for (std::size_t i = 0; i < n.measures.size(); ++i) {
        const Expr& e = *n.measures[i];
        const bool time = e.kind == ExprKind::input &&
                          n.places[static_cast<std::size_t>(e.index)].kind == MatchPlace::Kind::row_time;
        if (time) d.time_columns.push_back(static_cast<int>(d.schema.size()));
        d.schema.fields.push_back({names[i], e.type});
    }
    return d;
}

Derived of(const UnnestNode& n, const Inputs& inputs, const Names& names) {
    Derived d = passing(inputs[0]);
    d.single_row = false;
    std::vector<Field> fields = unnest_fields(n);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i < names.size()) fields[i].name = names[i];
        d.schema.fields.push_back(fields[i]);
    }
    std::vector<std::vector<int>> keys;
    if (n.ordinality) {
        for (std::vector<int> key : inputs[0].traits.keys) {
            key.push_back(static_cast<int>(d.schema.size()) - 1);
            add_key(keys, std::move(key));
        }
    }
    d.traits.keys = std::move(keys);
    return d;
}

Derived of(const UnionAllNode&, const Inputs& inputs, const Names&) {
    Derived d;
    d.schema = inputs[0].node.schema;
    const auto everywhere = [&](int column, auto&& member) {
        return std::ranges::all_of(inputs, [&](const DeriveInput& in) {
            const std::vector<int>& columns = member(in);
            return std::ranges::find(columns, column) != columns.end();
        });
    };
    for (std::size_t i = 0; i < d.schema.size(); ++i) {
        const int column = static_cast<int>(i);
        for (const DeriveInput& in : inputs) {
            if (in.node.schema[i].type.nullable) d.schema.fields[i].type.nullable = true;
        }
        if (everywhere(column, [](const DeriveInput& in) -> const std::vector<int>& {
                return in.node.time_columns;
            })) {
            d.time_columns.push_back(column);
        }
        if (everywhere(column,
                       [](const DeriveInput& in) -> const std::vector<int>& { return in.traits.proctime; })) {
            d.traits.proctime.push_back(column);
        }
    }
    for (const DeriveInput& in : inputs) {
        if (in.node.mode != Mode::append) d.mode = Mode::retract;
    }
    return d;
}

Derived of(const NormalizeNode& n, const Inputs& inputs, const Names&) {
    Derived d = passing(inputs[0]);
    d.mode = Mode::retract;
    d.traits.keys = {n.keys};
    return d;
}

Derived of(const ValuesNode& n, const Inputs&, const Names&) {
    Derived d;
    d.single_row = n.rows.size() == 1;
    return d;
}

}  // namespace

std::vector<Field> unnest_fields(const UnnestNode& unnest) {
    const DataType& type = unnest.collection->type;
    std::vector<Field> out;
    const auto add = [&](std::string name, DataType t, bool nullable) {
        if (nullable || unnest.outer) t.nullable = true;
        out.push_back({std::move(name), std::move(t)});
    };
    if (type.kind == TypeKind::map) {
        add("key", type.child(0).type, false);
        add("value", type.child(1).type, false);
    } else {
        MR_CHECK(type.kind == TypeKind::array, "UNNEST of {}", type.to_string());
        const DataType& element = type.child(0).type;
        if (element.kind == TypeKind::row) {
            for (const Field& f : *element.children) add(f.name, f.type, element.nullable);
        } else {
            add("element", element, false);
        }
    }
    if (unnest.ordinality) add("ORDINALITY", DataType::integer().with_nullable(false), false);
    return out;
}

Derived derive(const Operator& op, const std::vector<DeriveInput>& inputs,
               const std::vector<std::string>& names) {
    return std::visit([&](const auto& n) { return of(n, inputs, names); }, op);
}

}  // namespace mr::sql
