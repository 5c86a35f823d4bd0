#include "formats/json_decoder.h"

#include <simdjson.h>

#include <cstring>
#include <map>
#include <vector>

#include "base/base64.h"

namespace mr::formats {
namespace {

namespace od = simdjson::ondemand;

constexpr std::size_t kRecordBytesMax = 64U << 20;
constexpr int kDepthMax = 64;

/// The fields wanted of one object, and at which place of the object each stood last time.
struct ObjectShape {
    ObjectShape(const std::vector<Field>& fields, const FieldsRead& reads) {
        for (std::size_t i = 0; i < fields.size(); ++i) {
            read.push_back(reads.of_field(i).any());
            if (read.back()) slots.emplace(fields[i].name, i);
        }
        names.reserve(fields.size());
        for (const Field& f : fields) names.push_back(f.name);
    }
    std::map<std::string, std::size_t, std::less<>> slots;
    std::vector<std::string> names;
    std::vector<bool> read;  ///< the others are NULL, there or not
    struct Seen {
        std::string key;
        int slot = -1;  ///< -1: nobody reads it
    };
    std::vector<Seen> order;

    /// The `place`-th key of the last object; empty: none, or one that needs escapes.
    [[nodiscard]] std::string_view expected(std::size_t place) const {
        return place < order.size() ? std::string_view(order[place].key) : std::string_view();
    }

    /// The slot of the `place`-th key of the object.
    int find(std::size_t place, std::string_view key) {
        if (place < order.size() && !key.empty() && order[place].key == key) return order[place].slot;
        const auto at = slots.find(key);
        const int slot = at == slots.end() ? -1 : static_cast<int>(at->second);
        constexpr std::size_t kPlacesMax = 256;
        if (place < kPlacesMax) {
            if (order.size() <= place) order.resize(place + 1);
            // A key with a quote or backslash stands escaped in the text: it is looked up each time.
            const bool plain = key.find_first_of("\"\\") == std::string_view::npos;
            order[place] = {plain ? std::string(key) : std::string(), slot};
        }
        return slot;
    }
};

/// A tree of shapes along the ROW types of the schema.
struct TypeShape {
    TypeShape(const DataType& type, const FieldsRead& reads) {
        if (type.kind == TypeKind::row) object = std::make_unique<ObjectShape>(*type.children, reads);
        if (!type.is_nested()) return;
        const FieldsRead elements{.all = true, .fields = {}};
        for (std::size_t i = 0; i < type.children->size(); ++i)
            children.emplace_back(type.child(i).type, object ? reads.of_field(i) : elements);
    }
    std::unique_ptr<ObjectShape> object;
    std::vector<TypeShape> children;
};

std::string_view trim(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    return text;
}

/// A column that was asked for is decoded, whatever is read of it.
FieldsRead columns_read(const std::vector<FieldsRead>& reads) {
    FieldsRead out{.all = reads.empty(), .fields = reads};
    for (FieldsRead& column : out.fields) column.all = column.all || !column.any();
    return out;
}

/// Why a value could not be read; empty: it was.
using Why = std::string;

std::string shorten(std::string_view text) {
    constexpr std::size_t kShown = 60;
    return text.size() <= kShown ? std::string(text) : std::string(text.substr(0, kShown)) + "…";
}

}  // namespace

class JsonDecoder::Impl {
  public:
    Impl(Schema s, JsonOptions o, const std::vector<FieldsRead>& reads)
        : schema(std::move(s)), options(o), shape(DataType::row(schema.fields), columns_read(reads)) {}

    Status decode(std::string_view record, std::span<ColumnBuilder> builders) {
        if (record.size() > kRecordBytesMax) {
            return fail(Code::invalid_argument, "record of {} bytes exceeds {} bytes", record.size(),
                        kRecordBytesMax);
        }
        // simdjson reads past the end, so every record is copied into a padded buffer (measured: free).
        if (buffer.size() < record.size() + simdjson::SIMDJSON_PADDING)
            buffer.resize(2 * (record.size() + simdjson::SIMDJSON_PADDING));
        std::memcpy(buffer.data(), record.data(), record.size());
        std::memset(buffer.data() + record.size(), 0, simdjson::SIMDJSON_PADDING);
        const std::size_t before = builders.empty() ? 0 : builders[0].size();
        Why why = read_document(record.size(), builders);
        if (why.empty()) return {};
        // Also where no value was finished: elements of a list that broke off may lie in its children.
        for (ColumnBuilder& b : builders) b.truncate(before);
        return std::unexpected(Error{Code::invalid_argument, std::move(why)});
    }

