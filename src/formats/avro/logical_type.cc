#include "formats/avro/logical_type.h"

#include <charconv>
#include <cmath>

namespace mr::formats::avro {
namespace {

std::string_view property(const Schema& schema, std::string_view name) {
    for (const auto& [key, value] : schema.props) {
        if (key == name) return value;
    }
    return {};
}

int number(const Schema& schema, std::string_view name, int fallback) {
    const std::string_view text = property(schema, name);
    int value = fallback;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

LogicalType decimal(const Schema& schema) {
    LogicalType out{.kind = Logical::decimal,
                    .precision = number(schema, "precision", 0),
                    .scale = number(schema, "scale", 0)};
    if (out.precision < 1 || out.scale < 0 || out.scale > out.precision) return {};
    if (schema.type == Type::bytes) return out;
    // A fixed of n bytes holds floor(log10(2^(8n - 1) - 1)) digits.
    const double digits = std::floor(std::log10(2.0) * (8.0 * static_cast<double>(schema.size) - 1));
    return static_cast<double>(out.precision) <= digits ? out : LogicalType{};
}

LogicalType of_long(std::string_view name) {
    const bool local = name.starts_with("local-");
    if (local) name.remove_prefix(6);
    const Logical kind = local ? Logical::local_timestamp : Logical::timestamp;
    if (name == "timestamp-millis") return {.kind = kind, .units_a_second = 1'000};
    if (name == "timestamp-micros") return {.kind = kind, .units_a_second = 1'000'000};
    if (name == "timestamp-nanos") return {.kind = kind, .units_a_second = 1'000'000'000};
    if (name == "time-micros" && !local) return {.kind = Logical::time_micros};
    return {};
}

}  // namespace

LogicalType logical_type(const Schema& schema) {
    std::string_view name = property(schema, "logicalType");
    if (name.size() < 2) return {};
    name = name.substr(1, name.size() - 2);  // it is JSON text: a quoted string
    switch (schema.type) {
        case Type::int32:
            if (name == "date") return {.kind = Logical::date};
            if (name == "time-millis") return {.kind = Logical::time_millis};
            return {};
        case Type::int64:
            return of_long(name);
        case Type::bytes:
            return name == "decimal" ? decimal(schema) : LogicalType{};
        case Type::fixed:
            if (name == "decimal") return decimal(schema);
            return name == "uuid" && schema.size == 16 ? LogicalType{.kind = Logical::uuid} : LogicalType{};
        case Type::string:
            return name == "uuid" ? LogicalType{.kind = Logical::uuid} : LogicalType{};
        default:
            return {};
    }
}

}  // namespace mr::formats::avro
