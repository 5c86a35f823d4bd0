#include "emit/internal/ddl.h"

#include <fmt/format.h>

#include <algorithm>

#include "emit/internal/keywords.h"
#include "emit/internal/rewriter.h"

namespace mr::emit {

using sql::OutlineColumn;
using sql::OutlineStatement;
using sql::Severity;

namespace {

std::string trimmed(std::string text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
    return text;
}

FlinkStatement statement_of(const Declared& d) {
    FlinkStatement out;
    out.file = d.file->source.path;
    out.line = line_of(d.file->source, d.statement->span.begin);
    out.comment = comments_of(d.file->text(d.statement->before));
    return out;
}

void add_notes(FlinkStatement& s, const std::vector<std::string>& notes) {
    for (const std::string& n : notes) s.comment += fmt::format("{}-- {}", s.comment.empty() ? "" : "\n", n);
}

TableRole role_of(const DdlContext& context, const Pipeline* pipeline, const Declared& table) {
    const Project::Settled settled = context.project.settled(pipeline, table);
    TableRole role;
    role.name = table.statement->name;
    role.source = context.project.read.contains(role.name);
    role.sink = context.project.inserts.contains(role.name);
    role.watermark = settled.watermark;
    role.primary_key = settled.primary_key;
    return role;
}

/// Metadata that nobody can write is VIRTUAL, said or not.
bool is_read_only(std::string_view key) {
    return key == "offset" || key == "leader-epoch" || key == "timestamp-type";
}

/// JSON objects have text for keys, and Flink does not write others.
bool has_untexted_map(const DataType& type) {
    if (!type.is_nested()) return false;
    if (type.kind == TypeKind::map && type.child(0).type.kind != TypeKind::string) return true;
    return std::ranges::any_of(*type.children, [](const Field& f) { return has_untexted_map(f.type); });
}

void check_columns(const DdlContext& context, const Declared& view, const plan::Table& table) {
    if (table.option("value.format", table.option("format")) != "json") return;
    for (const plan::TableColumn& c : table.columns) {
        if (!has_untexted_map(c.type)) continue;
        context.diagnostics.push_back(sql::diagnostic_at(
            view.file->source, view.statement->name_range, Severity::error, code::kNotInFlink,
            fmt::format("column \"{}\" of \"{}\" is {}: Flink's JSON has maps of text only", c.name,
                        table.name, c.type.to_string()),
            "CAST it AS MAP<STRING, …>"));
    }
}

void rewrite_columns(const Declared& table, Rewriter& text) {
    std::map<std::string, std::string, std::less<>> computed;
    for (const OutlineColumn& c : table.statement->columns) {
        if (c.kind == OutlineColumn::Kind::metadata && !c.is_virtual && is_read_only(c.metadata_key))
            text.replace({c.metadata_end, c.metadata_end}, " VIRTUAL");
        if (c.kind != OutlineColumn::Kind::computed) continue;
        // Flink computes from stored columns only.
        for (const sql::OutlineName& n : c.reads) {
            if (const auto it = computed.find(n.text); it != computed.end())
                text.replace(n.range, "(" + it->second + ")");
        }
        computed[c.name] = text.text(c.expression);
    }
}

/// CREATE TABLE AS: the query's columns that the list does not have.
std::string query_columns(const Declared& table, const plan::Table& made) {
    std::string out;
    for (const plan::TableColumn& c : made.columns) {
        if (std::ranges::find(table.statement->columns, c.name, &OutlineColumn::name) !=
            table.statement->columns.end())
            continue;
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", quoted(c.name), c.type.to_string());
    }
    return out;
}

}  // namespace

std::string comments_of(std::string_view text) {
    std::string out;
    int lines = 0;  // since the last comment
    const auto take = [&](std::size_t end) {
        if (!out.empty()) out += lines > 1 ? "\n\n" : "\n";
        out += trimmed(std::string(text.substr(0, end)));
        text.remove_prefix(std::min(end, text.size()));
        lines = 0;
    };
    while (!text.empty()) {
        if (text.starts_with("--")) {
            take(text.find('\n'));
        } else if (text.starts_with("/*")) {
            const auto close = text.find("*/", 2);
            take(close == std::string_view::npos ? close : close + 2);
        } else {
            lines += text.front() == '\n' ? 1 : 0;
            text.remove_prefix(1);
        }
    }
    return out;
}

bool is_transactional(const DdlContext& context, const Pipeline* pipeline, const Declared& table) {
    const MappedOptions mapped = map_options(context.project.settled(pipeline, table).options,
                                             role_of(context, pipeline, table), context.options);
    const std::string id = fmt::format("{}.{}", context.options.project, table.statement->name);
    return std::ranges::find(mapped.options, std::pair{std::string("sink.transactional-id-prefix"), id}) !=
           mapped.options.end();
}

FlinkStatement create_table(const DdlContext& context, const Pipeline* pipeline, const Declared& table,
                            const plan::TopicSink* sink) {
    const OutlineStatement& s = *table.statement;
    FlinkStatement out = statement_of(table);
    const MappedOptions mapped = map_options(context.project.settled(pipeline, table).options,
                                             role_of(context, pipeline, table), context.options);
    if (!mapped.error.empty()) {
        context.diagnostics.push_back(sql::diagnostic_at(table.file->source, s.name_range, Severity::error,
                                                         code::kNotInFlink, mapped.error, mapped.help));
    }
    if (!mapped.elsewhere.empty()) {
        context.diagnostics.push_back(sql::diagnostic_at(
            table.file->source, s.name_range, Severity::warning, code::kElsewhere, mapped.elsewhere,
            "let a connector take them from there, or name an Iceberg catalog with --lake"));
    }
    add_notes(out, mapped.notes);
    Rewriter text(context.project, pipeline, *table.file);
    rewrite_columns(table, text);
    std::uint32_t end = s.span.end;
    if (!s.as_range.empty()) end = s.as_range.begin;
    if (s.like) end = s.like_range.begin;
    if (!s.with.empty()) end = s.with.begin;
    const std::string added = sink == nullptr ? "" : query_columns(table, *sink->table);
    if (!added.empty() && s.has_columns) {
        const auto open = static_cast<std::uint32_t>(table.file->source.text.find('(', s.name_range.end));
        text.replace({open, open + 1}, "(" + added + ", ");
    }
    std::string body = trimmed(text.text({s.name_range.end, end}));
    if (!added.empty() && !s.has_columns) body = " (" + added + ")" + body;
    out.sql =
        fmt::format("CREATE TEMPORARY TABLE {}{} {}", quoted(s.name), body, with_clause(mapped.options));
    if (s.like) out.sql += fmt::format(" LIKE {} ({}EXCLUDING OPTIONS)", quoted(*s.like), s.like_items);
    return out;
}

FlinkStatement create_view(const DdlContext& context, const Pipeline* pipeline, const Declared& view,
                           const std::string& name) {
    const OutlineStatement& s = *view.statement;
    FlinkStatement out = statement_of(view);
    const Rewriter text(context.project, pipeline, *view.file);
    if (s.kind == OutlineStatement::Kind::create_view) {
        out.sql = fmt::format("CREATE TEMPORARY VIEW {}{}", quoted(name),
                              trimmed(text.text({s.name_range.end, s.span.end})));
        return out;
    }
    std::string columns;
    for (const std::string& c : s.view_columns) columns += (columns.empty() ? "" : ", ") + quoted(c);
    if (!columns.empty()) columns = " (" + columns + ")";
    out.sql = fmt::format("CREATE TEMPORARY VIEW {}{} AS\n{}", quoted(name), columns, text.text(s.query));
    return out;
}

FlinkStatement create_view_table(const DdlContext& context, const Pipeline& pipeline, const Declared& view,
                                 const plan::Sink& sink) {
    const auto& target = std::get<plan::ViewSink>(sink.target);
    const plan::Table& table = *target.table;
    check_columns(context, view, table);
    FlinkStatement out = statement_of(view);
    out.comment.clear();
    TextOptions options;
    for (const auto& [key, option] : table.options) options.emplace_back(key, option.value);
    TableRole role;
    role.name = target.view;
    role.sink = true;
    role.source =
        context.project.read_elsewhere.contains(role.name) || pipeline.through_topic.contains(role.name);
    role.primary_key = true;
    const MappedOptions mapped = map_options(options, role, context.options);
    add_notes(out, mapped.notes);
    if (table.has_option("view.retention") || table.has_option("view.max-rows")) {
        add_notes(out, {"view.retention and view.max-rows: say it with the topic's retention"});
    }
    std::string columns;
    std::string key;
    std::string nullable;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const plan::TableColumn& c = table.columns[i];
        columns += fmt::format("  {} {},\n", quoted(c.name), c.type.with_nullable(true).to_string());
    }
    for (const int k : table.primary_key) {
        const auto at = static_cast<std::size_t>(k);
        key += (key.empty() ? "" : ", ") + quoted(table.columns[at].name);
        if (target.schema[at].type.nullable)
            nullable += (nullable.empty() ? "" : ", ") + table.columns[at].name;
    }
    if (!nullable.empty())
        add_notes(out,
                  {fmt::format("a key of Flink's is never NULL: a row without {} fails the job", nullable)});
    out.sql = fmt::format("CREATE TEMPORARY TABLE {} (\n{}  PRIMARY KEY ({}) NOT ENFORCED\n) {}",
                          quoted(role.name), columns, key, with_clause(mapped.options));
    return out;
}

}  // namespace mr::emit
