// HTTP requests and answers as plain values. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace mr::net {

/// In order of arrival; names compare without case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;
/// Decoded, in order; a name may come more than once.
using QueryParams = std::vector<std::pair<std::string, std::string>>;

/// The first header of that name.
std::optional<std::string_view> find_header(const HttpHeaders& headers, std::string_view name);
/// Names of headers, hosts and media types: ASCII only.
bool equal_ignoring_case(std::string_view a, std::string_view b);

struct HttpRequest {
    std::string method;
    std::string path;  ///< as sent, without the query: percent escapes are decoded a segment at a time
    QueryParams query;
    HttpHeaders headers;
    std::string body;
    std::string peer;  ///< "127.0.0.1:52114"

    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const {
        return find_header(headers, name);
    }
    [[nodiscard]] std::optional<std::string_view> param(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    HttpHeaders headers;  ///< without Content-Length, Date and Connection, which the server adds
    SharedBytes body;

    static HttpResponse json(int status, std::string body);
    static HttpResponse text(int status, std::string body);
    /// {"error":{"code":…,"message":…,"help":…}}, and "did_you_mean" where there is one.
    static HttpResponse error(int status, std::string_view code, std::string_view message,
                              std::string_view help = {}, std::string_view did_you_mean = {});
    static HttpResponse error(const Error& error, std::string_view help = {});
    HttpResponse&& with(std::string name, std::string value) &&;
};

/// The one place where inner errors become HTTP statuses.
int http_status(Code code);
/// The code as answers and frames carry it: "not_found".
std::string api_code(Code code);
std::string_view http_reason(int status);
/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::int64_t ms_since_1970);

}  // namespace mr::net
