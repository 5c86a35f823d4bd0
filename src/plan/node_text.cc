// How operators read: describe() is hashed into fingerprints (node.cc).
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "plan/node.h"

namespace mr::plan {
namespace {

std::string name_of(const Schema& schema, int column) {
    if (column < 0 || static_cast<std::size_t>(column) >= schema.size()) return fmt::format("${}", column);
    return "`" + schema[static_cast<std::size_t>(column)].name + "`";
}

/// The same columns with names that differ: of equal ones the later carry their index, "k#4". What is hashed
/// must say which column is meant.
Schema distinguished(const Schema& schema) {
    std::set<std::string> seen;
    Schema out = schema;
    for (std::size_t i = 0; i < out.size(); ++i) {
        std::string& name = out.fields[i].name;
        if (!seen.insert(name).second) {
            name += fmt::format("#{}", i);
            while (!seen.insert(name).second) name += '#';
        }
    }
    return out;
}

std::string names_of(const Schema& schema, const std::vector<int>& columns) {
    std::string out;
    for (const int c : columns) out += (out.empty() ? "" : ", ") + name_of(schema, c);
    return "[" + out + "]";
}

std::string duration(std::int64_t ms) {
    struct Unit {
        std::int64_t ms;
        const char* name;
    };
    static constexpr Unit kUnits[] = {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "min"}, {1'000, "s"}};
    for (const Unit& u : kUnits) {
        if (ms != 0 && ms % u.ms == 0) return fmt::format("{} {}", ms / u.ms, u.name);
    }
    return fmt::format("{} ms", ms);
}

std::string call_text(const AggCall& call, const Schema& in) {
    std::string args;
    for (const ExprPtr& a : call.args) args += (args.empty() ? "" : ", ") + to_string(*a, &in);
    if (call.args.empty() && call.function == "COUNT") args = "*";
    std::string out = fmt::format("{}({}{})", call.function, call.distinct ? "DISTINCT " : "", args);
    if (call.filter) out += fmt::format(" FILTER (WHERE {})", to_string(*call.filter, &in));
    return out + " AS `" + call.name + "`";
}

std::string calls_text(const std::vector<AggCall>& calls, const Schema& in) {
    std::string out;
    for (const AggCall& c : calls) out += (out.empty() ? "" : ", ") + call_text(c, in);
    return "[" + out + "]";
}

std::string window_text(const WindowSpec& w, const Schema& in) {
    const std::string time = name_of(in, w.time_column);
    std::string out;
    switch (w.kind) {
        case WindowKind::tumble:
            out = fmt::format("TUMBLE({}, {})", time, duration(w.size_ms));
            break;
        case WindowKind::hop:
            out = fmt::format("HOP({}, slide {}, size {})", time, duration(w.slide_ms), duration(w.size_ms));
            break;
        case WindowKind::cumulate:
            out = fmt::format("CUMULATE({}, step {}, size {})", time, duration(w.slide_ms),
                              duration(w.size_ms));
            break;
        case WindowKind::session:
            out = fmt::format("SESSION({}, gap {}", time, duration(w.gap_ms));
            if (!w.partition_keys.empty()) out += ", partition " + names_of(in, w.partition_keys);
            out += ")";
            break;
    }
    if (w.offset_ms != 0) out += fmt::format(" offset {}", duration(w.offset_ms));
    return out;
}

std::string kind_text(JoinKind kind) {
    static constexpr const char* kNames[] = {"inner", "left", "right", "full", "semi", "anti"};
    return kNames[static_cast<std::size_t>(kind)];
}

/// The columns a join's condition sees: left, then right; right ones with a name the left has get a mark.
Schema joined(const Node& node) {
    Schema out = node.inputs[0]->schema;
    const std::size_t left = out.size();
    for (Field f : node.inputs[1]->schema.fields) {
        const auto end = out.fields.begin() + static_cast<std::ptrdiff_t>(left);
        if (std::any_of(out.fields.begin(), end, [&](const Field& l) { return l.name == f.name; })) {
            f.name = "right." + f.name;
        }
        out.fields.push_back(std::move(f));
    }
    return distinguished(out);
}

std::string keys_text(const Node& node, const std::vector<int>& left, const std::vector<int>& right) {
    std::string out;
    const Schema l = distinguished(node.inputs[0]->schema);
    const Schema r = distinguished(node.inputs[1]->schema);
    for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
        out += fmt::format("{}{} = {}", i == 0 ? "" : " AND ", name_of(l, left[i]), name_of(r, right[i]));
    }
    return out.empty() ? "TRUE" : out;
}

struct Describe {
    const Node& node;
    /// The first input's columns, under names that differ.
    Schema first;
    [[nodiscard]] const Schema& in() const { return first; }
    [[nodiscard]] std::string side(std::size_t input, int column) const {
        return name_of(distinguished(node.inputs[input]->schema), column);
    }

