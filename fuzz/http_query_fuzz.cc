// Query strings and the parameters of a view in them.
// Invariants: no crash; what decodes encodes back to the same meaning; values that parse print and parse
// again.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/query_string.h"
#include "serve/view_params.h"

namespace {

mr::views::ViewDefinition view() {
    using mr::DataType;
    mr::views::ViewDefinition out;
    out.name = "v";
    out.schema = {{{"s", DataType::string()},
                   {"i", DataType::bigint()},
                   {"d", DataType::decimal(20, 3)},
                   {"f", DataType::double_type()},
                   {"t", DataType::timestamp(3)},
                   {"a", DataType::date()},
                   {"b", DataType::boolean()},
                   {"x", DataType::bytes()},
                   {"l", DataType::array(DataType::string())}}};
    out.key = {0};
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const mr::views::ViewDefinition definition = view();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto query = mr::net::parse_query(text);
    if (!query) return 0;
    MR_CHECK(query->size() <= mr::net::kQueryParamsMax);
    for (const auto& [name, value] : *query) {
        MR_CHECK(mr::net::percent_decode(mr::net::percent_encode(value)) == value);
    }
    const auto params = mr::serve::parse_view_params(definition, mr::serve::params_of(*query));
    if (params) MR_CHECK(params->query.filters.size() <= definition.schema.size());
    return 0;
}
