// The catalogue's own vocabulary: an entry is a FunctionInfo and the rule that types a call of it.
// Thread: any.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plan/functions.h"

namespace mr::plan::internal {

/// A call to be typed.
struct CallSite {
    const FunctionInfo& info;
    std::span<const DataType> args;
    std::span<const Value> literals;  ///< empty, or one an argument: NULL where it is not a literal

    [[nodiscard]] std::size_t size() const { return args.size(); }
    [[nodiscard]] const DataType& operator[](std::size_t i) const { return args[i]; }
    [[nodiscard]] bool any_nullable() const;
    /// The integer literal at `i`, or `fallback` if it is no literal.
    [[nodiscard]] std::int64_t literal_integer(std::size_t i, std::int64_t fallback) const;
};

using TypeRule = std::function<Result<ResolvedFunction>(const CallSite&)>;

struct Entry {
    FunctionInfo info;
    TypeRule rule;
};

/// What a pattern rule gives back.
enum class Nulls : std::uint8_t {
    propagate,  ///< nullable if an argument is
    always,     ///< may be NULL whatever comes in
    never,
};

/// Arguments by letters, then the result:
///   S string   I INT   L BIGINT   D DOUBLE   N any number (kept)   B boolean   T date or timestamp (kept)
///   Z timestamp or timestamp_ltz (kept)   Y bytes   A anything (kept)   R array (kept)   M map (kept)
///   X string or bytes (kept)
/// `?` before a letter: from here on optional. `*` after the last: repeated any number of times (at least
/// once).
TypeRule pattern(std::string_view letters, DataType result, Nulls nulls = Nulls::propagate);
/// The same, the result being the type of argument `index`.
TypeRule pattern_as(std::string_view letters, std::size_t index, Nulls nulls = Nulls::propagate);
/// Checks and converts the arguments by letters; for rules that compute the result themselves.
Result<std::vector<DataType>> match(const CallSite& call, std::string_view letters);

/// invalid_argument: signature, and the types given.
std::unexpected<Error> mismatch(const CallSite& call);

using Table = std::vector<Entry>;
void add_operators(Table& table);
void add_conditionals(Table& table);
void add_numeric(Table& table);
void add_strings(Table& table);
void add_temporal(Table& table);
void add_json(Table& table);
void add_collections(Table& table);
void add_aggregates(Table& table);

/// Names of functions Flink has and this catalogue has not.
const std::vector<std::string>& known_but_unsupported();

}  // namespace mr::plan::internal
