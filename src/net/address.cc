#include "net/address.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>

namespace mr::net {

std::string HostPort::to_string() const {
    if (host.find(':') != std::string::npos) return fmt::format("[{}]:{}", host, port);
    return fmt::format("{}:{}", host, port);
}

Result<HostPort> parse_host_port(std::string_view text) {
    const auto bad = [&] {
        return fail(Code::invalid_argument,
                    "an address is written host:port, e.g. 127.0.0.1:9092 or [::1]:9092, not: {}", text);
    };
    HostPort out;
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad();
    std::string_view host = text.substr(0, colon);
    if (!host.empty() && host.front() == '[') {
        if (host.size() < 3 || host.back() != ']') return bad();
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return bad();
    }
    if (host == "*") host = {};
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (port.empty() || error != std::errc() || end != port.data() + port.size()) return bad();
    out.host = host;
    return out;
}

bool is_ip_literal(std::string_view host) {
    const std::string text(host);
    std::array<unsigned char, 16> scratch{};
    return inet_pton(AF_INET, text.c_str(), scratch.data()) == 1 ||
           inet_pton(AF_INET6, text.c_str(), scratch.data()) == 1;
}

bool is_loopback(std::string_view host) {
    if (host == "localhost" || host == "::1") return true;
    return host.starts_with("127.") && is_ip_literal(host);
}

}  // namespace mr::net
