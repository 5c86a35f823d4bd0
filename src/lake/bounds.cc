#include <limits>

#include "columnar/temporal.h"
#include "lake/parquet.h"

namespace mr::lake {
namespace {

constexpr std::size_t kBoundBytes = 16;

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

/// At most 16 bytes, whole characters of text.
std::string_view cut(std::string_view value, bool text) {
    if (value.size() <= kBoundBytes) return value;
    std::size_t size = kBoundBytes;
    while (text && size > 0 && is_continuation(value[size])) --size;
    return value.substr(0, size);
}

/// The last character raised by one; false if it is the last there is. Raising the last byte of a UTF-8
/// character within its range gives the next character; at the end of the range the character goes.
bool raise(std::string& value, bool text) {
    if (!text) {
        const auto last = static_cast<unsigned char>(value.back());
        if (last == 0xff) return false;
        value.back() = static_cast<char>(last + 1);
        return true;
    }
    const auto last = static_cast<unsigned char>(value.back());
    if (last >= 0x7f && last < 0xbf) {
        if (last == 0x7f) return false;
        value.back() = static_cast<char>(last + 1);
        return true;
    }
    if (last < 0x7f) {
        value.back() = static_cast<char>(last + 1);
        return true;
    }
    return false;
}

void drop_last(std::string& value, bool text) {
    while (text && value.size() > 1 && is_continuation(value.back())) value.pop_back();
    value.pop_back();
}

}  // namespace

std::string lower_bound_of(std::string_view value, bool text) {
    return std::string(cut(value, text));
}

std::string upper_bound_of(std::string_view value, bool text) {
    std::string out(cut(value, text));
    if (out.size() == value.size()) return out;
    while (!out.empty()) {
        if (raise(out, text)) return out;
        drop_last(out, text);
    }
    return out;
}

std::string minimal_decimal(std::string_view big_endian) {
    while (big_endian.size() > 1) {
        const auto first = static_cast<unsigned char>(big_endian[0]);
        const bool next_negative = (static_cast<unsigned char>(big_endian[1]) & 0x80U) != 0;
        if (!(first == 0 && !next_negative) && !(first == 0xff && next_negative)) break;
        big_endian.remove_prefix(1);
    }
    return std::string(big_endian);
}

std::int64_t to_micros(std::int64_t ticks, std::int64_t unit) {
    constexpr std::int64_t kMicros = 1'000'000;
    if (unit >= kMicros) return floor_div(ticks, unit / kMicros);
    std::int64_t out = 0;
    if (__builtin_mul_overflow(ticks, kMicros / unit, &out))
        return ticks < 0 ? std::numeric_limits<std::int64_t>::min()
                         : std::numeric_limits<std::int64_t>::max();
    return out;
}

}  // namespace mr::lake
