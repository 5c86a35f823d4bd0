// Calls of functions of shared libraries: only the rows that are asked for cross.
#include <algorithm>

#include "engine/internal/registry.h"
#include "plan/native_function.h"

namespace mr::engine::internal {
namespace {

class NativeKernel final : public Kernel {
  public:
    NativeKernel(const plan::Expr& call, Kernels args)
        : Kernel(call.type),
          function_(call.native),
          name_(call.function.substr(0, call.function.find('@'))),
          args_(std::move(args)) {
        for (const plan::ExprPtr& a : call.args) types_.push_back(a->type);
    }

  protected:
    Vec run(Frame& frame) override {
        std::vector<Vec> args;
        args.reserve(args_.size());
        bool constant = !function_->description().is_volatile;
        for (const KernelPtr& k : args_) {
            args.push_back(k->eval(frame));
            constant = constant && args.back().constant;
        }
        const std::size_t n = constant ? 1 : frame.rows();
        const std::vector<std::uint32_t> rows = rows_asked(frame, args, n, constant);
        if (rows.empty()) return null_vec(type());
        std::vector<ColumnPtr> columns;
        for (std::size_t i = 0; i < args.size(); ++i) columns.push_back(argument(i, args[i], rows, n));
        std::vector<plan::NativeFunction::RowError> errors;
        const ColumnPtr made = function_->call(columns, rows.size(), type(), errors);
        for (const auto& e : errors)
            frame.fail_at(constant, rows[e.row], fmt::format("{}: {}", name_, e.message));
        if (rows.size() == n) return {made, constant};
        ColumnBuilder out(type());
        out.reserve(n);
        std::size_t next = 0;
        for (std::size_t row = 0; row < n; ++row) {
            if (next < rows.size() && rows[next] == row) {
                out.append_from(*made, next++);
            } else {
                out.append_null();
            }
        }
        return {out.finish(), false};
    }

  private:
    [[nodiscard]] std::vector<std::uint32_t> rows_asked(const Frame& frame, const std::vector<Vec>& args,
                                                        std::size_t n, bool constant) const {
        const bool strict = function_->description().null_on_null;
        std::vector<std::uint32_t> rows;
        rows.reserve(n);
        for (std::uint32_t row = 0; row < n; ++row) {
            if (!constant && !frame.is_active(row)) continue;
            if (strict && std::ranges::any_of(args, [row](const Vec& v) { return v.is_null(row); })) continue;
            rows.push_back(row);
        }
        return rows;
    }

    [[nodiscard]] ColumnPtr argument(std::size_t i, const Vec& v, const std::vector<std::uint32_t>& rows,
                                     std::size_t n) const {
        if (v.constant) return expand(v, types_[i], rows.size());
        const ColumnPtr column = rows.size() == n ? v.column : Column::take(v.column, rows);
        return column->type().kind == types_[i].kind ? column : Column::retype(column, types_[i]);
    }

    const plan::NativeFunctionPtr function_;
    const std::string name_;
    const Kernels args_;
    std::vector<DataType> types_;
};

}  // namespace

KernelPtr native_kernel(const plan::Expr& call, Kernels args) {
    return std::make_shared<NativeKernel>(call, std::move(args));
}

}  // namespace mr::engine::internal
