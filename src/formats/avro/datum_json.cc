#include "formats/avro/datum_json.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/json_writer.h"
#include "columnar/value.h"
#include "formats/avro/logical_type.h"

namespace mr::formats::avro {
namespace {

/// Writes what it reads; stops writing at the first byte that cannot be.
class Printer {
  public:
    Printer(std::string_view bytes, std::string& out) : in_(bytes), out_(out), json_(out) {}

    void datum(const Schema& schema, int depth) {
        if (depth > kDepthMax || out_.size() > kDatumJsonMax) in_.set_bad();
        if (in_.bad()) return;
        switch (schema.type) {
            case Type::null:
                json_.null();
                return;
            case Type::boolean:
                json_.value(in_.u8() != 0);
                return;
            case Type::int32:
            case Type::int64:
                return whole(schema);
            case Type::float32:
                append_json_float(json_.next(), in_.f32());
                return;
            case Type::float64:
                json_.value(in_.f64());
                return;
            case Type::string:
                json_.value(sized());
                return;
            case Type::bytes:
                return bytes(schema, sized());
            case Type::fixed:
                return bytes(schema, in_.raw(static_cast<std::size_t>(schema.size)));
            case Type::enumeration: {
                const std::size_t at = index(schema.symbols.size());
                if (!in_.bad()) json_.value(schema.symbols[at]);
                return;
            }
            case Type::union_of: {
                const std::size_t at = index(schema.parts.size());
                if (!in_.bad()) datum(*schema.parts[at], depth + 1);
                return;
            }
            case Type::record:
                json_.begin_object();
                for (const Field& field : schema.fields) {
                    json_.key(field.name);
                    datum(*field.type, depth + 1);
                }
                json_.end_object();
                return;
            case Type::array:
                json_.begin_array();
                blocks([&] { datum(*schema.parts.front(), depth + 1); });
                json_.end_array();
                return;
            case Type::map:
                json_.begin_object();
                blocks([&] {
                    json_.key(sized());
                    datum(*schema.parts.front(), depth + 1);
                });
                json_.end_object();
                return;
        }
    }
    [[nodiscard]] bool is_whole() const { return !in_.bad() && in_.at_end() && out_.size() <= kDatumJsonMax; }

  private:
    std::string_view sized() {
        const std::int64_t size = in_.varint();
        if (size < 0) in_.set_bad();
        return in_.raw(in_.bad() ? 0 : static_cast<std::size_t>(size));
    }
    std::size_t index(std::size_t count) {
        const std::int64_t at = in_.varint();
        if (at < 0 || static_cast<std::size_t>(at) >= count) in_.set_bad();
        return static_cast<std::size_t>(at);
    }
    /// Blocks of items: a count, below zero followed by the block's size; a count of zero ends them.
    template <class Item>
    void blocks(Item&& item) {
        for (;;) {
            std::int64_t count = in_.varint();
            if (in_.bad() || count == 0) return;
            if (count < 0) {
                in_.varint();
                count = count == INT64_MIN ? INT64_MAX : -count;
            }
            for (std::int64_t i = 0; i < count && !in_.bad(); ++i) {
                const std::size_t before = in_.position();
                item();
                // An item may be empty (null), and then a few bytes could ask for as many of them as they
                // like.
                if (in_.position() == before && i >= kEmptyItemsMax) in_.set_bad();
            }
        }
    }
    void whole(const Schema& schema) {
        const std::int64_t v = in_.varint();
        const LogicalType logical = logical_type(schema);
        switch (logical.kind) {
            case Logical::date:
                json_.value(date_to_string(v));
                return;
            case Logical::timestamp:
            case Logical::local_timestamp: {
                const int digits = logical.units_a_second == 1'000       ? 3
                                   : logical.units_a_second == 1'000'000 ? 6
                                                                         : 9;
                std::string text = timestamp_to_string(v, logical.units_a_second, digits);
                if (const auto blank = text.find(' '); blank != std::string::npos) text[blank] = 'T';
                json_.value(logical.kind == Logical::timestamp ? text + "Z" : text);
                return;
            }
            case Logical::time_millis:
            case Logical::time_micros: {
                const bool micros = logical.kind == Logical::time_micros;
                json_.value(
                    timestamp_to_string(v, micros ? 1'000'000 : 1'000, micros ? 6 : 3).substr(kDateText));
                return;
            }
            default:
                json_.value(v);
        }
    }
    void bytes(const Schema& schema, std::string_view raw) {
        const LogicalType logical = logical_type(schema);
        if (logical.kind != Logical::decimal || raw.empty() || raw.size() > sizeof(Int128)) {
            json_.value(base64_encode(raw));
            return;
        }
        // Big-endian two's complement.
        Int128 unscaled = static_cast<signed char>(raw[0]) < 0 ? -1 : 0;
        for (const char c : raw) unscaled = unscaled * 256 + static_cast<unsigned char>(c);
        json_.raw(decimal_to_string(unscaled, logical.scale));
    }

    /// "1970-01-01 ", before the time of day.
    static constexpr std::size_t kDateText = 11;
    static constexpr std::int64_t kEmptyItemsMax = 10'000;

    ByteReader in_;
    std::string& out_;
    JsonWriter json_;
};

}  // namespace

Result<std::string> datum_json(const Schema& schema, std::string_view bytes) {
    std::string out;
    Printer printer(bytes, out);
    printer.datum(schema, 0);
    if (!printer.is_whole())
        return fail(Code::corrupt, "{} bytes are no datum of the schema {}", bytes.size(),
                    schema.is_named() ? schema.full_name() : std::string(to_string(schema.type)));
    return out;
}

}  // namespace mr::formats::avro
