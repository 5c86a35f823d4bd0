// Records of hostile bytes in Avro, CSV and raw, under schemas of hostile bytes: either one value in each
// column, or none and a reason; what was taken can be written again. The input: a number of the case, the
// length of a schema (2 bytes), the schema, the data.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "formats/avro/avro_format.h"
#include "formats/avro/read_plan.h"
#include "formats/avro/table_schema.h"
#include "formats/csv_format.h"

namespace {

using mr::DataType;
using mr::TypeKind;

mr::Schema schema() {
    return {
        {{"b", DataType::boolean()},
         {"i", DataType::integer()},
         {"l", DataType::bigint()},
         {"d", DataType::double_type()},
         {"dec", DataType::decimal(10, 2)},
         {"s", DataType::string()},
         {"y", DataType::bytes()},
         {"day", DataType::date()},
         {"tm", DataType::of(TypeKind::time)},
         {"ms", DataType::timestamp_ltz(3)},
         {"us", DataType::timestamp(6)},
         {"list", DataType::array(DataType::integer())},
         {"r", DataType::row({{"x", DataType::integer()}, {"items", DataType::array(DataType::string())}})}}};
}

struct Table {
    explicit Table(mr::Schema of = schema()) : fields(std::move(of)) {
        for (const mr::Field& f : fields.fields) builders.emplace_back(f.type);
    }
    const mr::Schema fields;
    std::vector<mr::ColumnBuilder> builders;

    void check(std::size_t before, bool taken) {
        for (const mr::ColumnBuilder& b : builders)
            MR_CHECK(b.size() == before + (taken ? 1 : 0), "{} values after {}", b.size(), before);
    }
    std::vector<mr::ColumnPtr> finish() {
        std::vector<mr::ColumnPtr> out;
        for (mr::ColumnBuilder& b : builders) out.push_back(b.finish());
        return out;
    }
};

void run(const mr::formats::avro::ReadPlan& plan, std::string_view data) {
    Table table;
    for (int i = 0; i < 2; ++i) {
        const std::size_t before = table.builders[0].size();
        table.check(before, plan.read(data, table.builders).has_value());
    }
    static const auto writer = [] {
        const auto text = mr::formats::avro::table_schema(schema(), {});
        return *mr::formats::avro::encoder(schema(), *mr::formats::avro::Document::parse(*text), 1);
    }();
    const auto columns = table.finish();
    std::string out;
    for (std::size_t row = 0; row < columns[0]->size(); ++row) (void)writer->encode(columns, row, out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (data[0] == 'c') {
        mr::Schema flat = schema();
        flat.fields.pop_back();  // CSV has no rows with lists in them
        Table table(std::move(flat));
        auto decoder = mr::formats::csv_decoder(table.fields, std::vector<bool>(table.fields.size(), true),
                                                {.ignore_parse_errors = (data[1] & 1) != 0});
        table.check(0, (*decoder)->decode(bytes.substr(2), mr::Seq(1), table.builders).has_value());
        return 0;
    }
    const std::size_t length = std::size_t{data[1]} * 256 + data[2];
    const auto document = mr::formats::avro::Document::parse(bytes.substr(3, length));
    if (!document) return 0;
    const std::string_view record = bytes.substr(std::min(size, 3 + length));
    const auto alone = mr::formats::avro::ReadPlan::make((*document)->root(), nullptr, schema());
    if (alone) run(*alone, record);
    const auto resolved = mr::formats::avro::ReadPlan::make((*document)->root(), &(*document)->root(),
                                                            {{{"s", DataType::string()}}});
    if (!resolved) return 0;
    std::vector<mr::ColumnBuilder> one;
    one.emplace_back(DataType::string());
    const bool taken = resolved->read(record, one).has_value();
    MR_CHECK(one[0].size() == (taken ? 1U : 0U), "{} values", one[0].size());
    return 0;
}
