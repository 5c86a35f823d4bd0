#include "emit/internal/rewriter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emit/internal/keywords.h"

namespace mr::emit {

using sql::OutlineCall;
using sql::OutlineTable;
using sql::TextRange;

bool is_ours(std::string_view option) {
    constexpr std::array<std::string_view, 8> kOurs = {"strict",     "accept-async",      "time-column",
                                                       "retention",  "idle-timeout",      "late",
                                                       "partitions", "replication-factor"};
    return std::ranges::find(kOurs, option) != kOurs.end();
}

std::string rows_name(const Project& project, const Pipeline& pipeline, std::string_view view) {
    std::string name = fmt::format("{}__rows", view);
    while (project.find(&pipeline, name) != nullptr || project.read.contains(name)) name += "_";
    return name;
}

Rewriter::Rewriter(const Project& project, const Pipeline* pipeline, const sql::Outline& file)
    : project_(project), pipeline_(pipeline), file_(file) {
    for (const sql::OutlineName& n : file.names) {
        if (!n.quoted && is_flink_reserved(n.text)) replace(n.range, quoted(n.text));
    }
    for (const OutlineTable& t : file.tables) table(t);
    for (const OutlineCall& c : file.calls) {
        if (const Function* f = project_.function(pipeline_, c.function); f != nullptr)
            add(c.range, [this, &c, f] { return call(c, *f); });
    }
    for (const auto& [feature, range] : file.features) {
        if (feature == sql::OutlineFeature::table_query) replace(range, "");
    }
    hints();
}

void Rewriter::add(TextRange range, std::function<std::string()> make) {
    const auto at = std::ranges::lower_bound(
        edits_, range,
        [](const TextRange& a, const TextRange& b) {
            return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
        },
        &Edit::range);
    edits_.insert(at, {range, std::move(make)});
}

void Rewriter::replace(TextRange range, std::string by) {
    add(range, [by = std::move(by)] { return by; });
}

std::string Rewriter::text(TextRange range) const {
    std::string out;
    std::uint32_t at = range.begin;
    for (const Edit& e : edits_) {
        if (e.range.begin < at || e.range.end > range.end) continue;
        out += file_.text({at, e.range.begin});
        out += e.make();
        at = e.range.end;
    }
    return out += file_.text({at, range.end});
}

std::string Rewriter::inlined(const Project& project, const Pipeline* pipeline, const Declared& view) {
    const bool local = pipeline != nullptr && &pipeline->outline == view.file;
    const Rewriter of_file(project, local ? pipeline : nullptr, *view.file);
    std::string query = "(" + of_file.text(view.statement->query) + ")";
    if (view.statement->view_columns.empty()) return query;
    std::string columns;
    for (const std::string& c : view.statement->view_columns)
        columns += (columns.empty() ? "" : ", ") + quoted(c);
    return fmt::format("(SELECT * FROM {} AS {} ({}))", query, quoted(view.statement->name), columns);
}

void Rewriter::table(const OutlineTable& t) {
    const Declared* d = project_.find(pipeline_, t.name);
    const std::string named = t.aliased || t.argument ? "" : " AS " + quoted(t.name);
    const bool materialized = pipeline_ != nullptr && pipeline_->views.contains(t.name);
    const bool rows = pipeline_ != nullptr && pipeline_->read_here.contains(t.name);
    if (d != nullptr && d->inlined && (!materialized || rows)) {
        add(t.argument ? t.whole : t.range,
            [this, d, named] { return inlined(project_, pipeline_, *d) + named; });
    } else if (rows) {
        replace(t.range, quoted(rows_name(project_, *pipeline_, t.name)) + named);
    } else if (file_.text(t.range).find('.') != std::string_view::npos) {
        replace(t.range, quoted(t.name));  // a project is one namespace
    }
}

/// Hints without options of ours; none left: no hint.
void Rewriter::hints() {
    std::map<std::uint32_t, std::pair<TextRange, std::string>> comments;
    std::map<std::uint32_t, bool> changed;
    for (const sql::OutlineHint& h : file_.hints) {
        std::string kept(file_.text(h.range));
        if (h.name == "OPTIONS" &&
            std::ranges::any_of(h.options, [](const auto& o) { return is_ours(o.first); })) {
            kept.clear();
            for (const auto& [key, value] : h.options) {
                if (is_ours(key)) continue;
                kept += fmt::format("{}{} = {}", kept.empty() ? "" : ", ", literal(key), literal(value));
            }
            if (!kept.empty()) kept = "OPTIONS(" + kept + ")";
            changed[h.comment.begin] = true;
        }
        auto& [range, all] = comments[h.comment.begin];
        range = h.comment;
        if (!kept.empty()) all += (all.empty() ? "" : ", ") + kept;
    }
    for (const auto& [begin, comment] : comments) {
        if (changed[begin])
            replace(comment.first, comment.second.empty() ? "" : "/*+ " + comment.second + " */");
    }
}

/// The function's expression with the arguments in it, as casts: a parameter has its own type.
std::string Rewriter::call(const OutlineCall& c, const Function& f) const {
    Rewriter body(project_, pipeline_, f.body);
    const auto& parameters = f.statement->parameters;
    for (const sql::OutlineName& n : f.body.names) {
        if (n.field) continue;
        const auto p = std::ranges::find(parameters, n.text, &std::pair<std::string, DataType>::first);
        const auto i = static_cast<std::size_t>(p - parameters.begin());
        if (p == parameters.end() || i >= c.arguments.size()) continue;
        std::string argument = text(c.arguments[i]);
        const auto first = argument.find_first_not_of(" \t\r\n");
        const auto last = argument.find_last_not_of(" \t\r\n");
        if (first != std::string::npos) argument = argument.substr(first, last - first + 1);
        body.replace(n.range,
                     fmt::format("CAST({} AS {})", argument, p->second.with_nullable(true).to_string()));
    }
    const std::string expression = body.text({0, static_cast<std::uint32_t>(f.body.source.text.size())});
    const auto first = expression.find_first_not_of(" \t\r\n");
    const auto last = expression.find_last_not_of(" \t\r\n");
    const std::string trimmed =
        first == std::string::npos ? "NULL" : expression.substr(first, last - first + 1);
    if (!f.statement->returns) return "(" + trimmed + ")";
    return fmt::format("CAST({} AS {})", trimmed, f.statement->returns->with_nullable(true).to_string());
}

}  // namespace mr::emit
