// CREATE TABLE: columns, computed and metadata ones, watermark, primary key.
#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "sql/internal/binder.h"
#include "sql/internal/options.h"

namespace mr::sql {

using namespace plan;

namespace {

/// The table's columns as far as they are known, to bind expressions over.
Relation over_columns(const Table& table, const std::vector<bool>& visible) {
    Relation r;
    Node node;
    node.op = UnionAllNode{};
    node.schema = table.schema();
    r.node = std::make_shared<const Node>(std::move(node));
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        r.columns.push_back({visible[i] ? table.columns[i].name : std::string(), table.name, !visible[i]});
    }
    return r;
}

}  // namespace

bool Binder::metadata_column(const ast::ColumnDef& def, TableColumn& column) {
    column.kind = ColumnKind::metadata;
    column.is_virtual = def.is_virtual;
    column.metadata_key = def.metadata_key ? def.metadata_key->text : def.name.text;
    return true;
}

bool Binder::table_columns(const ast::CreateTable& def, Table& table, const Inherited& from,
                           std::vector<int>& places) {
    bool good = check_width(def.columns.size(), def.name.back().span);
    std::set<std::string> seen;
    for (const ast::ColumnDef& d : def.columns) {
        if (!seen.insert(d.name.text).second) {
            error(d.name.span, code::kDuplicate, fmt::format("column \"{}\" is there twice", d.name.text));
            good = false;
        }
        TableColumn c;
        c.name = d.name.text;
        c.type = d.type;
        c.comment = d.comment;
        if (d.kind == ast::ColumnDefKind::computed) c.kind = ColumnKind::computed;
        if (d.kind == ast::ColumnDefKind::metadata) {
            metadata_column(d, c);
            const std::vector<MetadataKey> keys = metadata_keys(table);
            const auto it = std::ranges::find(keys, c.metadata_key, &MetadataKey::name);
            const Span span = d.metadata_key ? d.metadata_key->span : d.name.span;
            if (it == keys.end()) {
                std::vector<std::string> names;
                std::string list;
                for (const MetadataKey& k : keys) {
                    names.push_back(k.name);
                    list += (list.empty() ? "" : ", ") + k.name;
                }
                std::string note;
                if (const auto near = nearest_name(c.metadata_key, names)) {
                    note = fmt::format("did you mean '{}'?", *near);
                }
                error(span, code::kUnknownColumn,
                      fmt::format("connector '{}' has no metadata '{}'", table.connector(), c.metadata_key),
                      note, list.empty() ? "" : "metadata keys are " + list);
                good = false;
            } else if (!can_cast(it->type, c.type)) {
                error(d.type_span, code::kType,
                      fmt::format("metadata '{}' is {}", c.metadata_key, it->type.to_string()));
                good = false;
            } else if (!it->writable) {
                // Flink refuses to write such a table unless the column is VIRTUAL; here it simply is.
                c.is_virtual = true;
            }
        }
        const int base = table.find(c.name);
        if (base < 0 || base >= from.columns) {
            places.push_back(static_cast<int>(table.columns.size()));
            table.columns.push_back(std::move(c));
            continue;
        }
        places.push_back(base);
        TableColumn& old = table.columns[static_cast<std::size_t>(base)];
        const bool overwritten =
            c.kind == old.kind && c.kind != ColumnKind::physical &&
            (c.kind == ColumnKind::computed ? from.overwrite_generated : from.overwrite_metadata);
        if (!overwritten) {
            error(d.name.span, code::kDuplicate,
                  fmt::format("column \"{}\" is in \"{}\" already", c.name, def.like->table.back().text), {},
                  c.kind == ColumnKind::physical
                      ? "leave it out: LIKE takes the other table's columns"
                      : "LIKE … (OVERWRITING GENERATED OVERWRITING METADATA) replaces it");
            good = false;
            continue;
        }
        old = std::move(c);
    }
    if (table.columns.empty() && !def.query) {
        error(def.name.back().span, code::kColumnCount,
              fmt::format("table \"{}\" has no columns", table.name));
        good = false;
    }
    return good;
}

