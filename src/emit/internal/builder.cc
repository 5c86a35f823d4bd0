#include "emit/internal/builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "emit/internal/keywords.h"
#include "emit/internal/rewriter.h"

namespace mr::emit {

using sql::OutlineStatement;
using Kind = OutlineStatement::Kind;

namespace {

/// Names a statement reads.
std::set<std::string> needs_of(const Declared& d) {
    std::set<std::string> out;
    for (const sql::OutlineTable& t : d.file->tables) {
        if (d.statement->span.contains(t.range)) out.insert(t.name);
    }
    if (d.statement->like) out.insert(*d.statement->like);
    return out;
}

/// The plan's sink of an INSERT or CREATE TABLE AS, by its table and line.
const plan::Sink* sink_of(const Pipeline& p, const std::string& table, int line) {
    const plan::Sink* found = nullptr;
    if (p.program == nullptr) return found;
    for (const plan::Sink& s : p.program->sinks) {
        const auto* topic = std::get_if<plan::TopicSink>(&s.target);
        if (topic == nullptr || topic->table->name != table) continue;
        if (found == nullptr || s.line == line) found = &s;
    }
    return found;
}

}  // namespace

void Builder::set(const std::string& key, const std::string& value, const std::string& comment) {
    FlinkStatement s;
    s.kind = FlinkStatement::Kind::set;
    s.comment = comment;
    s.sql = fmt::format("SET {} = {}", literal(key), literal(value));
    out_.statements.push_back(std::move(s));
}

FlinkScript Builder::run() {
    settings();
    streams();
    for (const auto& p : project_.pipelines) pipeline(*p);
    return std::move(out_);
}

void Builder::settings() {
    set("execution.runtime-mode", "streaming",
        fmt::format("{} for Apache Flink SQL, written by: millrace compile --target flink\n"
                    "-- What differs on Flink: docs/flink.md of millrace.",
                    "-- " + options_.project));
    set("table.local-time-zone", "UTC");
    set("execution.checkpointing.interval", fmt::format("{} ms", options_.checkpoint_ms),
        options_.exactly_once ? "-- Results become visible with each checkpoint." : "");
    set("execution.checkpointing.mode", options_.exactly_once ? "EXACTLY_ONCE" : "AT_LEAST_ONCE");
}

void Builder::streams() {
    const DdlContext context{project_, options_, out_.diagnostics};
    std::vector<Item> items;
    for (const auto& file : project_.streams) {
        for (const OutlineStatement& s : file->statements) {
            const auto it = project_.objects.find(s.name);
            if (it == project_.objects.end() || it->second.statement != &s) continue;
            const Declared& d = it->second;
            Item item{s.name, needs_of(d), {}, s.kind != Kind::create_table, s.name};
            if (s.kind == Kind::create_table) {
                item.statements.push_back(create_table(context, nullptr, d, nullptr));
            } else if (!d.inlined) {
                item.statements.push_back(create_view(context, nullptr, d, s.name));
            }
            items.push_back(std::move(item));
        }
    }
    put_in_order(std::move(items), nullptr);
}

void Builder::put_in_order(std::vector<Item> items, const Pipeline* pipeline) {
    const auto waits = [&](const Item& item) {
        return std::ranges::any_of(items, [&](const Item& other) {
            return !other.done && &other != &item && item.needs.contains(other.name);
        });
    };
    for (std::size_t left = items.size(); left > 0; --left) {
        auto next = std::ranges::find_if(items, [&](const Item& i) { return !i.done && !waits(i); });
        if (next == items.end()) next = std::ranges::find(items, false, &Item::done);
        next->done = true;
        make_room(*next, pipeline);
        for (FlinkStatement& s : next->statements) out_.statements.push_back(std::move(s));
    }
}

/// Files may give their own objects the names that others gave theirs; a session of Flink's has one of each.
void Builder::make_room(const Item& item, const Pipeline* pipeline) {
    if (pipeline == nullptr || item.statements.empty()) return;
    if (const auto it = local_.find(item.object); it != local_.end()) {
        FlinkStatement drop;
        drop.sql = fmt::format("DROP TEMPORARY {} {}", it->second ? "VIEW" : "TABLE", quoted(item.object));
        out_.statements.push_back(std::move(drop));
        local_.erase(it);
    }
    local_.emplace(item.object, item.view);
}

void Builder::view_objects(const Pipeline& p, const Declared& view, std::vector<Item>& items) {
    const DdlContext context{project_, options_, out_.diagnostics};
    const std::string& name = view.statement->name;
    const auto sink = p.views.find(name);
    if (sink == p.views.end()) return;
    const bool rows = p.read_here.contains(name) && !view.inlined;
    Item table{p.through_topic.contains(name) ? name : "", {}, {}, false, name};
    table.statements.push_back(create_view_table(context, p, view, *sink->second));
    // Its readers in this file wait for its rows; nobody waits for its topic.
    items.push_back(std::move(table));
    Item item{name, needs_of(view), {}, true, rows_name(project_, p, name)};
    if (rows) item.statements.push_back(create_view(context, &p, view, rows_name(project_, p, name)));
    if (p.read_here.contains(name)) items.push_back(std::move(item));
}

std::vector<Builder::Item> Builder::objects(const Pipeline& p) {
    const DdlContext context{project_, options_, out_.diagnostics};
    std::vector<Item> items;
    for (const OutlineStatement& s : p.outline.statements) {
        const auto it = p.objects.find(s.name);
        if (it == p.objects.end() || it->second.statement != &s) continue;
        const Declared& d = it->second;
        if (s.kind == Kind::create_materialized_view) {
            view_objects(p, d, items);
            continue;
        }
        Item item{s.name,
                  s.kind == Kind::create_table ? std::set<std::string>{} : needs_of(d),
                  {},
                  s.kind != Kind::create_table,
                  s.name};
        if (s.like) item.needs.insert(*s.like);
        if (s.kind == Kind::create_table) {
            const plan::Sink* sink =
                s.query.empty() ? nullptr : sink_of(p, s.name, line_of(p.outline.source, s.name_range.begin));
            item.statements.push_back(create_table(
                context, &p, d, sink == nullptr ? nullptr : &std::get<plan::TopicSink>(sink->target)));
        } else if (!d.inlined) {
            item.statements.push_back(create_view(context, &p, d, s.name));
        }
        items.push_back(std::move(item));
    }
    return items;
}

void Builder::pipeline_settings(const Pipeline& p, std::vector<std::string>& keys) {
    set("pipeline.name", job_name(options_, p.name), fmt::format("-- pipelines/{}.sql: one job.", p.name));
    keys.emplace_back("pipeline.name");
    if (const auto it = options_.savepoints.find(p.name); it != options_.savepoints.end()) {
        set("execution.state-recovery.path", it->second);
        keys.emplace_back("execution.state-recovery.path");
    }
    for (const OutlineStatement& s : p.outline.statements) {
        if (s.kind != Kind::set || s.key.empty()) continue;
        set(s.key, s.value, comments_of(p.outline.text(s.before)));
        out_.statements.back().file = p.outline.source.path;
        out_.statements.back().line = line_of(p.outline.source, s.span.begin);
        keys.push_back(s.key);
    }
}

void Builder::pipeline(const Pipeline& p) {
    if (p.program == nullptr || p.program->sinks.empty()) return;
    std::vector<std::string> keys;
    pipeline_settings(p, keys);
    put_in_order(objects(p), &p);
    out_.statements.push_back(job(p));
    for (const std::string& key : keys) {
        FlinkStatement s;
        s.kind = FlinkStatement::Kind::set;
        s.sql = fmt::format("RESET {}", literal(key));
        out_.statements.push_back(std::move(s));
    }
}

/// Flink writes rows with one event time at most: the others become plain timestamps.
std::string Builder::one_time_column(const plan::Sink& sink, const std::string& query) const {
    const plan::Node& root = *sink.root;
    if (root.time_columns.size() < 2) return query;
    std::string names;
    std::string values;
    for (std::size_t i = 0; i < root.schema.size(); ++i) {
        const std::string name = quoted(fmt::format("c{}", i + 1));
        const auto at = std::ranges::find(root.time_columns, static_cast<int>(i));
        const bool plain = at != root.time_columns.end() && at != root.time_columns.begin();
        names += (i == 0 ? "" : ", ") + name;
        values += (i == 0 ? "" : ", ");
        values +=
            plain ? fmt::format("CAST({} AS {})", name, root.schema[i].type.with_nullable(true).to_string())
                  : name;
    }
    return fmt::format("SELECT {} FROM (\n{}\n) AS q ({})", values, query, names);
}

void Builder::add_insert(const Pipeline& p, FlinkStatement& job, const std::string& target,
                         const std::string& columns, const std::string& query, const std::string& comment,
                         int line) {
    FlinkInsert insert;
    insert.file = p.outline.source.path;
    insert.line = line;
    std::string hint;
    const Declared* table = project_.find(&p, target);
    const auto count = project_.inserts.find(target);
    const bool hinted = columns.find("/*+") != std::string::npos;
    if (count != project_.inserts.end() && count->second > 1 && table != nullptr && !hinted) {
        const DdlContext context{project_, options_, out_.diagnostics};
        // Two writers of one topic need two names for their transactions.
        if (is_transactional(context, &p, *table)) {
            hint = fmt::format(
                " /*+ OPTIONS('sink.transactional-id-prefix' = {}) */",
                literal(fmt::format("{}.{}.{}", options_.project, target, ++inserts_so_far_[target])));
        }
    }
    insert.sql = fmt::format("INSERT INTO {}{}{}\n{}", quoted(target), hint, columns, query);
    job.sql += fmt::format("\n{}{}{};\n", comment, comment.empty() ? "" : "\n", insert.sql);
    job.inserts.push_back(std::move(insert));
}

FlinkStatement Builder::job(const Pipeline& p) {
    FlinkStatement out;
    out.kind = FlinkStatement::Kind::job;
    out.pipeline = p.name;
    out.file = p.outline.source.path;
    out.line = 1;
    out.sql = "EXECUTE STATEMENT SET BEGIN\n";
    const Rewriter text(project_, &p, p.outline);
    const auto line_at = [&](std::uint32_t offset) { return line_of(p.outline.source, offset); };
    for (const OutlineStatement& s : p.outline.statements) {
        const std::string before = comments_of(p.outline.text(s.before));
        if (s.kind == Kind::create_materialized_view && p.views.contains(s.name)) {
            const Declared& d = p.objects.find(s.name)->second;
            const bool rows = p.read_here.contains(s.name) && !d.inlined;
            const std::string query =
                rows ? "SELECT * FROM " + quoted(rows_name(project_, p, s.name))
                     : one_time_column(*p.views.find(s.name)->second, text.text(s.query));
            add_insert(p, out, s.name, "", query, rows ? "" : before, line_at(s.span.begin));
        }
        if (s.kind == Kind::create_table && !s.query.empty()) {
            const plan::Sink* sink = sink_of(p, s.name, line_at(s.name_range.begin));
            if (sink == nullptr) continue;
            std::string columns;
            for (const Field& f : sink->root->schema.fields)
                columns += (columns.empty() ? "" : ", ") + quoted(f.name);
            add_insert(p, out, s.name, " (" + columns + ")",
                       fmt::format("SELECT {} FROM (\n{}\n)", columns, text.text(s.query)), "",
                       line_at(s.query.begin));
        }
        std::uint32_t at = s.span.begin;
        for (const sql::OutlineInsert& i : s.inserts) {
            std::string comment = &i == &s.inserts.front() ? before : "";
            const std::string inside = comments_of(p.outline.text({at, i.span.begin}));
            if (!inside.empty()) comment += (comment.empty() ? "" : "\n") + inside;
            at = i.span.end;
            const plan::Sink* sink = sink_of(p, i.table, line_at(i.span.begin));
            std::string query = text.text(i.query);
            if (sink != nullptr && i.columns.empty()) query = one_time_column(*sink, query);
            std::string columns = text.text({i.table_range.end, i.query.begin});
            while (!columns.empty() && std::isspace(static_cast<unsigned char>(columns.back())) != 0)
                columns.pop_back();
            add_insert(p, out, i.table, columns, query, comment, line_at(i.span.begin));
        }
    }
    out.sql += "\nEND";
    return out;
}

}  // namespace mr::emit
