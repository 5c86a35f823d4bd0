// The visitor that writes a message (wire/field.h says how messages describe themselves).
#pragma once

#include <algorithm>
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

class Encoder {
  public:
    Encoder(Output& out, std::int16_t version, bool flexible)
        : out_(out), writer_(out.bytes, Endian::big), version_(version), flexible_(flexible) {}

    template <class T>
    void operator()(const T& field, When when = {}) {
        if (when.carries(version_)) write(field, version_ >= when.null_since);
    }

    template <class T>
    void tagged(const T& field, std::uint32_t tag, const T& absent, When when) {
        if (!flexible_ || !when.carries(version_) || field == absent) return;
        Output value;
        Encoder inner(value, version_, flexible_);
        inner.write(field, version_ >= when.null_since);
        tags_.emplace_back(tag, std::move(value).flatten());
    }

    template <class S>
    void structure(const S& value) {
        auto outer = std::exchange(tags_, {});
        // The walk only reads: fields() is one template for the decoder, which writes, and for us.
        const_cast<S&>(value).fields(*this);
        if (flexible_) {
            std::sort(tags_.begin(), tags_.end());
            writer_.uvarint(tags_.size());
            for (const auto& [tag, bytes] : tags_) {
                writer_.uvarint(tag);
                writer_.sized(bytes);
            }
        }
        tags_ = std::move(outer);
    }

  private:
    void length(std::size_t size, bool wide) {
        if (flexible_) return writer_.uvarint(size + 1);
        if (wide) return writer_.i32(static_cast<std::int32_t>(size));
        writer_.i16(static_cast<std::int16_t>(size));
    }
    void null_length(bool wide) {
        if (flexible_) return writer_.uvarint(0);
        if (wide) return writer_.i32(-1);
        writer_.i16(-1);
    }

    void write(bool value, bool) { writer_.i8(value ? 1 : 0); }
    void write(double value, bool) { writer_.f64(value); }
    void write(const Uuid& value, bool) { writer_.raw(value.view()); }
    void write(const std::string& value, bool) {
        // A length of two bytes: what does not fit is cut, which only our own messages could need.
        const std::string_view fits =
            flexible_ ? std::string_view(value) : std::string_view(value).substr(0, 32767);
        length(fits.size(), false);
        writer_.raw(fits);
    }
    void write(const Bytes& value, bool) {
        length(value.data.size(), true);
        writer_.raw(value.data);
    }
    void write(const RecordData& value, bool) {
        length(value.size(), true);
        for (const FileSlice& slice : value.files) out_.splices.emplace_back(out_.bytes.size(), slice);
        for (const SharedBytes& part : value.parts) {
            if (part.size() >= kSpliceBytesMin) {
                out_.splices.emplace_back(out_.bytes.size(), part);
            } else {
                writer_.raw(part.view());
            }
        }
    }
    template <class T>
    void write(const std::optional<T>& value, bool may_be_null) {
        constexpr bool is_struct = requires(T& t, Encoder& e) { t.fields(e); };
        if constexpr (is_struct) {
            writer_.i8(value ? 1 : -1);
            if (value) structure(*value);
        } else if (!value && may_be_null) {
            null_length(!std::is_same_v<T, std::string>);
        } else {
            write(value ? *value : T{}, false);
        }
    }
    template <class T>
    void write(const std::vector<T>& values, bool) {
        length(values.size(), true);
        for (const T& value : values) write(value, true);
    }
    template <class T>
    void write(const T& value, bool) {
        if constexpr (std::is_enum_v<T>) {
            writer_.fixed(static_cast<std::underlying_type_t<T>>(value));
        } else if constexpr (std::is_integral_v<T>) {
            writer_.fixed(value);
        } else {
            structure(value);
        }
    }

    Output& out_;
    ByteWriter writer_;
    const std::int16_t version_;
    const bool flexible_;
    std::vector<std::pair<std::uint32_t, std::string>> tags_;
};

}  // namespace mr::wire::internal
