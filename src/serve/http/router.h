// Which handler answers which request. Routes are added by whoever has something to answer (serve/http's own
// classes, node/ for what needs other modules), before the server listens.
//
// A pattern is a path whose segments may be `{name}`, matching exactly one segment, percent-decoded. A
// literal segment wins over a name. GET also answers HEAD. What matches nothing goes to the fallback for
// GETs outside /api/ (the dashboard), else 404 with the nearest route, or 405 with Allow.
// Thread: loop.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http_server.h"

namespace mr::serve {

struct RouteCall {
    net::HttpRequest request;
    std::vector<std::pair<std::string, std::string>> captures;

    /// The segment captured as `{name}`. REQUIRES: the pattern has it.
    [[nodiscard]] const std::string& capture(std::string_view name) const;
};
using RouteHandler = std::function<void(RouteCall, net::HttpResponder)>;

class Router {
  public:
    /// REQUIRES: no route of the same method and pattern.
    void add(std::string_view method, std::string_view pattern, RouteHandler handler);
    /// Asked before every handler but the fallback: a refusal is the answer. The route is as in routes().
    using Gate =
        std::function<std::optional<net::HttpResponse>(const net::HttpRequest&, std::string_view route)>;
    void set_gate(Gate gate) { gate_ = std::move(gate); }
    void set_fallback(RouteHandler handler) { fallback_ = std::move(handler); }
    void handle(net::HttpRequest request, net::HttpResponder responder) const;
    /// "GET /api/v1/views", …; for documents and tests.
    [[nodiscard]] std::vector<std::string> routes() const;

  private:
    struct Route {
        std::string method;
        std::string pattern;
        std::vector<std::string> segments;
        RouteHandler handler;
    };
    [[nodiscard]] net::HttpResponse unknown(const std::string& path) const;
    std::vector<Route> routes_;
    RouteHandler fallback_;
    Gate gate_;
};

}  // namespace mr::serve
