#include "views/definition.h"

#include "base/quantity.h"

namespace mr::views {
namespace {

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
    if (key == "view.retention") {
        MR_TRY(view.retention_ms, parse_duration_ms(value));
    } else if (key == "view.max-rows") {
        MR_TRY(const auto rows, parse_count(value));
        view.rows_max = static_cast<std::uint64_t>(rows);
    } else if (key == "view.max-bytes") {
        MR_TRY(const auto bytes, parse_bytes(value));
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
