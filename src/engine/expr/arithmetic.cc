// + - * / % over numbers, times and intervals. Integers wrap as Java's; DECIMAL overflow is NULL.
#include <cmath>
#include <limits>
#include <type_traits>

#include "columnar/decimal.h"
#include "columnar/temporal.h"
#include "engine/internal/registry.h"
#include "engine/internal/vectors.h"

namespace mr::engine::internal {
namespace {

template <class T>
T wrap(char op, T a, T b) {
    using U = std::make_unsigned_t<T>;
    // Narrow types are promoted to int, which their products cannot overflow.
    if (op == '+') return static_cast<T>(static_cast<U>(static_cast<U>(a) + static_cast<U>(b)));
    if (op == '-') return static_cast<T>(static_cast<U>(static_cast<U>(a) - static_cast<U>(b)));
    if constexpr (sizeof(T) < 4) return static_cast<T>(static_cast<int>(a) * static_cast<int>(b));
    return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
}

/// / and % of integers: zero fails the row, the least value by -1 wraps.
template <class T>
Vec divide_integers(const DataType& type, const Vec& a, const Vec& b, Frame& frame, bool remainder) {
    const bool constant = a.constant && b.constant;
    const std::size_t n = constant ? 1 : frame.rows();
    Validity v = merge_validity({&a, &b}, n);
    if (v.nowhere) return null_vec(type);
    FixedOut<T> out(n);
    const T* x = a.column->values<T>();
    const T* y = b.column->values<T>();
    for (std::size_t i = 0; i < n; ++i) {
        const T divisor = y[b.at(i)];
        if (divisor == 0) [[unlikely]] {
            if (v.test(i)) frame.fail_at(constant, i, "division by zero");
            v.clear(i, n);
            continue;
        }
        const T dividend = x[a.at(i)];
        if (divisor == T(-1)) {
            out.data[i] = remainder ? T{0} : wrap<T>('-', T{0}, dividend);
        } else {
            out.data[i] = static_cast<T>(remainder ? dividend % divisor : dividend / divisor);
        }
    }
    return {Column::fixed(type, n, std::move(out.storage), std::move(v.bits)), constant};
}

template <class T>
Vec integers(char op, const DataType& type, const Vec& a, const Vec& b, Frame& frame) {
    const std::size_t n = frame.rows();
    switch (op) {
        case '+':
            return binary_fixed<T, T>(type, a, b, n, [](T x, T y) { return wrap<T>('+', x, y); });
        case '-':
            return binary_fixed<T, T>(type, a, b, n, [](T x, T y) { return wrap<T>('-', x, y); });
        case '*':
            return binary_fixed<T, T>(type, a, b, n, [](T x, T y) { return wrap<T>('*', x, y); });
        default:
            return divide_integers<T>(type, a, b, frame, op == '%');
    }
}

template <class T>
Vec reals(char op, const DataType& type, const Vec& a, const Vec& b, std::size_t n) {
    switch (op) {
        case '+':
            return binary_fixed<T, T>(type, a, b, n, [](T x, T y) { return x + y; });
        case '-':
            return binary_fixed<T, T>(type, a, b, n, [](T x, T y) { return x - y; });
        case '*':
            return binary_fixed<T, T>(type, a, b, n, [](T x, T y) { return x * y; });
        case '/':
            return binary_fixed<T, T>(type, a, b, n, [](T x, T y) { return x / y; });
        default:
            return binary_fixed<T, T>(type, a, b, n, [](T x, T y) { return std::fmod(x, y); });
    }
}

using DecimalOperation = std::optional<Int128> (*)(Scaled, Scaled, DecimalShape);

DecimalOperation decimal_operation(char op) {
    switch (op) {
        case '+':
            return decimal_add;
        case '-':
            return decimal_subtract;
        case '*':
            return decimal_multiply;
        case '/':
            return decimal_divide;
        default:
            return decimal_remainder;
    }
}

Vec decimals(char op, const DataType& type, const Vec& a, const Vec& b, Frame& frame) {
    const bool constant = a.constant && b.constant;
    const std::size_t n = constant ? 1 : frame.rows();
    Validity v = merge_validity({&a, &b}, n);
    if (v.nowhere) return null_vec(type);
    FixedOut<Int128> out(n);
    const DecimalOperation operation = decimal_operation(op);
    const bool divides = op == '/' || op == '%';
    const DecimalShape shape{type.precision, type.scale};
    const int scale_a = a.type().scale, scale_b = b.type().scale;
    for (std::size_t i = 0; i < n; ++i) {
        if (!v.test(i)) continue;
        const Int128 y = b.column->decimal(b.at(i));
        if (divides && y == 0) {
            frame.fail_at(constant, i, "division by zero");
            v.clear(i, n);
            continue;
        }
        const auto r = operation({a.column->decimal(a.at(i)), scale_a}, {y, scale_b}, shape);
        if (r) {
            out.data[i] = *r;
        } else {
            v.clear(i, n);
        }
    }
    return {Column::fixed(type, n, std::move(out.storage), std::move(v.bits)), constant};
}

Result<KernelPtr> numbers(char op, const plan::Expr& call, Kernels args) {
    const DataType type = call.type;
    const KernelPtr a = args[0], b = args[1];
    const auto with = [&](auto compute) -> KernelPtr {
        return make_kernel(type, [type, a, b, compute](Frame& f) {
            const Vec x = a->eval(f), y = b->eval(f);
            return compute(type, x, y, f);
        });
    };
    switch (type.kind) {
        case TypeKind::tinyint:
            return with(
                [op](auto& t, auto& x, auto& y, Frame& f) { return integers<std::int8_t>(op, t, x, y, f); });
        case TypeKind::smallint:
            return with(
                [op](auto& t, auto& x, auto& y, Frame& f) { return integers<std::int16_t>(op, t, x, y, f); });
        case TypeKind::integer:
        case TypeKind::interval_month:
            return with(
                [op](auto& t, auto& x, auto& y, Frame& f) { return integers<std::int32_t>(op, t, x, y, f); });
        case TypeKind::bigint:
        case TypeKind::interval_day:
            return with(
                [op](auto& t, auto& x, auto& y, Frame& f) { return integers<std::int64_t>(op, t, x, y, f); });
        case TypeKind::float_:
            return with(
                [op](auto& t, auto& x, auto& y, Frame& f) { return reals<float>(op, t, x, y, f.rows()); });
        case TypeKind::double_:
            return with(
                [op](auto& t, auto& x, auto& y, Frame& f) { return reals<double>(op, t, x, y, f.rows()); });
        case TypeKind::decimal:
            return with([op](auto& t, auto& x, auto& y, Frame& f) { return decimals(op, t, x, y, f); });
        default:
            return fail(Code::internal, "arithmetic of {}", type.to_string());
    }
}

/// BIGINT % INT is an INT in Flink: computed in the wider type, then narrowed.
Result<KernelPtr> mixed_remainder(const plan::Expr& call, Kernels args) {
    return row_kernel(call.type, std::move(args), Strictness::strict, [](RowCall& c) {
        if (c.integer(1) == 0) return c.fail("division by zero");
        c.set_integer(c.integer(1) == -1 ? 0 : c.integer(0) % c.integer(1));
    });
}

/// Millisecond and month intervals onto dates, times and timestamps.
std::int64_t shift(const DataType& time, std::int64_t value, const DataType& interval, std::int64_t by) {
    constexpr std::int64_t kDay = 86'400'000;
    if (interval.kind == TypeKind::interval_month) {
        if (time.kind == TypeKind::date) return add_months(value, by);
        const std::int64_t unit = time.time_unit();
        const std::int64_t day = floor_div(value, unit * 86'400);
        return add_months(day, by) * unit * 86'400 + (value - day * unit * 86'400);
    }
    switch (time.kind) {
        case TypeKind::date:
            return value + floor_div(by, kDay);
        case TypeKind::time: {
            const std::int64_t ms = (value + by) % kDay;
            return ms < 0 ? ms + kDay : ms;
        }
        default:
            return wrap<std::int64_t>('+', value, wrap<std::int64_t>('*', by, time.time_unit() / 1000));
    }
}

Result<KernelPtr> time_and_interval(char op, const plan::Expr& call, Kernels args) {
    const std::size_t time = call.args[0]->type.is_interval() ? 1 : 0;
    const DataType time_type = call.args[time]->type, interval_type = call.args[1 - time]->type;
    const std::int64_t sign = op == '-' ? -1 : 1;
    if (time_type.is_timestamp() && interval_type.kind == TypeKind::interval_day) {
        const std::int64_t scale = sign * (time_type.time_unit() / 1000);
        const KernelPtr a = args[time], b = args[1 - time];
        return make_kernel(call.type, [a, b, scale, type = call.type](Frame& f) {
            const Vec x = a->eval(f), y = b->eval(f);
            return binary_fixed<std::int64_t, std::int64_t>(
                type, x, y, f.rows(), [scale](std::int64_t t, std::int64_t by) {
                    return wrap<std::int64_t>('+', t, wrap<std::int64_t>('*', by, scale));
                });
        });
    }
    return row_kernel(call.type, std::move(args), Strictness::strict, [=](RowCall& c) {
        c.set_integer(shift(time_type, c.integer(time), interval_type, sign * c.integer(1 - time)));
    });
}

/// Milliseconds between two times of one type.
Result<KernelPtr> time_difference(const plan::Expr& call, Kernels args) {
    const DataType type = call.args[0]->type;
    return row_kernel(call.type, std::move(args), Strictness::strict, [type](RowCall& c) {
        const std::int64_t d = wrap<std::int64_t>('-', c.integer(0), c.integer(1));
        switch (type.kind) {
            case TypeKind::date:
                return c.set_integer(d * 86'400'000);
            case TypeKind::time:
                return c.set_integer(d);
            default:
                return c.set_integer(floor_div(d, type.time_unit() / 1000));
        }
    });
}

Result<KernelPtr> interval_by_number(char op, const plan::Expr& call, Kernels args) {
    const std::size_t interval = call.args[0]->type.is_interval() ? 0 : 1;
    const DataType factor = call.args[1 - interval]->type;
    return row_kernel(call.type, std::move(args), Strictness::strict, [=](RowCall& c) {
        const std::int64_t span = c.integer(interval);
        if (factor.kind == TypeKind::decimal) {
            const Scaled by{c.decimal(1 - interval), factor.scale};
            if (op == '/' && by.unscaled == 0) return c.fail("division by zero");
            const auto r =
                op == '/' ? decimal_divide({span, 0}, by, {19, 0}) : decimal_multiply({span, 0}, by, {19, 0});
            return r ? c.set_integer(static_cast<std::int64_t>(*r)) : c.null();
        }
        const std::int64_t by = c.integer(1 - interval);
        if (op == '*') return c.set_integer(wrap<std::int64_t>('*', span, by));
        if (by == 0) return c.fail("division by zero");
        c.set_integer(by == -1 ? wrap<std::int64_t>('-', 0, span) : span / by);
    });
}

Result<KernelPtr> negate(const plan::Expr& call, Kernels args) {
    const KernelPtr a = args[0];
    const DataType type = call.type;
    const auto with = [&](auto compute) {
        return make_kernel(type,
                           [type, a, compute](Frame& f) { return compute(type, a->eval(f), f.rows()); });
    };
    switch (type.kind) {
        case TypeKind::float_:
            return with([](auto& t, const Vec& v, std::size_t n) {
                return unary_fixed<float, float>(t, v, n, [](float x) { return -x; });
            });
        case TypeKind::double_:
            return with([](auto& t, const Vec& v, std::size_t n) {
                return unary_fixed<double, double>(t, v, n, [](double x) { return -x; });
            });
        case TypeKind::decimal:
            return with([](auto& t, const Vec& v, std::size_t n) {
                return unary_fixed<Int128, Int128>(t, v, n, [](Int128 x) { return -x; });
            });
        default:
            return row_kernel(type, std::move(args), Strictness::strict,
                              [](RowCall& c) { c.set_integer(wrap<std::int64_t>('-', 0, c.integer(0))); });
    }
}

Result<KernelPtr> arithmetic(char op, const plan::Expr& call, Kernels args) {
    if (args.size() == 1) {
        if (op == '+') return args[0];
        return negate(call, std::move(args));
    }
    const DataType &a = call.args[0]->type, &b = call.args[1]->type;
    if (a.kind == TypeKind::null || b.kind == TypeKind::null)
        return constant_kernel(call.type, Value::null());
    if (op == '-' && a.is_temporal() && b.is_temporal()) return time_difference(call, std::move(args));
    if ((a.is_temporal() && b.is_interval()) || (a.is_interval() && b.is_temporal()))
        return time_and_interval(op, call, std::move(args));
    if (a.is_interval() != b.is_interval()) return interval_by_number(op, call, std::move(args));
    if (op == '%' && a.is_integer() && !(a.same_as(b) && a.same_as(call.type)))
        return mixed_remainder(call, std::move(args));
    return numbers(op, call, std::move(args));
}

}  // namespace

void add_arithmetic(Registry& registry) {
    for (const char op : {'+', '-', '*', '/', '%'}) {
        registry.add(std::string(1, op), [op](const plan::Expr& call, Kernels args) {
            return arithmetic(op, call, std::move(args));
        });
    }
}

}  // namespace mr::engine::internal
