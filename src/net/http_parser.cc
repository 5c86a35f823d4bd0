#include "net/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/query_string.h"

namespace mr::net {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

namespace {

/// Of the shortest end of a chunked body: "0\r\n\r\n".
constexpr std::size_t kLastChunkBytes = 5;

HttpParseError describe(const boost::system::error_code& error, const HttpLimits& limits) {
    if (error == http::error::header_limit) {
        return {431, fmt::format("the request's headers exceed {} bytes", limits.header_bytes_max)};
    }
    if (error == http::error::body_limit) {
        return {413, fmt::format("the request's body exceeds {} bytes", limits.body_bytes_max)};
    }
    if (error == http::error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
    return {400, fmt::format("not an HTTP request: {}", error.message())};
}

}  // namespace

class HttpParser::Impl {
  public:
    explicit Impl(HttpLimits max) : limits(max) { reset(); }

    void reset() {
        parser.emplace();
        parser->header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        parser->body_limit(limits.body_bytes_max);
        parser->eager(true);
        asked_continue = false;
    }

    HttpLimits limits;
    std::optional<Parser> parser;
    std::string pending;  ///< received and not yet consumed by the parser
    std::optional<HttpParseError> error;
    bool asked_continue = false;
    bool continue_wanted = false;
};

HttpParser::HttpParser(HttpLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
HttpParser::~HttpParser() = default;

void HttpParser::feed(std::string_view bytes) {
    impl_->pending.append(bytes);
}

const std::optional<HttpParseError>& HttpParser::failed() const {
    return impl_->error;
}

bool HttpParser::in_request() const {
    return !impl_->pending.empty() || impl_->parser->got_some();
}

bool HttpParser::take_continue() {
    return std::exchange(impl_->continue_wanted, false);
}

std::string HttpParser::take_rest() {
    return std::exchange(impl_->pending, {});
}

namespace {

Result<ParsedRequest> convert(Parser& parser) {
    ParsedRequest out;
    out.keep_alive = parser.keep_alive();
    auto message = parser.release();
    HttpRequest& request = out.request;
    request.method = std::string(message.method_string());
    const auto target = std::string_view(message.target().data(), message.target().size());
    const std::size_t question = std::min(target.find('?'), target.size());
    request.path = target.substr(0, question);
    if (!request.path.starts_with('/') && request.path != "*") {
        return fail(Code::invalid_argument, "a request target starts with a slash: {}", target);
    }
    if (question < target.size()) {
        MR_TRY(request.query, parse_query(target.substr(question + 1, target.find('#') - question - 1)));
    }
    int lengths = 0;
    int encodings = 0;
    for (const auto& field : message) {
        const auto name = field.name_string();
        const auto value = field.value();
        request.headers.emplace_back(std::string(name.data(), name.size()),
                                     std::string(value.data(), value.size()));
        lengths += field.name() == http::field::content_length ? 1 : 0;
        encodings += field.name() == http::field::transfer_encoding ? 1 : 0;
    }
    // Two ideas of where a body ends are how requests are smuggled past a proxy (RFC 9112, section 6.3).
    if (lengths + encodings > 1) {
        return fail(Code::invalid_argument, "more than one Content-Length or Transfer-Encoding");
    }
    request.body = std::move(message.body());
    return out;
}

}  // namespace

std::optional<ParsedRequest> HttpParser::next() {
    Impl& s = *impl_;
    while (!s.error && !s.pending.empty()) {
        // Beast takes it for granted (and asserts) that a last chunk it has seen the beginning of has all of
        // these bytes when it looks again. Less than them ends no body.
        if (s.parser->is_header_done() && s.parser->chunked() && s.pending.size() < kLastChunkBytes) break;
        boost::system::error_code error;
        const std::size_t used = s.parser->put(boost::asio::buffer(s.pending), error);
        s.pending.erase(0, used);
        if (error == http::error::need_more) error = {};
        if (error) {
            s.error = describe(error, s.limits);
            return std::nullopt;
        }
        if (s.parser->is_done()) {
            auto request = convert(*s.parser);
            s.reset();
            if (request) return std::move(*request);
            s.error = HttpParseError{400, request.error().message};
            return std::nullopt;
        }
        if (s.parser->is_header_done() && !s.asked_continue) {
            s.asked_continue = true;
            const auto expect = s.parser->get()[http::field::expect];
            s.continue_wanted = equal_ignoring_case({expect.data(), expect.size()}, "100-continue");
        }
        if (used == 0) break;
    }
    return std::nullopt;
}

}  // namespace mr::net
