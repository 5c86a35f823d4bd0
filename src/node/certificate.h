// Certificates that listeners show, renewed while the node runs. Thread: loop.
#pragma once

#include <string_view>

#include "base/log.h"
#include "net/tls.h"

namespace mr::node {

/// How often files of certificates and keys are looked at.
inline constexpr std::int64_t kWatchFilesMs = 5'000;

/// Reads the certificate again if its files have changed; what came of it is told in the log of `component`.
inline void renew(net::TlsContext& tls, std::string_view component) {
    const auto changed = tls.refresh();
    if (!changed) log_error(component, "TLS certificate not reloaded: {}", changed.error().message);
    if (changed && *changed) log_info(component, "TLS certificate reloaded: {}", tls.describe());
}

}  // namespace mr::node
