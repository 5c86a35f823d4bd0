#include "plan/table.h"

#include <fmt/format.h>

namespace mr::plan {

Schema Table::schema() const {
    Schema out;
    out.fields.reserve(columns.size());
    for (const TableColumn& c : columns) out.fields.push_back({c.name, c.type});
    return out;
}

int Table::find(std::string_view column) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].name == column) return static_cast<int>(i);
    }
    return -1;
}

std::string Table::source_topic() const {
    if (!is_fed()) return std::string(topic());
    if (hinted.empty()) return "source." + name;
    // Other options, other rows.
    std::uint32_t h = 0x811c9dc5;
    for (const char c : hinted) h = (h ^ static_cast<unsigned char>(c)) * 0x01000193;
    return fmt::format("source.{}.{:08x}", name, h);
}

std::string_view Table::option(std::string_view key, std::string_view fallback) const {
    const auto it = options.find(key);
    return it == options.end() ? fallback : std::string_view(it->second.value);
}

}  // namespace mr::plan
