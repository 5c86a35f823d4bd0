#include "lake/internal/json.h"

#include <simdjson.h>

namespace mr::lake {
namespace {

namespace dom = simdjson::dom;

Json convert(const dom::element& from) {
    Json out;
    switch (from.type()) {
        case dom::element_type::ARRAY: {
            const dom::array items = from.get_array().value_unsafe();
            out.kind = Json::Kind::array;
            for (const dom::element item : items) out.items.push_back(convert(item));
            break;
        }
        case dom::element_type::OBJECT: {
            const dom::object members = from.get_object().value_unsafe();
            out.kind = Json::Kind::object;
            for (const dom::key_value_pair member : members)
                out.members.emplace_back(std::string(member.key), convert(member.value));
            break;
        }
        case dom::element_type::INT64:
            out.kind = Json::Kind::integer;
            out.number = from.get_int64().value_unsafe();
            break;
        case dom::element_type::UINT64:
            out.kind = Json::Kind::real;
            out.real = static_cast<double>(from.get_uint64().value_unsafe());
            break;
        case dom::element_type::DOUBLE:
            out.kind = Json::Kind::real;
            out.real = from.get_double().value_unsafe();
            break;
        case dom::element_type::STRING:
            out.kind = Json::Kind::string;
            out.text = from.get_string().value_unsafe();
            break;
        case dom::element_type::BOOL:
            out.kind = Json::Kind::boolean;
            out.flag = from.get_bool().value_unsafe();
            break;
        case dom::element_type::NULL_VALUE:
            break;
    }
    return out;
}

}  // namespace

const Json* Json::find(std::string_view name) const {
    for (const auto& [key, value] : members)
        if (key == name) return &value;
    return nullptr;
}

std::optional<std::int64_t> Json::integer(std::string_view name) const {
    const Json* member = find(name);
    if (member == nullptr || member->kind != Kind::integer) return std::nullopt;
    return member->number;
}

std::optional<std::string_view> Json::string(std::string_view name) const {
    const Json* member = find(name);
    if (member == nullptr || member->kind != Kind::string) return std::nullopt;
    return member->text;
}

const std::vector<Json>& Json::array(std::string_view name) const {
    static const std::vector<Json> none;
    const Json* member = find(name);
    return member == nullptr ? none : member->items;
}

void Json::write(JsonWriter& out) const {
    switch (kind) {
        case Kind::null:
            out.null();
            break;
        case Kind::boolean:
            out.value(flag);
            break;
        case Kind::integer:
            out.value(number);
            break;
        case Kind::real:
            out.value(real);
            break;
        case Kind::string:
            out.value(text);
            break;
        case Kind::array:
            out.begin_array();
            for (const Json& item : items) item.write(out);
            out.end_array();
            break;
        case Kind::object:
            out.begin_object();
            for (const auto& [key, value] : members) {
                out.key(key);
                value.write(out);
            }
            out.end_object();
            break;
    }
}

std::string Json::to_string() const {
    std::string out;
    JsonWriter writer(out);
    write(writer);
    return out;
}

Result<Json> parse_json(std::string_view text) {
    // simdjson's own bound of 1,024 levels keeps convert() off the end of the stack.
    dom::parser parser;
    const simdjson::padded_string padded(text);
    dom::element root;
    const auto error = parser.parse(padded).get(root);
    if (error != simdjson::SUCCESS)
        return fail(Code::corrupt, "not JSON: {}", simdjson::error_message(error));
    return convert(root);
}

}  // namespace mr::lake