bool Binder::computed_columns(const ast::CreateTable& def, Table& table, const std::vector<int>& places) {
    bool good = true;
    std::vector<bool> visible;
    for (const TableColumn& c : table.columns)
        visible.push_back(c.kind != ColumnKind::computed || c.expression);
    for (std::size_t i = 0; i < def.columns.size(); ++i) {
        const ast::ColumnDef& d = def.columns[i];
        if (d.kind != ast::ColumnDefKind::computed) continue;
        const Relation r = over_columns(table, visible);
        Context context;
        context.input = &r;
        context.place = "a computed column";
        ExprPtr e = d.expression ? bind(*d.expression, context) : nullptr;
        if (!e) {
            good = false;
            continue;
        }
        // A computed column may use earlier ones: what they compute takes their place.
        e = replace_inputs(e, [&](const ExprPtr& in) {
            const TableColumn& c = table.columns[static_cast<std::size_t>(in->index)];
            return c.expression ? c.expression : in;
        });
        if (!may_repeat(e, d.name.span)) {
            good = false;
            continue;
        }
        if (e->type.kind == TypeKind::null) e = literal(DataType::string(), Value::null());
        const auto place = static_cast<std::size_t>(places[i]);
        table.columns[place].type = e->type;
        table.columns[place].expression = std::move(e);
        visible[place] = true;
    }
    return good;
}

bool Binder::table_watermark(const ast::CreateTable& def, Table& table) {
    if (!def.watermark) return true;
    const ast::WatermarkDef& w = *def.watermark;
    if (table.watermark) {
        error(w.span, code::kDuplicate,
              fmt::format("\"{}\" has a watermark already", def.like->table.back().text), {},
              "LIKE … (OVERWRITING WATERMARKS) replaces it");
        return false;
    }
    const std::string& name = w.column.front().text;
    const int column = table.find(name);
    if (w.column.size() > 1) {
        not_yet(w.span, "a watermark for a field inside a ROW is",
                "make it a column: ts AS r.ts, WATERMARK FOR ts AS …");
        return false;
    }
    if (column < 0) {
        std::vector<std::string> names;
        for (const TableColumn& c : table.columns) names.push_back(c.name);
        std::string note;
        if (const auto near = nearest_name(name, names)) note = fmt::format("did you mean \"{}\"?", *near);
        error(w.column.front().span, code::kUnknownColumn,
              fmt::format("column \"{}\" not found in \"{}\"", name, table.name), note);
        return false;
    }
    const DataType& type = table.columns[static_cast<std::size_t>(column)].type;
    if (!type.is_timestamp() || type.precision > 3) {
        error(w.column.front().span, code::kTime,
              fmt::format("a watermark is for TIMESTAMP(3) or TIMESTAMP_LTZ(3), \"{}\" is {}", name,
                          type.to_string()),
              {},
              type.is_character() ? "make a column of it: ts AS TO_TIMESTAMP(text), WATERMARK FOR ts AS …"
              : type.is_integer()
                  ? "make a column of it: ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS …"
              : type.is_timestamp() ? "declare it with three digits: TIMESTAMP(3)"
                                    : "");
        return false;
    }
    const Relation r = over_columns(table, std::vector<bool>(table.columns.size(), true));
    Context context;
    context.input = &r;
    context.place = "a watermark";
    ExprPtr e = w.expression ? bind(*w.expression, context) : nullptr;
    if (!e) return false;
    if (e->type.kind != type.kind) {
        error(w.expression->span, code::kTime,
              fmt::format("the watermark is {}, its column {}", e->type.to_string(), type.to_string()), {},
              fmt::format("write {0} - INTERVAL '5' SECOND, or {0}", name));
        return false;
    }
    table.watermark = Watermark{column, implicit_cast(e, type)};
    return true;
}

