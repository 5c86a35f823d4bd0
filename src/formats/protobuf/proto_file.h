// A .proto file, parsed: proto2, proto3 and editions (protobuf.com's language specification): messages,
// fields, oneofs, maps, groups, enums, extensions, reserved ranges; services are checked for their form and
// passed over, options kept as text. Types are not resolved: a name may come from an import.
//
// Input is foreign: depth is bounded, every failure names line and column. Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::formats::protobuf {

/// "packed": "true", "features.field_presence": "IMPLICIT"; a string as it stands between its quotes. Without
/// those in parentheses and those with more than one value.
using Options = std::map<std::string, std::string, std::less<>>;

struct Field {
    std::string name;
    std::string type;  ///< "int32", ".a.B", "map<string,int32>", "group"
    std::int32_t number = 0;
    bool repeated = false;
    bool required = false;
    std::string oneof;      ///< name of the oneof it is in; empty: none
    bool optional = false;  ///< it says so
    Options options{};
};

struct EnumValue {
    std::string name;
    std::int32_t number = 0;
};

struct Enum {
    std::string name;
    std::vector<EnumValue> values;
    bool closed = false;  ///< proto2's: unknown numbers are no values
    Options options{};
};

struct Message {
    std::string name;
    std::vector<Field> fields;
    std::vector<std::string> oneofs;
    std::vector<Message> messages;
    std::vector<Enum> enums;
};

struct File {
    std::string syntax = "proto2";
    std::string package;
    std::vector<std::string> imports;
    Options options{};
    std::vector<Message> messages;
    std::vector<Enum> enums;
};

/// invalid_argument: "3:14: expected ';', found '}'".
Result<File> parse_file(std::string_view text);

}  // namespace mr::formats::protobuf
