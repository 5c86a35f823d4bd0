// Protobuf's wire format: varints, fixed numbers, blocks and groups, read from foreign bytes and appended.
// Reading gives nothing where the bytes are torn. Thread: any.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "formats/protobuf/message_plan.h"

namespace mr::formats::protobuf {

class WireReader {
  public:
    explicit WireReader(std::string_view bytes) : rest_(bytes) {}
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] std::size_t left() const { return rest_.size(); }

    std::optional<std::uint64_t> varint() {
        std::uint64_t out = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return out;
        }
        return std::nullopt;
    }
    std::optional<std::string_view> block() {
        const auto size = varint();
        if (!size || *size > rest_.size()) return std::nullopt;
        const std::string_view out = rest_.substr(0, *size);
        rest_.remove_prefix(*size);
        return out;
    }
    /// The value behind the tag of a number.
    std::optional<std::uint64_t> number(Wire wire) {
        if (wire == Wire::varint) return varint();
        if (wire == Wire::fixed64) return fixed<std::uint64_t>();
        return fixed<std::uint32_t>();
    }
    /// What lies between the tags of group `number`; the first has been read.
    std::optional<std::string_view> group(std::uint64_t number, int depth = 0) {
        const std::string_view from = rest_;
        while (true) {
            const std::size_t body = from.size() - rest_.size();
            const auto tag = varint();
            if (!tag || *tag > UINT32_MAX || *tag >> 3 == 0) return std::nullopt;
            const auto wire = static_cast<Wire>(*tag & 7);
            if (wire == Wire::end_group) {
                if (*tag >> 3 != number) return std::nullopt;
                return from.substr(0, body);
            }
            if (!skip(wire, *tag >> 3, depth)) return std::nullopt;
        }
    }
    /// Passes over a field, groups with everything in them.
    bool skip(Wire wire, std::uint64_t number_of_tag, int depth = 0) {
        switch (wire) {
            case Wire::varint:
            case Wire::fixed32:
            case Wire::fixed64:
                return number(wire).has_value();
            case Wire::bytes:
                return block().has_value();
            case Wire::group:
                return depth < kGroupsMax && group(number_of_tag, depth + 1).has_value();
            default:
                return false;
        }
    }

  private:
    static constexpr int kGroupsMax = 100;  // within each other, as Google's readers allow

    template <class T>
    std::optional<std::uint64_t> fixed() {
        if (rest_.size() < sizeof(T)) return std::nullopt;
        T v;
        std::memcpy(&v, rest_.data(), sizeof v);
        rest_.remove_prefix(sizeof v);
        if constexpr (std::endian::native == std::endian::big) v = std::byteswap(v);
        return v;
    }

    std::string_view rest_;
};

inline void append_varint(std::string& out, std::uint64_t v) {
    while (v >= 0x80) {
        out.push_back(static_cast<char>(v | 0x80));
        v >>= 7;
    }
    out.push_back(static_cast<char>(v));
}

template <class T>
void append_fixed(std::string& out, T v) {
    if constexpr (std::endian::native == std::endian::big) v = std::byteswap(v);
    char raw[sizeof v];
    std::memcpy(raw, &v, sizeof v);
    out.append(raw, sizeof raw);
}

inline void append_tag(std::string& out, std::uint32_t number, Wire wire) {
    append_varint(out, (std::uint64_t{number} << 3) | static_cast<std::uint64_t>(wire));
}

inline void append_block(std::string& out, std::string_view bytes) {
    append_varint(out, bytes.size());
    out.append(bytes);
}

/// Puts the length of what was appended since `from` before it.
inline void prefix_length(std::string& out, std::size_t from) {
    std::string length;
    append_varint(length, out.size() - from);
    out.insert(from, length);
}

}  // namespace mr::formats::protobuf
