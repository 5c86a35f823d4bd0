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
#include "columnar/value.h"

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

// How special syntax becomes a call (what the binder writes, what the kernels expect). Units are string
// literals in upper case: YEAR QUARTER MONTH WEEK DAY HOUR MINUTE SECOND MILLISECOND MICROSECOND NANOSECOND,
// for EXTRACT also DOW ISODOW DOY EPOCH ISOYEAR DECADE CENTURY MILLENNIUM.
//   EXTRACT(unit FROM x)            EXTRACT('unit', x)
//   FLOOR(x TO unit), CEIL(x TO u)  FLOOR(x, 'unit'), CEIL(x, 'unit')
//   TIMESTAMPDIFF(unit, a, b)       TIMESTAMPDIFF('unit', a, b)
//   TIMESTAMPADD(unit, n, x)        TIMESTAMPADD('unit', n, x); a DATE with a unit below DAY is first CAST to
//                                   TIMESTAMP(3)
//   TRIM([BOTH] c FROM x), TRIM(x)  TRIM('BOTH'|'LEADING'|'TRAILING', c, x), TRIM(x)
//   POSITION(a IN b)                POSITION(a, b)
//   SUBSTRING(x FROM a FOR n)       SUBSTRING(x, a, n)
//   OVERLAY(x PLACING y FROM a FOR n)  OVERLAY(x, y, a, n)
//   x LIKE y ESCAPE z               LIKE(x, y, z); NOT LIKE is NOT(LIKE(…))
//   x [NOT] IN (a, b)               IN(x, a, b)
//   x BETWEEN a AND b               BETWEEN(x, a, b)
//   CASE WHEN c THEN v … ELSE e     CASE(c, v, …, e); CASE x WHEN … is rewritten to = by the binder
//   -x, +x                          "-"(x), "+"(x)
//   JSON_VALUE(j, p RETURNING t d1 ON EMPTY d2 ON ERROR)
//        JSON_VALUE(j, p [, empty, empty_default, error, error_default]): empty and error are the literals
//        'NULL', 'ERROR' or 'DEFAULT', a default that is not given is a NULL literal; RETURNING: the binder
//        replaces the type of the resolved call by t (BOOLEAN, INT, BIGINT, DOUBLE, STRING …)
//   JSON_QUERY(j, p WITH CONDITIONAL WRAPPER NULL ON EMPTY ERROR ON ERROR)
//        JSON_QUERY(j, p [, wrapper, empty, error]): wrapper 'WITHOUT', 'CONDITIONAL', 'UNCONDITIONAL';
//        empty and error 'NULL', 'ERROR', 'EMPTY ARRAY', 'EMPTY OBJECT'
//   JSON_EXISTS(j, p TRUE ON ERROR) JSON_EXISTS(j, p [, 'TRUE'|'FALSE'|'UNKNOWN'|'ERROR'])
//   x IS JSON [OBJECT|ARRAY|SCALAR|VALUE]   IS JSON(x [, 'OBJECT'|'ARRAY'|'SCALAR'|'VALUE'])
//   JSON_OBJECT(KEY k VALUE v … NULL ON NULL)  JSON_OBJECT('NULL'|'ABSENT', k, v, …)
//   JSON_ARRAY(v … ABSENT ON NULL)  JSON_ARRAY('NULL'|'ABSENT', v, …)
//   CURRENT_TIMESTAMP, LOCALTIMESTAMP, CURRENT_DATE, …  calls without arguments

/// `literals`, where given, holds one value an argument, NULL for what is no literal: ROUND and TRUNCATE of a
/// DECIMAL take their scale from it.
/// Resolves by name and argument types, after Flink 2.2's rules (research in docs/sql/semantics.md): implicit
/// casts, decimal precision, nullability. Literals of type NULL fit anywhere. not_found with a suggestion for
/// an unknown name; invalid_argument naming signature and the types given; unsupported for one Flink has and
/// we do not yet. Operators are functions too: "+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=",
/// "AND", "OR", "NOT", "IS NULL", "IS NOT NULL", "IS TRUE", …, "IS DISTINCT FROM", "LIKE", "SIMILAR TO",
/// "IN", "BETWEEN", "CASE" (when, then, …, else), "ITEM" (array[i], map[k]), "ROW", "ARRAY", "MAP".
Result<ResolvedFunction> resolve_function(std::string_view name, FunctionClass kind,
                                          std::span<const DataType> args,
                                          std::span<const bool> is_literal = {},
                                          std::span<const Value> literals = {});
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
