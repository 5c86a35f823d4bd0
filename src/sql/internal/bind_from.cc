// FROM: tables, views, subqueries, and the names their columns have.
#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "sql/internal/binder.h"

namespace mr::sql {

using namespace plan;

namespace {

constexpr std::size_t kMaxViewDepth = 64;  // views over views over …

Relation table_relation(Builder& builder, const TablePtr& table) {
    Relation r;
    r.node = builder.source(table);
    for (const TableColumn& c : table->columns) r.columns.push_back({c.name, table->name, false});
    return r;
}

}  // namespace

/// Gives a relation the names of AS t (a, b).
Relation Binder::named(Relation r, const ast::TableRef& ref, std::string_view fallback) {
    if (!r.ok()) return r;
    if (!ref.column_aliases.empty() && ref.column_aliases.size() != r.columns.size()) {
        error(ref.alias->span, code::kColumnCount,
              fmt::format("\"{}\" names {} columns, there are {}", ref.alias->text, ref.column_aliases.size(),
                          r.columns.size()),
              {}, "columns are " + column_list(r));
        return {};
    }
    for (std::size_t i = 0; i < r.columns.size(); ++i) {
        if (!ref.column_aliases.empty()) r.columns[i].name = ref.column_aliases[i].text;
        r.columns[i].table = ref.alias ? ref.alias->text : std::string(fallback);
        // The planner's own columns stay out of *.
        r.columns[i].hidden = r.columns[i].hidden && r.columns[i].name.starts_with('$');
    }
    return r;
}

Relation Binder::bind_named(const ast::Path& path, Span span) {
    const std::string& name = path.back().text;
    if (path.size() == 1) {
        for (auto scope = with_.rbegin(); scope != with_.rend(); ++scope) {
            if (const auto it = scope->find(name); it != scope->end()) return it->second;
        }
    }
    if (const auto it = bound_views_.find(name); it != bound_views_.end()) return it->second;
    if (const auto it = local_views_.find(name); it != local_views_.end()) return view_relation(it->second);
    if (const auto it = local_materialized_.find(name); it != local_materialized_.end()) {
        if (binding_.contains(name)) {
            error(span, code::kUnknownTable, fmt::format("view \"{}\" reads itself", name));
            return {};
        }
        materialized_view(*it->second, span);
        const auto bound = bound_views_.find(name);
        return bound == bound_views_.end() ? Relation{} : bound->second;
    }
    if (local_queries_.contains(name) || local_tables_.contains(name)) {
        const TablePtr table = find_table(name);
        return table ? table_relation(builder, table) : Relation{};
    }
    // What has errors of its own is not reported again.
    if (broken_.contains(name) || catalog_.broken(name)) return {};
    if (const CatalogViewPtr view = catalog_.view(name)) return view_relation(*view);
    if (const TablePtr table = catalog_.table(name)) {
        if (table->option("topic") == "none") {
            error(span, code::kUnknownTable,
                  fmt::format("view \"{}\" has no topic ('topic' = 'none'), so other files cannot read it",
                              name));
            return {};
        }
        return table_relation(builder, table);
    }
    if (diagnostics_.errors() > kAdviceLimit) {
        error(path.back().span, code::kUnknownTable, "unknown table");
        return {};
    }
    const std::vector<std::string> names = table_names();
    std::string note;
    if (const auto near = nearest_name(name, names)) note = fmt::format("did you mean \"{}\"?", *near);
    std::string list;
    for (std::size_t i = 0; i < names.size() && i < 16; ++i) list += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > 16) list += ", …";
    error(path.back().span, code::kUnknownTable, fmt::format("there is no table or view \"{}\"", name), note,
          names.empty() ? "declare it with CREATE TABLE" : "there are " + list);
    return {};
}

