// Protobuf: stored as sent, its braces and first words checked. Versions are not compared yet: any level but
// NONE accepts an equal text only.
#pragma once

#include <string_view>

#include "registry/schema.h"

namespace mr::registry {

Result<ParsedPtr> parse_protobuf(std::string_view text);

}  // namespace mr::registry
