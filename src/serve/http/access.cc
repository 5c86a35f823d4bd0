#include "serve/http/access.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/log.h"
#include "net/address.h"

namespace mr::serve {
namespace {

using net::HttpResponse;
using security::Role;

/// Every route there is, and who may use it. The node refuses to start with a route that is not here.
constexpr auto kRoutes = std::to_array<std::pair<std::string_view, Role>>({
    {"GET /healthz", Role::anybody},
    {"GET /readyz", Role::anybody},
    {"GET /version", Role::anybody},
    {"GET /api/v1/openapi.yaml", Role::anybody},
    {"GET /metrics", Role::viewer},
    {"GET /api/v1/views", Role::viewer},
    {"GET /api/v1/views/{name}", Role::viewer},
    {"POST /api/v1/views:batch", Role::viewer},
    {"GET /api/v1/views/{name}/changes", Role::viewer},
    {"GET /api/v1/features/{view}", Role::viewer},
    {"POST /api/v1/features/{view}", Role::viewer},
    {"POST /api/v1/sql", Role::viewer},
    {"GET /api/v1/dashboards", Role::viewer},
    {"GET /api/v1/dashboards/{name}", Role::viewer},
    {"GET /api/v1/sinks", Role::viewer},
    {"GET /api/v1/alerts", Role::viewer},
    {"POST /api/v1/alerts/{id}/ack", Role::operator_},
    {"GET /api/v1/pipelines", Role::viewer},
    {"GET /api/v1/pipelines/{name}", Role::viewer},
    {"GET /api/v1/pipelines/{name}/explain", Role::viewer},
    {"POST /api/v1/pipelines/{name}/resume", Role::operator_},
    {"POST /api/v1/plan", Role::engineer},
    {"POST /api/v1/apply", Role::engineer},
    {"GET /api/v1/changes", Role::viewer},
    {"POST /api/v1/changes/{pipeline}/swap", Role::engineer},
    {"POST /api/v1/changes/{pipeline}/compare", Role::engineer},
    {"DELETE /api/v1/changes/{pipeline}", Role::engineer},
    {"GET /api/v1/groups", Role::viewer},
    {"GET /api/v1/groups/{group}", Role::viewer},
    {"POST /api/v1/groups/{group}/reset", Role::operator_},
    {"DELETE /api/v1/groups/{group}", Role::operator_},
    {"GET /api/v1/transactions", Role::viewer},
    {"GET /api/v1/transactions/{id}", Role::viewer},
    {"POST /api/v1/transactions/{id}/abort", Role::operator_},
    {"GET /api/v1/topics", Role::viewer},
    {"GET /api/v1/topics/{topic}", Role::viewer},
    {"GET /api/v1/topics/{topic}/records", Role::viewer},
    {"POST /api/v1/topics", Role::engineer},
    {"PATCH /api/v1/topics/{topic}", Role::engineer},
    {"DELETE /api/v1/topics/{topic}", Role::engineer},
    {"POST /api/v1/topics/{topic}/delete-records", Role::engineer},
    {"GET /api/v1/security/users", Role::admin},
    {"PUT /api/v1/security/users/{user}", Role::admin},
    {"DELETE /api/v1/security/users/{user}", Role::admin},
    {"GET /api/v1/security/acls", Role::admin},
    {"POST /api/v1/security/acls", Role::admin},
    {"DELETE /api/v1/security/acls", Role::admin},
    {"GET /api/v1/security/tokens", Role::admin},
    {"POST /api/v1/security/tokens", Role::admin},
    {"DELETE /api/v1/security/tokens/{name}", Role::admin},
});

constexpr std::string_view kBearer = "bearer ";
constexpr std::string_view kBasic = "basic ";
constexpr std::string_view kSubprotocol = "bearer.";

/// What follows `scheme`, whose letters may be of either case.
std::optional<std::string_view> after(std::string_view text, std::string_view scheme) {
    if (text.size() < scheme.size() || !net::equal_ignoring_case(text.substr(0, scheme.size()), scheme))
        return std::nullopt;
    return text.substr(scheme.size());
}

/// The token among a WebSocket's subprotocols: "millrace.v1, bearer.mr_…".
std::optional<std::string> among_subprotocols(std::string_view list) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view item = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (item.starts_with(kSubprotocol)) return std::string(item.substr(kSubprotocol.size()));
    }
    return std::nullopt;
}

std::optional<std::string> token_of(const net::HttpRequest& request) {
    if (const auto authorization = request.header("authorization")) {
        if (const auto bearer = after(*authorization, kBearer)) return std::string(*bearer);
        if (const auto basic = after(*authorization, kBasic)) {
            const auto pair = base64_decode(*basic).value_or("");
            const std::size_t colon = pair.find(':');
            return colon == std::string::npos ? std::string() : pair.substr(colon + 1);
        }
        return std::string();
    }
    return among_subprotocols(request.header("sec-websocket-protocol").value_or(""));
}

