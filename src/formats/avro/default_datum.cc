#include "formats/avro/default_datum.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "formats/json_depth.h"

namespace mr::formats::avro {
namespace {

using Json = nlohmann::json;

/// A default of a schema that contains itself could grow without end.
constexpr std::size_t kDefaultBytesMax = 1U << 20;

class Encoder {
  public:
    explicit Encoder(std::string& bytes) : bytes_(bytes), out_(bytes) {}

    /// False if the value does not fit; what was written of it must then be taken back.
    bool write(const Json& value, const Schema& schema, int depth) {
        if (depth > kDepthMax || bytes_.size() > kDefaultBytesMax) return false;
        switch (schema.type) {
            case Type::null:
                return value.is_null();
            case Type::boolean:
                if (!value.is_boolean()) return false;
                out_.u8(value.get<bool>() ? 1 : 0);
                return true;
            case Type::int32:
            case Type::int64:
                if (!value.is_number_integer()) return false;
                out_.varint(value.get<std::int64_t>());
                return true;
            case Type::float32:
                if (!value.is_number()) return false;
                out_.f32(value.get<float>());
                return true;
            case Type::float64:
                if (!value.is_number()) return false;
                out_.f64(value.get<double>());
                return true;
            case Type::string:
                return write_text(value, schema);
            case Type::bytes:
            case Type::fixed:
                return write_bytes(value, schema);
            case Type::enumeration:
                return write_symbol(value, schema);
            case Type::array:
                return value.is_array() && write_items(value, schema, depth);
            case Type::map:
                return value.is_object() && write_items(value, schema, depth);
            case Type::union_of:
                return write_branch(value, schema, depth);
            case Type::record:
                return value.is_object() && write_record(value, schema, depth);
        }
        return false;
    }

  private:
    bool write_text(const Json& value, const Schema&) {
        if (!value.is_string()) return false;
        const std::string& text = value.get_ref<const std::string&>();
        out_.varint(static_cast<std::int64_t>(text.size()));
        out_.raw(text);
        return true;
    }

    /// JSON has no bytes: code points 0-255 stand for them.
    bool write_bytes(const Json& value, const Schema& schema) {
        if (!value.is_string()) return false;
        const std::string& text = value.get_ref<const std::string&>();
        std::string raw;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto c = static_cast<unsigned char>(text[i]);
            if (c < 0x80) {
                raw.push_back(text[i]);
            } else if ((c == 0xc2 || c == 0xc3) && i + 1 < text.size()) {
                raw.push_back(
                    static_cast<char>(((c & 3) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3f)));
            } else {
                return false;
            }
        }
        if (schema.type == Type::fixed && static_cast<std::int64_t>(raw.size()) != schema.size) return false;
        if (schema.type == Type::bytes) out_.varint(static_cast<std::int64_t>(raw.size()));
        out_.raw(raw);
        return true;
    }

    bool write_symbol(const Json& value, const Schema& schema) {
        if (!value.is_string()) return false;
        const auto at = std::ranges::find(schema.symbols, value.get_ref<const std::string&>());
        if (at == schema.symbols.end()) return false;
        out_.varint(at - schema.symbols.begin());
        return true;
    }

    bool write_items(const Json& value, const Schema& schema, int depth) {
        if (!value.empty()) out_.varint(static_cast<std::int64_t>(value.size()));
        for (const auto& [key, item] : value.items()) {
            if (schema.type == Type::map) {
                out_.varint(static_cast<std::int64_t>(key.size()));
                out_.raw(key);
            }
            if (!write(item, *schema.parts.front(), depth + 1)) return false;
        }
        out_.varint(0);
        return true;
    }

    bool write_branch(const Json& value, const Schema& schema, int depth) {
        const std::size_t before = bytes_.size();
        for (std::size_t i = 0; i < schema.parts.size(); ++i) {
            out_.varint(static_cast<std::int64_t>(i));
            if (write(value, *schema.parts[i], depth + 1)) return true;
            bytes_.resize(before);
        }
        return false;
    }

    bool write_record(const Json& value, const Schema& schema, int depth) {
        for (const Field& field : schema.fields) {
            const auto it = value.find(field.name);
            if (it != value.end()) {
                if (!write(*it, *field.type, depth + 1)) return false;
            } else {
                if (!field.default_json) return false;
                const Json fallback = Json::parse(*field.default_json, nullptr, false);
                if (!write(fallback, *field.type, depth + 1)) return false;
            }
        }
        return true;
    }

    std::string& bytes_;
    ByteWriter out_;
};

}  // namespace

Result<std::string> encode_default(std::string_view json, const Schema& schema) {
    if (nests_too_deep(json)) return fail(Code::invalid_argument, "a default is nested too deeply");
    const Json value = Json::parse(json, nullptr, false);
    std::string out;
    if (value.is_discarded() || !Encoder(out).write(value, schema, 0)) {
        return fail(Code::invalid_argument, "the default {} is no {}", json.substr(0, 60),
                    to_string(schema.type));
    }
    return out;
}

}  // namespace mr::formats::avro
