// Evaluates typed expressions over the rows of a delta, a column at a time.
//
// 1. What fails at run time (division by zero, a CAST that does not fit, invalid JSON where ERROR ON ERROR
// was
//    asked) fails for its row only: the slot becomes NULL and the row is listed in `errors`, so that the
//    caller sets the row aside (rejected.<stream>) and goes on. A row may be listed more than once; rows come
//    in no order (see failed_rows()).
// 2. A branch that a row does not take (CASE, COALESCE, IF, AND, OR) raises no error for it.
// 3. Equal subexpressions of one Evaluator are computed once a batch; constants once, at create().
// 4. The result depends on the input alone: no clock is read, PROCTIME and CURRENT_TIMESTAMP come from
//    `processing_time_ms`.
//
// Thread: one at a time (keeps scratch between batches).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "columnar/delta.h"
#include "plan/expr.h"

namespace mr::engine {

struct RowError {
    std::uint32_t row = 0;
    std::string message;
};

/// The rows an expression is evaluated over. Owns nothing.
struct EvalInput {
    std::span<const ColumnPtr> columns;
    std::size_t rows = 0;
    /// The watermark before each row (CURRENT_WATERMARK); empty: none.
    std::span<const std::int64_t> wm;
    std::int64_t processing_time_ms = 0;

    static EvalInput of(const Delta& delta, std::int64_t processing_time_ms) {
        return {delta.columns, delta.size(), delta.wm, processing_time_ms};
    }
};

namespace internal {
struct Program;
}

class Evaluator {
  public:
    /// unsupported or invalid_argument for what can be told without rows: an unknown function, a regular
    /// expression that does not compile, a JSON path that does not parse.
    static Result<std::unique_ptr<Evaluator>> create(std::span<const plan::ExprPtr> expressions,
                                                     const Schema& input);
    static Result<std::unique_ptr<Evaluator>> create(const plan::ExprPtr& expression, const Schema& input);
    ~Evaluator();

    /// One column an expression, each of `input.rows` rows and of exactly the expression's type.
    std::vector<ColumnPtr> evaluate(const EvalInput& input, std::vector<RowError>& errors);
    /// The only expression's column. REQUIRES: created with one.
    ColumnPtr evaluate_one(const EvalInput& input, std::vector<RowError>& errors);
    /// The rows for which the only expression is TRUE, ascending, appended to `rows` (a row that failed is
    /// not TRUE). REQUIRES: created with one BOOLEAN.
    void select(const EvalInput& input, std::vector<std::uint32_t>& rows, std::vector<RowError>& errors);

    /// For create().
    explicit Evaluator(std::unique_ptr<internal::Program> program);

  private:
    std::unique_ptr<internal::Program> program_;
};

/// The value of an expression without inputs.
Result<Value> evaluate_constant(const plan::ExprPtr& expression, std::int64_t processing_time_ms = 0);

/// `errors` with one entry a row (the first message), ascending.
std::vector<RowError> failed_rows(std::vector<RowError> errors);

}  // namespace mr::engine
