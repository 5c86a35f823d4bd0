#include "sql/internal/outline_query.h"

#include <algorithm>

namespace mr::sql {

using namespace ast;

void OutlineWalker::use(const Path& path, OutlineTable table) {
    if (path.empty()) return;
    table.name = path.back().text;
    if (std::ranges::find(with_, table.name) != with_.end()) return;
    table.range = range_of(join(path.front().span, path.back().span));
    if (table.whole.empty()) table.whole = table.range;
    out_.tables.push_back(std::move(table));
}

void OutlineWalker::hints(const std::vector<Hint>& hints) {
    const std::string& text = out_.source.text;
    for (const Hint& h : hints) {
        const std::size_t begin = text.rfind("/*+", h.span.begin);
        const std::size_t end = text.find("*/", h.span.end);
        if (begin == std::string::npos || end == std::string::npos) continue;
        out_.hints.push_back({h.name,
                              h.options,
                              range_of(h.span),
                              {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end + 2)}});
    }
}

void OutlineWalker::query(const Query* q) {
    if (q == nullptr) return;
    const std::size_t outside = with_.size();
    for (const WithItem& w : q->with) {
        query(w.query.get());
        with_.push_back(w.name.text);
    }
    if (q->select) select(*q->select);
    query(q->left.get());
    query(q->right.get());
    if (!q->table.empty()) use(q->table, {});
    for (const auto& row : q->rows) {
        for (const ExprPtr& e : row) expr(e.get());
    }
    order(q->order);
    expr(q->limit.get());
    expr(q->offset.get());
    with_.resize(outside);
}

void OutlineWalker::select(const Select& s) {
    levels_.push_back({&s, {}});
    hints(s.hints);
    for (const SelectItem& i : s.items) expr(i.expr.get());
    table(s.from.get());
    expr(s.where.get());
    for (const GroupItem& g : s.group_by) group(g);
    expr(s.having.get());
    for (const NamedWindow& w : s.windows) {
        if (w.spec) window(*w.spec);
    }
    expr(s.qualify.get());
    if (!levels_.back().overs.windows.empty()) out_.overs.push_back(std::move(levels_.back().overs));
    levels_.pop_back();
}

void OutlineWalker::group(const GroupItem& item) {
    for (const ExprPtr& e : item.exprs) expr(e.get());
    for (const GroupItem& g : item.sets) group(g);
}

void OutlineWalker::order(const std::vector<OrderItem>& items) {
    for (const OrderItem& o : items) expr(o.expr.get());
}

void OutlineWalker::window(const WindowSpec& w) {
    for (const ExprPtr& e : w.partition) expr(e.get());
    order(w.order);
    if (!w.frame) return;
    expr(w.frame->start.offset.get());
    expr(w.frame->end.offset.get());
}

void OutlineWalker::match(const MatchRecognize& m) {
    if (m.all_rows) out_.features.emplace_back(OutlineFeature::all_rows_per_match, range_of(m.span));
    for (const ExprPtr& e : m.partition) expr(e.get());
    order(m.order);
    for (const auto& measure : m.measures) {
        if (measure.final && measure.value) {
            out_.features.emplace_back(OutlineFeature::final_measure, range_of(measure.value->span));
        }
        expr(measure.value.get());
    }
    expr(m.within.get());
    for (const auto& [name, condition] : m.define) expr(condition.get());
}

void OutlineWalker::table(const TableRef* t) {
    if (t == nullptr) return;
    hints(t->hints);
    if (t->kind == TableKind::named) {
        OutlineTable use_of;
        use_of.aliased = t->alias.has_value();
        if (t->system_time) {
            use_of.as_of = range_of(t->system_time->span);
            if (!t->system_time->path.empty()) use_of.as_of_name = t->system_time->path.back().text;
        }
        use(t->path, std::move(use_of));
    }
    query(t->query.get());
    expr(t->expr.get());
    if (t->match) match(*t->match);
    table(t->left.get());
    table(t->right.get());
    expr(t->on.get());
}

/// What a window says, whatever its spaces: two that say the same are one.
std::string OutlineWalker::canonical(Span span) const {
    std::string out;
    for (const Token& t : tokens_) {
        if (t.span.begin < span.begin || t.span.end > span.end || t.kind == TokenKind::end) continue;
        out += (t.upper.empty() ? t.text : t.upper) + ' ';
    }
    return out;
}

void OutlineWalker::over(const WindowSpec& w) {
    window(w);
    if (levels_.empty()) return;
    Level& level = levels_.back();
    Span span = w.span;
    if (w.base && level.select != nullptr && w.partition.empty() && w.order.empty() && !w.frame) {
        const auto named = std::ranges::find(level.select->windows, w.base->text,
                                             [](const NamedWindow& n) { return n.name.text; });
        if (named != level.select->windows.end() && named->spec) span = named->spec->span;
    }
    std::string says = canonical(span);
    auto& windows = level.overs.windows;
    if (std::ranges::find(windows, says, &std::pair<std::string, TextRange>::first) == windows.end()) {
        windows.emplace_back(std::move(says), range_of(w.span));
    }
}

void OutlineWalker::expr(const Expr* e) {
    if (e == nullptr) return;
    if (e->kind == ExprKind::table_arg) {
        if (!e->path.empty()) {
            OutlineTable argument;
            argument.argument = true;
            argument.whole = {e->span.begin, e->path.back().span.end};
            use(e->path, std::move(argument));
        } else {
            out_.features.emplace_back(OutlineFeature::table_query,
                                       TextRange{e->span.begin, e->span.begin + 5});
        }
    }
    if (e->kind == ExprKind::call && e->function == "SESSION" && !e->args.empty() && e->args[0] &&
        e->args[0]->kind == ExprKind::table_arg && e->args[0]->args.size() > 1) {
        out_.features.emplace_back(OutlineFeature::session_keys, range_of(e->span));
    }
    query(e->query.get());
    for (const ExprPtr& a : e->args) expr(a.get());
    expr(e->filter.get());
    order(e->order);
    if (e->over) over(*e->over);
}

}  // namespace mr::sql
