// Records of hostile bytes in the format `protobuf` ('2': a proto2 message, '3': a proto3 one, each with
// every kind of field; 'd': with the defaults read), and hostile .proto files ('s'). Invariants: one value in
// each column or none and a reason; what is read and written again is read as the same.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "formats/protobuf/proto_file.h"
#include "formats/protobuf/protobuf_format.h"

namespace {

using namespace mr;

constexpr const char* kProto2 = R"(
message M {
  optional int32 a = 1 [default = 7]; optional sint64 b = 2; required bool c = 3; optional float d = 4;
  optional string e = 5; repeated E f = 6; map<string, E> g = 7; repeated group Part = 8 { optional M m = 1; }
  oneof one { fixed64 h = 9; M i = 10; bytes hidden = 11; }
  repeated sint32 j = 12 [packed = true];
  enum E { ONE = 1; TWO = 2; }
})";
constexpr const char* kProto3 = R"(
syntax = "proto3";
message M {
  int32 a = 1; optional sint64 b = 2; bool c = 3; float d = 4; string e = 5; repeated E f = 6; map<string, E> g = 7;
  repeated P part = 8; oneof one { fixed64 h = 9; M i = 10; bytes hidden = 11; } repeated sint32 j = 12;
  enum E { ZERO = 0; TWO = 2; }
  message P { M m = 1; }
})";

Schema columns() {
    const DataType text = DataType::string();
    const DataType number = DataType::integer();
    const DataType inner =
        DataType::row({{"a", number}, {"c", DataType::boolean()}, {"g", DataType::map(text, text)}});
    return {{{"a", number},
             {"b", DataType::bigint()},
             {"c", DataType::boolean()},
             {"d", DataType::of(TypeKind::float_)},
             {"e", text},
             {"f", DataType::array(DataType::bigint())},
             {"g", DataType::map(text, text)},
             {"part", DataType::array(DataType::row({{"m", inner}}))},
             {"h", DataType::bigint()},
             {"i", inner},
             {"j", DataType::array(number)}}};
}

bool decode(formats::RowDecoder& decoder, const Schema& schema, std::string_view bytes,
            std::vector<ColumnPtr>& out) {
    std::vector<ColumnBuilder> builders;
    for (const Field& field : schema.fields) builders.emplace_back(field.type);
    const bool taken = decoder.decode(bytes, Seq(1), builders).has_value();
    out.clear();
    for (ColumnBuilder& builder : builders) {
        MR_CHECK(builder.size() == (taken ? 1U : 0U), "{} values", builder.size());
        out.push_back(builder.finish());
    }
    return taken;
}

void record(std::string_view bytes, const char* schema_text, bool defaults) {
    const Schema schema = columns();
    const formats::ProtobufOptions options = {.schema = schema_text, .read_default_values = defaults};
    const auto decoder =
        formats::protobuf_decoder(schema, std::vector<bool>(schema.fields.size(), true), options);
    const auto encoder = formats::protobuf_encoder(schema, options);
    MR_CHECK(decoder.has_value() && encoder.has_value(), "{}", decoder.error().message);
    std::vector<ColumnPtr> row;
    if (!decode(**decoder, schema, bytes, row)) return;
    std::string written;
    // A message in it may lack what is required once it is there by default.
    if (!(*encoder)->encode(row, 0, written)) return;
    MR_CHECK(decode(**decoder, schema, written, row));
    std::string again;
    MR_CHECK((*encoder)->encode(row, 0, again).has_value());
    MR_CHECK(again == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
    switch (data[0]) {
        case '2':
        case '3':
            record(rest, data[0] == '2' ? kProto2 : kProto3, false);
            break;
        case 'd':
            record(rest, kProto2, true);
            break;
        case 's': {
            const Schema schema = {{{"a", DataType::integer()}}};
            static_cast<void>(
                formats::protobuf_decoder(schema, {true}, {.schema = std::string(rest), .message = "M"}));
            break;
        }
        default:
            break;
    }
    return 0;
}
