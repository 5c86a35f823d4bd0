// The visitor that reads a message. After the first fault it goes on without reading (ByteReader stays bad)
// and the result is thrown away; the budget ends a frame that would grow into more than it is worth.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/uuid.h"
#include "wire/field.h"
#include "wire/message.h"

namespace mr::wire::internal {

class Decoder {
  public:
    Decoder(const SharedBytes& frame, std::int16_t version, bool flexible)
        : frame_(frame), in_(frame.view(), Endian::big), version_(version), flexible_(flexible) {}

    template <class T>
    void operator()(T& field, When when = {}) {
        if (when.carries(version_)) read(field, version_ >= when.null_since);
    }

    template <class T>
    void tagged(T& field, std::uint32_t tag, const T& absent, When when) {
        static_cast<void>(absent);
        if (!flexible_ || !when.carries(version_)) return;
        read_tags();
        for (const auto& [number, bytes] : *tags_) {
            if (number != tag) continue;
            const ByteReader outer = std::exchange(in_, ByteReader(bytes, Endian::big));
            read(field, version_ >= when.null_since);
            const bool whole = !in_.bad() && in_.at_end();
            in_ = outer;
            if (!whole) in_.set_bad();
        }
    }

    template <class S>
    void structure(S& value) {
        auto outer = std::exchange(tags_, std::nullopt);
        value.fields(*this);
        if (flexible_) read_tags();
        tags_ = std::move(outer);
    }

    [[nodiscard]] Status finish(Trailing trailing) const {
        if (over_budget_) {
            return fail(Code::resource_exhausted, "more than {} bytes of structures in one frame",
                        kDecodedBytesMax);
        }
        return trailing == Trailing::refuse ? in_.finish("message") : in_.status("message");
    }

  private:
    using Tags = std::vector<std::pair<std::uint64_t, std::string_view>>;

    void read_tags() {
        if (tags_) return;
        tags_.emplace();
        const std::uint64_t count = in_.uvarint();
        for (std::uint64_t i = 0; i < count && !in_.bad(); ++i) {
            const std::uint64_t tag = in_.uvarint();
            if (!tags_->empty() && tag <= tags_->back().first) in_.set_bad();
            if (!spend(sizeof(Tags::value_type))) return;
            tags_->emplace_back(tag, in_.sized());
        }
    }
    bool spend(std::size_t bytes) {
        spent_ += bytes;
        if (spent_ <= kDecodedBytesMax) return true;
        over_budget_ = true;
        in_.set_bad();
        return false;
    }

    /// nullopt: null. What the length claims is checked against what is left before it is used.
    std::optional<std::size_t> length(bool wide) {
        std::int64_t size = 0;
        if (flexible_) {
            const std::uint64_t raw = in_.uvarint();
            if (raw > in_.remaining() + 1) in_.set_bad();
            size = in_.bad() ? 0 : static_cast<std::int64_t>(raw) - 1;
        } else {
            size = wide ? in_.i32() : in_.i16();
        }
        if (size == -1) return std::nullopt;
        if (size < 0 || static_cast<std::uint64_t>(size) > in_.remaining()) {
            if (size != 0) in_.set_bad();
            return 0;
        }
        return static_cast<std::size_t>(size);
    }
    std::size_t length_not_null(bool wide) {
        const std::optional<std::size_t> size = length(wide);
        if (!size) in_.set_bad();
        return size.value_or(0);
    }

    void read(bool& value, bool) { value = in_.i8() != 0; }
    void read(double& value, bool) { value = in_.f64(); }
    void read(Uuid& value, bool) {
        const std::string_view raw = in_.raw(16);
        if (raw.size() == 16) value = Uuid::from_bytes(raw);
    }
    void read(std::string& value, bool) { value = in_.raw(length_not_null(false)); }
    void read(Bytes& value, bool) { value.data = in_.raw(length_not_null(true)); }
    void read(RecordData& value, bool) {
        const std::string_view raw = in_.raw(length_not_null(true));
        value.parts.clear();
        if (raw.empty()) return;
        const auto from = static_cast<std::size_t>(raw.data() - frame_.view().data());
        value.parts.push_back(frame_.slice(from, raw.size()));
    }
    template <class T>
    void read(std::optional<T>& value, bool may_be_null) {
        constexpr bool is_struct = requires(T& t, Decoder& d) { t.fields(d); };
        value.reset();
        if constexpr (is_struct) {
            if (in_.i8() < 0) return;
            structure(value.emplace());
        } else {
            const ByteReader before = in_;
            const std::optional<std::size_t> size = length(!std::is_same_v<T, std::string>);
            if (!size) {
                if (!may_be_null) in_.set_bad();
                return;
            }
            if (in_.bad()) return;
            in_ = before;
            read(value.emplace(), false);
        }
    }
    template <class T>
    void read(std::vector<T>& values, bool) {
        const std::size_t count = length_not_null(true);
        values.clear();
        for (std::size_t i = 0; i < count && !in_.bad(); ++i) {
            if (!spend(sizeof(T))) return;
            read(values.emplace_back(), true);
        }
    }
    template <class T>
    void read(T& value, bool) {
        if constexpr (std::is_enum_v<T>) {
            value = static_cast<T>(in_.fixed<std::underlying_type_t<T>>());
        } else if constexpr (std::is_integral_v<T>) {
            value = in_.fixed<T>();
        } else {
            structure(value);
        }
    }

    const SharedBytes& frame_;
    ByteReader in_;
    const std::int16_t version_;
    const bool flexible_;
    std::optional<Tags> tags_;
    std::size_t spent_ = 0;
    bool over_budget_ = false;
};

}  // namespace mr::wire::internal
