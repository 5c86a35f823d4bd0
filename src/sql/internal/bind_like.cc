// A table made from another one: CREATE TABLE … LIKE, and the hint OPTIONS (the same table, read or written
// with other options).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/suggest.h"
#include "sql/internal/binder.h"
#include "sql/internal/options.h"

namespace mr::sql {

using namespace plan;

namespace {

using ast::LikeFeature;
using ast::LikeMerge;

/// How each part of the other table is taken. Flink's default: INCLUDING ALL OVERWRITING OPTIONS.
struct Merges {
    std::array<LikeMerge, 8> by_feature;

    [[nodiscard]] LikeMerge of(LikeFeature f) const { return by_feature[static_cast<std::size_t>(f)]; }
    [[nodiscard]] bool takes(LikeFeature f) const { return of(f) != LikeMerge::excluding; }

    static Merges of_clause(const ast::LikeClause& like) {
        Merges out;
        out.by_feature.fill(LikeMerge::including);
        out.by_feature[static_cast<std::size_t>(LikeFeature::options)] = LikeMerge::overwriting;
        for (const auto& i : like.items) {
            if (i.feature == LikeFeature::all) out.by_feature.fill(i.merge);
        }
        for (const auto& i : like.items) out.by_feature[static_cast<std::size_t>(i.feature)] = i.merge;
        return out;
    }
};

}  // namespace

/// A table of this file or another; one made of a query is made now.
TablePtr Binder::find_table(const std::string& name) {
    if (const auto made = local_tables_.find(name); made != local_tables_.end()) return made->second;
    if (const auto it = local_queries_.find(name); it != local_queries_.end()) {
        const ast::Statement& s = *it->second;
        local_queries_.erase(it);
        create_table(std::get<ast::CreateTable>(s.body), s.span);
        const auto made = local_tables_.find(name);
        return made == local_tables_.end() ? nullptr : made->second;
    }
    return catalog_.table(name);
}

bool Binder::like_table(const ast::CreateTable& def, Table& table, std::vector<ast::OptionItem>& options,
                        Inherited& out) {
    const ast::LikeClause& like = *def.like;
    const ast::Name& other = like.table.back();
    const TablePtr base = find_table(other.text);
    if (!base) {
        if (broken_.contains(other.text) || catalog_.broken(other.text)) return false;
        std::string note;
        if (const auto near = nearest_name(other.text, table_names()))
            note = fmt::format("did you mean \"{}\"?", *near);
        error(other.span, code::kUnknownTable, fmt::format("there is no table \"{}\"", other.text), note,
              declared_.contains(other.text) ? "declare it above" : "");
        return false;
    }
    for (const auto& i : like.items) {
        const bool replaceable = i.feature != LikeFeature::all && i.feature != LikeFeature::constraints &&
                                 i.feature != LikeFeature::partitions &&
                                 i.feature != LikeFeature::distribution;
        if (i.merge != LikeMerge::overwriting || replaceable) continue;
        error(i.span, code::kOption, "OVERWRITING is for GENERATED, METADATA, OPTIONS and WATERMARKS", {},
              "INCLUDING or EXCLUDING");
        return false;
    }
    const Merges merges = Merges::of_clause(like);
    if (merges.takes(LikeFeature::options)) {
        for (const auto& [key, option] : base->options) {
            const bool own =
                std::ranges::any_of(def.options, [&](const auto& o) { return o.key.text == key; });
            if (own && merges.of(LikeFeature::options) == LikeMerge::overwriting) continue;
            options.push_back({{key, like.span}, {option.value, like.span}});
        }
    }
    std::vector<int> places(base->columns.size(), -1);
    bool good = true;
    const auto moved = [&](const ExprPtr& e, std::string_view what) {
        return replace_inputs(e, [&](const ExprPtr& in) -> ExprPtr {
            const int p = places[static_cast<std::size_t>(in->index)];
            if (p >= 0) return input(p, in->type);
            error(like.span, code::kUnknownColumn,
                  fmt::format("{} reads \"{}\", which LIKE leaves out", what,
                              base->columns[static_cast<std::size_t>(in->index)].name));
            return nullptr;
        });
    };
    for (std::size_t i = 0; i < base->columns.size(); ++i) {
        const TableColumn& c = base->columns[i];
        if (c.kind == ColumnKind::computed && !merges.takes(LikeFeature::generated)) continue;
        if (c.kind == ColumnKind::metadata && !merges.takes(LikeFeature::metadata)) continue;
        places[i] = static_cast<int>(table.columns.size());
        table.columns.push_back(c);
    }
    for (TableColumn& c : table.columns) {
        if (!c.expression) continue;
        c.expression = moved(c.expression, fmt::format("column \"{}\"", c.name));
        good = good && c.expression != nullptr;
    }
    const bool own_watermark = def.watermark && merges.of(LikeFeature::watermarks) == LikeMerge::overwriting;
    if (base->watermark && merges.takes(LikeFeature::watermarks) && !own_watermark) {
        const int column = places[static_cast<std::size_t>(base->watermark->column)];
        const ExprPtr e = moved(base->watermark->expression, "the watermark");
        if (column >= 0 && e) table.watermark = Watermark{column, e};
        good = good && column >= 0 && e != nullptr;
    }
    if (merges.takes(LikeFeature::constraints)) {
        for (const int k : base->primary_key)
            table.primary_key.push_back(places[static_cast<std::size_t>(k)]);
    }
    if (merges.takes(LikeFeature::partitions)) {
        for (const int p : base->partitioned_by)
            table.partitioned_by.push_back(places[static_cast<std::size_t>(p)]);
    }
    out.columns = static_cast<int>(table.columns.size());
    out.overwrite_generated = merges.of(LikeFeature::generated) == LikeMerge::overwriting;
    out.overwrite_metadata = merges.of(LikeFeature::metadata) == LikeMerge::overwriting;
    return good;
}

/// The table with the options of OPTIONS(…) in place of its own; nullptr after an error.
TablePtr Binder::hinted(const TablePtr& table, const std::vector<ast::Hint>& hints) {
    std::vector<ast::OptionItem> own;
    for (const ast::Hint& h : hints) {
        if (h.name != "OPTIONS") {
            diagnostics_.warning(*file_, h.span, code::kOption,
                                 {fmt::format("the hint {} does nothing here", h.name), {}, {}});
            continue;
        }
        for (const auto& [key, value] : h.options) own.push_back({{key, h.span}, {value, h.span}});
    }
    if (own.empty()) return table;
    std::vector<ast::OptionItem> all = own;
    for (const auto& [key, option] : table->options) {
        const bool changed = std::ranges::any_of(own, [&](const auto& o) { return o.key.text == key; });
        if (!changed) all.push_back({{key, own[0].key.span}, {option.value, own[0].key.span}});
    }
    Table out = *table;
    out.options.clear();
    if (!table_options(*file_, all, own[0].key.span, diagnostics_, out)) return nullptr;
    if (!connector_fits(*file_, all, diagnostics_, out)) return nullptr;
    for (const auto& [key, option] : table->options) {
        Option& now = out.options[key];
        if (now.value == option.value) now = option;
    }
    for (const auto& [key, option] : out.options) {
        if (table->option(key, "\n") == option.value) continue;
        out.hinted += fmt::format("{}{}={}", out.hinted.empty() ? "" : ", ", key, option.value);
    }
    return std::make_shared<const Table>(std::move(out));
}

}  // namespace mr::sql