bool Binder::table_key(const ast::CreateTable& def, Table& table) {
    std::vector<ast::Name> columns;
    Span span{};
    if (def.primary_key) {
        columns = def.primary_key->columns;
        span = def.primary_key->span;
        if (!def.primary_key->not_enforced) {
            error(span, code::kKey, "a primary key is NOT ENFORCED: nothing checks that it is unique", {},
                  "write PRIMARY KEY (…) NOT ENFORCED");
            return false;
        }
    }
    for (const ast::ColumnDef& d : def.columns) {
        if (!d.primary_key) continue;
        columns.push_back(d.name);
        span = d.name.span;
    }
    bool good = true;
    if (!columns.empty() && !table.primary_key.empty()) {
        error(span, code::kKey, fmt::format("\"{}\" has a primary key already", def.like->table.back().text),
              {}, "LIKE … (EXCLUDING CONSTRAINTS) leaves it out");
        return false;
    }
    for (const ast::Name& n : columns) {
        const int c = table.find(n.text);
        if (c < 0) {
            error(n.span, code::kUnknownColumn,
                  fmt::format("column \"{}\" not found in \"{}\"", n.text, table.name));
            good = false;
            continue;
        }
        if (table.columns[static_cast<std::size_t>(c)].kind == ColumnKind::computed) {
            error(n.span, code::kKey,
                  fmt::format("\"{}\" is computed; a key is made of stored columns", n.text));
            good = false;
            continue;
        }
        table.columns[static_cast<std::size_t>(c)].type.nullable = false;
        table.primary_key.push_back(c);
    }
    const std::string_view connector = table.connector();
    if (connector == "upsert-kafka" && table.primary_key.empty()) {
        error(def.name.back().span, code::kKey,
              fmt::format("table \"{}\" needs a primary key: 'upsert-kafka' keeps the last row of each",
                          table.name),
              {}, "add PRIMARY KEY (…) NOT ENFORCED");
        good = false;
    }
    const std::string_view format = table.option("value.format", table.option("format"));
    if (connector == "kafka" && !table.primary_key.empty() && !format.starts_with("debezium")) {
        error(span, code::kKey,
              fmt::format("a 'kafka' table of format '{}' has no primary key: every record is a new row",
                          format),
              {}, "for a topic that holds the last row of each key use 'connector' = 'upsert-kafka'");
        good = false;
    }
    return good;
}

void Binder::create_table(const ast::CreateTable& def, Span span) {
    const std::string& name = def.name.back().text;
    const auto refuse = [&] { broken_.insert(name); };
    Table table;
    table.name = name;
    table.file = file_->path();
    table.line = file_->place(def.name.back().span.begin).line;
    std::vector<ast::OptionItem> options;
    Inherited from;
    if (def.like && !like_table(def, table, options, from)) return refuse();
    options.insert(options.end(), def.options.begin(), def.options.end());
    bool good = table_options(*file_, options, def.name.back().span, diagnostics_, table);
    std::vector<int> places;
    good = table_columns(def, table, from, places) && good;
    Relation rows;
    if (def.query) {
        rows = bind_query(*def.query);
        good = rows.ok() && query_columns(rows, def, table) && good;
    }
    good = computed_columns(def, table, places) && good;
    good = table_watermark(def, table) && good;
    good = table_key(def, table) && good;
    for (const ast::Name& p : def.partitioned_by) {
        if (const int c = table.find(p.text); c >= 0) {
            table.partitioned_by.push_back(c);
            continue;
        }
        error(p.span, code::kUnknownColumn, fmt::format("column \"{}\" not found in \"{}\"", p.text, name));
        good = false;
    }
    good = good && connector_fits(*file_, options, diagnostics_, table);
    if (!good) return refuse();
    auto made = std::make_shared<const Table>(std::move(table));
    local_tables_[name] = made;
    tables.push_back(made);
    if (!def.query) return;
    std::vector<int> columns;
    for (const int i : writable_columns(*made)) {
        const std::string& column = made->columns[static_cast<std::size_t>(i)].name;
        const auto it = std::ranges::find(rows.columns, column, &ScopeColumn::name);
        columns.push_back(it == rows.columns.end() ? -1 : static_cast<int>(it - rows.columns.begin()));
    }
    insert_rows(made, rows, columns, def.name.back().span, span);
}

/// AS SELECT: the query's columns that are not declared above it.
bool Binder::query_columns(const Relation& rows, const ast::CreateTable& def, Table& table) {
    if (!unique_names(rows, def.query->span, table.name)) return false;
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
        if (rows.columns[i].hidden || table.find(rows.columns[i].name) >= 0) continue;
        TableColumn c;
        c.name = rows.columns[i].name;
        c.type = rows.node->schema[i].type;
        table.columns.push_back(std::move(c));
    }
    return check_width(table.columns.size(), def.query->span);
}

}  // namespace mr::sql
