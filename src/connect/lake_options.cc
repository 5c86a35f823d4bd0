#include "connect/lake_options.h"

#include "base/quantity.h"

namespace mr::connect {

Result<std::int64_t> duration_option(const plan::Table& table, std::string_view key, std::int64_t fallback) {
    if (!table.has_option(key)) return fallback;
    auto parsed = parse_duration_ms(table.option(key));
    if (!parsed)
        return annotate(std::move(parsed).error(),
                        fmt::format("{}:{}: table {}: '{}'", table.file, table.line, table.name, key));
    return parsed;
}

}  // namespace mr::connect