    Schema schema;
    JsonOptions options;

  private:
    Why read_document(std::size_t length, std::span<ColumnBuilder> builders) {
        od::document document;
        auto error = parser.iterate(buffer.data(), length, buffer.size()).get(document);
        if (error != simdjson::SUCCESS) return describe(error);
        od::object object;
        error = document.get_object().get(object);
        if (error == simdjson::INCORRECT_TYPE) return "not a JSON object";
        if (error != simdjson::SUCCESS) return describe(error);
        Why why = read_fields(object, *shape.object, shape.children, builders, {}, 0);
        if (!why.empty()) return why;
        const char* rest = nullptr;
        if (document.current_location().get(rest) == simdjson::SUCCESS)
            return "not JSON: something follows the object";
        return {};
    }

    static Why describe(simdjson::error_code error) {
        return fmt::format("not JSON: {}", simdjson::error_message(error));
    }

    /// Appends exactly one value to each builder unless it fails.
    Why read_fields(od::object& object, ObjectShape& wanted, std::vector<TypeShape>& children,
                    std::span<ColumnBuilder> builders, std::string_view path, int depth) {
        const std::size_t before = builders.empty() ? 0 : builders[0].size();
        std::size_t place = 0;
        std::string unescaped;
        for (auto entry : object) {
            if (entry.error() != simdjson::SUCCESS) return describe(entry.error());
            // By reference: a copy of a field just made waits for its stores, on every field of every record.
            od::field&& field = std::move(entry).value_unsafe();
            int slot = -1;
            std::string_view key = wanted.expected(place);
            if (stands_at(key, field.key().raw())) {
                slot = wanted.order[place++].slot;
            } else {
                key = raw_key(field, unescaped);
                slot = wanted.find(place++, key);
            }
            if (slot < 0) continue;
            const auto i = static_cast<std::size_t>(slot);
            ColumnBuilder& builder = builders[i];
            // As with Jackson, the last of equal keys counts.
            if (builder.size() > before) builder.truncate(before);
            od::value value = field.value();
            Why why = read_value(value, children[i], builder, depth + 1);
            if (why.empty()) continue;
            if (!options.ignore_parse_errors || why.starts_with("not JSON")) return in_field(path, key, why);
            builder.truncate(before);
            builder.append_null();
        }
        for (std::size_t i = 0; i < builders.size(); ++i) {
            if (builders[i].size() > before) continue;
            if (options.fail_on_missing_field && wanted.read[i])
                return in_field(path, wanted.names[i], "is missing");
            builders[i].append_null();
        }
        return {};
    }

    /// Is this the key at `from`, up to its closing quote?
    [[nodiscard]] bool stands_at(std::string_view key, const char* from) const {
        const char* end = buffer.data() + buffer.size();
        return !key.empty() && static_cast<std::size_t>(end - from) > key.size() && from[key.size()] == '"' &&
               std::memcmp(from, key.data(), key.size()) == 0;
    }

    static std::string_view raw_key(od::field& field, std::string& unescaped) {
        // Up to the closing quote; a key with an escape in it (rare) is unescaped.
        const char* from = field.key().raw();
        const char* to = from;
        while (*to != '"' && *to != '\\') ++to;
        if (*to == '"') return {from, static_cast<std::size_t>(to - from)};
        std::string_view text;
        if (field.unescaped_key().get(text) != simdjson::SUCCESS)
            return {from, static_cast<std::size_t>(to - from)};
        unescaped = text;
        return unescaped;
    }

    static Why in_field(std::string_view path, std::string_view name, const Why& why) {
        if (why.starts_with("not JSON")) return why;
        const std::string_view separator = path.empty() ? "" : ".";
        if (why.starts_with("field `"))
            return fmt::format("field `{}.{}", name, std::string_view(why).substr(7));
        return fmt::format("field `{}{}{}`: {}", path, separator, name, why);
    }

