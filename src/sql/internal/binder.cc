#include "sql/internal/binder.h"

#include <fmt/format.h>

#include <algorithm>

namespace mr::sql {

using namespace plan;

Binder::Binder(const Catalog& catalog, SourceFilePtr file, Diagnostics& diagnostics)
    : catalog_(catalog), file_(std::move(file)), diagnostics_(diagnostics) {}

void Binder::error(Span span, std::string_view code, std::string message, std::string note,
                   std::string help) {
    diagnostics_.error(*file_, span, code, {std::move(message), std::move(note), std::move(help)});
}

void Binder::not_yet(Span span, std::string_view what, std::string help) {
    diagnostics_.not_yet(*file_, span, what, std::move(help));
}

void Binder::error(Span span, const Error& e) {
    std::string_view c = code::kType;
    if (e.code == Code::not_found) c = code::kUnknownFunction;
    if (e.code == Code::unsupported) c = code::kNotYet;
    // "…; did you mean X?" goes beside the caret.
    std::string message = e.message;
    std::string note;
    if (const std::size_t at_note = message.find("; did you mean"); at_note != std::string::npos) {
        note = message.substr(at_note + 2);
        message.resize(at_note);
    }
    error(span, c, std::move(message), std::move(note));
}

std::vector<std::string> Binder::table_names() const {
    std::vector<std::string> out;
    for (const auto& [name, t] : local_tables_) out.push_back(name);
    for (const auto& [name, v] : local_views_) out.push_back(name);
    for (const auto& [name, v] : local_materialized_) out.push_back(name);
    for (const std::string& name : catalog_.names()) out.push_back(name);
    std::ranges::sort(out);
    const auto [first, last] = std::ranges::unique(out);
    out.erase(first, last);
    return out;
}

bool Binder::declare(const ast::Path& path, std::string_view what) {
    const ast::Name& n = path.back();
    if (!declared_.insert(n.text).second) {
        error(n.span, code::kDuplicate, fmt::format("\"{}\" is declared twice in this file", n.text), {},
              fmt::format("give the {} another name", what));
        return false;
    }
    if (catalog_.table(n.text) != nullptr || catalog_.view(n.text) != nullptr) {
        error(n.span, code::kDuplicate, fmt::format("\"{}\" is already declared elsewhere", n.text), {},
              fmt::format("give the {} another name", what));
        return false;
    }
    return true;
}

void Binder::run(const std::vector<ast::Statement>& statements) {
    // Names first: a statement may read what a later one declares.
    for (const ast::Statement& s : statements) {
        if (const auto* t = std::get_if<ast::CreateTable>(&s.body)) {
            if (!declare(t->name, "table")) continue;
            if (t->query) {
                local_queries_[t->name.back().text] = &s;
            } else {
                create_table(*t, s.span);
            }
        } else if (const auto* v = std::get_if<ast::CreateView>(&s.body)) {
            if (!v->query || !declare(v->name, "view")) {
                broken_.insert(v->name.back().text);
            } else if (v->materialized) {
                local_materialized_[v->name.back().text] = v;
            } else {
                local_views_[v->name.back().text] = {v->name.back().text, file_, v->query, v->columns,
                                                     v->name.back().span};
            }
        } else if (const auto* f = std::get_if<ast::CreateFunction>(&s.body)) {
            create_function(*f);
        }
    }
    for (const ast::Statement& s : statements) statement(s);
}

/// Statements with another place here, or none.
void Binder::statement_elsewhere(Span span, const std::string& what) {
    struct Elsewhere {
        std::string_view what;
        std::string_view help;
    };
    static constexpr std::string_view kRows =
        "rows of views follow from their queries; rows of topics stay as sent";
    static constexpr std::string_view kLook =
        "the project's files declare what is there; GET /api/v1/views and millrace view list say what runs";
    static constexpr Elsewhere kHelp[] = {
        {"ALTER",
         "change the declaration in its file; a pipeline that reads or writes the changed object computes "
         "again from its input when the node starts"},
        {"SHOW", kLook},
        {"DESCRIBE", kLook},
        {"DESC", kLook},
        {"DELETE", kRows},
        {"UPDATE", kRows},
        {"TRUNCATE", kRows},
        {"LOAD", "functions are built in, or written in SQL: CREATE FUNCTION f (a INT) AS $$ a + 1 $$"},
        {"UNLOAD", "leave the statement out"},
        {"ADD", "functions are written in SQL: CREATE FUNCTION f (a INT) AS $$ a + 1 $$"},
        {"REMOVE", "leave the statement out"},
        {"COMPILE", "a pipeline whose plan is as before goes on with its state by itself"},
        {"CREATE CATALOG", "a table of a lake is CREATE TABLE … WITH ('connector' = 'iceberg', …)"},
        {"CREATE MATERIALIZED TABLE", "CREATE MATERIALIZED VIEW v AS SELECT …"}};
    if (what == "USE" || what == "CREATE DATABASE") {
        diagnostics_.warning(
            *file_, span, code::kOption,
            {fmt::format("{} does nothing: a project is one namespace, a.b.t means t", what), {}, {}});
        return;
    }
    const auto* it = std::ranges::find(kHelp, what, &Elsewhere::what);
    not_yet(span, fmt::format("{} in a file is", what), it == std::end(kHelp) ? "" : std::string(it->help));
}

void Binder::statement(const ast::Statement& s) {
    if (const auto* v = std::get_if<ast::CreateView>(&s.body)) {
        const std::string& name = v->name.back().text;
        if (v->materialized) {
            if (local_materialized_.contains(name) && local_materialized_[name] == v)
                materialized_view(*v, s.span);
        } else if (const auto it = local_views_.find(name); it != local_views_.end()) {
            view_relation(it->second);
        }
    } else if (const auto* t = std::get_if<ast::CreateTable>(&s.body)) {
        if (t->query) find_table(t->name.back().text);
    } else if (const auto* i = std::get_if<ast::InsertInto>(&s.body)) {
        insert(*i, s.span);
    } else if (const auto* set = std::get_if<ast::StatementSet>(&s.body)) {
        for (std::size_t k = 0; k < set->inserts.size(); ++k) insert(set->inserts[k], set->spans[k]);
    } else if (const auto* o = std::get_if<ast::SetOption>(&s.body)) {
        set_option(*o);
    } else if (std::holds_alternative<ast::CreateFunction>(s.body)) {
        // run() took it with the other names.
    } else if (const auto* d = std::get_if<ast::Drop>(&s.body)) {
        not_yet(s.span, fmt::format("DROP {} in a pipeline file is", d->what),
                "leave the statement out: what a file no longer declares goes with the next start");
    } else if (const auto* other = std::get_if<ast::Other>(&s.body)) {
        statement_elsewhere(s.span, other->what);
    } else if (const auto* e = std::get_if<ast::Explain>(&s.body)) {
        const ast::Statement& inner = *e->statement;
        if (const auto* q = std::get_if<ast::QueryStatement>(&inner.body)) {
            const Relation r = q->query ? bind_query(*q->query) : Relation{};
            if (r.ok()) {
                check_ranks(r.node, s.span);
                explained.push_back({s.span, e->mode, r.node});
            }
        } else if (std::holds_alternative<ast::InsertInto>(inner.body) ||
                   std::holds_alternative<ast::StatementSet>(inner.body)) {
            const std::size_t before = sinks.size();
            statement(inner);
            for (std::size_t k = before; k < sinks.size(); ++k)
                explained.push_back({s.span, e->mode, sinks[k].root});
            sinks.resize(before);
        } else {
            not_yet(s.span, "EXPLAIN of this statement is", "EXPLAIN SELECT … or EXPLAIN INSERT INTO …");
        }
    } else if (std::holds_alternative<ast::QueryStatement>(s.body)) {
        error({s.span.begin, s.span.begin + 6}, code::kMisplaced, "a query in a file has nowhere to go", {},
              "CREATE MATERIALIZED VIEW … AS SELECT …, or INSERT INTO … SELECT …");
    }
}

void Binder::run_streams(const std::vector<ast::Statement>& statements) {
    for (const ast::Statement& s : statements) {
        const auto* table = std::get_if<ast::CreateTable>(&s.body);
        const bool declares = (table != nullptr && !table->query) ||
                              std::holds_alternative<ast::CreateFunction>(s.body) ||
                              (std::holds_alternative<ast::CreateView>(s.body) &&
                               !std::get<ast::CreateView>(s.body).materialized);
        if (!declares) {
            error({s.span.begin, s.span.begin + 6}, code::kMisplaced,
                  "files under streams/ declare tables and views; this statement belongs under pipelines/");
        }
    }
    run(statements);
    for (const auto& [name, view] : local_views_) {
        const auto it = bound_views_.find(name);
        if (it != bound_views_.end() && it->second.ok()) {
            CatalogView v;
            static_cast<ViewText&>(v) = view;
            views.push_back(std::move(v));
        }
    }
}

}  // namespace mr::sql
