#include "sql/internal/references.h"

namespace mr::sql {

using namespace ast;

namespace {

class Collector {
  public:
    std::set<std::string> names;

    void query(const Query* q) {
        if (q == nullptr) return;
        for (const WithItem& w : q->with) query(w.query.get());
        if (q->select) select(*q->select);
        query(q->left.get());
        query(q->right.get());
        if (!q->table.empty()) names.insert(q->table.back().text);
        for (const auto& row : q->rows) {
            for (const ExprPtr& e : row) expr(e.get());
        }
        for (const OrderItem& o : q->order) expr(o.expr.get());
        // WITH's own names hide tables of the same name.
        for (const WithItem& w : q->with) names.erase(w.name.text);
    }

  private:
    void select(const Select& s) {
        for (const SelectItem& i : s.items) expr(i.expr.get());
        table(s.from.get());
        expr(s.where.get());
        expr(s.having.get());
    }
    void table(const TableRef* t) {
        if (t == nullptr) return;
        if (t->kind == TableKind::named && !t->path.empty()) names.insert(t->path.back().text);
        query(t->query.get());
        expr(t->expr.get());
        expr(t->on.get());
        table(t->left.get());
        table(t->right.get());
    }
    void expr(const Expr* e) {
        if (e == nullptr) return;
        if (e->kind == ExprKind::table_arg && !e->path.empty()) names.insert(e->path.back().text);
        query(e->query.get());
        for (const ExprPtr& a : e->args) expr(a.get());
        expr(e->filter.get());
    }
};

}  // namespace

std::set<std::string> referenced_tables(const std::vector<Statement>& statements) {
    Collector c;
    std::set<std::string> declared;
    for (const Statement& s : statements) {
        if (const auto* t = std::get_if<CreateTable>(&s.body)) {
            declared.insert(t->name.back().text);
            if (t->like) c.names.insert(t->like->table.back().text);
            c.query(t->query.get());
        }
        if (const auto* v = std::get_if<CreateView>(&s.body)) {
            declared.insert(v->name.back().text);
            c.query(v->query.get());
        }
        if (const auto* i = std::get_if<InsertInto>(&s.body)) c.query(i->query.get());
        if (const auto* set = std::get_if<StatementSet>(&s.body)) {
            for (const InsertInto& i : set->inserts) c.query(i.query.get());
        }
        if (const auto* q = std::get_if<QueryStatement>(&s.body)) c.query(q->query.get());
        if (const auto* e = std::get_if<Explain>(&s.body)) {
            if (const auto* q = std::get_if<QueryStatement>(&e->statement->body)) c.query(q->query.get());
        }
    }
    for (const std::string& name : declared) c.names.erase(name);
    return c.names;
}

}  // namespace mr::sql
