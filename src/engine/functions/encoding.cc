// Hashes, base64, URLs.
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "engine/internal/registry.h"

namespace mr::engine::internal {
namespace {

std::string hex_digest(std::string_view data, const EVP_MD* algorithm) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
    unsigned size = 0;
    EVP_Digest(data.data(), data.size(), raw.data(), &size, algorithm, nullptr);
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
        out.push_back("0123456789abcdef"[raw[i] >> 4]);
        out.push_back("0123456789abcdef"[raw[i] & 15]);
    }
    return out;
}

RowFunction digest(const EVP_MD* (*algorithm)()) {
    return [algorithm](RowCall& c) { c.set(hex_digest(c.text(0), algorithm())); };
}

void sha2(RowCall& c) {
    switch (c.integer(1)) {
        case 224:
            return c.set(hex_digest(c.text(0), EVP_sha224()));
        case 256:
            return c.set(hex_digest(c.text(0), EVP_sha256()));
        case 384:
            return c.set(hex_digest(c.text(0), EVP_sha384()));
        case 512:
            return c.set(hex_digest(c.text(0), EVP_sha512()));
        default:
            return c.fail("SHA2 takes 224, 256, 384 or 512 bits");
    }
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void to_base64(RowCall& c) {
    const std::string_view s = c.text(0);
    std::string out;
    for (std::size_t i = 0; i < s.size(); i += 3) {
        unsigned v = 0;
        for (std::size_t k = 0; k < 3; ++k)
            v = (v << 8) | (i + k < s.size() ? static_cast<unsigned char>(s[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            out.push_back(i + k <= s.size() ? kBase64[(v >> (18 - 6 * k)) & 63] : '=');
    }
    c.set(out);
}

void from_base64(RowCall& c) {
    std::string out;
    unsigned v = 0, bits = 0;
    std::string_view s = c.text(0);
    while (s.ends_with('=')) s.remove_suffix(1);
    for (const char ch : s) {
        const std::size_t digit = kBase64.find(ch);
        if (digit == std::string_view::npos) return c.null();
        v = (v << 6) | static_cast<unsigned>(digit);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out.push_back(static_cast<char>((v >> bits) & 0xff));
        }
    }
    c.set(out);
}

/// application/x-www-form-urlencoded, as java.net.URLEncoder.
void url_encode(RowCall& c) {
    std::string out;
    for (const char ch : c.text(0)) {
        const auto b = static_cast<unsigned char>(ch);
        if ((b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || b == '.' ||
            b == '-' || b == '*' || b == '_') {
            out.push_back(ch);
        } else if (b == ' ') {
            out.push_back('+');
        } else {
            out.push_back('%');
            out.push_back("0123456789ABCDEF"[b >> 4]);
            out.push_back("0123456789ABCDEF"[b & 15]);
        }
    }
    c.set(out);
}

int hex_digit(char ch) {
    if (ch >= '0' && ch <= '9') return ch - '0';
    if (ch >= 'a' && ch <= 'f') return ch - 'a' + 10;
    if (ch >= 'A' && ch <= 'F') return ch - 'A' + 10;
    return -1;
}

void url_decode(RowCall& c) {
    const std::string_view s = c.text(0);
    std::string out;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] == '+') {
            out.push_back(' ');
        } else if (s[i] == '%') {
            if (i + 2 >= s.size() || hex_digit(s[i + 1]) < 0 || hex_digit(s[i + 2]) < 0) return c.null();
            out.push_back(static_cast<char>(hex_digit(s[i + 1]) * 16 + hex_digit(s[i + 2])));
            i += 2;
        } else {
            out.push_back(s[i]);
        }
    }
    c.set(out);
}

/// The parts of a URL as java.net.URL names them; absent parts have no value.
struct Url {
    std::optional<std::string_view> protocol, authority, user, host, path, query, ref;
    std::string file;
};

std::optional<Url> parse_url(std::string_view s) {
    Url u;
    const std::size_t scheme = s.find("://");
    if (scheme == std::string_view::npos || scheme == 0) return std::nullopt;
    u.protocol = s.substr(0, scheme);
    s.remove_prefix(scheme + 3);
    if (const std::size_t hash = s.find('#'); hash != std::string_view::npos) {
        u.ref = s.substr(hash + 1);
        s = s.substr(0, hash);
    }
    const std::size_t end = std::min(s.find('/'), s.find('?'));
    const std::string_view authority = s.substr(0, end);
    s = end >= s.size() ? std::string_view() : s.substr(end);
    u.file = std::string(s);
    if (const std::size_t mark = s.find('?'); mark != std::string_view::npos) {
        u.query = s.substr(mark + 1);
        s = s.substr(0, mark);
    }
    u.path = s;
    u.authority = authority;
    std::string_view host = authority;
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        u.user = authority.substr(0, at);
        host = authority.substr(at + 1);
    }
    const std::size_t colon = host.rfind(':');
    if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos)
        host = host.substr(0, colon);
    u.host = host;
    return u;
}

std::optional<std::string_view> query_value(std::string_view query, std::string_view key) {
    while (!query.empty()) {
        const std::size_t amp = query.find('&');
        const std::string_view pair = query.substr(0, amp);
        if (pair.size() > key.size() && pair.starts_with(key) && pair[key.size()] == '=')
            return pair.substr(key.size() + 1);
        query = amp == std::string_view::npos ? std::string_view() : query.substr(amp + 1);
    }
    return std::nullopt;
}

void parse_url_part(RowCall& c) {
    const auto u = parse_url(c.text(0));
    if (!u) return c.null();
    const std::string_view part = c.text(1);
    const auto put = [&](std::optional<std::string_view> v) { v ? c.set(*v) : c.null(); };
    if (part == "QUERY") {
        if (c.size() == 2) return put(u->query);
        return put(u->query ? query_value(*u->query, c.text(2)) : std::nullopt);
    }
    if (c.size() == 3) return c.null();
    if (part == "HOST") return put(u->host);
    if (part == "PATH") return put(u->path);
    if (part == "REF") return put(u->ref);
    if (part == "PROTOCOL") return put(u->protocol);
    if (part == "AUTHORITY") return put(u->authority);
    if (part == "USERINFO") return put(u->user);
    if (part == "FILE") return c.set(u->file);
    c.null();
}

}  // namespace

void add_encoding(Registry& r) {
    r.add_row("MD5", digest(EVP_md5));
    r.add_row("SHA1", digest(EVP_sha1));
    r.add_row("SHA224", digest(EVP_sha224));
    r.add_row("SHA256", digest(EVP_sha256));
    r.add_row("SHA384", digest(EVP_sha384));
    r.add_row("SHA512", digest(EVP_sha512));
    r.add_row("SHA2", sha2);
    r.add_row("TO_BASE64", to_base64);
    r.add_row("FROM_BASE64", from_base64);
    r.add_row("URL_ENCODE", url_encode);
    r.add_row("URL_DECODE", url_decode);
    r.add_row("PARSE_URL", parse_url_part);
}

}  // namespace mr::engine::internal
