#include "net/http_guard.h"

#include <algorithm>

#include "net/address.h"

namespace mr::net {
namespace {

/// "localhost:8080" -> "localhost", "[::1]:8080" -> "::1".
std::string_view host_of(std::string_view authority) {
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        return end == std::string_view::npos ? std::string_view() : authority.substr(1, end - 1);
    }
    return authority.substr(0, authority.find(':'));
}

bool host_allowed(const HttpGuardOptions& options, std::string_view authority) {
    const std::string_view host = host_of(authority);
    if (is_ip_literal(host) || equal_ignoring_case(host, "localhost")) return true;
    return std::ranges::any_of(options.allowed_hosts,
                               [&](const std::string& name) { return equal_ignoring_case(name, host); });
}

bool origin_allowed(const HttpGuardOptions& options, std::string_view origin, std::string_view authority) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (origin.starts_with(scheme) && equal_ignoring_case(origin.substr(scheme.size()), authority)) {
            return true;
        }
    }
    return std::ranges::any_of(options.allowed_origins, [&](const std::string& allowed) {
        return equal_ignoring_case(allowed, origin);
    });
}

bool is_json(std::string_view content_type) {
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    constexpr std::string_view kPrefix = "application/";
    if (type.size() < kPrefix.size() || !equal_ignoring_case(type.substr(0, kPrefix.size()), kPrefix)) {
        return false;
    }
    const std::string_view subtype = type.substr(kPrefix.size());
    constexpr std::string_view kSuffix = "+json";
    return equal_ignoring_case(subtype, "json") ||
           (subtype.size() > kSuffix.size() &&
            equal_ignoring_case(subtype.substr(subtype.size() - kSuffix.size()), kSuffix));
}

}  // namespace

std::optional<HttpResponse> check_request(const HttpGuardOptions& options, const HttpRequest& request) {
    const auto hosts = std::ranges::count_if(
        request.headers, [](const auto& header) { return equal_ignoring_case(header.first, "host"); });
    if (hosts != 1) {
        return HttpResponse::error(400, "invalid_argument", "a request needs exactly one Host header");
    }
    const std::string_view host = *request.header("host");
    if (!host_allowed(options, host)) {
        return HttpResponse::error(421, "permission_denied",
                                   fmt::format("this server does not answer for the host: {}", host),
                                   "use its address or localhost, or add the name to http.allowed-hosts");
    }
    if (const auto origin = request.header("origin"); origin && !origin_allowed(options, *origin, host)) {
        return HttpResponse::error(403, "permission_denied",
                                   fmt::format("requests from other origins are refused: {}", *origin),
                                   "add the origin to http.allowed-origins if it is yours");
    }
    const bool post = request.method == "POST" || request.method == "PATCH";
    if (post && options.json_posts_only && !is_json(request.header("content-type").value_or(""))) {
        return HttpResponse::error(415, "invalid_argument", "a POST must carry JSON",
                                   "send the header Content-Type: application/json");
    }
    return std::nullopt;
}

std::string cors_headers(const HttpGuardOptions& options, const HttpRequest& request) {
    const auto origin = request.header("origin");
    if (!origin || options.allowed_origins.empty()) return {};
    // The guard took it for this host's or a configured one: only the text is left to be echoed.
    return fmt::format(
        "Access-Control-Allow-Origin: {}\r\nVary: Origin\r\n"
        "Access-Control-Expose-Headers: ETag, Millrace-Version, Millrace-Commit-Time, Millrace-Truncated, "
        "Retry-After\r\n",
        *origin);
}

std::optional<HttpResponse> answer_preflight(const HttpRequest& request) {
    if (request.method != "OPTIONS" || !request.header("origin") ||
        !request.header("access-control-request-method")) {
        return std::nullopt;
    }
    HttpResponse response;
    response.status = 204;
    return std::move(response)
        .with("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE")
        .with("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match")
        .with("Access-Control-Max-Age", "600");
}

}  // namespace mr::net
