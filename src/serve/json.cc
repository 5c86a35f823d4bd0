#include "serve/json.h"

#include <simdjson.h>

#include "base/json_writer.h"

namespace mr::serve {
namespace {

constexpr int kDepthMax = 32;

class Converter {
  public:
    explicit Converter(std::size_t values_max) : left_(values_max) {}

    Result<Json> convert(simdjson::dom::element element, int depth) {
        if (depth > kDepthMax) return fail(Code::invalid_argument, "JSON nested deeper than {}", kDepthMax);
        if (left_-- == 0) return fail(Code::invalid_argument, "too many JSON values");
        using Type = simdjson::dom::element_type;
        switch (element.type()) {
            case Type::NULL_VALUE:
                return Json();
            case Type::BOOL:
                return Json(Json::Data(element.get_bool().value_unsafe()));
            case Type::INT64:
                return Json(Json::Data(element.get_int64().value_unsafe()));
            case Type::UINT64:
                return Json(Json::Data(element.get_uint64().value_unsafe()));
            case Type::DOUBLE:
                return Json(Json::Data(element.get_double().value_unsafe()));
            case Type::STRING:
                return Json(Json::Data(std::string(element.get_string().value_unsafe())));
            case Type::ARRAY:
                return array(element, depth);
            case Type::OBJECT:
                return object(element, depth);
        }
        return fail(Code::internal, "JSON of an unknown type");
    }

  private:
    Result<Json> array(simdjson::dom::element element, int depth) {
        Json::Array out;
        const simdjson::dom::array items = element.get_array().value_unsafe();
        for (const auto item : items) {
            MR_TRY(Json value, convert(item, depth + 1));
            out.push_back(std::move(value));
        }
        return Json(Json::Data(std::move(out)));
    }
    Result<Json> object(simdjson::dom::element element, int depth) {
        Json::Object out;
        const simdjson::dom::object fields = element.get_object().value_unsafe();
        for (const auto field : fields) {
            MR_TRY(Json value, convert(field.value, depth + 1));
            out.emplace_back(std::string(field.key), std::move(value));
        }
        return Json(Json::Data(std::move(out)));
    }
    std::size_t left_;
};

}  // namespace

std::optional<bool> Json::boolean() const {
    const bool* value = std::get_if<bool>(&data_);
    return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<std::int64_t> Json::integer() const {
    const std::int64_t* value = std::get_if<std::int64_t>(&data_);
    return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<double> Json::number() const {
    if (const auto* v = std::get_if<double>(&data_)) return *v;
    if (const auto* v = std::get_if<std::int64_t>(&data_)) return static_cast<double>(*v);
    if (const auto* v = std::get_if<std::uint64_t>(&data_)) return static_cast<double>(*v);
    return std::nullopt;
}

const Json* Json::get(std::string_view name) const {
    const Object* fields = object();
    if (fields == nullptr) return nullptr;
    for (const auto& [key, value] : *fields) {
        if (key == name) return &value;
    }
    return nullptr;
}

std::optional<std::string> Json::as_parameter() const {
    if (const auto* v = std::get_if<bool>(&data_)) return std::string(*v ? "true" : "false");
    if (const auto* v = std::get_if<std::int64_t>(&data_)) return std::to_string(*v);
    if (const auto* v = std::get_if<std::uint64_t>(&data_)) return std::to_string(*v);
    if (const auto* v = std::get_if<std::string>(&data_)) return *v;
    if (const auto* v = std::get_if<double>(&data_)) {
        std::string out;
        append_json_double(out, *v);
        return out;
    }
    return std::nullopt;
}

Result<Json> parse_json(std::string_view text, std::size_t values_max) {
    simdjson::dom::parser parser;
    // Copies into a padded buffer of its own.
    const auto document = parser.parse(text.data(), text.size());
    if (document.error() != simdjson::SUCCESS) {
        return fail(Code::invalid_argument, "not JSON: {}", simdjson::error_message(document.error()));
    }
    return Converter(values_max).convert(document.value_unsafe(), 0);
}

}  // namespace mr::serve
