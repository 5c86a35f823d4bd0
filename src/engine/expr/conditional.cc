// CASE, IF, COALESCE, IFNULL, NULLIF, GREATEST, LEAST, TYPEOF. A branch is computed for the rows that take
// it.
#include "engine/internal/registry.h"
#include "engine/internal/vectors.h"

namespace mr::engine::internal {
namespace {

bool is_true(const Vec& v, std::size_t row) {
    const std::size_t i = v.at(row);
    return !v.column->is_null(i) && v.column->boolean(i);
}

/// Rows of `from` whose choice is `index`, taken from the chosen vectors.
Vec assemble(const DataType& type, const std::vector<Vec>& branches,
             const std::vector<std::uint16_t>& choice) {
    ColumnBuilder out(type);
    out.reserve(choice.size());
    for (std::size_t row = 0; row < choice.size(); ++row) {
        const Vec& v = branches[choice[row]];
        if (v.column == nullptr) {
            out.append_null();
        } else {
            out.append_from(*v.column, v.at(row));
        }
    }
    return {out.finish(), false};
}

/// CASE(c1, v1, c2, v2, …, [else]).
class CaseKernel final : public Kernel {
  public:
    CaseKernel(DataType type, Kernels args) : Kernel(std::move(type)), args_(std::move(args)) {}

  protected:
    Vec run(Frame& frame) override {
        const std::size_t n = frame.rows();
        const std::size_t conditions = args_.size() / 2;
        const bool has_else = args_.size() % 2 == 1;
        constexpr std::uint16_t kOpen = 0xffff;
        std::vector<std::uint16_t> choice(n, kOpen);
        std::vector<Vec> branches(conditions + 1);
        std::size_t open = n;
        for (std::size_t c = 0; c <= conditions && open > 0; ++c) {
            Mask waiting(n);
            for (std::size_t i = 0; i < n; ++i) {
                if (choice[i] == kOpen && frame.is_active(i)) waiting.set(i);
            }
            if (waiting.count() == 0) break;
            Frame inner = frame;
            if (waiting.count() < n) inner.active = &waiting;
            if (c == conditions) {
                if (has_else) branches[c] = args_.back()->eval(inner);
                break;
            }
            const Vec test = args_[2 * c]->eval(inner);
            Mask taken(n);
            for (std::size_t i = 0; i < n; ++i) {
                if (!waiting.test(i) || !is_true(test, i)) continue;
                taken.set(i);
                choice[i] = static_cast<std::uint16_t>(c);
            }
            open -= taken.count();
            if (taken.count() == 0) continue;
            Frame branch = frame;
            if (taken.count() < n) branch.active = &taken;
            branches[c] = args_[2 * c + 1]->eval(branch);
            if (taken.count() == n && !branches[c].constant) return branches[c];
        }
        for (std::uint16_t& c : choice) {
            if (c == kOpen) c = static_cast<std::uint16_t>(conditions);
        }
        return assemble(type(), branches, choice);
    }

  private:
    Kernels args_;
};

/// COALESCE(a, b, …): the next is asked for the rows still NULL.
class CoalesceKernel final : public Kernel {
  public:
    CoalesceKernel(DataType type, Kernels args) : Kernel(std::move(type)), args_(std::move(args)) {}

  protected:
    Vec run(Frame& frame) override {
        const std::size_t n = frame.rows();
        std::vector<std::uint16_t> choice(n, 0);
        std::vector<Vec> branches;
        Mask open(n);
        for (std::size_t i = 0; i < n; ++i) {
            if (frame.is_active(i)) open.set(i);
        }
        for (std::size_t a = 0; a < args_.size(); ++a) {
            Frame inner = frame;
            if (open.count() < n) inner.active = &open;
            branches.push_back(args_[a]->eval(inner));
            const Vec& v = branches.back();
            if (a == 0 && !v.constant && !v.column->has_nulls()) return v;
            Mask still(n);
            for (std::size_t i = 0; i < n; ++i) {
                if (!open.test(i)) continue;
                choice[i] = static_cast<std::uint16_t>(a);
                if (v.is_null(i)) still.set(i);
            }
            if (still.count() == 0) break;
            open = still;
        }
        return assemble(type(), branches, choice);
    }

  private:
    Kernels args_;
};

RowFunction extreme(int sign) {
    return [sign](RowCall& c) {
        std::size_t best = 0;
        Value value = c.value(0);
        for (std::size_t i = 1; i < c.size(); ++i) {
            Value other = c.value(i);
            if (Value::compare(other, value) * sign > 0) {
                value = std::move(other);
                best = i;
            }
        }
        c.copy(best);
    };
}

}  // namespace

void add_conditional(Registry& registry) {
    const auto make_case = [](const plan::Expr& call, Kernels args) -> Result<KernelPtr> {
        return std::make_shared<CaseKernel>(call.type, std::move(args));
    };
    const auto make_coalesce = [](const plan::Expr& call, Kernels args) -> Result<KernelPtr> {
        return std::make_shared<CoalesceKernel>(call.type, std::move(args));
    };
    registry.add("CASE", make_case);
    registry.add("IF", make_case);
    registry.add("COALESCE", make_coalesce);
    registry.add("IFNULL", make_coalesce);
    registry.add_row(
        "NULLIF",
        [](RowCall& c) {
            if (!c.is_null(0) && !c.is_null(1) && Value::compare(c.value(0), c.value(1)) == 0)
                return c.null();
            c.copy(0);
        },
        Strictness::lenient);
    registry.add_row("GREATEST", extreme(1));
    registry.add_row("LEAST", extreme(-1));
    registry.add("TYPEOF", [](const plan::Expr& call, Kernels) -> Result<KernelPtr> {
        return constant_kernel(call.type, Value::of(call.args[0]->type.to_string()));
    });
}

}  // namespace mr::engine::internal
