#include "engine/expr/evaluator.h"

#include <algorithm>
#include <unordered_map>

#include "engine/internal/registry.h"
#include "plan/native_function.h"

namespace mr::engine {
namespace internal {

/// Compiled expressions and what they share.
struct Program {
    std::vector<KernelPtr> roots;
    std::vector<DataType> types;
    std::vector<KernelPtr> shared;  ///< kernels that remember a batch
    std::uint64_t batch = 0;
};

namespace {

class Compiler {
  public:
    explicit Compiler(const Schema& input) : input_(input) {}

    Result<KernelPtr> compile(const plan::Expr& e) {
        std::string key;
        if (e.kind == plan::ExprKind::call && !varies(e)) {
            key = e.type.to_string() + " " + plan::to_string(e);
            const auto found = known_.find(key);
            if (found != known_.end()) {
                found->second->share();
                if (std::ranges::find(shared_, found->second) == shared_.end())
                    shared_.push_back(found->second);
                return found->second;
            }
        }
        MR_TRY(KernelPtr made, compile_new(e));
        if (!key.empty()) known_.emplace(std::move(key), made);
        return made;
    }
    [[nodiscard]] std::vector<KernelPtr> take_shared() { return std::move(shared_); }

  private:
    /// RAND() twice is two numbers.
    static bool varies(const plan::Expr& e) {
        if (e.kind == plan::ExprKind::call && (e.function == "RAND" || e.function == "RAND_INTEGER" ||
                                               e.function == "UUID" || plan::is_volatile(e)))
            return true;
        return std::ranges::any_of(e.args, [](const plan::ExprPtr& a) { return varies(*a); });
    }

    Result<KernelPtr> compile_new(const plan::Expr& e) {
        switch (e.kind) {
            case plan::ExprKind::literal:
                return constant_kernel(e.type, e.value);
            case plan::ExprKind::input:
                return compile_input(e);
            case plan::ExprKind::field:
                return compile_field(e);
            case plan::ExprKind::call:
                break;
        }
        return compile_call(e);
    }

    Result<KernelPtr> compile_input(const plan::Expr& e) {
        if (e.index < 0 || static_cast<std::size_t>(e.index) >= input_.size()) {
            return fail(Code::internal, "expression reads column {} of {}", e.index, input_.to_string());
        }
        const auto index = static_cast<std::size_t>(e.index);
        return make_kernel(e.type, [index](Frame& f) { return Vec{f.input->columns[index], false}; });
    }

    Result<KernelPtr> compile_field(const plan::Expr& e) {
        MR_TRY(KernelPtr row, compile(*e.args[0]));
        const auto index = static_cast<std::size_t>(e.index);
        return make_kernel(e.type, [row, index](Frame& f) {
            // A NULL row has NULL fields: that is how its children are stored.
            const Vec r = row->eval(f);
            return Vec{r.column->child(index), r.constant};
        });
    }

    Result<KernelPtr> compile_call(const plan::Expr& e) {
        Kernels args;
        for (const plan::ExprPtr& a : e.args) {
            MR_TRY(KernelPtr k, compile(*a));
            args.push_back(std::move(k));
        }
        const bool constant =
            std::ranges::all_of(args, [](const KernelPtr& k) { return k->constant() != nullptr; });
        if (e.native != nullptr) {
            KernelPtr made = native_kernel(e, std::move(args));
            return constant && plan::is_constant(e) ? fold(made) : made;
        }
        const Maker* maker = registry().find(e.function);
        if (maker == nullptr) return fail(Code::unsupported, "function {} has no kernel", e.function);
        auto made = (*maker)(e, std::move(args));
        if (!made && e.line > 0)
            return fail(made.error().code, "{}:{}: {}", e.line, e.column, made.error().message);
        if (!made || !constant || !plan::is_constant(e)) return made;
        return fold(*made);
    }

    /// Computes a constant call once; one that fails is left to fail for each row it is asked for.
    static KernelPtr fold(const KernelPtr& kernel) {
        std::vector<RowError> errors;
        const EvalInput one{{}, 1, {}, 0};
        Frame frame{&one, &errors, nullptr, 1};
        const Vec v = kernel->eval(frame);
        if (!errors.empty()) return kernel;
        return constant_kernel(kernel->type(), v.column->value(0));
    }

