#include "serve/http/router.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/suggest.h"
#include "net/query_string.h"

namespace mr::serve {
namespace {

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> out;
    if (path.starts_with('/')) path.remove_prefix(1);
    for (;;) {
        const std::size_t slash = path.find('/');
        out.emplace_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return out;
        path.remove_prefix(slash + 1);
    }
}

bool is_name(std::string_view segment) {
    return segment.starts_with('{') && segment.ends_with('}');
}

using Captures = std::vector<std::pair<std::string, std::string>>;

/// The captures, if the path fits; `literals` counts how exactly.
std::optional<Captures> match(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
                              std::size_t& literals) {
    if (pattern.size() != path.size()) return std::nullopt;
    Captures out;
    literals = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (is_name(pattern[i])) {
            auto value = net::percent_decode(path[i]);
            if (!value || value->empty()) return std::nullopt;
            out.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), std::move(*value));
        } else if (pattern[i] == path[i]) {
            ++literals;
        } else {
            return std::nullopt;
        }
    }
    return out;
}

}  // namespace

const std::string& RouteCall::capture(std::string_view name) const {
    const auto at = std::ranges::find_if(captures, [&](const auto& c) { return c.first == name; });
    MR_CHECK(at != captures.end(), "no capture {}", name);
    return at->second;
}

void Router::add(std::string_view method, std::string_view pattern, RouteHandler handler) {
    for (const Route& route : routes_) {
        MR_CHECK(route.method != method || route.pattern != pattern, "route added twice: {} {}", method,
                 pattern);
    }
    routes_.push_back({std::string(method), std::string(pattern), split(pattern), std::move(handler)});
}

std::vector<std::string> Router::routes() const {
    std::vector<std::string> out;
    for (const Route& route : routes_) out.push_back(route.method + " " + route.pattern);
    return out;
}

net::HttpResponse Router::unknown(const std::string& path) const {
    std::vector<std::string> patterns;
    for (const Route& route : routes_) patterns.push_back(route.pattern);
    const auto near = nearest_name(path, patterns);
    return net::HttpResponse::error(404, "not_found", fmt::format("no such path: {}", path),
                                    near ? fmt::format("did you mean `{}`?", *near)
                                         : std::string("the API is described at /api/v1/openapi.yaml"),
                                    near.value_or(""));
}

void Router::handle(net::HttpRequest request, net::HttpResponder responder) const {
    const std::vector<std::string> path = split(request.path);
    const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
    const Route* best = nullptr;
    std::size_t best_literals = 0;
    Captures best_captures;
    std::vector<std::string> allowed;
    for (const Route& route : routes_) {
        std::size_t literals = 0;
        auto captures = match(route.segments, path, literals);
        if (!captures) continue;
        allowed.push_back(route.method);
        if (route.method != method || (best != nullptr && literals <= best_literals)) continue;
        best = &route;
        best_literals = literals;
        best_captures = std::move(*captures);
    }
    if (best != nullptr) {
        if (gate_) {
            if (const auto refusal = gate_(request, fmt::format("{} {}", best->method, best->pattern)))
                return responder.respond(*refusal);
        }
        best->handler({std::move(request), std::move(best_captures)}, std::move(responder));
    } else if (!allowed.empty()) {
        responder.respond(net::HttpResponse::error(405, "invalid_argument",
                                                   fmt::format("{} is not possible here", request.method),
                                                   fmt::format("use {}", fmt::join(allowed, " or ")))
                              .with("Allow", fmt::format("{}", fmt::join(allowed, ", "))));
    } else if (fallback_ && method == "GET" && !request.path.starts_with("/api/")) {
        fallback_({std::move(request), {}}, std::move(responder));
    } else {
        responder.respond(unknown(request.path));
    }
}

}  // namespace mr::serve
