// A blocking HTTP client (libcurl): for the command line and for workers that may wait. One instance keeps
// its connection alive between calls. Thread: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_message.h"

namespace mr::net {

struct HttpCall {
    std::string method = "GET";
    std::string url{};
    HttpHeaders headers{};
    std::string body{};
    std::int64_t timeout_ms = 30'000;
    std::size_t body_bytes_max = 256U << 20;  ///< of the answer
    std::string ca_file{};                    ///< PEM: who may vouch for an https server; empty: the system's
};

struct HttpAnswer {
    int status = 0;
    HttpHeaders headers;
    std::string body;
};

class HttpClient {
  public:
    HttpClient();
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Any status is an answer; an error is no answer: unavailable (refused, timed out, unknown host) or
    /// resource_exhausted (too long). Redirects are not followed.
    Result<HttpAnswer> call(const HttpCall& call);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::net