    const Schema& input_;
    std::unordered_map<std::string, KernelPtr> known_;
    std::vector<KernelPtr> shared_;
};

}  // namespace
}  // namespace internal

Evaluator::Evaluator(std::unique_ptr<internal::Program> program) : program_(std::move(program)) {}
Evaluator::~Evaluator() = default;

Result<std::unique_ptr<Evaluator>> Evaluator::create(std::span<const plan::ExprPtr> expressions,
                                                     const Schema& input) {
    auto program = std::make_unique<internal::Program>();
    internal::Compiler compiler(input);
    for (const plan::ExprPtr& e : expressions) {
        MR_TRY(auto kernel, compiler.compile(*e));
        program->roots.push_back(std::move(kernel));
        program->types.push_back(e->type);
    }
    program->shared = compiler.take_shared();
    return std::make_unique<Evaluator>(std::move(program));
}

Result<std::unique_ptr<Evaluator>> Evaluator::create(const plan::ExprPtr& expression, const Schema& input) {
    return create(std::span(&expression, 1), input);
}

std::vector<ColumnPtr> Evaluator::evaluate(const EvalInput& input, std::vector<RowError>& errors) {
    internal::Frame frame{&input, &errors, nullptr, ++program_->batch};
    std::vector<ColumnPtr> out;
    out.reserve(program_->roots.size());
    for (std::size_t i = 0; i < program_->roots.size(); ++i) {
        const internal::Vec v = program_->roots[i]->eval(frame);
        out.push_back(internal::expand(v, program_->types[i], input.rows));
        MR_DCHECK(out.back()->size() == input.rows, "{} values for {} rows", out.back()->size(), input.rows);
    }
    for (const internal::KernelPtr& k : program_->shared) k->forget();
    return out;
}

ColumnPtr Evaluator::evaluate_one(const EvalInput& input, std::vector<RowError>& errors) {
    MR_CHECK(program_->roots.size() == 1, "{} expressions", program_->roots.size());
    return evaluate(input, errors).front();
}

void Evaluator::select(const EvalInput& input, std::vector<std::uint32_t>& rows,
                       std::vector<RowError>& errors) {
    MR_CHECK(program_->roots.size() == 1, "{} expressions", program_->roots.size());
    const std::size_t before = errors.size();
    internal::Frame frame{&input, &errors, nullptr, ++program_->batch};
    const internal::Vec v = program_->roots[0]->eval(frame);
    for (const internal::KernelPtr& k : program_->shared) k->forget();
    const auto is_true = [&](std::size_t i) { return !v.is_null(i) && v.column->boolean(v.at(i)); };
    if (v.constant) {
        if (input.rows == 0 || !is_true(0)) return;
        for (std::uint32_t i = 0; i < input.rows; ++i) rows.push_back(i);
    } else if (!v.column->has_nulls() && errors.size() == before) {
        const std::uint8_t* bits = v.column->bits();
        for (std::uint32_t i = 0; i < input.rows; ++i) {
            if (((bits[i >> 3] >> (i & 7)) & 1) != 0) rows.push_back(i);
        }
        return;
    } else {
        for (std::uint32_t i = 0; i < input.rows; ++i) {
            if (is_true(i)) rows.push_back(i);
        }
    }
    if (errors.size() == before) return;
    std::vector<bool> failed(input.rows, false);
    for (std::size_t i = before; i < errors.size(); ++i) failed[errors[i].row] = true;
    std::erase_if(rows, [&](std::uint32_t row) { return failed[row]; });
}

Result<Value> evaluate_constant(const plan::ExprPtr& expression, std::int64_t processing_time_ms) {
    MR_TRY(auto evaluator, Evaluator::create(expression, Schema{}));
    std::vector<RowError> errors;
    const ColumnPtr c = evaluator->evaluate_one({{}, 1, {}, processing_time_ms}, errors);
    if (!errors.empty()) return fail(Code::invalid_argument, "{}", errors.front().message);
    return c->value(0);
}

std::vector<RowError> failed_rows(std::vector<RowError> errors) {
    std::ranges::stable_sort(errors, {}, &RowError::row);
    const auto same = std::ranges::unique(errors, {}, &RowError::row);
    errors.erase(same.begin(), same.end());
    return errors;
}

}  // namespace mr::engine
