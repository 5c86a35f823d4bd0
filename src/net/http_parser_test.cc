// Requests out of bytes: cut anywhere, pipelined, hostile. Query strings, the guard and gzip beside it.
#include "net/http_parser.h"

#include <gtest/gtest.h>

#include "net/gzip.h"
#include "net/http_guard.h"
#include "net/query_string.h"

namespace mr::net {
namespace {

std::vector<ParsedRequest> parse(HttpParser& parser, std::string_view bytes, std::size_t step) {
    std::vector<ParsedRequest> out;
    while (!bytes.empty()) {
        parser.feed(bytes.substr(0, step));
        bytes.remove_prefix(std::min(step, bytes.size()));
        while (auto request = parser.next()) out.push_back(std::move(*request));
    }
    return out;
}

int status_of(std::string_view bytes, HttpLimits limits = {}) {
    HttpParser parser(limits);
    parse(parser, bytes, bytes.size());
    return parser.failed() ? parser.failed()->status : 0;
}

TEST(HttpParser, AnyCutGivesTheSameRequests) {
    constexpr std::string_view kBytes =
        "GET /api/v1/views/a%2Fb?x=1&y=a+b%21 HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\n\r\n"
        "POST /sql HTTP/1.1\r\nhost: localhost\r\nContent-Length: 5\r\n\r\nhello"
        "POST /sql HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
        "GET / HTTP/1.0\r\nHost: h\r\n\r\n";
    for (std::size_t step = 1; step <= kBytes.size(); step = step < 20 ? step + 1 : step * 2) {
        HttpParser parser({});
        const auto requests = parse(parser, kBytes, step);
        ASSERT_EQ(requests.size(), 4U) << step;
        EXPECT_EQ(requests[0].request.path, "/api/v1/views/a%2Fb");
        EXPECT_EQ(requests[0].request.param("y"), "a b!");
        EXPECT_EQ(requests[0].request.header("x-a"), "1");
        EXPECT_EQ(requests[1].request.body, "hello");
        EXPECT_EQ(requests[2].request.body, "abcde");
        EXPECT_TRUE(requests[2].keep_alive);
        EXPECT_FALSE(requests[3].keep_alive);
        EXPECT_FALSE(parser.failed());
        EXPECT_FALSE(parser.in_request());
    }
}

// Goal: a chunked body without a chunk, with a trailer or not, is one wherever it is cut: Beast ends the
// process over one whose "0" it has seen and whose end it has not.
TEST(HttpParser, LastChunksMayComeInPieces) {
    for (const std::string_view end : {"0\r\n\r\n", "000;x=y\r\nTrailer: 1\r\n\r\n", "1\r\nx\r\n0\r\n\r\n"}) {
        const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
        const std::string bytes = head + std::string(end);
        for (std::size_t first = 1; first < bytes.size(); ++first) {
            for (std::size_t step = 1; step <= end.size(); ++step) {
                HttpParser parser({});
                EXPECT_TRUE(parse(parser, bytes.substr(0, first), first).empty());
                EXPECT_EQ(parse(parser, bytes.substr(first), step).size(), 1U) << first << " " << step;
                EXPECT_FALSE(parser.failed());
                EXPECT_FALSE(parser.in_request());
            }
        }
    }
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\ronnection"),
              0);
}

TEST(HttpParser, RefusesWhatIsBrokenOrTooBig) {
    EXPECT_EQ(status_of("nonsense\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/2.0\r\n\r\n"), 505);
    EXPECT_EQ(status_of("GET /%zz?a=%q HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET http://evil/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n"), 431);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'x')), 431) << "never ending header";
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n", {.body_bytes_max = 10}),
              413);
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\nabc"),
              413);
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), 400);
    EXPECT_EQ(
        status_of("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        400);
    EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: -3\r\n\r\nabc"), 400);
    EXPECT_EQ(status_of(std::string("GET /\0 HTTP/1.1\r\n\r\n", 19)), 400);
}

TEST(HttpParser, TellsWhenContinueIsWanted) {
    HttpParser parser({});
    parser.feed("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_FALSE(parser.next());
    EXPECT_TRUE(parser.take_continue());
    EXPECT_FALSE(parser.take_continue());
    parser.feed("ok");
    EXPECT_EQ(parser.next()->request.body, "ok");
}

TEST(QueryString, DecodesAndRefuses) {
    EXPECT_EQ(percent_decode("a%20b+c"), "a b+c");
    EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
    for (const char* bad : {"%", "%1", "%zz", "a%00b"}) EXPECT_FALSE(percent_decode(bad)) << bad;
    EXPECT_EQ(percent_decode(percent_encode("\xc3\xa9 /?&=%")), "\xc3\xa9 /?&=%");
    const auto query = parse_query("a=1&&b&c=&=d&a=2");
    ASSERT_TRUE(query);
    EXPECT_EQ(*query, (QueryParams{{"a", "1"}, {"b", ""}, {"c", ""}, {"", "d"}, {"a", "2"}}));
    std::string many;
    for (int i = 0; i < 300; ++i) many += "a&";
    EXPECT_FALSE(parse_query(many));
}

int guard(const HttpGuardOptions& options, std::string method, HttpHeaders headers) {
    HttpRequest request{.method = std::move(method),
                        .path = "/",
                        .query = {},
                        .headers = std::move(headers),
                        .body = {},
                        .peer = {}};
    const auto refusal = check_request(options, request);
    return refusal ? refusal->status : 0;
}

TEST(HttpGuard, HostOriginAndForms) {
    const HttpGuardOptions options{.allowed_hosts = {"floor.example"},
                                   .allowed_origins = {"https://a.example"}};
    for (const char* host :
         {"localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "10.1.2.3", "floor.example:1"}) {
        EXPECT_EQ(guard(options, "GET", {{"Host", host}}), 0) << host;
    }
    for (const char* host :
         {"evil.example", "localhost.evil.example", "", "[::1", "127.0.0.1.evil.example"}) {
        EXPECT_EQ(guard(options, "GET", {{"Host", host}}), 421) << host;
    }
    EXPECT_EQ(guard(options, "GET", {}), 400);
    EXPECT_EQ(guard(options, "GET", {{"Host", "localhost"}, {"host", "evil.example"}}), 400);
    const auto with_origin = [&](std::string origin) {
        return guard(options, "GET", {{"Host", "localhost:80"}, {"Origin", std::move(origin)}});
    };
    EXPECT_EQ(with_origin("http://localhost:80"), 0);
    EXPECT_EQ(with_origin("https://a.example"), 0);
    EXPECT_EQ(with_origin("http://localhost:81"), 403);
    EXPECT_EQ(with_origin("null"), 403);
    const auto post = [&](std::string type) {
        return guard(options, "POST", {{"Host", "localhost"}, {"Content-Type", std::move(type)}});
    };
    EXPECT_EQ(post("application/json; charset=utf-8"), 0);
    EXPECT_EQ(post("application/vnd.schemaregistry.v1+json"), 0);
    EXPECT_EQ(post("text/plain"), 415);
    EXPECT_EQ(post("application/x-www-form-urlencoded"), 415);
    EXPECT_EQ(guard(options, "POST", {{"Host", "localhost"}}), 415);
}

TEST(Gzip, RoundTripsAndBounds) {
    const std::string text(100'000, 'x');
    const std::string packed = gzip_compress(text);
    EXPECT_LT(packed.size(), 1'000U);
    EXPECT_EQ(gzip_decompress(packed, 200'000), text);
    EXPECT_EQ(gzip_decompress(packed, 1'000).error().code, Code::resource_exhausted);
    EXPECT_EQ(gzip_decompress(packed.substr(0, 50), 200'000).error().code, Code::corrupt);
    EXPECT_FALSE(gzip_decompress("not gzip", 100));
    EXPECT_EQ(http_date(784111777000), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace mr::net