    std::string operator()(const SourceNode& n) const {
        std::string cols;
        for (const int c : n.columns) {
            const TableColumn& column = n.table->columns[static_cast<std::size_t>(c)];
            cols += (cols.empty() ? "`" : ", `") + column.name + "`";
            if (column.kind == ColumnKind::metadata) cols += " METADATA '" + column.metadata_key + "'";
            if (column.kind == ColumnKind::computed && column.expression) {
                const Schema all = n.table->schema();
                cols += " AS " + to_string(*column.expression, &all);
            }
        }
        std::string out = fmt::format("{}, columns=[{}]", n.table->name, cols);
        if (n.table->watermark) {
            const Schema all = n.table->schema();
            out += fmt::format(", watermark={} AS {}", name_of(all, n.table->watermark->column),
                               to_string(*n.table->watermark->expression, &all));
        }
        if (!n.table->hinted.empty()) out += ", options=[" + n.table->hinted + "]";
        return out;
    }
    std::string operator()(const ProjectNode& n) const {
        std::string out;
        for (std::size_t i = 0; i < n.expressions.size(); ++i) {
            const std::string text = to_string(*n.expressions[i], &in());
            const std::string name = name_of(node.schema, static_cast<int>(i));
            out += (i == 0 ? "" : ", ") + (text == name ? text : text + " AS " + name);
        }
        return out;
    }
    std::string operator()(const FilterNode& n) const { return to_string(*n.condition, &in()); }
    std::string operator()(const AggregateNode& n) const {
        return fmt::format("keys={}, calls={}", names_of(in(), n.keys), calls_text(n.calls, in()));
    }
    std::string operator()(const WindowTvfNode& n) const {
        return window_text(n.window, in()) + (n.drop_late ? ", without late rows" : "");
    }
    std::string operator()(const WindowAggregateNode& n) const {
        std::string columns;
        for (const std::string& c : n.window_columns) columns += (columns.empty() ? "" : ", ") + c;
        return fmt::format("{}, keys={}, calls={}, window=[{}]", window_text(n.window, in()),
                           names_of(in(), n.keys), calls_text(n.calls, in()), columns);
    }
    std::string operator()(const JoinNode& n) const {
        return fmt::format("{}, on={}{}{}", kind_text(n.kind), keys_text(node, n.left_keys, n.right_keys),
                           residual(n.residual), n.null_safe ? ", NULL = NULL" : "");
    }
    std::string operator()(const IntervalJoinNode& n) const {
        return fmt::format("{}, on={}, {} BETWEEN {} + {} AND {} + {}{}", kind_text(n.kind),
                           keys_text(node, n.left_keys, n.right_keys), side(1, n.right_time),
                           side(0, n.left_time), duration(n.lower_ms), side(0, n.left_time),
                           duration(n.upper_ms), residual(n.residual));
    }
    std::string operator()(const TemporalJoinNode& n) const {
        if (n.processing_time) {
            return fmt::format("{}, on={}, as of PROCTIME(){}", kind_text(n.kind),
                               keys_text(node, n.left_keys, n.right_keys), residual(n.residual));
        }
        return fmt::format("{}, on={}, as of {}, versions by {}{}", kind_text(n.kind),
                           keys_text(node, n.left_keys, n.right_keys), side(0, n.left_time),
                           side(1, n.right_time), residual(n.residual));
    }
    std::string operator()(const OverNode& n) const {
        const std::string order =
            n.processing_time ? std::string("PROCTIME()") : name_of(in(), n.order_column);
        std::string frame = "UNBOUNDED";
        if (n.preceding) frame = n.range ? duration(*n.preceding) : std::to_string(*n.preceding);
        return fmt::format("partition={}, order={}, {} {} PRECEDING, calls={}",
                           names_of(in(), n.partition_keys), order, n.range ? "RANGE" : "ROWS", frame,
                           calls_text(n.calls, in()));
    }
    std::string operator()(const TopNNode& n) const {
        static constexpr const char* kRanks[] = {"ROW_NUMBER", "RANK", "DENSE_RANK"};
        return fmt::format("{} {}..{}, partition={}, order=[{}]{}", kRanks[static_cast<std::size_t>(n.rank)],
                           n.low, n.high, names_of(in(), n.partition_keys), sorted(n.order),
                           n.with_rank ? ", with rank" : "");
    }
    std::string operator()(const SortedOverNode& n) const {
        return fmt::format("partition={}, order=[{}], {} {} PRECEDING, calls={}",
                           names_of(in(), n.partition_keys), sorted(n.order), n.range ? "RANGE" : "ROWS",
                           n.preceding ? std::to_string(*n.preceding) : std::string("UNBOUNDED"),
                           calls_text(n.calls, in()));
    }
    [[nodiscard]] std::string sorted(const std::vector<SortKey>& keys) const {
        std::string order;
        for (const SortKey& k : keys) {
            order += fmt::format(
                "{}{} {}{}", order.empty() ? "" : ", ", name_of(in(), k.column),
                k.descending ? "DESC" : "ASC",
                k.nulls_last != k.descending ? (k.nulls_last ? " NULLS LAST" : " NULLS FIRST") : "");
        }
        return order;
    }
    std::string operator()(const DeduplicateNode& n) const {
        return fmt::format("keys={}, keep {} by {}", names_of(in(), n.keys), n.keep_last ? "last" : "first",
                           n.processing_time ? std::string("PROCTIME()") : name_of(in(), n.time_column));
    }
    std::string operator()(const ProcessingTimeNode&) const { return {}; }
    std::string operator()(const MatchNode& n) const { return plan::describe(n, in()); }
    std::string operator()(const UnnestNode& n) const {
        return fmt::format("{}{}{}", to_string(*n.collection, &in()), n.outer ? ", outer" : "",
                           n.ordinality ? ", with ordinality" : "");
    }
    std::string operator()(const UnionAllNode&) const { return fmt::format("{} inputs", node.inputs.size()); }
    std::string operator()(const NormalizeNode& n) const { return "keys=" + names_of(in(), n.keys); }
    std::string operator()(const ValuesNode& n) const {
        std::string out;
        for (const auto& row : n.rows) {
            std::string values;
            for (const ExprPtr& e : row) values += (values.empty() ? "" : ", ") + to_string(*e);
            out += (out.empty() ? "(" : ", (") + values + ")";
        }
        return out;
    }

    std::string residual(const ExprPtr& condition) const {
        if (!condition) return "";
        const Schema both = joined(node);
        return ", where=" + to_string(*condition, &both);
    }
};

}  // namespace

std::string describe(const Node& node) {
    std::string out = std::visit(
        Describe{node, distinguished(node.inputs.empty() ? node.schema : node.inputs[0]->schema)}, node.op);
    const auto [first, second] = node.state_ttl_ms;
    if (first == 0 && second == 0) return out;
    out += node.inputs.size() > 1 ? fmt::format(", state kept {} and {} ms", first, second)
                                  : fmt::format(", state kept {} ms", first);
    return out;
}

}  // namespace mr::plan
