// Bytes of types, rows and keys as state, views and step entries keep them: a schema, then by the first byte
// a row (0) or a key (1) of it. Invariants: no crash, no recursion without end; what decodes encodes to
// something that decodes to the same bytes again.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "columnar/codec.h"
#include "columnar/type_codec.h"

namespace {

using namespace mr;

void try_row(std::string_view bytes, const Schema& schema) {
    const auto row = read_row(bytes, schema);
    std::vector<ColumnBuilder> builders;
    for (const Field& field : schema.fields) builders.emplace_back(field.type);
    MR_CHECK(read_row_into(bytes, schema, builders).has_value() == row.has_value());
    if (!row) return;
    std::string again;
    append_row(again, schema, *row);
    const auto back = read_row(again, schema);
    MR_CHECK(back.has_value(), "{}", back.error().message);
    std::string twice;
    append_row(twice, schema, *back);
    MR_CHECK(twice == again);
}

void try_key(std::string_view bytes, const Schema& schema, bool descending) {
    ByteReader in(bytes);
    for (const Field& field : schema.fields) {
        const auto value = read_key(in, field.type, descending);
        if (!value) return;
        std::string again;
        append_key(again, field.type, *value, descending);
        ByteReader back(again);
        MR_CHECK(read_key(back, field.type, descending).has_value());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    ByteReader in(std::string_view(reinterpret_cast<const char*>(data + 1), size - 1));
    const auto schema = read_schema(in);
    if (!schema) return 0;
    std::string bytes;
    ByteWriter out(bytes);
    append_schema(out, *schema);
    ByteReader again(bytes);
    const auto back = read_schema(again);
    MR_CHECK(back.has_value() && *back == *schema);
    const std::string_view rest = in.rest();
    if (data[0] % 2 == 0) {
        try_row(rest, *schema);
    } else {
        try_key(rest, *schema, data[0] % 4 == 3);
    }
    return 0;
}
