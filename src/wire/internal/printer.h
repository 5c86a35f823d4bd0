// The visitor that prints a message on one line, for logs and for tests that compare decoded messages. Fields
// have no names at run time: they are printed in order, absent ones left out.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "base/uuid.h"
#include "wire/field.h"

namespace mr::wire::internal {

class Printer {
  public:
    Printer(std::string& out, std::int16_t version) : out_(out), version_(version) {}

    template <class T>
    void operator()(const T& field, When when = {}) {
        if (when.carries(version_)) element(field);
    }
    template <class T>
    void tagged(const T& field, std::uint32_t tag, const T& absent, When when) {
        if (!when.carries(version_) || field == absent) return;
        separate();
        out_ += fmt::format("#{}=", tag);
        first_ = true;
        element(field);
    }
    template <class S>
    void structure(const S& value) {
        out_ += '{';
        const bool outer = first_;
        first_ = true;
        const_cast<S&>(value).fields(*this);  // only reads, as in the encoder
        first_ = outer;
        out_ += '}';
    }

  private:
    static constexpr std::size_t kShownMax = 40;
    static constexpr std::size_t kElementsMax = 20;

    void separate() {
        if (!first_) out_ += ' ';
        first_ = false;
    }
    template <class T>
    void element(const T& value) {
        separate();
        print(value);
    }
    void print(bool value) { out_ += value ? "true" : "false"; }
    void print(double value) { out_ += fmt::format("{}", value); }
    void print(const Uuid& value) { out_ += value.to_string(); }
    void print(const std::string& value) {
        out_ += '"';
        for (const char c : std::string_view(value).substr(0, kShownMax)) {
            const bool plain = c >= ' ' && c < 127 && c != '"';
            out_ += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
        out_ += value.size() > kShownMax ? "…\"" : "\"";
    }
    void print(const Bytes& value) { out_ += fmt::format("[{} bytes]", value.data.size()); }
    void print(const RecordData& value) { out_ += fmt::format("[{} bytes of records]", value.size()); }
    template <class T>
    void print(const std::optional<T>& value) {
        if (!value) {
            out_ += "null";
        } else {
            print(*value);
        }
    }
    template <class T>
    void print(const std::vector<T>& values) {
        out_ += '[';
        const bool outer = first_;
        first_ = true;
        for (std::size_t i = 0; i < values.size() && i < kElementsMax; ++i) element(values[i]);
        first_ = outer;
        out_ += values.size() > kElementsMax ? fmt::format(" … {}]", values.size()) : "]";
    }
    template <class T>
    void print(const T& value) {
        if constexpr (std::is_enum_v<T>) {
            out_ += fmt::format("{}", static_cast<std::underlying_type_t<T>>(value));
        } else if constexpr (std::is_integral_v<T>) {
            out_ += fmt::format("{}", value);
        } else {
            structure(value);
        }
    }

    std::string& out_;
    const std::int16_t version_;
    bool first_ = true;
};

}  // namespace mr::wire::internal
