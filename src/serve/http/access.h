// Who may ask what of the HTTP listeners: one table of routes and roles, one place that reads tokens.
//
// A token comes as `Authorization: Bearer TOKEN`, as the password of Basic authentication (what schema
// registry clients send), or as the WebSocket subprotocol `bearer.TOKEN` (all that a browser can choose
// there). While there is no token, callers on this machine are admins; others get nothing, or with --insecure
// what an engineer gets. Once there is one, everybody needs one, on this machine too (a proxy makes everybody
// local), unless http.trust-local says otherwise. Thread: loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.h"
#include "security/store.h"

namespace mr::serve {

struct AccessOptions {
    bool insecure = false;     ///< without tokens: callers beyond this machine are served
    bool trust_local = false;  ///< callers on this machine need no token
};

class Access {
  public:
    /// Who asks: a token's name and role, or "local", "anonymous" (role anybody: may do what needs no token).
    struct Caller {
        std::string name;
        security::Role role = security::Role::anybody;
    };

    /// REQUIRES: the store outlives it.
    explicit Access(const security::Store& store, AccessOptions options = {})
        : store_(store), options_(options) {}

    [[nodiscard]] Caller caller(const net::HttpRequest& request) const;
    /// The refusal of a request that needs `role` (401 or 403), or nothing. What changes things is a line of
    /// the audit log either way.
    [[nodiscard]] std::optional<net::HttpResponse> refuse(const net::HttpRequest& request,
                                                          security::Role role) const;
    /// refuse(), with the role of a route as Router names it.
    [[nodiscard]] std::optional<net::HttpResponse> refuse_route(const net::HttpRequest& request,
                                                                std::string_view route) const;
    /// refuse(), for a request to the schema registry: reading is a viewer's, changing an engineer's.
    [[nodiscard]] std::optional<net::HttpResponse> refuse_registry(const net::HttpRequest& request) const;
    /// The same route, open to viewers only. REQUIRES: this outlives the server that carries it.
    [[nodiscard]] net::WebSocketRoute guard(net::WebSocketRoute route);
    /// Closes the WebSockets of those who could not open them any more: to be called when tokens changed.
    void close_refused();

  private:
    struct OpenSocket {
        std::weak_ptr<net::WebSocket> socket;
        net::HttpRequest request;  ///< that opened it
    };

    const security::Store& store_;
    const AccessOptions options_;
    std::vector<OpenSocket> sockets_;
};

/// The role a route ("GET /api/v1/views") needs; nothing for one that the table does not have.
std::optional<security::Role> role_of_route(std::string_view route);

}  // namespace mr::serve
