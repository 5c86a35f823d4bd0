#include "node/yaml_check.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>

#include "alerts/alert_engine.h"
#include "base/suggest.h"
#include "node/project.h"

namespace mr::node {
namespace {

/// Takes a number and the colon after it from the front of `text`; 0 if it is none.
int take_number(std::string_view& text) {
    int n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    const auto used = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || used >= text.size() || text[used] != ':') return 0;
    text.remove_prefix(used + 1);
    return n;
}

std::string_view line_of(std::string_view text, int line) {
    for (; line > 1; --line) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    text = text.substr(0, text.find('\n'));
    return text.substr(0, text.find('\r'));
}

/// Where the name or value at `col` (from 1) ends.
int end_of_token(std::string_view line, int col) {
    const auto from = static_cast<std::size_t>(col - 1);
    if (from >= line.size()) return col + 1;
    if (line[from] == '"' || line[from] == '\'') {
        const auto close = line.find(line[from], from + 1);
        return static_cast<int>(close == std::string_view::npos ? line.size() : close + 1) + 1;
    }
    std::size_t to = from;
    while (to < line.size() && std::string_view(",{}[]#").find(line[to]) == std::string_view::npos &&
           !(line[to] == ':' && (to + 1 == line.size() || line[to + 1] == ' '))) {
        ++to;
    }
    while (to > from + 1 && line[to - 1] == ' ') --to;
    return static_cast<int>(std::max(to, from + 1)) + 1;
}

/// Collects the mistakes of one file.
class Checker {
  public:
    Checker(const YamlFile& file, const ViewColumns& views, std::vector<sql::Diagnostic>& out)
        : file_(file), views_(views), out_(out) {}

    void error(const YAML::Node& at, const std::string& message) {
        out_.push_back(yaml_diagnostic(
            {Code::invalid_argument,
             fmt::format("{}:{}:{}: {}", file_.path, at.Mark().line + 1, at.Mark().column + 1, message)},
            file_.path, file_.text));
    }

    /// Every key of `map` is one of `fields`.
    void fields(const YAML::Node& map, const std::vector<std::string>& fields, std::string_view what) {
        for (const auto& entry : map) {
            const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
            if (std::ranges::find(fields, key) == fields.end())
                error(entry.first,
                      fmt::format("{} has no field `{}`{}", what, key, did_you_mean(key, fields)));
        }
    }

    /// One of `names`, where it is given.
    void one_of(const YAML::Node& map, const char* field, const std::vector<std::string>& names) {
        const YAML::Node value = map[field];
        if (!value) return;
        const std::string text = value.IsScalar() ? value.Scalar() : "";
        if (std::ranges::find(names, text) == names.end()) {
            error(value, fmt::format("`{}` cannot be `{}` (there are {}){}", field, text,
                                     fmt::join(names, ", "), did_you_mean(text, names)));
        }
    }

    /// The columns of the view that `node` names; nothing, with an error, if there is no such view.
    const std::vector<std::string>* view(const YAML::Node& node) {
        if (!node.IsScalar()) {
            error(node, "expected the name of a view");
            return nullptr;
        }
        const auto found = views_.find(node.Scalar());
        if (found != views_.end()) return &found->second;
        std::vector<std::string> names;
        for (const auto& [name, columns] : views_) names.push_back(name);
        error(node,
              fmt::format("there is no view `{}`{}", node.Scalar(), did_you_mean(node.Scalar(), names)));
        return nullptr;
    }

    void column(const YAML::Node& node, std::string_view name, std::string_view view,
                const std::vector<std::string>& columns) {
        if (std::ranges::find(columns, name) != columns.end()) return;
        error(node, fmt::format("view {} has no column `{}`{}", view, name, did_you_mean(name, columns)));
    }
    void column(const YAML::Node& map, const char* field, std::string_view view,
                const std::vector<std::string>& columns) {
        const YAML::Node value = map[field];
        if (value && value.IsScalar()) column(value, value.Scalar(), view, columns);
    }

