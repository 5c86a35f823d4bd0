#include "net/http_message.h"

#include <algorithm>
#include <ctime>

#include "base/json_writer.h"
#include "base/suggest.h"

namespace mr::net {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> find_header(const HttpHeaders& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (equal_ignoring_case(key, name)) return value;
    }
    return std::nullopt;
}

std::optional<std::string_view> HttpRequest::param(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return std::nullopt;
}

HttpResponse HttpResponse::json(int status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, SharedBytes(std::move(body))};
}

HttpResponse HttpResponse::text(int status, std::string body) {
    return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, SharedBytes(std::move(body))};
}

HttpResponse HttpResponse::error(int status, std::string_view code, std::string_view message,
                                 std::string_view help, std::string_view did_you_mean) {
    std::string body;
    JsonWriter w(body);
    w.begin_object().key("error").begin_object();
    w.member("code", code).member("message", message).member("help", help);
    if (!did_you_mean.empty()) w.member("did_you_mean", did_you_mean);
    w.end_object().end_object();
    return json(status, std::move(body));
}

HttpResponse HttpResponse::error(const Error& error, std::string_view help) {
    const auto [message, suggestion] = split_suggestion(error.message);
    std::string advice(help);
    if (!suggestion.empty()) {
        advice = fmt::format("did you mean `{}`?{}{}", suggestion, help.empty() ? "" : " ", help);
    }
    return HttpResponse::error(http_status(error.code), api_code(error.code), message, advice, suggestion);
}

HttpResponse&& HttpResponse::with(std::string name, std::string value) && {
    headers.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
}

int http_status(Code code) {
    switch (code) {
        case Code::invalid_argument:
        case Code::out_of_range:
            return 400;
        case Code::permission_denied:
            return 403;
        case Code::not_found:
            return 404;
        case Code::already_exists:
        case Code::fenced:
            return 409;
        case Code::corrupt:
            return 422;
        case Code::unsupported:
            return 501;
        case Code::unavailable:
            return 503;
        case Code::resource_exhausted:
            return 507;
        case Code::io_error:
        case Code::internal:
            return 500;
    }
    return 500;
}

std::string api_code(Code code) {
    std::string out(to_string(code));
    std::ranges::replace(out, ' ', '_');
    return out;
}

std::string_view http_reason(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 426:
            return "Upgrade Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        default:
            return "Status";
    }
}

std::string http_date(std::int64_t ms_since_1970) {
    const std::time_t seconds = ms_since_1970 / 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    // Not strftime: its names follow the process's locale.
    constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                       kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace mr::net
