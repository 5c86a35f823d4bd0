// One SQL value: for literals, keys, tests and the edges. The hot path works on columns instead
// (columnar/column.h).
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "columnar/type.h"

namespace mr {

using Int128 = __int128;

struct Value;
/// array: the elements; map: key, value, key, value, …; row: the fields.
using ValueList = std::shared_ptr<const std::vector<Value>>;

/// Interpreted by a DataType that travels beside it: integers of every width, dates, times, timestamps and
/// intervals are int64 (units as in columnar/type.h), FLOAT and DOUBLE are double, DECIMAL is the unscaled
/// Int128.
struct Value {
    std::variant<std::monostate, bool, std::int64_t, double, Int128, std::string, ValueList> data;

    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(data); }
    [[nodiscard]] bool boolean() const { return std::get<bool>(data); }
    [[nodiscard]] std::int64_t integer() const { return std::get<std::int64_t>(data); }
    [[nodiscard]] double real() const { return std::get<double>(data); }
    [[nodiscard]] Int128 decimal() const { return std::get<Int128>(data); }
    [[nodiscard]] const std::string& text() const { return std::get<std::string>(data); }
    [[nodiscard]] const std::vector<Value>& list() const { return *std::get<ValueList>(data); }

    static Value null() { return {}; }
    static Value of(bool v) { return {v}; }
    static Value of(std::int64_t v) { return {v}; }
    static Value of(int v) { return {static_cast<std::int64_t>(v)}; }
    static Value of(double v) { return {v}; }
    static Value of(Int128 v) { return {v}; }
    static Value of(std::string v) { return {std::move(v)}; }
    static Value of(const char* v) { return {std::string(v)}; }
    static Value of(std::vector<Value> v) {
        return {std::make_shared<const std::vector<Value>>(std::move(v))};
    }

    bool operator==(const Value& other) const { return compare(*this, other) == 0; }
    /// Total order within one type: NULL first, NaN last, strings by bytes, lists element by element.
    static int compare(const Value& a, const Value& b);
};

/// As Flink prints it with CAST(… AS STRING): "TRUE", "100.0", "2024-01-31 10:00:00.000", "[a, b]"; NULL is
/// "NULL".
std::string to_string(const Value& value, const DataType& type);

/// "1234.50" for 123450 at scale 2.
std::string decimal_to_string(Int128 unscaled, int scale);
/// As Java's Double.toString: "1.0E20", "100.0", "NaN".
std::string double_to_string(double v);
std::string float_to_string(float v);
/// "2023-05-26"
std::string date_to_string(std::int64_t days);
/// "2023-05-26 18:26:40.123": `ticks` of `unit` a second, `digits` fractional digits (0-9).
std::string timestamp_to_string(std::int64_t ticks, std::int64_t unit, int digits);

}  // namespace mr
