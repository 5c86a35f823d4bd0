// Where rows go: INSERT INTO and materialised views, their keys and types.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/suggest.h"
#include "sql/internal/binder.h"
#include "sql/internal/options.h"

namespace mr::sql {

using namespace plan;

std::vector<int> writable_columns(const Table& table) {
    std::vector<int> columns;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const TableColumn& c = table.columns[i];
        const bool writable =
            c.kind == ColumnKind::physical || (c.kind == ColumnKind::metadata && !c.is_virtual);
        if (writable) columns.push_back(static_cast<int>(i));
    }
    return columns;
}

namespace {

bool contains_all(const std::vector<int>& all, const std::vector<int>& some) {
    return std::ranges::all_of(some, [&](int c) { return std::ranges::find(all, c) != all.end(); });
}

/// What makes rows change, for the message.
std::string what_updates(const NodePtr& node) {
    for (const NodePtr& in : node->inputs) {
        if (in->mode != Mode::append) {
            const std::string deeper = what_updates(in);
            if (!deeper.empty()) return deeper;
        }
    }
    if (std::holds_alternative<AggregateNode>(node->op)) return "GROUP BY without a window";
    if (std::holds_alternative<JoinNode>(node->op)) return "an outer join";
    if (std::holds_alternative<TopNNode>(node->op)) return "a Top-N";
    if (std::holds_alternative<DeduplicateNode>(node->op)) return "keeping the last row of a key";
    if (std::holds_alternative<NormalizeNode>(node->op)) return "an upsert table";
    return "";
}

}  // namespace

/// The value as a column of that type holds it.
ExprPtr Binder::store(const ExprPtr& e, const DataType& type) {
    return implicit_cast(e, type);
}

bool Binder::needs_materializer(const NodePtr& root, const std::vector<int>& key) const {
    if (root->mode == Mode::append || root->single_row) return false;
    return !std::ranges::any_of(builder.traits(root).keys,
                                [&](const std::vector<int>& k) { return contains_all(key, k); });
}

bool Binder::check_sink_mode(const Table& table, const NodePtr& root, Span span) {
    if (root->mode == Mode::append || sink_takes_updates(table)) return true;
    const std::string cause = what_updates(root);
    error(span, code::kMode,
          fmt::format("table \"{}\" ('{}') takes new rows only, but this query also updates rows{}",
                      table.name, table.connector(), cause.empty() ? "" : " (" + cause + ")"),
          {},
          table.connector() == "kafka"
              ? "declare the table with 'connector' = 'upsert-kafka' and a PRIMARY KEY, use CREATE "
                "MATERIALIZED VIEW, "
                "or aggregate by windows"
              : "give the table a PRIMARY KEY, use CREATE MATERIALIZED VIEW, or aggregate by windows");
    return false;
}

