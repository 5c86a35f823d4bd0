// JSON records of hostile bytes into columns of every kind: either one value in each column, or none and a
// reason.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "formats/json_decoder.h"

namespace {

using mr::DataType;
using mr::TypeKind;

mr::Schema schema() {
    return {
        {{"b", DataType::boolean()},
         {"t", DataType::of(TypeKind::tinyint)},
         {"i", DataType::integer()},
         {"l", DataType::bigint()},
         {"d", DataType::double_type()},
         {"c", DataType::decimal(10, 2)},
         {"s", DataType::string()},
         {"x", DataType::bytes()},
         {"day", DataType::date()},
         {"ts", DataType::timestamp(3)},
         {"at", DataType::timestamp_ltz(9)},
         {"list", DataType::array(DataType::row({{"k", DataType::string()}, {"v", DataType::integer()}}))},
         {"map", DataType::map(DataType::string(), DataType::array(DataType::double_type()))}}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const mr::Schema fields = schema();
    mr::formats::JsonOptions options;
    options.ignore_parse_errors = (data[0] & 1) != 0;
    options.fail_on_missing_field = (data[0] & 2) != 0;
    if ((data[0] & 4) != 0) options.timestamps = mr::formats::TimestampStyle::iso_8601;
    mr::formats::JsonDecoder decoder(fields, options);
    std::vector<mr::ColumnBuilder> builders;
    for (const mr::Field& f : fields.fields) builders.emplace_back(f.type);
    const std::string_view record(reinterpret_cast<const char*>(data) + 1, size - 1);
    // Twice, so that what the first one taught is used, with a good record after each.
    for (int i = 0; i < 2; ++i) {
        const std::size_t before = builders[0].size();
        const bool taken = decoder.decode(record, builders).has_value();
        for (const mr::ColumnBuilder& b : builders) {
            MR_CHECK(b.size() == before + (taken ? 1 : 0), "{} values after {}", b.size(), before);
        }
        (void)decoder.decode(R"({"i":1,"s":"after","list":[{"k":"a","v":2}],"map":{"m":[1.5]}})", builders);
    }
    for (mr::ColumnBuilder& b : builders) {
        const mr::ColumnPtr c = b.finish();
        for (std::size_t row = 0; row < c->size(); ++row) (void)mr::to_string(c->value(row), c->type());
    }
    return 0;
}