    Why read_value(od::value& value, TypeShape& value_shape, ColumnBuilder& builder, int depth) {
        if (depth > kDepthMax) return fmt::format("nested more than {} deep", kDepthMax);
        od::json_type type;
        auto error = value.type().get(type);
        if (error != simdjson::SUCCESS) return describe(error);
        if (type == od::json_type::null) {
            bool null = false;
            if (value.is_null().get(null) != simdjson::SUCCESS || !null)
                return "not JSON: a value starts with n and is not null";
            builder.append_null();
            return {};
        }
        switch (builder.type().kind) {
            case TypeKind::array:
                return read_array(value, type, value_shape, builder, depth);
            case TypeKind::map:
                return read_map(value, type, value_shape, builder, depth);
            case TypeKind::row:
                return read_row(value, type, value_shape, builder, depth);
            default:
                return read_scalar(value, type, builder);
        }
    }

    Why read_scalar(od::value& value, od::json_type type, ColumnBuilder& builder) {
        if (builder.type().kind == TypeKind::string) return read_text(value, type, builder);
        std::string_view text;
        if (type == od::json_type::string) {
            auto error = value.get_string().get(text);
            if (error != simdjson::SUCCESS) return describe(error);
        } else if (type == od::json_type::object || type == od::json_type::array) {
            return fmt::format("expected {}, found {}", builder.type().to_string(),
                               type == od::json_type::object ? "an object" : "an array");
        } else {
            if (type == od::json_type::number && builder.type().kind == TypeKind::bigint) {
                std::int64_t number = 0;
                if (value.get_int64().get(number) == simdjson::SUCCESS) {
                    builder.append_integer(number);
                    return {};
                }
            }
            if (type == od::json_type::number && builder.type().kind == TypeKind::double_) {
                double number = 0;
                auto error = value.get_double().get(number);
                if (error == simdjson::SUCCESS) {
                    builder.append_real(number);
                    return {};
                }
            }
            text = trim(value.raw_json_token());
            if (type == od::json_type::boolean && text != "true" && text != "false")
                return fmt::format("not JSON: `{}`", shorten(text));
        }
        if (parse_into(text, type, builder)) return {};
        return fmt::format("expected {}, found `{}`", builder.type().to_string(), shorten(text));
    }

    /// Any JSON value read into STRING gives its text.
    Why read_text(od::value& value, od::json_type type, ColumnBuilder& builder) {
        std::string_view text;
        if (type == od::json_type::string) {
            auto error = value.get_string().get(text);
            if (error != simdjson::SUCCESS) return describe(error);
            builder.append_text(text);
            return {};
        }
        if (type == od::json_type::number || type == od::json_type::boolean) {
            builder.append_text(trim(value.raw_json_token()));
            return {};
        }
        simdjson::error_code error = simdjson::SUCCESS;
        if (type == od::json_type::object) {
            od::object object;
            error = value.get_object().get(object);
            if (error == simdjson::SUCCESS) error = object.raw_json().get(text);
        } else {
            od::array array;
            error = value.get_array().get(array);
            if (error == simdjson::SUCCESS) error = array.raw_json().get(text);
        }
        if (error != simdjson::SUCCESS) return describe(error);
        std::string compact(text.size(), '\0');
        std::size_t length = 0;
        if (simdjson::minify(text.data(), text.size(), compact.data(), length) != simdjson::SUCCESS)
            return "not JSON: malformed nested value";
        builder.append_text(std::string_view(compact).substr(0, length));
        return {};
    }

    bool parse_into(std::string_view text, od::json_type type, ColumnBuilder& builder) const {
        const DataType& t = builder.type();
        switch (t.kind) {
            case TypeKind::boolean:
                builder.append_boolean(trim(text) == "true" || is_true(trim(text)));
                return true;
            case TypeKind::tinyint:
                return integer(text, type, INT8_MIN, INT8_MAX, builder);
            case TypeKind::smallint:
                return integer(text, type, INT16_MIN, INT16_MAX, builder);
            case TypeKind::integer:
                return integer(text, type, INT32_MIN, INT32_MAX, builder);
            case TypeKind::bigint:
                return integer(text, type, INT64_MIN, INT64_MAX, builder);
            case TypeKind::float_:
            case TypeKind::double_: {
                const auto v = parse_real(trim(text));
                if (v) builder.append_real(*v);
                return v.has_value();
            }
            case TypeKind::decimal: {
                bool overflow = false;
                const auto v = parse_decimal(trim(text), t.precision, t.scale, overflow);
                if (!v) return false;
                if (overflow) {
                    builder.append_null();  // as Flink
                } else {
                    builder.append_decimal(*v);
                }
                return true;
            }
            case TypeKind::date:
                return append(parse_date(text), builder);
            case TypeKind::time:
                return append(parse_time(text), builder);
            case TypeKind::timestamp:
                return append(parse_timestamp(text, options.timestamps, t.time_unit(), false), builder);
            case TypeKind::timestamp_ltz:
                return append(parse_timestamp(text, options.timestamps, t.time_unit(), true), builder);
            case TypeKind::bytes: {
                auto bytes = base64_decode(text);
                if (bytes) builder.append_text(*bytes);
                return bytes.has_value();
            }
            default:
                return false;
        }
    }

