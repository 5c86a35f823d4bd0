#include "plan/expr.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <utility>

#include "base/check.h"
#include "plan/native_function.h"

namespace mr::plan {
namespace {

ExprPtr make(Expr expr) {
    return std::make_shared<const Expr>(std::move(expr));
}

/// Functions whose value differs from call to call.
bool varies(std::string_view function) {
    static constexpr std::array<std::string_view, 13> kVarying = {"PROCTIME",
                                                                  "CURRENT_TIMESTAMP",
                                                                  "NOW",
                                                                  "CURRENT_DATE",
                                                                  "CURRENT_TIME",
                                                                  "LOCALTIME",
                                                                  "LOCALTIMESTAMP",
                                                                  "RAND",
                                                                  "RAND_INTEGER",
                                                                  "UUID",
                                                                  "CURRENT_WATERMARK",
                                                                  "UNIX_TIMESTAMP",
                                                                  "CURRENT_ROW_TIMESTAMP"};
    return std::ranges::find(kVarying, function) != kVarying.end();
}

void collect_columns(const Expr& expr, std::set<int>& out) {
    if (expr.kind == ExprKind::input) out.insert(expr.index);
    for (const ExprPtr& arg : expr.args) collect_columns(*arg, out);
}

}  // namespace

ExprPtr literal(DataType type, Value value) {
    Expr e;
    e.kind = ExprKind::literal;
    e.type = std::move(type);
    e.value = std::move(value);
    return make(std::move(e));
}

ExprPtr input(int index, DataType type) {
    MR_CHECK(index >= 0, "input column {}", index);
    Expr e;
    e.kind = ExprKind::input;
    e.type = std::move(type);
    e.index = index;
    return make(std::move(e));
}

ExprPtr field(ExprPtr row, int index) {
    MR_CHECK(row->type.kind == TypeKind::row, "field {} of {}", index, row->type.to_string());
    Expr e;
    e.kind = ExprKind::field;
    e.type = row->type.child(static_cast<std::size_t>(index)).type;
    if (row->type.nullable) e.type.nullable = true;
    e.index = index;
    e.line = row->line;
    e.column = row->column;
    e.args = {std::move(row)};
    return make(std::move(e));
}

ExprPtr call(std::string function, std::vector<ExprPtr> args, DataType type) {
    Expr e;
    e.kind = ExprKind::call;
    e.type = std::move(type);
    e.function = std::move(function);
    e.args = std::move(args);
    return make(std::move(e));
}

ExprPtr cast(ExprPtr expr, DataType type) {
    if (expr->type.same_as(type)) return expr;
    Expr e;
    e.kind = ExprKind::call;
    // A cast neither makes nor takes away NULLs; those of failed conversions belong to TRY_CAST.
    e.type = type.with_nullable(expr->type.nullable);
    e.function = "CAST";
    e.line = expr->line;
    e.column = expr->column;
    e.args = {std::move(expr)};
    return make(std::move(e));
}

ExprPtr conjunction(ExprPtr a, ExprPtr b) {
    if (!a) return b;
    if (!b) return a;
    const DataType type = DataType::boolean().with_nullable(a->type.nullable || b->type.nullable);
    return call("AND", {std::move(a), std::move(b)}, type);
}

bool equal(const Expr& a, const Expr& b) {
    if (&a == &b) return true;
    if (a.kind != b.kind || a.index != b.index || a.function != b.function ||
        a.args.size() != b.args.size() || !a.type.same_as(b.type)) {
        return false;
    }
    if (a.kind == ExprKind::literal) {
        if (a.value.data.index() != b.value.data.index()) return false;
        if (!(a.value == b.value)) return false;
    }
    for (std::size_t i = 0; i < a.args.size(); ++i) {
        if (!equal(*a.args[i], *b.args[i])) return false;
    }
    return true;
}

std::vector<int> columns_read(const Expr& expr) {
    std::set<int> columns;
    collect_columns(expr, columns);
    return {columns.begin(), columns.end()};
}

ExprPtr rewrite(const ExprPtr& expr, const std::vector<ExprPtr>& mapping) {
    if (expr->kind == ExprKind::input) {
        const auto index = static_cast<std::size_t>(expr->index);
        MR_CHECK(index < mapping.size() && mapping[index], "no mapping for column {}", index);
        return mapping[index];
    }
    bool changed = false;
    std::vector<ExprPtr> args;
    args.reserve(expr->args.size());
    for (const ExprPtr& arg : expr->args) {
        args.push_back(rewrite(arg, mapping));
        changed = changed || args.back() != arg;
    }
    if (!changed) return expr;
    Expr copy = *expr;
    copy.args = std::move(args);
    return make(std::move(copy));
}

bool is_constant(const Expr& expr) {
    if (expr.kind == ExprKind::input) return false;
    if (expr.kind == ExprKind::call && (varies(expr.function) || is_volatile(expr))) return false;
    return std::ranges::all_of(expr.args, [](const ExprPtr& arg) { return is_constant(*arg); });
}

}  // namespace mr::plan
