// Which requests are understood, in which versions, and who answers them. ApiVersions is this table.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "serve/kafka/call.h"
#include "wire/api.h"

namespace mr::serve::kafka {

class Service;

struct Handler {
    wire::ApiKey key{};
    wire::VersionRange versions;      ///< what is answered
    std::int16_t advertised_min = 0;  ///< usually versions.min
    std::int16_t flexible_since = 0;
    /// Decodes the body and answers; an undecodable body refuses the call.
    void (*run)(Service& service, const CallPtr& call, const SharedBytes& body) = nullptr;
};

/// Sorted by key.
[[nodiscard]] std::span<const Handler> handlers();
/// nullptr for a request we do not know.
[[nodiscard]] const Handler* find_handler(std::int16_t key);

}  // namespace mr::serve::kafka
