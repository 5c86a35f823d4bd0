// A small JSON document for the lake's metadata: read whole, looked at, written back. simdjson stays in the
// .cc. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/result.h"

namespace mr::lake {

struct Json {
    enum class Kind : std::uint8_t { null, boolean, integer, real, string, array, object };
    Kind kind = Kind::null;
    bool flag = false;
    std::int64_t number = 0;
    double real = 0;
    std::string text;
    std::vector<Json> items;
    std::vector<std::pair<std::string, Json>> members;

    /// The member of an object; nullptr where there is none or this is no object.
    [[nodiscard]] const Json* find(std::string_view name) const;
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const;
    [[nodiscard]] std::optional<std::string_view> string(std::string_view name) const;
    /// The items of a member that is an array; empty otherwise.
    [[nodiscard]] const std::vector<Json>& array(std::string_view name) const;
    void write(JsonWriter& out) const;
    [[nodiscard]] std::string to_string() const;
};

/// corrupt when it is not JSON.
Result<Json> parse_json(std::string_view text);

}  // namespace mr::lake
