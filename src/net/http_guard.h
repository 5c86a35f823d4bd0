// Which requests a browser may be tricked into: refused before any handler sees them.
//
//   Host     must be an address, "localhost" or a configured name, or 421: a hostile page whose name was
//            re-pointed at us (DNS rebinding) sends its own name.
//   Origin   where present must be this host or a configured origin, or 403.
//   POST     must carry JSON (application/json or application/*+json), or 415: a form can be posted across
//            origins without asking, JSON cannot.
// Thread: any (immutable).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/http_message.h"

namespace mr::net {

struct HttpGuardOptions {
    std::vector<std::string> allowed_hosts;    ///< names (without port) besides localhost and addresses
    std::vector<std::string> allowed_origins;  ///< "https://floor.example"
    bool json_posts_only = true;
};

/// The refusal, or nothing for a request that may pass.
std::optional<HttpResponse> check_request(const HttpGuardOptions& options, const HttpRequest& request);

/// Header lines that let a page of a configured other origin read the answer (CORS); empty for requests of
/// this host's own pages and of other clients. REQUIRES: check_request() let it pass.
std::string cors_headers(const HttpGuardOptions& options, const HttpRequest& request);
/// The answer to a browser that asks whether such a page may send a request (a preflight); nothing for any
/// other request.
std::optional<HttpResponse> answer_preflight(const HttpRequest& request);

}  // namespace mr::net
