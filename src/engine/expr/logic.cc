// AND, OR, NOT, IS …: three-valued logic on bits. The right side of AND (OR) is asked only for rows whose
// left side is not FALSE (TRUE), so that `x <> 0 AND 10 / x > 1` is safe.
#include "engine/internal/registry.h"
#include "engine/internal/vectors.h"

namespace mr::engine::internal {
namespace {

/// FALSE, unknown, TRUE of a row.
enum class Truth : std::uint8_t { no, unknown, yes };

Truth truth(const Vec& v, std::size_t row) {
    const std::size_t i = v.at(row);
    if (v.column->is_null(i)) return Truth::unknown;
    return v.column->boolean(i) ? Truth::yes : Truth::no;
}

/// AND (decisive = FALSE) or OR (decisive = TRUE).
class Junction final : public Kernel {
  public:
    Junction(DataType type, Kernels args, Truth decisive)
        : Kernel(std::move(type)), args_(std::move(args)), decisive_(decisive) {}

  protected:
    Vec run(Frame& frame) override {
        Vec left = args_[0]->eval(frame);
        for (std::size_t i = 1; i < args_.size(); ++i) left = join(left, *args_[i], frame);
        return left;
    }

  private:
    Vec join(const Vec& left, Kernel& right, Frame& frame) {
        const std::size_t n = frame.rows();
        if (left.constant) {
            if (truth(left, 0) == decisive_) return left;
            return combine(left, right.eval(frame), n);
        }
        Mask mask(n);
        for (std::size_t i = 0; i < n; ++i) {
            if (frame.is_active(i) && truth(left, i) != decisive_) mask.set(i);
        }
        if (mask.count() == 0) return left;
        if (mask.count() == n) return combine(left, right.eval(frame), n);
        Frame narrow = frame;
        narrow.active = &mask;
        return combine(left, right.eval(narrow), n);
    }

    Vec combine(const Vec& a, const Vec& b, std::size_t rows) const {
        const bool constant = a.constant && b.constant;
        const std::size_t n = constant ? 1 : rows;
        BitsOut out(n);
        Validity validity;
        if (!a.constant && !b.constant && !a.column->has_nulls() && !b.column->has_nulls()) {
            const std::uint8_t *x = a.column->bits(), *y = b.column->bits();
            const bool both = decisive_ == Truth::no;
            for (std::size_t i = 0; i < (n + 7) / 8; ++i)
                out.data[i] = static_cast<std::uint8_t>(both ? x[i] & y[i] : x[i] | y[i]);
        } else {
            for (std::size_t i = 0; i < n; ++i) {
                const Truth x = truth(a, i), y = truth(b, i);
                const bool decided = x == decisive_ || y == decisive_;
                if (!decided && (x == Truth::unknown || y == Truth::unknown)) {
                    validity.clear(i, n);
                } else {
                    out.set(i, decided == (decisive_ == Truth::yes));
                }
            }
        }
        return {Column::fixed(type(), n, std::move(out.storage), std::move(validity.bits)), constant};
    }

    Kernels args_;
    Truth decisive_;
};

Result<KernelPtr> negation(const plan::Expr& call, Kernels args) {
    return make_kernel(call.type, [type = call.type, a = args[0]](Frame& f) {
        const Vec v = a->eval(f);
        const std::size_t n = v.constant ? 1 : f.rows();
        Validity validity = merge_validity({&v}, n);
        if (validity.nowhere) return null_vec(type);
        BitsOut out(n);
        for (std::size_t i = 0; i < (n + 7) / 8; ++i)
            out.data[i] = static_cast<std::uint8_t>(~v.column->bits()[i]);
        return Vec{Column::fixed(type, n, std::move(out.storage), std::move(validity.bits)), v.constant};
    });
}

/// IS NULL and IS NOT NULL.
Result<KernelPtr> null_test(bool wanted, const plan::Expr& call, Kernels args) {
    return make_kernel(call.type, [type = call.type, a = args[0], wanted](Frame& f) {
        const Vec v = a->eval(f);
        if (!v.constant && !v.column->has_nulls() && v.type().kind != TypeKind::null)
            return constant_vec(type, Value::of(!wanted));
        const std::size_t n = v.constant ? 1 : f.rows();
        BitsOut out = pack_bits(n, [&](std::size_t i) { return v.column->is_null(i) == wanted; });
        return Vec{Column::fixed(type, n, std::move(out.storage), {}), v.constant};
    });
}

Result<KernelPtr> truth_test(Truth of, bool wanted, const plan::Expr& call, Kernels args) {
    return make_kernel(call.type, [type = call.type, a = args[0], of, wanted](Frame& f) {
        const Vec v = a->eval(f);
        const std::size_t n = v.constant ? 1 : f.rows();
        BitsOut out = pack_bits(n, [&](std::size_t i) { return (truth(v, i) == of) == wanted; });
        return Vec{Column::fixed(type, n, std::move(out.storage), {}), v.constant};
    });
}

/// An untyped NULL among the arguments is a BOOLEAN NULL.
void type_nulls(Kernels& args) {
    for (KernelPtr& a : args) {
        if (a->type().kind == TypeKind::null) a = constant_kernel(DataType::boolean(), Value::null());
    }
}

}  // namespace

void add_logic(Registry& registry) {
    const auto junction = [&](const char* name, Truth decisive) {
        registry.add(name, [decisive](const plan::Expr& call, Kernels args) -> Result<KernelPtr> {
            type_nulls(args);
            return std::make_shared<Junction>(call.type, std::move(args), decisive);
        });
    };
    junction("AND", Truth::no);
    junction("OR", Truth::yes);
    registry.add("NOT", [](const plan::Expr& call, Kernels args) {
        type_nulls(args);
        return negation(call, std::move(args));
    });
    registry.add("IS NULL",
                 [](const plan::Expr& c, Kernels args) { return null_test(true, c, std::move(args)); });
    registry.add("IS NOT NULL",
                 [](const plan::Expr& c, Kernels args) { return null_test(false, c, std::move(args)); });
    const struct {
        const char* name;
        Truth of;
        bool wanted;
    } tests[] = {{"IS TRUE", Truth::yes, true},        {"IS NOT TRUE", Truth::yes, false},
                 {"IS FALSE", Truth::no, true},        {"IS NOT FALSE", Truth::no, false},
                 {"IS UNKNOWN", Truth::unknown, true}, {"IS NOT UNKNOWN", Truth::unknown, false}};
    for (const auto& t : tests) {
        registry.add(t.name, [of = t.of, wanted = t.wanted](const plan::Expr& call, Kernels args) {
            type_nulls(args);
            return truth_test(of, wanted, call, std::move(args));
        });
    }
}

}  // namespace mr::engine::internal
