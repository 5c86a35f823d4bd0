#include "plan/match.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace mr::plan {
namespace {

std::string column_name(const Schema& schema, int column) {
    if (column < 0 || static_cast<std::size_t>(column) >= schema.size()) return fmt::format("${}", column);
    return schema[static_cast<std::size_t>(column)].name;
}

std::string place_name(const MatchNode& node, const MatchPlace& p, const Schema& input) {
    const std::string of =
        p.variable < 0 ? std::string("*") : node.variables[static_cast<std::size_t>(p.variable)].name;
    switch (p.kind) {
        case MatchPlace::Kind::first:
            return fmt::format("FIRST({}.{}, {})", of, column_name(input, p.column), p.offset);
        case MatchPlace::Kind::last:
            if (p.offset == 0) return fmt::format("{}.{}", of, column_name(input, p.column));
            return fmt::format("LAST({}.{}, {})", of, column_name(input, p.column), p.offset);
        case MatchPlace::Kind::row_time:
            return "MATCH_ROWTIME()";
        case MatchPlace::Kind::classifier:
            return "CLASSIFIER()";
        case MatchPlace::Kind::aggregate:
            break;
    }
    std::string args;
    for (const ExprPtr& a : p.call.args) args += (args.empty() ? "" : ", ") + to_string(*a, &input);
    std::string out =
        fmt::format("{}.{}({}{})", of, p.call.function, p.call.distinct ? "DISTINCT " : "", args);
    if (p.call.filter) out += fmt::format(" FILTER (WHERE {})", to_string(*p.call.filter, &input));
    return out;
}

std::string quantifier(const MatchVariable& v) {
    if (v.least == 1 && v.most == 1) return "";
    std::string out =
        v.most < 0 ? fmt::format("{{{},}}", v.least) : fmt::format("{{{},{}}}", v.least, v.most);
    return v.greedy ? out : out + "?";
}

}  // namespace

Schema match_places(const MatchNode& node, const Schema& input) {
    Schema out;
    for (const MatchPlace& p : node.places) {
        out.fields.push_back({(p.final ? "FINAL " : "") + place_name(node, p, input), p.type});
    }
    return out;
}

std::string describe(const MatchNode& node, const Schema& input) {
    const Schema places = match_places(node, input);
    std::string partition;
    for (const int k : node.partition_keys) {
        partition += (partition.empty() ? "`" : ", `") + column_name(input, k) + "`";
    }
    std::string order =
        node.processing_time ? "PROCTIME()" : "`" + column_name(input, node.order_column) + "`";
    for (const SortKey& o : node.then_by) {
        order +=
            fmt::format(", `{}` {}{}", column_name(input, o.column), o.descending ? "DESC" : "ASC",
                        o.nulls_last != o.descending ? (o.nulls_last ? " NULLS LAST" : " NULLS FIRST") : "");
    }
    std::string pattern;
    std::string define;
    for (const MatchVariable& v : node.variables) {
        pattern += (pattern.empty() ? "" : " ") + v.name + quantifier(v);
        if (v.condition) {
            define += fmt::format("{}{} AS {}", define.empty() ? "" : ", ", v.name,
                                  to_string(*v.condition, &places));
        }
    }
    std::string measures;
    for (const ExprPtr& m : node.measures)
        measures += (measures.empty() ? "" : ", ") + to_string(*m, &places);
    static constexpr std::array<std::string_view, 4> kSkips = {"to next row", "past last row", "to first",
                                                               "to last"};
    std::string out =
        fmt::format("pattern=({}), partition=[{}], order=[{}], define=[{}], measures=[{}], skip {}", pattern,
                    partition, order, define, measures, kSkips[static_cast<std::size_t>(node.skip)]);
    if (node.skip_variable >= 0)
        out += " " + node.variables[static_cast<std::size_t>(node.skip_variable)].name;
    if (node.all_rows) out += ", all rows";
    if (node.within_ms) out += fmt::format(", within {} ms", *node.within_ms);
    return out;
}

}  // namespace mr::plan
