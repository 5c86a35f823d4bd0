// A protobuf message and the SQL row it is read as or written from, put together once: which field of which
// number and encoding is which column. Thread: any (immutable).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/type.h"
#include "formats/protobuf/proto_file.h"

namespace mr::formats::protobuf {

/// How a value lies in the data.
enum class Encoding : std::uint8_t {
    int_,  ///< varint, two's complement
    sint,  ///< varint, zigzag
    fixed32,
    fixed64,
    float_,
    double_,
    bool_,
    string,
    bytes,
    enum_,
    message,
};
enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, group = 3, end_group = 4, fixed32 = 5 };
Wire wire_of(Encoding encoding);

struct MessagePlan;

struct FieldPlan {
    std::string name;
    std::uint32_t number = 0;
    Encoding encoding = Encoding::int_;
    bool wide = false;  ///< 64 bits
    bool repeated = false;
    bool packed = false;                         ///< as written; both are read
    bool presence = true;                        ///< without it in the data: NULL, else the default
    DataType type;                               ///< of the column; ARRAY and MAP where repeated
    std::shared_ptr<const MessagePlan> message;  ///< of a message, and of a map's entry
    bool is_map = false;
    std::vector<EnumValue> values;  ///< of an enum
};

struct MessagePlan {
    std::vector<FieldPlan> fields;                   ///< in the order of the row's
    std::map<std::uint32_t, std::size_t> by_number;  ///< field
    std::vector<std::size_t> in_order;               ///< of the numbers, as they are written
};

/// `row`: name and type of each column. `defaults`: scalars that are missing are their default in proto2 too.
Result<std::shared_ptr<const MessagePlan>> plan_message(std::string_view schema, std::string_view message,
                                                        const std::vector<mr::Field>& row, bool defaults);

}  // namespace mr::formats::protobuf
