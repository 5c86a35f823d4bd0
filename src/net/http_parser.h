// Requests out of a stream of bytes, HTTP/1.1 as it comes: cut anywhere, pipelined, chunked. Beast does the
// parsing; this keeps it out of everybody's headers and bounds what a peer can make us hold.
// Thread: one.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "net/http_message.h"

namespace mr::net {

struct HttpLimits {
    std::size_t header_bytes_max = 32U << 10;
    std::size_t body_bytes_max = 1U << 20;
};

struct ParsedRequest {
    HttpRequest request;
    bool keep_alive = true;
};

/// What went wrong, as the status to answer with before closing.
struct HttpParseError {
    int status = 400;
    std::string message;
};

class HttpParser {
  public:
    explicit HttpParser(HttpLimits limits);
    ~HttpParser();

    /// Adds bytes to what was not used yet. Bounded: call next() after each.
    void feed(std::string_view bytes);
    /// The next complete request, or nothing when bytes are missing or failed() is set.
    std::optional<ParsedRequest> next();
    [[nodiscard]] const std::optional<HttpParseError>& failed() const;
    /// Part of a request is here: its sender must not take for ever.
    [[nodiscard]] bool in_request() const;
    /// True once per request that asked for "100 Continue" before its body.
    bool take_continue();
    /// Bytes that follow the last request: an upgraded connection's first ones.
    std::string take_rest();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::net