void Binder::insert(const ast::InsertInto& insert, Span span) {
    const ast::Name& target = insert.table.back();
    if (insert.overwrite)
        return not_yet(target.span, "INSERT OVERWRITE is", "it is for batch jobs: INSERT INTO");
    Relation r = insert.query ? bind_query(*insert.query) : Relation{};
    const TablePtr table = find_table(target.text);
    if (!table) {
        if (broken_.contains(target.text) || catalog_.broken(target.text)) return;
        const bool view = local_views_.contains(target.text) || catalog_.view(target.text) != nullptr ||
                          local_materialized_.contains(target.text);
        std::vector<std::string> names;
        for (const auto& [n, t] : local_tables_) names.push_back(n);
        for (const auto& [n, t] : catalog_.tables()) names.push_back(n);
        std::string note;
        if (const auto near = nearest_name(target.text, names))
            note = fmt::format("did you mean \"{}\"?", *near);
        return error(target.span, code::kUnknownTable,
                     view ? fmt::format("\"{}\" is a view; rows are inserted into tables", target.text)
                          : fmt::format("there is no table \"{}\"", target.text),
                     note, view ? "" : "declare it with CREATE TABLE");
    }
    if (!r.ok()) return;
    // Which query column each writable column takes.
    const std::vector<int> columns = writable_columns(*table);
    std::vector<int> from(columns.size(), -1);
    if (insert.columns.empty()) {
        if (columns.size() != r.columns.size()) {
            std::string names;
            for (const int c : columns) {
                names += (names.empty() ? "" : ", ") + table->columns[static_cast<std::size_t>(c)].name;
            }
            return error(target.span, code::kColumnCount,
                         fmt::format("table \"{}\" takes {} columns, the query has {}", table->name,
                                     columns.size(), r.columns.size()),
                         {}, fmt::format("the table has {}; the query {}", names, column_list(r)));
        }
        for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<int>(i);
    } else {
        if (insert.columns.size() != r.columns.size()) {
            return error(target.span, code::kColumnCount,
                         fmt::format("{} columns are named, the query has {}", insert.columns.size(),
                                     r.columns.size()));
        }
        for (std::size_t i = 0; i < insert.columns.size(); ++i) {
            const ast::Name& n = insert.columns[i].back();
            const int c = table->find(n.text);
            const auto at_column = std::ranges::find(columns, c);
            if (insert.columns[i].size() > 1) return not_yet(n.span, "inserting into a field of a ROW is");
            if (c < 0 || at_column == columns.end()) {
                std::vector<std::string> names;
                for (const int k : columns) names.push_back(table->columns[static_cast<std::size_t>(k)].name);
                std::string note;
                if (const auto near = nearest_name(n.text, names))
                    note = fmt::format("did you mean \"{}\"?", *near);
                return error(n.span, code::kUnknownColumn,
                             fmt::format("\"{}\" has no column \"{}\" to write", table->name, n.text), note);
            }
            from[static_cast<std::size_t>(at_column - columns.begin())] = static_cast<int>(i);
        }
    }
    insert_rows(hinted(table, insert.hints), r, from, target.span, span);
}

/// Rows of `r` into the table: its i-th writable column is the query's column from[i], or -1.
void Binder::insert_rows(const TablePtr& table, const Relation& r, const std::vector<int>& from, Span target,
                         Span span) {
    if (!table) return;
    const std::vector<int> columns = writable_columns(*table);
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    TopicSink sink;
    sink.table = table;
    bool good = true;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const TableColumn& c = table->columns[static_cast<std::size_t>(columns[i])];
        if (from[i] < 0) {
            const bool key = std::ranges::find(table->primary_key, columns[i]) != table->primary_key.end();
            if (!c.type.nullable || key) {
                error(target, code::kType,
                      fmt::format("column \"{}\" of \"{}\" is NOT NULL but gets no value", c.name,
                                  table->name));
                good = false;
            }
            sink.mapping.push_back(-1);
            continue;
        }
        const auto q = static_cast<std::size_t>(from[i]);
        const DataType& type = r.node->schema[q].type;
        if (!can_store(type, c.type)) {
            error(target, code::kType,
                  fmt::format("column \"{}\" of \"{}\" is {}, the query's \"{}\" is {}", c.name, table->name,
                              c.type.to_string(), r.columns[q].name, type.to_string()),
                  {},
                  fmt::format("CAST({} AS {})", r.columns[q].name, c.type.with_nullable(true).to_string()));
            good = false;
            continue;
        }
        sink.mapping.push_back(static_cast<int>(expressions.size()));
        expressions.push_back(store(input(from[i], type), c.type));
        names.push_back(c.name);
    }
    if (!good) return;
    NodePtr root = builder.project(r.node, std::move(expressions), names);
    if (!check_ranks(root, span) || !check_sink_mode(*table, root, target)) return;
    Sink out;
    std::vector<int> key;
    for (const int k : table->primary_key) {
        const auto it = std::ranges::find(columns, k);
        const int at_root =
            it == columns.end() ? -1 : sink.mapping[static_cast<std::size_t>(it - columns.begin())];
        if (at_root >= 0) key.push_back(at_root);
    }
    out.needs_materializer = !table->primary_key.empty() && needs_materializer(root, key);
    out.target = std::move(sink);
    out.root = std::move(root);
    out.line = file_->place(span.begin).line;
    sinks.push_back(std::move(out));
}

