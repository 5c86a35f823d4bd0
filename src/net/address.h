// "host:port" as people write it in settings. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mr::net {

struct HostPort {
    std::string host;  ///< name or address, IPv6 without brackets; empty means every interface
    std::uint16_t port = 0;

    /// "host:port", IPv6 in brackets.
    [[nodiscard]] std::string to_string() const;
};

/// Accepts "127.0.0.1:9092", "[::1]:0", "localhost:80", ":9092" and "*:9092".
Result<HostPort> parse_host_port(std::string_view text);
/// 127.0.0.0/8, ::1 and "localhost".
bool is_loopback(std::string_view host);
/// An IPv4 or IPv6 address rather than a name.
bool is_ip_literal(std::string_view host);

}  // namespace mr::net
