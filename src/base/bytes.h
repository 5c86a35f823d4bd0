// Reading and writing bytes. Owned bytes are std::string, borrowed ones std::string_view; SharedBytes is an
// immutable, reference-counted slice that may outlive the place it came from (a network read, a journal
// group).
//
// ByteReader never reads past its end: every getter of a foreign value returns Result, or, for hot loops, the
// reader turns bad() once and stays so.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace mr {

/// Immutable slice of a shared buffer. Thread: any.
class SharedBytes {
  public:
    SharedBytes() = default;
    explicit SharedBytes(std::string bytes)
        : owner_(std::make_shared<const std::string>(std::move(bytes))), view_(*owner_) {}
    SharedBytes(std::shared_ptr<const std::string> owner, std::string_view view)
        : owner_(std::move(owner)), view_(view) {}

    [[nodiscard]] std::string_view view() const { return view_; }
    [[nodiscard]] std::size_t size() const { return view_.size(); }
    [[nodiscard]] bool empty() const { return view_.empty(); }
    /// A part of the same buffer; shares ownership.
    [[nodiscard]] SharedBytes slice(std::size_t from, std::size_t length = std::string_view::npos) const {
        return {owner_, view_.substr(from, length)};
    }

  private:
    std::shared_ptr<const std::string> owner_;
    std::string_view view_;
};

enum class Endian : std::uint8_t { little, big };

namespace internal {
template <class T>
T load(const char* from, Endian order) {
    static_assert(std::is_integral_v<T>);
    using U = std::make_unsigned_t<T>;
    U raw;
    std::memcpy(&raw, from, sizeof raw);
    if ((order == Endian::big) != (std::endian::native == std::endian::big)) {
        if constexpr (sizeof(U) == 2) raw = __builtin_bswap16(raw);
        if constexpr (sizeof(U) == 4) raw = __builtin_bswap32(raw);
        if constexpr (sizeof(U) == 8) raw = __builtin_bswap64(raw);
    }
    return static_cast<T>(raw);
}
template <class T>
void store(char* to, T value, Endian order) {
    const T swapped = load<T>(reinterpret_cast<const char*>(&value), order);
    std::memcpy(to, &swapped, sizeof swapped);
}
}  // namespace internal

/// Appends to a string it does not own. `order` applies to fixed-width integers.
class ByteWriter {
  public:
    explicit ByteWriter(std::string& out, Endian order = Endian::little) : out_(out), order_(order) {}

    template <class T>
    void fixed(T value) {
        char raw[sizeof(T)];
        internal::store(raw, value, order_);
        out_.append(raw, sizeof raw);
    }
    void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
    void i8(std::int8_t v) { out_.push_back(static_cast<char>(v)); }
    void u16(std::uint16_t v) { fixed(v); }
    void i16(std::int16_t v) { fixed(v); }
    void u32(std::uint32_t v) { fixed(v); }
    void i32(std::int32_t v) { fixed(v); }
    void u64(std::uint64_t v) { fixed(v); }
    void i64(std::int64_t v) { fixed(v); }
    void f64(double v) { fixed(std::bit_cast<std::uint64_t>(v)); }
    void f32(float v) { fixed(std::bit_cast<std::uint32_t>(v)); }
    /// LEB128, as Kafka's and Protobuf's unsigned varint.
    void uvarint(std::uint64_t v);
    /// Zigzag LEB128, as Kafka's, Avro's and Protobuf's signed varint.
    void varint(std::int64_t v) {
        uvarint((static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
    }
    void raw(std::string_view bytes) { out_.append(bytes); }
    /// uvarint length, then the bytes.
    void sized(std::string_view bytes) {
        uvarint(bytes.size());
        raw(bytes);
    }
    [[nodiscard]] std::size_t size() const { return out_.size(); }
    /// Overwrites a fixed-width integer written earlier, e.g. a length known only at the end.
    template <class T>
    void patch(std::size_t at, T value) {
        internal::store(out_.data() + at, value, order_);
    }
    [[nodiscard]] std::string& buffer() { return out_; }

  private:
    std::string& out_;
    Endian order_;
};

/// Reads from bytes it does not own. After the first failure bad() is true, every getter returns zero or
/// empty and position() no longer moves; check once at the end with `finish()` or `status()`.
class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes, Endian order = Endian::little)
        : bytes_(bytes), order_(order) {}

    template <class T>
    T fixed() {
        if (remaining() < sizeof(T)) return fail_with<T>();
        const T value = internal::load<T>(bytes_.data() + at_, order_);
        at_ += sizeof(T);
        return value;
    }
    std::uint8_t u8() { return fixed<std::uint8_t>(); }
    std::int8_t i8() { return fixed<std::int8_t>(); }
    std::uint16_t u16() { return fixed<std::uint16_t>(); }
    std::int16_t i16() { return fixed<std::int16_t>(); }
    std::uint32_t u32() { return fixed<std::uint32_t>(); }
    std::int32_t i32() { return fixed<std::int32_t>(); }
    std::uint64_t u64() { return fixed<std::uint64_t>(); }
    std::int64_t i64() { return fixed<std::int64_t>(); }
    double f64() { return std::bit_cast<double>(u64()); }
    float f32() { return std::bit_cast<float>(u32()); }
    std::uint64_t uvarint();
    std::int64_t varint() {
        const std::uint64_t raw = uvarint();
        return static_cast<std::int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
    }
    std::string_view raw(std::size_t length) {
        if (remaining() < length) return fail_with<std::string_view>();
        const std::string_view out = bytes_.substr(at_, length);
        at_ += length;
        return out;
    }
    /// uvarint length, then the bytes.
    std::string_view sized() {
        const std::uint64_t length = uvarint();
        if (length > remaining()) return fail_with<std::string_view>();
        return raw(static_cast<std::size_t>(length));
    }
    void skip(std::size_t length) { raw(length); }

    [[nodiscard]] bool bad() const { return bad_; }
    void set_bad() { bad_ = true; }
    [[nodiscard]] std::size_t position() const { return at_; }
    [[nodiscard]] std::size_t remaining() const { return bad_ ? 0 : bytes_.size() - at_; }
    [[nodiscard]] bool at_end() const { return remaining() == 0; }
    [[nodiscard]] std::string_view rest() const { return bad_ ? std::string_view() : bytes_.substr(at_); }
    /// corrupt if anything read so far ran past the end.
    [[nodiscard]] Status status(std::string_view what) const;
    /// As status(), and corrupt if bytes are left over.
    [[nodiscard]] Status finish(std::string_view what) const;

  private:
    template <class T>
    T fail_with() {
        bad_ = true;
        return T{};
    }
    std::string_view bytes_;
    std::size_t at_ = 0;
    Endian order_;
    bool bad_ = false;
};

/// "0a 1b …" of at most `limit` bytes, for messages.
std::string hex(std::string_view bytes, std::size_t limit = 64);

}  // namespace mr