/// Why a query has no key, with the columns that would make one.
void Binder::missing_key(const ast::CreateView& view, const NodePtr& root) {
    const ast::Name& name = view.name.back();
    const NodePtr* node = &root;
    while (true) {
        const auto& keys = builder.traits(*node).keys;
        if (!keys.empty()) {
            std::string columns;
            for (const int c : keys.front()) {
                columns += (columns.empty() ? "" : ", ") + (*node)->schema[static_cast<std::size_t>(c)].name;
            }
            return error(
                name.span, code::kKey,
                fmt::format("view \"{}\" has no key: a row is identified by {}, which the SELECT list "
                            "leaves out in part",
                            name.text, columns),
                {},
                fmt::format("select {} too, or write CREATE MATERIALIZED VIEW {} (PRIMARY KEY (…) NOT "
                            "ENFORCED) AS …",
                            columns, name.text));
        }
        const bool passes = std::holds_alternative<ProjectNode>((*node)->op) ||
                            std::holds_alternative<FilterNode>((*node)->op) ||
                            std::holds_alternative<OverNode>((*node)->op);
        if (!passes) break;
        node = &(*node)->inputs[0];
    }
    error(name.span, code::kKey,
          fmt::format("view \"{}\" has no key: nothing says which columns identify a row", name.text), {},
          fmt::format("write CREATE MATERIALIZED VIEW {} (PRIMARY KEY (…) NOT ENFORCED) AS …", name.text));
}

/// The columns that identify a row of the view, as declared or as the query gives them.
std::optional<std::vector<int>> Binder::view_key(const ast::CreateView& view, const Relation& r) {
    if (view.primary_key) {
        if (!view.primary_key->not_enforced) {
            error(view.primary_key->span, code::kKey,
                  "a primary key is NOT ENFORCED: nothing checks that it is unique", {},
                  "write PRIMARY KEY (…) NOT ENFORCED");
            return std::nullopt;
        }
        std::vector<int> key;
        for (const ast::Name& n : view.primary_key->columns) {
            std::size_t used = 0;
            bool ambiguous = false;
            const int c = find_column(r, {n}, used, ambiguous);
            if (c < 0) {
                std::vector<std::string> names;
                for (const ScopeColumn& column : r.columns) names.push_back(column.name);
                std::string note;
                if (const auto near = nearest_name(n.text, names))
                    note = fmt::format("did you mean \"{}\"?", *near);
                error(n.span, code::kUnknownColumn,
                      fmt::format("column \"{}\" not found in view \"{}\"", n.text, view.name.back().text),
                      note, "columns are " + column_list(r));
                return std::nullopt;
            }
            key.push_back(c);
        }
        return key;
    }
    const auto& keys = builder.traits(r.node).keys;
    if (!keys.empty()) return keys.front();
    if (r.node->single_row) {
        // One row has no key of its own: all its columns together say which one it is.
        std::vector<int> all(r.columns.size());
        std::iota(all.begin(), all.end(), 0);
        return all;
    }
    missing_key(view, r.node);
    return std::nullopt;
}

