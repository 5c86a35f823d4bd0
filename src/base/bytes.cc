#include "base/bytes.h"

namespace mr {

void ByteWriter::uvarint(std::uint64_t v) {
    while (v >= 0x80) {
        u8(static_cast<std::uint8_t>(v | 0x80));
        v >>= 7;
    }
    u8(static_cast<std::uint8_t>(v));
}

std::uint64_t ByteReader::uvarint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        const std::uint8_t byte = u8();
        if (bad_) return 0;
        // The tenth byte may hold the top bit only.
        if (shift == 63 && byte > 1) return fail_with<std::uint64_t>();
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) return value;
    }
    return fail_with<std::uint64_t>();
}

Status ByteReader::status(std::string_view what) const {
    if (bad_)
        return fail(Code::corrupt, "{}: truncated or malformed at byte {} of {}", what, at_, bytes_.size());
    return {};
}

Status ByteReader::finish(std::string_view what) const {
    MR_TRY_VOID(status(what));
    if (at_ != bytes_.size()) {
        return fail(Code::corrupt, "{}: {} bytes left over after byte {}", what, bytes_.size() - at_, at_);
    }
    return {};
}

std::string hex(std::string_view bytes, std::size_t limit) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size() && i < limit; ++i) {
        if (i > 0) out.push_back(' ');
        out += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
    }
    if (bytes.size() > limit) out += " …";
    return out;
}

}  // namespace mr
