#include "engine/internal/kernel.h"

#include <algorithm>

namespace mr::engine::internal {
namespace {

class ConstantKernel final : public Kernel {
  public:
    ConstantKernel(const DataType& type, Vec value) : Kernel(type), value_(std::move(value)) {}
    [[nodiscard]] const Vec* constant() const override { return &value_; }

  protected:
    Vec run(Frame&) override { return value_; }

  private:
    Vec value_;
};

class RowKernel final : public Kernel {
  public:
    RowKernel(DataType type, Kernels args, Strictness strictness, RowFunction function, bool deterministic)
        : Kernel(std::move(type)),
          args_(std::move(args)),
          strictness_(strictness),
          deterministic_(deterministic),
          function_(std::move(function)) {}

  protected:
    Vec run(Frame& frame) override {
        std::vector<Vec> args;
        args.reserve(args_.size());
        bool constant = deterministic_;
        for (const KernelPtr& k : args_) {
            args.push_back(k->eval(frame));
            constant = constant && args.back().constant;
        }
        const std::size_t n = constant ? 1 : frame.rows();
        ColumnBuilder out(type());
        out.reserve(n);
        RowCall call(args, out, frame);
        for (std::size_t row = 0; row < n; ++row) {
            if (!constant && !frame.is_active(row)) {
                out.append_null();
                continue;
            }
            if (strictness_ == Strictness::strict && any_null(args, row)) {
                out.append_null();
                continue;
            }
            call.move_to(row, constant);
            function_(call);
            MR_DCHECK(out.size() == row + 1, "a row function of {} made {} values at row {}",
                      type().to_string(), out.size(), row);
        }
        return {out.finish(), constant};
    }

  private:
    static bool any_null(const std::vector<Vec>& args, std::size_t row) {
        return std::ranges::any_of(args, [row](const Vec& v) { return v.is_null(row); });
    }

    Kernels args_;
    Strictness strictness_;
    bool deterministic_;
    RowFunction function_;
};

}  // namespace

Vec constant_vec(const DataType& type, const Value& value) {
    return {Column::constant(type, value, 1), true};
}

KernelPtr constant_kernel(const DataType& type, const Value& value) {
    return std::make_shared<ConstantKernel>(type, constant_vec(type, value));
}

ColumnPtr expand(const Vec& v, const DataType& type, std::size_t rows) {
    if (!v.constant) return v.column->type() == type ? v.column : Column::retype(v.column, type);
    return Column::constant(type, v.column->value(0), rows);
}

KernelPtr row_kernel(DataType type, Kernels args, Strictness strictness, RowFunction function,
                     bool deterministic) {
    return std::make_shared<RowKernel>(std::move(type), std::move(args), strictness, std::move(function),
                                       deterministic);
}

std::optional<std::string> literal_text(const plan::Expr& call, std::size_t i) {
    if (i >= call.args.size()) return std::nullopt;
    const plan::Expr* e = call.args[i].get();
    // The binder may have put a cast between lengths around a literal.
    while (e->kind == plan::ExprKind::call && e->function == "CAST" && e->type.is_character())
        e = e->args[0].get();
    if (e->kind != plan::ExprKind::literal) return std::nullopt;
    const auto* text = std::get_if<std::string>(&e->value.data);
    return text == nullptr ? std::nullopt : std::optional(*text);
}

std::optional<std::int64_t> literal_integer(const plan::Expr& call, std::size_t i) {
    if (i >= call.args.size()) return std::nullopt;
    const plan::Expr* e = call.args[i].get();
    while (e->kind == plan::ExprKind::call && e->function == "CAST" && e->type.is_integer())
        e = e->args[0].get();
    if (e->kind != plan::ExprKind::literal) return std::nullopt;
    const auto* v = std::get_if<std::int64_t>(&e->value.data);
    return v == nullptr ? std::nullopt : std::optional(*v);
}

}  // namespace mr::engine::internal