    static bool is_true(std::string_view text) {
        return text.size() == 4 && (text[0] | 32) == 't' && (text[1] | 32) == 'r' && (text[2] | 32) == 'u' &&
               (text[3] | 32) == 'e';
    }

    template <class T>
    static bool append(const std::optional<T>& v, ColumnBuilder& builder) {
        if (v) builder.append_integer(*v);
        return v.has_value();
    }

    /// An integer, quoted or not; a fraction of an unquoted number is cut off, as Jackson does.
    static bool integer(std::string_view text, od::json_type type, std::int64_t low, std::int64_t high,
                        ColumnBuilder& builder) {
        auto v = parse_integer(trim(text));
        if (!v && type == od::json_type::number) {
            const auto real = parse_real(text);
            if (real && *real >= -9.2233720368547758e18 && *real < 9.2233720368547758e18)
                v = static_cast<std::int64_t>(*real);
        }
        if (!v || *v < low || *v > high) return false;
        builder.append_integer(*v);
        return true;
    }

    Why read_array(od::value& value, od::json_type type, TypeShape& value_shape, ColumnBuilder& builder,
                   int depth) {
        if (type != od::json_type::array)
            return fmt::format("expected {}, found another value", builder.type().to_string());
        od::array array;
        auto error = value.get_array().get(array);
        if (error != simdjson::SUCCESS) return describe(error);
        for (auto element : array) {
            od::value item;
            error = std::move(element).get(item);
            if (error != simdjson::SUCCESS) return describe(error);
            Why why = read_value(item, value_shape.children[0], builder.child(0), depth + 1);
            if (!why.empty()) return why;
        }
        builder.append_list();
        return {};
    }

    Why read_map(od::value& value, od::json_type type, TypeShape& value_shape, ColumnBuilder& builder,
                 int depth) {
        if (type != od::json_type::object)
            return fmt::format("expected {}, found another value", builder.type().to_string());
        od::object object;
        auto error = value.get_object().get(object);
        if (error != simdjson::SUCCESS) return describe(error);
        std::string unescaped;
        for (auto entry : object) {
            od::field field;
            error = std::move(entry).get(field);
            if (error != simdjson::SUCCESS) return describe(error);
            const std::string_view key = raw_key(field, unescaped);
            if (builder.child(0).type().kind == TypeKind::string) {
                builder.child(0).append_text(key);
            } else if (!parse_into(key, od::json_type::string, builder.child(0))) {
                return fmt::format("key `{}` is not {}", shorten(key), builder.child(0).type().to_string());
            }
            od::value item = field.value();
            Why why = read_value(item, value_shape.children[1], builder.child(1), depth + 1);
            if (!why.empty()) return in_field({}, key, why);
        }
        builder.append_list();
        return {};
    }

    Why read_row(od::value& value, od::json_type type, TypeShape& value_shape, ColumnBuilder& builder,
                 int depth) {
        if (type != od::json_type::object)
            return fmt::format("expected {}, found another value", builder.type().to_string());
        od::object object;
        auto error = value.get_object().get(object);
        if (error != simdjson::SUCCESS) return describe(error);
        const std::size_t count = builder.type().children->size();
        std::span<ColumnBuilder> children(&builder.child(0), count);
        Why why = read_fields(object, *value_shape.object, value_shape.children, children, {}, depth);
        if (!why.empty()) return why;
        builder.append_row();
        return {};
    }

    TypeShape shape;
    od::parser parser;
    std::string buffer;
};

JsonDecoder::JsonDecoder(Schema schema, JsonOptions options, const std::vector<FieldsRead>& reads)
    : impl_(std::make_unique<Impl>(std::move(schema), options, reads)) {}
JsonDecoder::~JsonDecoder() = default;
JsonDecoder::JsonDecoder(JsonDecoder&&) noexcept = default;

Status JsonDecoder::decode(std::string_view record, std::span<ColumnBuilder> builders) {
    return impl_->decode(record, builders);
}

}  // namespace mr::formats
