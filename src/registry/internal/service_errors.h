// Confluent's error codes as values, and finding versions: shared by the service's two files. Thread: any.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <utility>

#include "registry/service.h"

namespace mr::registry::internal {

template <class... Args>
[[nodiscard]] std::unexpected<ServiceError> refuse(std::int32_t code, fmt::format_string<Args...> format,
                                                   Args&&... args) {
    return std::unexpected(ServiceError{code, fmt::format(format, std::forward<Args>(args)...)});
}

struct FoundVersion {
    std::shared_ptr<const Subject> subject;
    VersionRecord version;
    std::shared_ptr<const SchemaRecord> schema;
};

/// -1 for the latest.
Outcome<std::int32_t> parse_version(const std::string& text);
/// 40401, 40402 or 42202 otherwise.
Outcome<FoundVersion> find_version(const RegistryView& view, const std::string& subject,
                                   const std::string& version, bool deleted);

}  // namespace mr::registry::internal
