// JSON that comes in: request bodies and frames, small and bounded, as values. Numbers keep their text where
// they are whole. Thread: any (immutable).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace mr::serve {

class Json {
  public:
    using Array = std::vector<Json>;
    using Object = std::vector<std::pair<std::string, Json>>;
    using Data =
        std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object>;

    Json() = default;
    explicit Json(Data data) : data_(std::move(data)) {}

    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
    [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&data_); }
    [[nodiscard]] const Array* array() const { return std::get_if<Array>(&data_); }
    [[nodiscard]] const Object* object() const { return std::get_if<Object>(&data_); }
    [[nodiscard]] std::optional<bool> boolean() const;
    /// A whole number that fits 64 bits with sign.
    [[nodiscard]] std::optional<std::int64_t> integer() const;
    [[nodiscard]] std::optional<double> number() const;
    /// Member of an object; nullptr when there is none or this is no object.
    [[nodiscard]] const Json* get(std::string_view name) const;
    /// A scalar as a query string would carry it; nothing for null. REQUIRES: is_scalar().
    [[nodiscard]] std::optional<std::string> as_parameter() const;
    [[nodiscard]] bool is_scalar() const { return array() == nullptr && object() == nullptr; }

  private:
    Data data_;
};

/// Nesting deeper than 32, or more than `values_max` values, is refused like bad syntax.
Result<Json> parse_json(std::string_view text, std::size_t values_max = 100'000);

}  // namespace mr::serve
