// JSON Schema: stored as compact JSON, checked to be one, and compared with its predecessor by the rules of
// Confluent's strict policy (open and closed content models). Thread: any.
#pragma once

#include <string_view>
#include <vector>

#include "registry/schema.h"

namespace mr::registry {

Result<ParsedPtr> parse_json_schema(std::string_view text, const std::vector<Reference>& references,
                                    const std::vector<ParsedPtr>& targets);

}  // namespace mr::registry
