#include "base/uuid.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace mr {

Uuid Uuid::from_bytes(std::string_view raw) {
    MR_CHECK(raw.size() == 16, "size {}", raw.size());
    Uuid id;
    std::memcpy(id.bytes.data(), raw.data(), 16);
    return id;
}

Uuid Uuid::random() {
    Uuid id;
    const ssize_t got = ::getrandom(id.bytes.data(), id.bytes.size(), 0);
    MR_CHECK(got == 16, "getrandom returned {}", got);
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x40);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

std::string Uuid::to_string() const {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
        out += fmt::format("{:02x}", bytes[i]);
    }
    return out;
}

Result<Uuid> Uuid::parse(std::string_view text) {
    Uuid id;
    std::size_t digits = 0;
    for (const char c : text) {
        if (c == '-') continue;
        const int value = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (value < 0 || digits >= 32) return fail(Code::invalid_argument, "not a UUID: {}", text);
        id.bytes[digits / 2] = static_cast<std::uint8_t>((id.bytes[digits / 2] << 4) | value);
        ++digits;
    }
    if (digits != 32) return fail(Code::invalid_argument, "not a UUID: {}", text);
    return id;
}

}  // namespace mr