void Binder::materialized_view(const ast::CreateView& view, Span span) {
    const ast::Name& name = view.name.back();
    if (bound_views_.contains(name.text) || broken_.contains(name.text)) return;
    Table table;
    table.name = name.text;
    table.file = file_->path();
    table.line = file_->place(name.span.begin).line;
    bool good = view_options(*file_, view.options, diagnostics_, table);
    binding_.insert(name.text);
    std::vector<std::map<std::string, Relation>> with;
    std::swap(with, with_);
    Relation r = view.query ? bind_query(*view.query) : Relation{};
    std::swap(with, with_);
    binding_.erase(name.text);
    good = good && r.ok();
    if (good && !view.columns.empty()) {
        for (std::size_t i = 0; i < r.columns.size() && i < view.columns.size(); ++i) {
            r.columns[i].name = view.columns[i].text;
        }
    }
    good = good && unique_names(r, name.span, name.text);
    std::optional<std::vector<int>> key;
    good = good && check_ranks(r.node, span);
    if (good) key = view_key(view, r);
    if (!good || !key) {
        broken_.insert(name.text);
        return;
    }
    std::vector<ExprPtr> expressions;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < r.columns.size(); ++i) {
        r.columns[i].table = name.text;
        r.columns[i].hidden = false;
        ExprPtr e = input(static_cast<int>(i), r.node->schema[i].type);
        // A view's column has a type others can read: a bare NULL is text.
        if (e->type.kind == TypeKind::null) e = literal(DataType::string(), Value::null());
        expressions.push_back(std::move(e));
        names.push_back(r.columns[i].name);
    }
    NodePtr root = builder.project(r.node, std::move(expressions), names);
    ViewSink sink;
    sink.view = name.text;
    sink.schema = root->schema;
    sink.key = *key;
    for (std::size_t i = 0; i < root->schema.size(); ++i) {
        TableColumn c;
        c.name = names[i];
        c.type = root->schema[i].type;
        const bool declared = view.primary_key.has_value();
        if (declared && std::ranges::find(*key, static_cast<int>(i)) != key->end()) c.type.nullable = false;
        table.columns.push_back(std::move(c));
    }
    table.primary_key = *key;
    const auto set = [&](const char* option, const std::string& value) {
        if (!table.has_option(option)) table.options[option] = {value, table.line, 1};
    };
    set("connector", "upsert-kafka");
    set("topic", name.text);
    set("key.format", "json");
    if (!table.has_option("format")) set("value.format", "json");
    set("value.json.timestamp-format.standard", "ISO-8601");
    sink.table = std::make_shared<const Table>(std::move(table));
    Sink out;
    out.needs_materializer = needs_materializer(root, *key);
    out.target = std::move(sink);
    out.root = root;
    out.line = file_->place(span.begin).line;
    sinks.push_back(std::move(out));
    // Readers in this file see the view as it is: with a key of its own, the last row of each.
    const bool derived = std::ranges::any_of(
        builder.traits(root).keys, [&](const std::vector<int>& k) { return contains_all(*key, k); });
    r.node = root;
    if (!derived && root->mode == Mode::append) r.node = builder.make(NormalizeNode{*key}, {root});
    bound_views_[name.text] = std::move(r);
}

/// ROW_NUMBER() whose rank nobody bounds would keep every row for ever.
bool Binder::check_ranks(const NodePtr& root, Span span) {
    bool good = true;
    std::vector<NodePtr> todo = {root};
    std::set<const Node*> seen;
    while (!todo.empty()) {
        const NodePtr n = todo.back();
        todo.pop_back();
        if (!seen.insert(n.get()).second) continue;
        todo.insert(todo.end(), n->inputs.begin(), n->inputs.end());
        if (!builder.traits(n).unbounded_rank || !std::holds_alternative<TopNNode>(n->op)) continue;
        good = false;
        const auto it = rank_spans_.find(n.get());
        error(it == rank_spans_.end() ? span : it->second, code::kOver,
              "a rank without a bound would keep and renumber every row", {},
              "bound it in an outer query: SELECT * FROM (SELECT *, ROW_NUMBER() OVER (…) AS rn FROM …) "
              "WHERE rn <= 10");
    }
    return good;
}

}  // namespace mr::sql
