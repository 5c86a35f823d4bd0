// Bytes of an HTTP connection. The first byte says how they are cut.
// Invariants: no crash; a cut does not change what is parsed; what the guard passes has one Host header.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "net/http_guard.h"
#include "net/http_parser.h"

namespace {

std::vector<std::string> parse(std::string_view bytes, std::size_t cut) {
    std::vector<std::string> out;
    mr::net::HttpParser parser({.header_bytes_max = 512, .body_bytes_max = 1'024});
    while (!bytes.empty() && !parser.failed()) {
        const std::string_view part = bytes.substr(0, cut);
        bytes.remove_prefix(part.size());
        parser.feed(part);
        while (auto parsed = parser.next()) {
            const auto& request = parsed->request;
            MR_CHECK(request.body.size() <= 1'024, "{}", request.body.size());
            if (!mr::net::check_request({}, request)) MR_CHECK(request.header("host").has_value());
            out.push_back(request.method + " " + request.path + " " + request.body);
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = parse(bytes, bytes.size() + 1);
    const auto cut = parse(bytes, std::size_t{1} + data[0]);
    MR_CHECK(whole == cut, "{} requests in one piece, {} in pieces", whole.size(), cut.size());
    return 0;
}
