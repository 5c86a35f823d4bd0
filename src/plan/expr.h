// Typed expressions: what the binder produces and the engine evaluates. Immutable trees, shared freely.
// Thread: any.
//
// Everything that computes is a call: operators ("+", "=", "AND", "NOT", "IS NULL", "CASE"), casts ("CAST",
// "TRY_CAST") and functions ("UPPER", "JSON_VALUE") alike, by the canonical upper-case name of
// plan/functions.h. The binder has inserted every implicit cast: an evaluator finds argument types exactly as
// the signature it resolved asks for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "columnar/type.h"
#include "columnar/value.h"

namespace mr::plan {

enum class ExprKind : std::uint8_t {
    literal,  ///< `value` of `type`
    input,    ///< column `index` of the input row
    field,    ///< field `index` of the ROW that args[0] yields; NULL of a NULL row
    call,     ///< `function` over `args`
};

class NativeFunction;  // plan/native_function.h

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

struct Expr {
    ExprKind kind = ExprKind::literal;
    DataType type;
    Value value;                ///< literal
    int index = -1;             ///< input, field
    std::string function;       ///< call
    std::vector<ExprPtr> args;  ///< call; field: the row
    /// call of a library's function; `function` is then native_name(), which tells one content of the library
    /// from another in every fingerprint.
    std::shared_ptr<const NativeFunction> native;
    /// Where it stands in the SQL text (1-based; 0: made by the planner), for run-time messages.
    int line = 0;
    int column = 0;
};

ExprPtr literal(DataType type, Value value);
ExprPtr input(int index, DataType type);
ExprPtr field(ExprPtr row, int index);
ExprPtr call(std::string function, std::vector<ExprPtr> args, DataType type);
/// CAST to `type`; `expr` itself when it already has that type (nullability aside).
ExprPtr cast(ExprPtr expr, DataType type);
/// a AND b; nullptr counts as TRUE.
ExprPtr conjunction(ExprPtr a, ExprPtr b);

/// "(`a` + 1) > 2", with column names where `schema` is given: EXPLAIN, messages, and the canonical text that
/// is hashed.
std::string to_string(const Expr& expr, const Schema* schema = nullptr);
bool equal(const Expr& a, const Expr& b);
/// Which input columns an expression reads, each once, ascending.
std::vector<int> columns_read(const Expr& expr);
/// The same expression over another input: column i becomes `mapping[i]`. REQUIRES: mapping[i] != nullptr for
/// each read i.
ExprPtr rewrite(const ExprPtr& expr, const std::vector<ExprPtr>& mapping);
/// True if it contains no input and no function that varies from call to call (PROCTIME, CURRENT_TIMESTAMP,
/// RAND, UUID).
bool is_constant(const Expr& expr);

/// An aggregate function over the rows of a group or frame.
struct AggCall {
    std::string function;       ///< "COUNT", "SUM", "LISTAGG", "LAG", … (plan/functions.h)
    std::vector<ExprPtr> args;  ///< over the operator's input; empty: COUNT(*)
    bool distinct = false;
    ExprPtr filter;    ///< FILTER (WHERE …); nullptr: none
    DataType type;     ///< of the result
    std::string name;  ///< of the output column
};

}  // namespace mr::plan
