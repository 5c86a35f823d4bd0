#include "alerts/rule.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/suggest.h"

namespace mr::alerts {
namespace {

std::string place(std::string_view file, const YAML::Node& node) {
    return fmt::format("{}:{}:{}", file, node.Mark().line + 1, node.Mark().column + 1);
}

Result<Rule> parse_rule(const YAML::Node& node, std::string_view file) {
    static const std::vector<std::string> fields = {"name", "title",    "view",    "where",
                                                    "key",  "severity", "summary", "dashboard"};
    static const std::vector<std::string> severities = {"critical", "warning", "info"};
    if (!node.IsMap())
        return fail(Code::invalid_argument, "{}: expected a rule: a map with name and view",
                    place(file, node));
    Rule rule;
    rule.place = place(file, node);
    for (const auto& entry : node) {
        const std::string field = entry.first.Scalar();
        if (field == "where" && entry.second.IsMap()) {
            for (const auto& e : entry.second) rule.where.emplace_back(e.first.Scalar(), e.second.Scalar());
        } else if (field == "key" && entry.second.IsSequence()) {
            for (const auto& column : entry.second) rule.key.push_back(column.Scalar());
        } else if (std::ranges::find(fields, field) == fields.end()) {
            return fail(Code::invalid_argument, "{}: unknown field `{}`{}", place(file, entry.first), field,
                        did_you_mean(field, fields));
        } else if (!entry.second.IsScalar()) {
            return fail(Code::invalid_argument, "{}: `{}` has the wrong form", place(file, entry.second),
                        field);
        } else {
            const std::string value = entry.second.Scalar();
            if (field == "name") rule.name = value;
            if (field == "title") rule.title = value;
            if (field == "view") rule.view = value;
            if (field == "severity") rule.severity = value;
            if (field == "summary") rule.summary = value;
            if (field == "dashboard") rule.dashboard = value;
        }
    }
    if (rule.name.empty() || rule.view.empty())
        return fail(Code::invalid_argument, "{}: a rule needs a name and a view", rule.place);
    if (std::ranges::find(severities, rule.severity) == severities.end()) {
        return fail(Code::invalid_argument, "{}: unknown severity `{}`{}", rule.place, rule.severity,
                    did_you_mean(rule.severity, severities));
    }
    if (rule.title.empty()) rule.title = rule.name;
    if (rule.summary.empty()) rule.summary = rule.title;
    return rule;
}

}  // namespace

Result<std::vector<Rule>> parse_rules(std::string_view text, std::string_view file) {
    std::vector<Rule> rules;
    try {
        const YAML::Node root = YAML::Load(std::string(text));
        if (root.IsNull()) return rules;
        if (!root.IsSequence()) {
            MR_TRY(auto rule, parse_rule(root, file));
            rules.push_back(std::move(rule));
            return rules;
        }
        for (const auto& node : root) {
            MR_TRY(auto rule, parse_rule(node, file));
            rules.push_back(std::move(rule));
        }
    } catch (const YAML::Exception& e) {
        return fail(Code::invalid_argument, "{}:{}:{}: {}", file, e.mark.line + 1, e.mark.column + 1, e.msg);
    }
    return rules;
}

}  // namespace mr::alerts