/// A view's rows, bound once a file: whoever reads it shares its operators.
Relation Binder::view_relation(const ViewText& view) {
    if (const auto it = bound_views_.find(view.name); it != bound_views_.end()) return it->second;
    if (binding_.contains(view.name)) {
        error(view.span, code::kUnknownTable, fmt::format("view \"{}\" reads itself", view.name));
        return {};
    }
    if (binding_.size() >= kMaxViewDepth) {
        error(view.span, code::kLimit, fmt::format("more than {} views over each other", kMaxViewDepth));
        return {};
    }
    binding_.insert(view.name);
    // The text may be of another file, and sees no WITH of the query that reads it.
    SourceFilePtr file = view.file;
    std::swap(file, file_);
    std::vector<std::map<std::string, Relation>> with;
    std::swap(with, with_);
    Relation r = bind_query(*view.query);
    if (r.ok() && !view.columns.empty()) {
        if (view.columns.size() != r.columns.size()) {
            error(view.span, code::kColumnCount,
                  fmt::format("view \"{}\" names {} columns, its query has {}", view.name,
                              view.columns.size(), r.columns.size()));
            r = {};
        } else {
            for (std::size_t i = 0; i < r.columns.size(); ++i) r.columns[i].name = view.columns[i].text;
        }
    }
    if (r.ok() && !unique_names(r, view.span, view.name)) r = {};
    if (r.ok()) {
        // Columns carry the view's names from here on.
        std::vector<ExprPtr> expressions;
        std::vector<std::string> names;
        for (std::size_t i = 0; i < r.columns.size(); ++i) {
            r.columns[i].table = view.name;
            r.columns[i].hidden = false;
            expressions.push_back(input(static_cast<int>(i), r.node->schema[i].type));
            names.push_back(r.columns[i].name);
        }
        r.node = builder.project(r.node, std::move(expressions), names);
    }
    std::swap(with, with_);
    std::swap(file, file_);
    binding_.erase(view.name);
    bound_views_[view.name] = r;
    return r;
}

bool Binder::unique_names(const Relation& r, Span span, std::string_view what) {
    std::set<std::string> seen;
    for (const ScopeColumn& c : r.columns) {
        if (seen.insert(c.name).second) continue;
        error(span, code::kDuplicate, fmt::format("\"{}\" has two columns named \"{}\"", what, c.name), {},
              "give one of them another name with AS");
        return false;
    }
    return true;
}

/// A table read with other options.
Relation Binder::bind_hinted(const ast::TableRef& ref) {
    const std::string& name = ref.path.back().text;
    const bool view = bound_views_.contains(name) || local_views_.contains(name) ||
                      local_materialized_.contains(name) || catalog_.view(name) != nullptr ||
                      std::ranges::any_of(with_, [&](const auto& scope) { return scope.contains(name); });
    if (view) {
        error(ref.hints[0].span, code::kOption,
              fmt::format("\"{}\" is a view: hints of options are for tables", name), {},
              "give the hint where the view reads its table");
        return {};
    }
    const TablePtr table = find_table(name);
    if (!table) return bind_named(ref.path, ref.span);
    const TablePtr other = hinted(table, ref.hints);
    return other ? table_relation(builder, other) : Relation{};
}

Relation Binder::bind_from(const ast::TableRef& ref, const Relation* outer) {
    if (ref.match) return bind_match(ref);
    switch (ref.kind) {
        case ast::TableKind::join:
            return bind_join(ref, outer);
        case ast::TableKind::subquery: {
            if (!ref.query) return {};
            Relation r = bind_query(*ref.query);
            return named(std::move(r), ref);
        }
        case ast::TableKind::function:
            return bind_table_function(ref);
        case ast::TableKind::unnest: {
            Relation nothing;
            nothing.node = builder.values({{}}, {});
            return bind_unnest(nothing, ref, false, ref.span);
        }
        case ast::TableKind::named:
            break;
    }
    if (ref.system_time) {
        error(ref.system_time->span, code::kJoin, "FOR SYSTEM_TIME AS OF stands on the right side of a join",
              {}, "FROM facts JOIN versions FOR SYSTEM_TIME AS OF facts.ts ON …");
        return {};
    }
    Relation r = ref.hints.empty() ? bind_named(ref.path, ref.span) : bind_hinted(ref);
    return named(std::move(r), ref, ref.path.back().text);
}

}  // namespace mr::sql
