// A protobuf message and the SQL row it is read as or written from, put together once: which field of which
// number and encoding is which column, and what a column is where the data have no such field. Thread: any
// (immutable).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/type.h"
#include "columnar/value.h"
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
    group,  ///< a message between two tags instead of behind its length
};
enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, group = 3, end_group = 4, fixed32 = 5 };
Wire wire_of(Encoding encoding);

struct MessagePlan;

struct FieldPlan {
    std::string name;
    std::uint32_t number = 0;
    Encoding encoding = Encoding::int_;
    bool wide = false;         ///< 64 bits
    bool is_unsigned = false;  ///< a varint of 32 bits, not of the 64 of what is below zero
    bool repeated = false;
    bool packed = false;    ///< as written; both are read
    bool is_map = false;    ///< `message` is of an entry: key and value
    bool implicit = false;  ///< proto3: its default is not written
    bool required = false;  ///< proto2
    bool defaults =
        false;        ///< without it in the data: the default, an empty list, an empty message; else NULL
    Value missing{};  ///< that default of a scalar
    int oneof = -1;   ///< index into MessagePlan::oneofs
    DataType type;    ///< of the column; ARRAY and MAP where repeated
    std::shared_ptr<const MessagePlan> message{};
    std::vector<EnumValue> values{};  ///< of an enum
    bool closed = false;              ///< proto2: a number that is no value is passed over
};

/// A field that counts when a message is read: one with a column, or one without that must be there (proto2's
/// `required`) or that unsets others (of a oneof). `slot`: of the column, or after them.
struct KnownField {
    std::uint32_t number = 0;
    Wire wire = Wire::varint;
    bool packable = false;  ///< repeated numbers
    std::uint32_t slot = 0;
    int oneof = -1;
};

struct Required {
    std::uint32_t slot = 0;
    std::string name;
};

struct MessagePlan {
    std::string name;
    std::vector<FieldPlan> fields;                   ///< in the order of the row's
    std::vector<KnownField> known;                   ///< by number
    std::vector<std::size_t> in_order;               ///< fields by number, as they are written
    std::vector<std::vector<std::uint32_t>> oneofs;  ///< slots of each
    std::vector<Required> required;
    std::uint32_t slots = 0;
    /// A required field without a column, here or further in: nothing can be written.
    std::string not_writable;
};

/// `row`: name and type of each column. `defaults`: protobuf.read-default-values.
Result<std::shared_ptr<const MessagePlan>> plan_message(std::string_view schema, std::string_view message,
                                                        const std::vector<mr::Field>& row, bool defaults);

}  // namespace mr::formats::protobuf
