// Protobuf: stored as sent, parsed (formats/protobuf/proto_file.h), and compared by the rules of Confluent's
// ProtobufSchema: what the wire format tolerates is compatible (fields added, renamed, removed; numbers of
// one encoding), what would be misread is not. Imports are names here: what they hold is not compared.
// Thread: any.
#pragma once

#include <string_view>

#include "registry/schema.h"

namespace mr::registry {

Result<ParsedPtr> parse_protobuf(std::string_view text);

}  // namespace mr::registry
