#include "sql/compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/json_writer.h"
#include "sql/internal/binder.h"
#include "sql/internal/parser.h"
#include "sql/internal/plan_check.h"
#include "sql/internal/prune.h"
#include "sql/internal/references.h"

namespace mr::sql {

using namespace plan;

namespace {

/// "pipelines/10_orders.sql" -> "10_orders".
std::string stem(std::string_view path) {
    const std::size_t slash = path.find_last_of('/');
    if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
    const std::size_t dot = path.find_last_of('.');
    return std::string(dot == std::string_view::npos || dot == 0 ? path : path.substr(0, dot));
}

std::uint64_t hash_text(std::string_view text) {
    std::uint64_t h = 0xcbf29ce484222325ULL;
    for (const char c : text) {
        h ^= static_cast<unsigned char>(c);
        h *= 0x100000001b3ULL;
    }
    return h;
}

std::string describe_sink(const Sink& sink) {
    std::string out;
    if (const auto* topic = std::get_if<TopicSink>(&sink.target)) {
        out = fmt::format("topic {} {}(", topic->table->topic(), topic->table->name);
        for (const int m : topic->mapping) out += fmt::format("{},", m);
        out += ")";
        for (const auto& [key, option] : topic->table->options)
            out += fmt::format("{}={};", key, option.value);
        out += topic->table->schema().to_string();
    } else {
        const auto& view = std::get<ViewSink>(sink.target);
        out = fmt::format("view {}(", view.view);
        for (const int k : view.key) out += fmt::format("{},", k);
        out += ")";
        for (const auto& [key, option] : view.table->options) out += fmt::format("{}={};", key, option.value);
        out += view.schema.to_string();
    }
    return out + (sink.needs_materializer ? " materialized" : "");
}

void collect_sources(const NodePtr& node, std::set<const Node*>& seen, std::vector<NodePtr>& out) {
    std::vector<NodePtr> stack = {node};
    while (!stack.empty()) {
        const NodePtr n = stack.back();
        stack.pop_back();
        if (!seen.insert(n.get()).second) continue;
        if (std::holds_alternative<SourceNode>(n->op)) out.push_back(n);
        for (auto it = n->inputs.rbegin(); it != n->inputs.rend(); ++it) stack.push_back(*it);
    }
}

/// What a compilation gave: diagnostics in the order of the text.
void sort_diagnostics(std::vector<Diagnostic>& all) {
    std::ranges::stable_sort(all, [](const Diagnostic& a, const Diagnostic& b) {
        return std::tie(a.file, a.line, a.col) < std::tie(b.file, b.line, b.col);
    });
}

Program make_program(Binder& binder, const std::string& path) {
    prune(binder.builder, binder.sinks);
    Program p;
    p.name = stem(path);
    p.sinks = std::move(binder.sinks);
    p.settings = std::move(binder.settings);
    std::set<const Node*> seen;
    std::string all;
    for (const Sink& s : p.sinks) {
        collect_sources(s.root, seen, p.sources);
        all += fmt::format("{} {:016x}\n", describe_sink(s), s.root->fingerprint);
    }
    for (const auto& [key, value] : p.settings) all += key + "=" + value + "\n";
    for (const NodePtr& s : p.sources) {
        for (const auto& [key, option] : std::get<SourceNode>(s->op).table->options) {
            all += fmt::format("{}={};", key, option.value);
        }
    }
    p.fingerprint = hash_text(all);
    MR_DCHECK(check_plan(p).empty(), "{}", check_plan(p));
    return p;
}

/// EXPLAIN's answer; with PLAN_ADVICE also what `check` warns of in the statement.
Explanation explanation(Binder& binder, const SourceFile& file, const Binder::Explained& asked,
                        const std::vector<Diagnostic>& diagnostics) {
    std::vector<Sink> one(1);
    one[0].root = asked.root;
    prune(binder.builder, one);
    const auto wants = [&](std::string_view word) { return asked.mode.find(word) != std::string::npos; };
    Explanation out{.file = file.path(), .line = file.place(asked.span.begin).line, .text = {}};
    out.text = plan::explain(
        one[0].root,
        {.changelog_mode = wants("CHANGELOG_MODE"), .watermark = wants("WATERMARK"), .json = wants("JSON")});
    if (!wants("PLAN_ADVICE") || wants("JSON")) return out;
    const int last = file.place(asked.span.end).line;
    std::string advice;
    for (const Diagnostic& d : diagnostics) {
        if (d.line < out.line || d.line > last) continue;
        advice += fmt::format("advice: {}{}{}\n", d.message, d.help.empty() ? "" : "; ", d.help);
    }
    out.text += advice.empty() ? "advice: none\n" : advice;
    return out;
}

}  // namespace

std::vector<Diagnostic> Catalog::add(const SourceText& source) {
    Diagnostics diagnostics;
    auto file = std::make_shared<const SourceFile>(source.path, source.text);
    Parser parser(file, diagnostics);
    const std::vector<ast::Statement> statements = parser.statements();
    Binder binder(*this, file, diagnostics);
    binder.run_streams(statements);
    for (TablePtr& t : binder.tables) tables_[t->name] = std::move(t);
    for (CatalogView& v : binder.views) {
        const std::string name = v.name;
        views_[name] = std::make_shared<const CatalogView>(std::move(v));
    }
    for (CatalogFunction& f : binder.functions) {
        const std::string name = f.name;
        functions_[name] = std::make_shared<const CatalogFunction>(std::move(f));
    }
    // Names whose statement had errors: known, so that nobody is told they do not exist.
    for (const ast::Statement& s : statements) {
        std::string name;
        if (const auto* t = std::get_if<ast::CreateTable>(&s.body)) name = t->name.back().text;
        if (const auto* v = std::get_if<ast::CreateView>(&s.body)) name = v->name.back().text;
        if (!name.empty() && !tables_.contains(name) && !views_.contains(name)) add_broken(name);
        if (const auto* f = std::get_if<ast::CreateFunction>(&s.body); f != nullptr && !f->uses.empty()) {
            std::string key = f->name.back().text;
            std::ranges::transform(key, key.begin(),
                                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
            if (!functions_.contains(key)) add_broken("function " + key);
        }
    }
    std::vector<Diagnostic> out = diagnostics.take();
    sort_diagnostics(out);
    return out;
}

void Catalog::add_table(TablePtr table) {
    const std::string name = table->name;
    tables_[name] = std::move(table);
}

void Catalog::add_broken(const std::string& name) {
    broken_[name] = true;
}

TablePtr Catalog::table(std::string_view name) const {
    const auto it = tables_.find(name);
    return it == tables_.end() ? nullptr : it->second;
}

CatalogViewPtr Catalog::view(std::string_view name) const {
    const auto it = views_.find(name);
    return it == views_.end() ? nullptr : it->second;
}

const FunctionText* Catalog::function(std::string_view name) const {
    const auto it = functions_.find(name);
    return it == functions_.end() ? nullptr : it->second.get();
}

bool Catalog::broken(std::string_view name) const {
    return broken_.contains(name);
}

std::vector<std::string> Catalog::names() const {
    std::vector<std::string> out;
    for (const auto& [name, t] : tables_) out.push_back(name);
    for (const auto& [name, v] : views_) out.push_back(name);
    return out;
}

Compilation compile(const Catalog& catalog, const SourceText& source) {
    Diagnostics diagnostics;
    auto file = std::make_shared<const SourceFile>(source.path, source.text);
    Parser parser(file, diagnostics);
    const std::vector<ast::Statement> statements = parser.statements();
    Binder binder(catalog, file, diagnostics);
    binder.run(statements);
    Compilation out;
    out.diagnostics = diagnostics.take();
    for (const Binder::Explained& e : binder.explained) {
        out.explanations.push_back(explanation(binder, *file, e, out.diagnostics));
    }
    sort_diagnostics(out.diagnostics);
    if (!has_errors(out.diagnostics)) out.program = make_program(binder, source.path);
    return out;
}

namespace {

/// A pipeline file before it is compiled: which materialised views and tables of queries it makes for others,
/// and which names it mentions.
struct PendingFile {
    const SourceText* source = nullptr;
    std::vector<std::string> makes;
    std::set<std::string> mentions;
    Compilation compilation;
};

PendingFile survey(const SourceText& source) {
    PendingFile out;
    out.source = &source;
    Diagnostics ignored;
    auto file = std::make_shared<const SourceFile>(source.path, source.text);
    Parser parser(file, ignored);
    const std::vector<ast::Statement> statements = parser.statements();
    out.mentions = referenced_tables(statements);
    for (const ast::Statement& s : statements) {
        const auto* v = std::get_if<ast::CreateView>(&s.body);
        if (v != nullptr && v->materialized) out.makes.push_back(v->name.back().text);
        const auto* t = std::get_if<ast::CreateTable>(&s.body);
        if (t != nullptr && t->query) out.makes.push_back(t->name.back().text);
    }
    return out;
}

/// Files of streams/ so that each comes after those whose tables its views read; in a circle as they are.
std::vector<const SourceText*> in_order_of_need(std::span<const SourceText> streams) {
    struct File {
        const SourceText* source;
        std::set<std::string> declares;
        std::set<std::string> mentions;
        bool done = false;
    };
    std::vector<File> files;
    for (const SourceText& s : streams) {
        Diagnostics ignored;
        Parser parser(std::make_shared<const SourceFile>(s.path, s.text), ignored);
        const std::vector<ast::Statement> statements = parser.statements();
        File f{&s, {}, referenced_tables(statements)};
        for (const ast::Statement& st : statements) {
            if (const auto* t = std::get_if<ast::CreateTable>(&st.body))
                f.declares.insert(t->name.back().text);
            if (const auto* v = std::get_if<ast::CreateView>(&st.body))
                f.declares.insert(v->name.back().text);
        }
        files.push_back(std::move(f));
    }
    std::vector<const SourceText*> out;
    while (out.size() < files.size()) {
        const auto ready = std::ranges::find_if(files, [&](const File& f) {
            return !f.done && std::ranges::none_of(files, [&](const File& other) {
                return &other != &f && !other.done &&
                       std::ranges::any_of(f.mentions, [&](const std::string& name) {
                           return other.declares.contains(name);
                       });
            });
        });
        const auto next = ready != files.end() ? ready : std::ranges::find(files, false, &File::done);
        next->done = true;
        out.push_back(next->source);
    }
    return out;
}

Diagnostic cycle(const PendingFile& file) {
    Diagnostic d;
    d.code = code::kUnknownTable;
    d.file = file.source->path;
    d.message = "this file and others read each other's views and tables in a circle";
    d.help = "put the views that need each other into one file";
    return d;
}

}  // namespace

ProjectCompilation compile_project(std::span<const SourceText> streams, std::span<const SourceText> pipelines,
                                   NativeLibraries* libraries) {
    ProjectCompilation out;
    out.catalog.use_libraries(libraries);
    for (const SourceText* s : in_order_of_need(streams)) {
        for (Diagnostic& d : out.catalog.add(*s)) out.diagnostics.push_back(std::move(d));
    }
    std::vector<PendingFile> files;
    std::map<std::string, std::size_t> maker;
    for (const SourceText& p : pipelines) {
        files.push_back(survey(p));
        for (const std::string& v : files.back().makes) maker.emplace(v, files.size() - 1);
    }
    // A file is compiled once every view it mentions is there.
    std::vector<bool> done(files.size(), false);
    for (std::size_t left = files.size(); left > 0;) {
        bool progress = false;
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (done[i]) continue;
            const bool ready = std::ranges::all_of(files[i].mentions, [&](const std::string& name) {
                const auto it = maker.find(name);
                return it == maker.end() || it->second == i || done[it->second];
            });
            if (!ready) continue;
            progress = done[i] = true;
            --left;
            files[i].compilation = compile(out.catalog, *files[i].source);
            std::set<std::string> made;
            if (files[i].compilation.program) {
                for (const Sink& s : files[i].compilation.program->sinks) {
                    const TablePtr& table = table_of(s);
                    if (std::ranges::find(files[i].makes, table->name) == files[i].makes.end()) continue;
                    out.catalog.add_table(table);
                    made.insert(table->name);
                }
            }
            for (const std::string& v : files[i].makes) {
                if (!made.contains(v)) out.catalog.add_broken(v);
            }
        }
        if (progress) continue;
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (!done[i]) out.diagnostics.push_back(cycle(files[i]));
        }
        break;
    }
    // Theirs may end before the catalogue does.
    out.catalog.use_libraries(nullptr);
    for (PendingFile& f : files) {
        for (Diagnostic& d : f.compilation.diagnostics) out.diagnostics.push_back(std::move(d));
        for (Explanation& e : f.compilation.explanations) out.explanations.push_back(std::move(e));
        if (f.compilation.program) out.programs.push_back(std::move(*f.compilation.program));
    }
    return out;
}

std::string explain(const Program& program) {
    std::string out;
    for (const Sink& s : program.sinks) {
        if (!out.empty()) out += "\n";
        if (const auto* view = std::get_if<ViewSink>(&s.target)) {
            std::string key;
            for (const int k : view->key) {
                key += (key.empty() ? "`" : ", `") + view->schema[static_cast<std::size_t>(k)].name + "`";
            }
            out += fmt::format("View {} key=[{}]", view->view, key);
        } else {
            out += fmt::format("Topic {}", name_of(s));
        }
        out += (s.needs_materializer ? " materialized\n" : "\n") + plan::explain(s.root);
    }
    return out;
}

std::string explain_json(const Program& program) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("name", program.name).key("sinks").begin_array();
    for (const Sink& s : program.sinks) {
        std::string plan = plan::explain(s.root, {.json = true});
        plan.pop_back();  // the line's end
        json.begin_object()
            .member("name", name_of(s))
            .member("kind", std::holds_alternative<ViewSink>(s.target) ? "view" : "table")
            .member("materialized", s.needs_materializer)
            .key("plan")
            .raw(plan)
            .end_object();
    }
    json.end_array().end_object();
    return out;
}

}  // namespace mr::sql
