// The catalogue of functions: names, argument rules, result types. The binder resolves a call here, the
// engine finds the kernel under the canonical name; a test proves that every entry has a kernel.
// docs/sql/functions.md is made from it. Thread: any (constant after static initialisation).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/type.h"

namespace mr::plan {

enum class FunctionClass : std::uint8_t {
    scalar,
    aggregate,  ///< over a group or a frame (COUNT, SUM, …)
    window,     ///< in OVER only (ROW_NUMBER, RANK, LAG, LEAD, …)
};

/// A call matched to a signature: the binder casts argument i to `arg_types[i]` and gives the call `type`.
struct ResolvedFunction {
    std::string name;  ///< canonical
    std::vector<DataType> arg_types;
    DataType type;  ///< nullability included
};

struct FunctionInfo {
    std::string name;                  ///< canonical, upper case
    std::vector<std::string> aliases;  ///< e.g. SUBSTR
    FunctionClass kind = FunctionClass::scalar;
    std::string signature;      ///< for people: "SUBSTRING(string, from [, length])"
    std::string help;           ///< one sentence
    bool deterministic = true;  ///< false: PROCTIME, RAND, UUID, CURRENT_TIMESTAMP …
};

/// Resolves by name and argument types, after Flink 2.2's rules (research in docs/sql/semantics.md): implicit
/// casts, decimal precision, nullability. Literals of type NULL fit anywhere. not_found with a suggestion for
/// an unknown name; invalid_argument naming signature and the types given; unsupported for one Flink has and
/// we do not yet. Operators are functions too: "+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=",
/// "AND", "OR", "NOT", "IS NULL", "IS NOT NULL", "IS TRUE", …, "IS DISTINCT FROM", "LIKE", "SIMILAR TO",
/// "IN", "BETWEEN", "CASE" (when, then, …, else), "ITEM" (array[i], map[k]), "ROW", "ARRAY", "MAP".
Result<ResolvedFunction> resolve_function(std::string_view name, FunctionClass kind,
                                          std::span<const DataType> args,
                                          std::span<const bool> is_literal = {});
/// Is there a function of that name or alias, of whatever class? nullptr if not.
const FunctionInfo* find_function(std::string_view name);
const std::vector<FunctionInfo>& all_functions();

/// The type two branches (CASE, COALESCE, UNION ALL, comparison, IN) meet in; unsupported pairs are an error.
Result<DataType> common_type(const DataType& a, const DataType& b);
/// May `from` be written CAST(x AS to)?
bool can_cast(const DataType& from, const DataType& to);
/// May a value of `from` be stored in a column of `to` without CAST (INSERT INTO)?
bool can_store(const DataType& from, const DataType& to);
/// Result type of a decimal operation, Flink's rules: op is one of + - * / %.
DataType decimal_result(char op, const DataType& a, const DataType& b);

}  // namespace mr::plan
