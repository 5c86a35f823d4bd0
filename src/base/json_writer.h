// Writes JSON text, compact, straight into a string: answers, frames, metadata. Commas are its business, the
// nesting is the caller's. Reading JSON is simdjson's. Thread: any.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace mr {

/// Appends `text` quoted and escaped. Bytes that are not UTF-8 become U+FFFD, so the result always is.
void append_json_string(std::string& out, std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text);
/// Appends the shortest text that reads back as `v`; null for NaN and infinities, which JSON does not have.
void append_json_double(std::string& out, double v);
void append_json_float(std::string& out, float v);

/// `JsonWriter w(out); w.begin_object().member("id", 1).end_object();`
class JsonWriter {
  public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return shut('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return shut(']'); }
    JsonWriter& key(std::string_view name) {
        separate();
        append_json_string(out_, name);
        out_.push_back(':');
        comma_ = false;
        return *this;
    }
    JsonWriter& value(std::string_view text) {
        separate();
        append_json_string(out_, text);
        return *this;
    }
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
    template <std::integral T>
    JsonWriter& value(T v) {
        if constexpr (std::same_as<T, bool>) return raw(v ? "true" : "false");
        return raw(std::to_string(v));
    }
    JsonWriter& value(double v) {
        separate();
        append_json_double(out_, v);
        return *this;
    }
    JsonWriter& null() { return raw("null"); }
    /// Ready JSON of one value.
    JsonWriter& raw(std::string_view json) {
        separate();
        out_.append(json);
        return *this;
    }
    template <class T>
    JsonWriter& member(std::string_view name, const T& v) {
        key(name);
        return value(v);
    }
    /// Where the next value may be appended by somebody else's code, after the comma it needs.
    std::string& next() {
        separate();
        return out_;
    }

  private:
    void separate() {
        if (comma_) out_.push_back(',');
        comma_ = true;
    }
    JsonWriter& open(char c) {
        separate();
        out_.push_back(c);
        comma_ = false;
        return *this;
    }
    JsonWriter& shut(char c) {
        out_.push_back(c);
        comma_ = true;
        return *this;
    }
    std::string& out_;
    bool comma_ = false;
};

}  // namespace mr
