#include "views/definition.h"

#include <charconv>
#include <limits>

#include "base/suggest.h"

namespace mr::views {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t scale;
};

/// A whole number and a unit out of `units`, blanks between allowed.
Result<std::int64_t> parse_scaled(std::string_view text, std::span<const Unit> units,
                                  std::string_view example) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    while (unit.ends_with(' ')) unit.remove_suffix(1);
    for (const Unit& known : units) {
        if (known.name != unit || error != std::errc() || number < 0) continue;
        if (number > std::numeric_limits<std::int64_t>::max() / known.scale) break;
        return number * known.scale;
    }
    return fail(Code::invalid_argument, "expected something like {}, found `{}`", example, text);
}

std::optional<std::size_t> default_time_column(const ViewDefinition& view) {
    if (const int at = view.schema.find("window_end");
        at >= 0 && view.schema[static_cast<std::size_t>(at)].type.is_timestamp()) {
        return static_cast<std::size_t>(at);
    }
    for (const std::size_t column : view.key) {
        if (view.schema[column].type.is_timestamp()) return column;
    }
    for (std::size_t i = 0; i < view.schema.size(); ++i) {
        if (view.schema[i].type.is_timestamp()) return i;
    }
    return std::nullopt;
}

Status set_option(ViewDefinition& view, const std::string& key, const std::string& value) {
    static constexpr Unit kCounts[] = {{"", 1}};
    static constexpr Unit kBytes[] = {{"", 1},         {"b", 1},         {"kb", 1 << 10},  {"mb", 1 << 20},
                                      {"gb", 1 << 30}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    if (key == "view.retention") {
        MR_TRY(view.retention_ms, parse_retention_ms(value));
    } else if (key == "view.max-rows") {
        MR_TRY(const auto rows, parse_scaled(value, kCounts, "1000000"));
        view.rows_max = static_cast<std::uint64_t>(rows);
    } else if (key == "view.max-bytes") {
        MR_TRY(const auto bytes, parse_scaled(value, kBytes, "256MiB"));
        view.bytes_max = static_cast<std::uint64_t>(bytes);
    } else if (key == "view.time-column") {
        const int at = view.schema.find(value);
        if (at < 0 || !view.schema[static_cast<std::size_t>(at)].type.is_timestamp()) {
            return fail(Code::invalid_argument, "no TIMESTAMP column: {}", value);
        }
        view.time_column = static_cast<std::size_t>(at);
    }
    return {};
}

}  // namespace

Result<std::int64_t> parse_retention_ms(std::string_view text) {
    static constexpr std::int64_t kSecond = 1'000, kMinute = 60 * kSecond, kHour = 60 * kMinute,
                                  kDay = 24 * kHour;
    static constexpr Unit kUnits[] = {
        {"ms", 1},        {"milli", 1},        {"millis", 1},        {"s", kSecond},
        {"sec", kSecond}, {"second", kSecond}, {"seconds", kSecond}, {"m", kMinute},
        {"min", kMinute}, {"minute", kMinute}, {"minutes", kMinute}, {"h", kHour},
        {"hour", kHour},  {"hours", kHour},    {"d", kDay},          {"day", kDay},
        {"days", kDay}};
    return parse_scaled(text, kUnits, "7 d, 12 h or 30 min");
}

Result<ViewDefinition> ViewDefinition::from_entry(const journal::PipelineEntry::View& view) {
    ViewDefinition out;
    out.name = view.name;
    out.schema = view.schema;
    for (const std::uint32_t column : view.key) {
        if (column >= view.schema.size()) {
            return fail(Code::corrupt, "view {}: key column {} of {}", view.name, column, view.schema.size());
        }
        out.key.push_back(column);
    }
    if (out.key.empty()) return fail(Code::corrupt, "view {} has no key", view.name);
    out.options = view.options;
    for (const auto& [key, value] : view.options) {
        if (auto set = set_option(out, key, value); !set) {
            return annotate(set.error(), fmt::format("view {}, option '{}'", view.name, key));
        }
    }
    if (!out.time_column) out.time_column = default_time_column(out);
    if (out.retention_ms > 0 && !out.time_column) {
        return fail(Code::invalid_argument,
                    "view {}: 'view.retention' needs a TIMESTAMP column to count on, and the view has none",
                    view.name);
    }
    return out;
}

}  // namespace mr::views