/// The parts of a path that are not empty, as sent.
std::vector<std::string_view> segments(std::string_view path) {
    std::vector<std::string_view> out;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        if (end > 0) out.push_back(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return out;
}

}  // namespace

std::optional<Role> role_of_route(std::string_view route) {
    const auto* const found =
        std::ranges::find_if(kRoutes, [&](const auto& one) { return one.first == route; });
    return found == kRoutes.end() ? std::nullopt : std::optional(found->second);
}

Access::Caller Access::caller(const net::HttpRequest& request) const {
    const auto view = store_.view();
    const auto token = token_of(request);
    if (token && !view->tokens.empty()) {
        const auto known = view->tokens.find(security::token_digest(*token));
        if (known != view->tokens.end()) return {known->second.name, known->second.role};
        return {"anonymous", Role::anybody};
    }
    const auto peer = net::parse_host_port(request.peer);
    const bool local = peer && net::is_loopback(peer->host);
    if (local && (view->tokens.empty() || options_.trust_local)) return {"local", Role::admin};
    if (view->tokens.empty() && options_.insecure) return {"anonymous", Role::engineer};
    return {"anonymous", Role::anybody};
}

std::optional<HttpResponse> Access::refuse(const net::HttpRequest& request, Role role) const {
    if (role == Role::anybody) return std::nullopt;
    const Caller who = caller(request);
    const bool allowed = who.role >= role;
    if (role > Role::viewer) {
        log_info("audit", "HTTP {} {} {} {}{}", request.peer, who.name, request.method, request.path,
                 allowed ? "" : ": refused");
    }
    if (allowed) return std::nullopt;
    if (who.role != Role::anybody) {
        return HttpResponse::error(
            403, "permission_denied",
            fmt::format("this needs the role {}; {} has the role {}", to_string(role), who.name,
                        to_string(who.role)),
            "an admin gives tokens of other roles: millrace token add NAME --role ROLE");
    }
    if (store_.view()->tokens.empty()) {
        return HttpResponse::error(403, "permission_denied",
                                   "without tokens only callers on this machine are served",
                                   "add one there: millrace token add NAME --role admin");
    }
    return HttpResponse::error(401, "unauthenticated", "this needs a token that is known here",
                               "send it as Authorization: Bearer TOKEN; on the command line: --token or "
                               "MILLRACE_TOKEN")
        .with("WWW-Authenticate", "Bearer realm=\"millrace\"");
}

std::optional<HttpResponse> Access::refuse_route(const net::HttpRequest& request,
                                                 std::string_view route) const {
    return refuse(request, role_of_route(route).value_or(Role::admin));
}

std::optional<HttpResponse> Access::refuse_registry(const net::HttpRequest& request) const {
    // Looking a schema up and testing one are POSTs, too.
    const std::vector<std::string_view> path = segments(request.path);
    const bool looks =
        !path.empty() && (path[0] == "compatibility" || (path[0] == "subjects" && path.size() == 2));
    const bool reads =
        request.method == "GET" || request.method == "HEAD" || (request.method == "POST" && looks);
    auto refusal = refuse(request, reads ? Role::viewer : Role::engineer);
    if (!refusal) return std::nullopt;
    const bool unknown = refusal->status == 401;
    HttpResponse answer = HttpResponse::json(
        refusal->status,
        unknown ? R"({"error_code":40101,"message":"Unauthorized: a token is needed, )"
                  R"(as the password of Basic authentication or as Bearer"})"
                : R"({"error_code":40301,"message":"User is denied this operation on this server: )"
                  R"(its token has not the role that is needed"})");
    if (unknown) answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"millrace\"");
    return answer;
}

net::WebSocketRoute Access::guard(net::WebSocketRoute route) {
    route.refuse = [this](const net::HttpRequest& request) { return refuse(request, Role::viewer); };
    route.open = [this, open = std::move(route.open)](const net::HttpRequest& request,
                                                      std::shared_ptr<net::WebSocket> socket) {
        std::erase_if(sockets_, [](const auto& one) { return one.socket.expired(); });
        sockets_.push_back({socket, request});
        return open(request, std::move(socket));
    };
    return route;
}

void Access::close_refused() {
    for (const OpenSocket& one : sockets_) {
        const auto socket = one.socket.lock();
        if (socket != nullptr && caller(one.request).role < Role::viewer)
            socket->close(net::close_code::kPolicyViolation, "its token is not known here any more");
    }
}

}  // namespace mr::serve