    /// "departure desc, container_id"
    void order(const YAML::Node& node, std::string_view view, const std::vector<std::string>& columns) {
        if (!node || !node.IsScalar()) return;
        std::string_view rest = node.Scalar();
        while (!rest.empty()) {
            const auto comma = std::min(rest.find(','), rest.size());
            std::string_view part = rest.substr(0, comma);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
            part = part.substr(0, part.find_first_of(" :"));
            if (!part.empty()) column(node, part, view, columns);
        }
    }

  private:
    const YamlFile& file_;
    const ViewColumns& views_;
    std::vector<sql::Diagnostic>& out_;
};

const std::vector<std::string>& panel_types() {
    static const std::vector<std::string> types = {"tile",       "series", "top",    "table",
                                                   "exceptions", "alerts", "latency"};
    return types;
}

std::vector<std::string> panel_fields(std::string_view type) {
    std::vector<std::string> fields = {"type", "title", "view", "width", "where", "sort", "limit"};
    const auto add = [&](std::initializer_list<const char*> more) {
        fields.insert(fields.end(), more.begin(), more.end());
    };
    if (type == "tile") add({"value", "aggregate", "unit", "decimals", "spark", "goal", "warn", "critical"});
    if (type == "series") add({"x", "y", "series", "kind", "last", "unit"});
    if (type == "top") add({"label", "value"});
    if (type == "table" || type == "exceptions") add({"columns", "record", "severity"});
    if (type == "latency") add({"sent"});
    return fields;
}

void check_table_columns(Checker& check, const YAML::Node& list, std::string_view view,
                         const std::vector<std::string>& columns) {
    if (!list || !list.IsSequence()) return;
    for (const auto& item : list) {
        if (item.IsScalar()) {
            check.column(item, item.Scalar(), view, columns);
        } else if (item.IsMap()) {
            check.fields(item, {"column", "title", "format", "decimals", "of"}, "a column");
            check.column(item, "column", view, columns);
            check.column(item, "of", view, columns);
            check.one_of(item, "format",
                         {"text", "number", "time", "date", "since", "duration", "sigma", "of"});
        }
    }
}

void check_panel(Checker& check, const YAML::Node& panel) {
    if (!panel.IsMap()) return check.error(panel, "expected a panel: {type: …, view: …}");
    const YAML::Node type = panel["type"];
    if (!type || !type.IsScalar()) return check.error(panel, "a panel needs a type");
    check.one_of(panel, "type", panel_types());
    const std::string kind = type.Scalar();
    if (std::ranges::find(panel_types(), kind) == panel_types().end()) return;
    check.fields(panel, panel_fields(kind), fmt::format("a panel of type {}", kind));
    check.one_of(panel, "aggregate", {"first", "count", "sum", "max", "min"});
    check.one_of(panel, "goal", {"high", "low", "none"});
    check.one_of(panel, "kind", {"bars", "line", "area"});
    if (kind == "alerts") return;
    if (kind == "latency") {
        const YAML::Node sent = panel["sent"];
        if (!sent || !sent.IsMap() || !sent["view"]) return;
        if (const auto* columns = check.view(sent["view"]))
            check.column(sent, "column", sent["view"].Scalar(), *columns);
        return;
    }
    if (!panel["view"]) return check.error(panel, "a panel needs a view");
    const auto* columns = check.view(panel["view"]);
    if (columns == nullptr) return;
    const std::string view = panel["view"].Scalar();
    for (const char* field : {"value", "spark", "x", "y", "series", "label"})
        check.column(panel, field, view, *columns);
    check.order(panel["sort"], view, *columns);
    if (panel["where"] && panel["where"].IsMap()) {
        for (const auto& e : panel["where"]) check.column(e.first, e.first.Scalar(), view, *columns);
    }
    check_table_columns(check, panel["columns"], view, *columns);
    if (panel["severity"] && panel["severity"].IsMap())
        check.column(panel["severity"], "column", view, *columns);
    if (panel["record"] && panel["record"].IsMap()) check.column(panel["record"], "offset", view, *columns);
}

}  // namespace

