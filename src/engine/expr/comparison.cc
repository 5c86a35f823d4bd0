// =, <>, <, <=, >, >=, IS [NOT] DISTINCT FROM, BETWEEN, IN. Both sides have one type (the binder casts).
#include <algorithm>
#include <functional>
#include <unordered_set>

#include "engine/internal/registry.h"
#include "engine/internal/vectors.h"

namespace mr::engine::internal {
namespace {

enum class Order : std::uint8_t { eq, ne, lt, le, gt, ge };

/// Calls `use` with a comparison functor for `order`.
template <class Use>
auto with_order(Order order, Use use) {
    switch (order) {
        case Order::eq:
            return use(std::equal_to<>());
        case Order::ne:
            return use(std::not_equal_to<>());
        case Order::lt:
            return use(std::less<>());
        case Order::le:
            return use(std::less_equal<>());
        case Order::gt:
            return use(std::greater<>());
        case Order::ge:
            break;
    }
    return use(std::greater_equal<>());
}

bool holds(Order order, int compared) {
    return with_order(order, [compared](auto op) { return static_cast<bool>(op(compared, 0)); });
}

Vec compare_text(Order order, const DataType& type, const Vec& a, const Vec& b, std::size_t rows) {
    const bool constant = a.constant && b.constant;
    const std::size_t n = constant ? 1 : rows;
    Validity v = merge_validity({&a, &b}, n);
    if (v.nowhere) return null_vec(type);
    BitsOut out = with_order(order, [&](auto op) {
        return pack_bits(n,
                         [&](std::size_t i) { return op(a.column->text(a.at(i)), b.column->text(b.at(i))); });
    });
    return {Column::fixed(type, n, std::move(out.storage), std::move(v.bits)), constant};
}

Vec compare_values(Order order, const DataType& type, const Vec& a, const Vec& b, std::size_t rows) {
    const bool constant = a.constant && b.constant;
    const std::size_t n = constant ? 1 : rows;
    Validity v = merge_validity({&a, &b}, n);
    if (v.nowhere) return null_vec(type);
    BitsOut out = pack_bits(n, [&](std::size_t i) {
        return v.test(i) && holds(order, Value::compare(a.column->value(a.at(i)), b.column->value(b.at(i))));
    });
    return {Column::fixed(type, n, std::move(out.storage), std::move(v.bits)), constant};
}

template <class T>
Vec compare_as(Order order, const DataType& type, const Vec& a, const Vec& b, std::size_t rows) {
    return with_order(order, [&](auto op) { return compare_fixed<T>(type, a, b, rows, op); });
}

Vec compare(Order order, const DataType& type, const Vec& a, const Vec& b, std::size_t rows) {
    switch (a.type().kind) {
        case TypeKind::tinyint:
            return compare_as<std::int8_t>(order, type, a, b, rows);
        case TypeKind::smallint:
            return compare_as<std::int16_t>(order, type, a, b, rows);
        case TypeKind::integer:
        case TypeKind::date:
        case TypeKind::time:
        case TypeKind::interval_month:
            return compare_as<std::int32_t>(order, type, a, b, rows);
        case TypeKind::bigint:
        case TypeKind::interval_day:
            return compare_as<std::int64_t>(order, type, a, b, rows);
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            MR_DCHECK(a.type().time_unit() == b.type().time_unit(), "{} with {}", a.type().to_string(),
                      b.type().to_string());
            return compare_as<std::int64_t>(order, type, a, b, rows);
        case TypeKind::float_:
            return compare_as<float>(order, type, a, b, rows);
        case TypeKind::double_:
            return compare_as<double>(order, type, a, b, rows);
        case TypeKind::decimal:
            MR_DCHECK(a.type().scale == b.type().scale, "{} with {}", a.type().to_string(),
                      b.type().to_string());
            return compare_as<Int128>(order, type, a, b, rows);
        case TypeKind::string:
        case TypeKind::bytes:
            return compare_text(order, type, a, b, rows);
        default:
            return compare_values(order, type, a, b, rows);
    }
}

bool has_null_type(const plan::Expr& call) {
    for (const plan::ExprPtr& a : call.args) {
        if (a->type.kind == TypeKind::null) return true;
    }
    return false;
}

Result<KernelPtr> comparison(Order order, const plan::Expr& call, Kernels args) {
    if (has_null_type(call)) return constant_kernel(call.type, Value::null());
    return make_kernel(call.type, [order, type = call.type, a = args[0], b = args[1]](Frame& f) {
        const Vec x = a->eval(f), y = b->eval(f);
        return compare(order, type, x, y, f.rows());
    });
}

Result<KernelPtr> distinct(bool negated, const plan::Expr& call, Kernels args) {
    return row_kernel(call.type, std::move(args), Strictness::lenient, [negated](RowCall& c) {
        const bool a = c.is_null(0), b = c.is_null(1);
        const bool same = (a || b) ? a == b : Value::compare(c.value(0), c.value(1)) == 0;
        c.set_boolean(same == negated);
    });
}

Result<KernelPtr> between(const plan::Expr& call, Kernels args) {
    if (has_null_type(call)) {
        // x BETWEEN NULL AND b may still be FALSE: go through AND.
        return row_kernel(call.type, std::move(args), Strictness::lenient, [](RowCall& c) {
            const bool low = !c.is_null(0) && !c.is_null(1) && Value::compare(c.value(0), c.value(1)) < 0;
            const bool high = !c.is_null(0) && !c.is_null(2) && Value::compare(c.value(0), c.value(2)) > 0;
            (low || high) ? c.set_boolean(false) : c.null();
        });
    }
    const plan::ExprPtr lower = plan::call(">=", {call.args[0], call.args[1]}, call.type);
    const plan::ExprPtr upper = plan::call("<=", {call.args[0], call.args[2]}, call.type);
    MR_TRY(KernelPtr a, comparison(Order::ge, *lower, {args[0], args[1]}));
    MR_TRY(KernelPtr b, comparison(Order::le, *upper, {args[0], args[2]}));
    return (*registry().find("AND"))(*plan::call("AND", {lower, upper}, call.type), {a, b});
}

/// IN over constants: a set; TRUE if found, otherwise NULL if the list has a NULL.
class TextSet {
  public:
    void add(std::string text) { items_.insert(std::move(text)); }
    [[nodiscard]] bool contains(std::string_view text) const { return items_.contains(text); }

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
    };
    std::unordered_set<std::string, Hash, std::equal_to<>> items_;
};

struct ConstantList {
    std::vector<Value> values;
    bool has_null = false;
};

std::optional<ConstantList> constants(const Kernels& args) {
    ConstantList list;
    for (std::size_t i = 1; i < args.size(); ++i) {
        const Vec* v = args[i]->constant();
        if (v == nullptr) return std::nullopt;
        if (v->column->type().kind == TypeKind::null || v->column->is_null(0)) {
            list.has_null = true;
        } else {
            list.values.push_back(v->column->value(0));
        }
    }
    return list;
}

RowFunction in_constants(const ConstantList& list, const DataType& type) {
    const auto answer = [has_null = list.has_null](RowCall& c, bool found) {
        (!found && has_null) ? c.null() : c.set_boolean(found);
    };
    if (type.is_character()) {
        TextSet set;
        for (const Value& v : list.values) set.add(v.text());
        return [set, answer](RowCall& c) { answer(c, set.contains(c.text(0))); };
    }
    if (type.is_integer() || type.is_temporal()) {
        std::unordered_set<std::int64_t> set;
        for (const Value& v : list.values) set.insert(v.integer());
        return [set, answer](RowCall& c) { answer(c, set.contains(c.integer(0))); };
    }
    return [values = list.values, answer](RowCall& c) {
        const Value x = c.value(0);
        answer(c, std::ranges::any_of(values, [&](const Value& v) { return Value::compare(x, v) == 0; }));
    };
}

Result<KernelPtr> in(const plan::Expr& call, Kernels args) {
    if (const auto list = constants(args)) {
        Kernels first{args[0]};
        return row_kernel(call.type, std::move(first), Strictness::strict,
                          in_constants(*list, call.args[0]->type));
    }
    return row_kernel(call.type, std::move(args), Strictness::lenient, [](RowCall& c) {
        if (c.is_null(0)) return c.null();
        const Value x = c.value(0);
        bool unknown = false;
        for (std::size_t i = 1; i < c.size(); ++i) {
            if (c.is_null(i)) {
                unknown = true;
            } else if (Value::compare(x, c.value(i)) == 0) {
                return c.set_boolean(true);
            }
        }
        unknown ? c.null() : c.set_boolean(false);
    });
}

}  // namespace

void add_comparison(Registry& registry) {
    const struct {
        const char* name;
        Order order;
    } orders[] = {{"=", Order::eq},  {"<>", Order::ne}, {"<", Order::lt},
                  {"<=", Order::le}, {">", Order::gt},  {">=", Order::ge}};
    for (const auto& o : orders) {
        registry.add(o.name, [order = o.order](const plan::Expr& call, Kernels args) {
            return comparison(order, call, std::move(args));
        });
    }
    registry.add("IS DISTINCT FROM",
                 [](const plan::Expr& call, Kernels args) { return distinct(false, call, std::move(args)); });
    registry.add("IS NOT DISTINCT FROM",
                 [](const plan::Expr& call, Kernels args) { return distinct(true, call, std::move(args)); });
    registry.add("BETWEEN", between);
    registry.add("IN", in);
}

}  // namespace mr::engine::internal