sql::Diagnostic yaml_diagnostic(const Error& error, std::string_view file, std::string_view text) {
    sql::Diagnostic out;
    out.code = "M5001";
    out.file = file;
    std::string_view message = error.message;
    if (message.starts_with(std::string(file) + ":")) {
        message.remove_prefix(file.size() + 1);
        out.line = take_number(message);
        out.col = std::max(1, take_number(message));
        if (message.starts_with(' ')) message.remove_prefix(1);
        out.source_line = line_of(text, out.line);
        out.end_col = end_of_token(out.source_line, out.col);
    }
    const SuggestingMessage parts = split_suggestion(message);
    out.message = parts.message;
    if (!parts.suggestion.empty()) {
        out.code = "M5002";
        out.note = fmt::format("did you mean `{}`?", parts.suggestion);
    }
    return out;
}

void check_dashboard(const YamlFile& file, const ViewColumns& views, std::vector<sql::Diagnostic>& out) {
    Checker check(file, views, out);
    try {
        const YAML::Node root = YAML::Load(file.text);
        if (root.IsNull()) return;
        if (!root.IsMap()) return check.error(root, "expected a map with title and panels");
        check.fields(root, {"title", "order", "clock", "views", "panels"}, "a dashboard");
        if (root["clock"] && root["clock"].IsMap() && root["clock"]["view"]) {
            if (const auto* columns = check.view(root["clock"]["view"]))
                check.column(root["clock"], "column", root["clock"]["view"].Scalar(), *columns);
        }
        if (root["views"] && root["views"].IsMap()) {
            for (const auto& entry : root["views"]) {
                const auto* columns = check.view(entry.first);
                if (!entry.second.IsMap() || columns == nullptr) continue;
                check.fields(entry.second, {"order", "limit"}, "a view of a dashboard");
                check.order(entry.second["order"], entry.first.Scalar(), *columns);
            }
        }
        if (!root["panels"]) return;
        if (!root["panels"].IsSequence()) return check.error(root["panels"], "expected a list of panels");
        for (const auto& panel : root["panels"]) check_panel(check, panel);
    } catch (const YAML::Exception& e) {
        out.push_back(yaml_diagnostic(
            {Code::invalid_argument,
             fmt::format("{}:{}:{}: {}", file.path, e.mark.line + 1, e.mark.column + 1, e.msg)},
            file.path, file.text));
    }
}

void check_alerts(const YamlFile& file, const ViewColumns& views, std::vector<sql::Diagnostic>& out) {
    const auto rules = alerts::parse_rules(file.text, file.path);
    if (!rules) {
        out.push_back(yaml_diagnostic(rules.error(), file.path, file.text));
        return;
    }
    const auto error = [&](const alerts::Rule& rule, const std::string& message) {
        out.push_back(
            yaml_diagnostic({Code::invalid_argument, rule.place + ": " + message}, file.path, file.text));
    };
    std::vector<std::string> names;
    for (const auto& [name, columns] : views) names.push_back(name);
    for (const alerts::Rule& rule : *rules) {
        const auto view = views.find(rule.view);
        if (view == views.end()) {
            error(rule, fmt::format("rule {}: there is no view `{}`{}", rule.name, rule.view,
                                    did_you_mean(rule.view, names)));
            continue;
        }
        const auto column = [&](std::string_view name, std::string_view where) {
            if (std::ranges::find(view->second, name) != view->second.end()) return;
            error(rule, fmt::format("rule {}, {}: view {} has no column `{}`{}", rule.name, where, rule.view,
                                    name, did_you_mean(name, view->second)));
        };
        for (const std::string& key : rule.key) column(key, "key");
        for (const auto& [name, value] : rule.where) column(name, "where");
        std::string_view rest = rule.summary;
        for (auto open = rest.find("{{"); open != std::string_view::npos; open = rest.find("{{")) {
            rest.remove_prefix(open + 2);
            const auto close = rest.find("}}");
            if (close == std::string_view::npos) break;
            std::string_view name = rest.substr(0, close);
            while (name.starts_with(' ')) name.remove_prefix(1);
            while (name.ends_with(' ')) name.remove_suffix(1);
            column(name, "summary");
        }
    }
}

}  // namespace mr::node
