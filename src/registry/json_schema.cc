#include "registry/json_schema.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "formats/json_depth.h"

namespace mr::registry {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDepthMax = 100;
constexpr std::array<std::string_view, 7> kJsonTypes = {"null",   "boolean", "object", "array",
                                                        "number", "string",  "integer"};

/// Enough of the metaschema to refuse what no validator could use.
Status check_schema(const Json& schema, const std::string& path, int depth) {
    if (depth > kDepthMax)
        return fail(Code::invalid_argument, "{}: nested deeper than {} levels", path, kDepthMax);
    if (schema.is_boolean()) return {};
    if (!schema.is_object()) return fail(Code::invalid_argument, "{}: expected an object or a boolean", path);
    for (const auto& [key, value] : schema.items()) {
        const std::string place = path + "/" + key;
        if (key == "type") {
            const auto known = [](const Json& type) {
                return type.is_string() && std::find(kJsonTypes.begin(), kJsonTypes.end(),
                                                     type.get<std::string>()) != kJsonTypes.end();
            };
            const bool fine =
                value.is_array() ? std::all_of(value.begin(), value.end(), known) : known(value);
            if (!fine) return fail(Code::invalid_argument, "{}: unknown type {}", place, value.dump());
        } else if (key == "properties" || key == "patternProperties" || key == "definitions" ||
                   key == "$defs") {
            if (!value.is_object()) return fail(Code::invalid_argument, "{}: expected an object", place);
            for (const auto& [name, inner] : value.items()) {
                MR_TRY_VOID(check_schema(inner, place + "/" + name, depth + 1));
            }
        } else if (key == "allOf" || key == "anyOf" || key == "oneOf" || key == "prefixItems") {
            if (!value.is_array()) return fail(Code::invalid_argument, "{}: expected an array", place);
            for (const auto& inner : value) MR_TRY_VOID(check_schema(inner, place, depth + 1));
        } else if (key == "not" || key == "additionalProperties" || key == "contains" ||
                   key == "propertyNames" || key == "if" || key == "then" || key == "else") {
            MR_TRY_VOID(check_schema(value, place, depth + 1));
        } else if (key == "items") {
            if (!value.is_array()) {
                MR_TRY_VOID(check_schema(value, place, depth + 1));
            } else {
                for (const auto& inner : value) MR_TRY_VOID(check_schema(inner, place, depth + 1));
            }
        } else if (key == "required") {
            const bool fine = value.is_array() && std::all_of(value.begin(), value.end(),
                                                              [](const Json& v) { return v.is_string(); });
            // Draft 3 had a boolean here.
            if (!fine && !value.is_boolean())
                return fail(Code::invalid_argument, "{}: expected an array of names", place);
        } else if (key == "enum") {
            if (!value.is_array()) return fail(Code::invalid_argument, "{}: expected an array", place);
        } else if (key == "$ref" && !value.is_string()) {
            return fail(Code::invalid_argument, "{}: expected a string", place);
        }
    }
    return {};
}

/// What a document of the old schema may look like that the new one refuses.
class Diff {
  public:
    Diff(const Json& new_root, const Json& old_root) : new_root_(new_root), old_root_(old_root) {}
    std::vector<std::string> found;

    void compare(const Json& now_given, const Json& old_given, const std::string& path, int depth) {
        if (depth > kDepthMax || ++steps_ > 20'000) return add("TOO_COMPLEX", path);
        const Json& now = resolve(now_given, new_root_);
        const Json& old = resolve(old_given, old_root_);
        if (!open_.insert({&now, &old}).second || now == old) return;
        if (is_true(now) || is_false(old)) return;
        if (is_false(now) || is_true(old)) {
            return add(is_false(now) ? "SCHEMA_REMOVED" : "TYPE_NARROWED", path);
        }
        compare_types(now, old, path);
        compare_enums(now, old, path);
        compare_bounds(now, old, path);
        compare_object(now, old, path, depth);
        compare_items(now, old, path, depth);
        compare_combined(now, old, path, depth);
    }

  private:
    void add(std::string_view what, const std::string& path) {
        found.push_back(fmt::format("{{errorType:'{}', description:'{} at path {}', additionalInfo:''}}",
                                    what, what, path.empty() ? "#/" : "#" + path));
    }
    static bool is_true(const Json& s) { return s == true || (s.is_object() && s.empty()); }
    static bool is_false(const Json& s) { return s == false; }

    const Json& resolve(const Json& schema, const Json& root) const {
        const Json* at = &schema;
        for (int hops = 0; hops < 16; ++hops) {
            if (!at->is_object() || !at->contains("$ref") || !(*at)["$ref"].is_string()) break;
            const std::string ref = (*at)["$ref"].get<std::string>();
            if (ref.empty() || ref.front() != '#') break;
            const Json* next = find(root, ref);
            if (next == nullptr) break;
            at = next;
        }
        return *at;
    }
    static const Json* find(const Json& root, std::string_view pointer) {
        const Json* at = &root;
        pointer.remove_prefix(1);
        while (!pointer.empty()) {
            if (pointer.front() != '/') return nullptr;
            pointer.remove_prefix(1);
            const std::size_t end = std::min(pointer.find('/'), pointer.size());
            const std::string key(pointer.substr(0, end));
            pointer.remove_prefix(end);
            if (!at->is_object() || !at->contains(key)) return nullptr;
            at = &(*at)[key];
        }
        return at;
    }

    static std::set<std::string> types(const Json& s) {
        std::set<std::string> out;
        const auto it = s.find("type");
        if (it == s.end()) return out;
        if (it->is_string()) out.insert(it->get<std::string>());
        if (it->is_array()) {
            for (const auto& t : *it) out.insert(t.get<std::string>());
        }
        return out;
    }
    void compare_types(const Json& now, const Json& old, const std::string& path) {
        const auto now_types = types(now);
        const auto old_types = types(old);
        if (now_types.empty()) return;
        if (old_types.empty()) {
            if (!old.contains("enum") && !old.contains("const") && !combined(old)) add("TYPE_NARROWED", path);
            return;
        }
        for (const auto& type : old_types) {
            const bool covered =
                now_types.contains(type) || (type == "integer" && now_types.contains("number"));
            if (!covered) {
                return add(
                    now_types.size() < old_types.size() || (type == "number" && now_types.contains("integer"))
                        ? "TYPE_NARROWED"
                        : "TYPE_CHANGED",
                    path);
            }
        }
    }
    void compare_enums(const Json& now, const Json& old, const std::string& path) {
        const auto list = [](const Json& s) {
            Json out = Json::array();
            if (s.contains("enum")) out = s["enum"];
            if (s.contains("const")) out.push_back(s["const"]);
            return out;
        };
        const Json now_values = list(now);
        const Json old_values = list(old);
        if (now_values.empty()) return;
        if (old_values.empty()) return add("ENUM_ARRAY_ADDED", path);
        for (const auto& value : old_values) {
            if (std::find(now_values.begin(), now_values.end(), value) == now_values.end()) {
                return add("ENUM_ARRAY_NARROWED", path);
            }
        }
    }
    void bound(const Json& now, const Json& old, const char* key, bool upper, const std::string& path) {
        const bool has_now = now.contains(key) && now[key].is_number();
        const bool has_old = old.contains(key) && old[key].is_number();
        if (!has_now) return;
        std::string name(key);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
        if (!has_old) {
            // "At least 0" says nothing about sizes.
            if (!upper && now[key] == 0 && name != "MINIMUM" && name != "EXCLUSIVEMINIMUM") return;
            return add(name + "_ADDED", path);
        }
        const double a = now[key].get<double>();
        const double b = old[key].get<double>();
        if (upper && a < b) add(name + "_DECREASED", path);
        if (!upper && a > b) add(name + "_INCREASED", path);
    }
    void compare_bounds(const Json& now, const Json& old, const std::string& path) {
        for (const char* key : {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}) {
            bound(now, old, key, true, path);
        }
        for (const char* key : {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}) {
            bound(now, old, key, false, path);
        }
        if (now.contains("pattern") && (!old.contains("pattern") || old["pattern"] != now["pattern"])) {
            add(old.contains("pattern") ? "PATTERN_CHANGED" : "PATTERN_ADDED", path);
        }
        if (now.value("uniqueItems", false) && !old.value("uniqueItems", false))
            add("UNIQUE_ITEMS_ADDED", path);
        if (now.contains("multipleOf") && now["multipleOf"].is_number()) {
            if (!old.contains("multipleOf") || !old["multipleOf"].is_number()) {
                add("MULTIPLE_OF_ADDED", path);
            } else if (const double divisor = now["multipleOf"].get<double>(),
                       rest = old["multipleOf"].get<double>();
                       divisor <= 0 ||
                       rest / divisor != static_cast<double>(static_cast<std::int64_t>(rest / divisor))) {
                add("MULTIPLE_OF_CHANGED", path);
            }
        }
    }

    static const Json& member(const Json& s, const char* key) {
        static const Json kEmpty = Json::object();
        const auto it = s.find(key);
        return it != s.end() && it->is_object() ? *it : kEmpty;
    }
    static std::set<std::string> required(const Json& s) {
        std::set<std::string> out;
        if (const auto it = s.find("required"); it != s.end() && it->is_array()) {
            for (const auto& name : *it) out.insert(name.get<std::string>());
        }
        return out;
    }
    static bool is_object_schema(const Json& s) {
        return s.contains("properties") || s.contains("additionalProperties") ||
               s.contains("patternProperties") || s.contains("required") || types(s).contains("object");
    }
    static bool open_model(const Json& s) {
        if (s.contains("patternProperties") && !s["patternProperties"].empty()) return false;
        return !s.contains("additionalProperties") || is_true(s["additionalProperties"]);
    }
    static bool closed_model(const Json& s) {
        return s.contains("additionalProperties") && is_false(s["additionalProperties"]) &&
               (!s.contains("patternProperties") || s["patternProperties"].empty());
    }

    void compare_object(const Json& now, const Json& old, const std::string& path, int depth) {
        if (!is_object_schema(now) || !is_object_schema(old)) return;
        const Json& now_props = member(now, "properties");
        const Json& old_props = member(old, "properties");
        const auto now_required = required(now);
        const auto old_required = required(old);
        for (const auto& [name, schema] : now_props.items()) {
            const std::string place = path + "/properties/" + name;
            if (old_props.contains(name)) {
                compare(schema, old_props[name], place, depth + 1);
                const bool newly = now_required.contains(name) && !old_required.contains(name);
                if (newly && !(schema.is_object() && schema.contains("default")))
                    add("REQUIRED_ATTRIBUTE_ADDED", place);
                continue;
            }
            const bool needs =
                now_required.contains(name) && !(schema.is_object() && schema.contains("default"));
            if (open_model(old)) {
                // A document of old may hold anything under that name.
                if (!is_true(schema)) add("PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", place);
                if (needs) add("REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", place);
            } else {
                if (!closed_model(old))
                    compare(schema, member_or_false(old, "additionalProperties"), place, depth + 1);
                if (needs) add("REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", place);
            }
        }
        for (const auto& [name, schema] : old_props.items()) {
            if (now_props.contains(name) || is_false(schema) || open_model(now)) continue;
            const std::string place = path + "/properties/" + name;
            if (closed_model(now)) {
                add("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", place);
            } else {
                compare(member_or_false(now, "additionalProperties"), schema, place, depth + 1);
            }
        }
        for (const auto& name : now_required) {
            if (!old_required.contains(name) && !now_props.contains(name)) {
                add("REQUIRED_ATTRIBUTE_ADDED", path + "/required/" + name);
            }
        }
        if (!open_model(now) && open_model(old)) {
            add(closed_model(now) ? "ADDITIONAL_PROPERTIES_REMOVED" : "ADDITIONAL_PROPERTIES_NARROWED", path);
        } else if (closed_model(now) && !closed_model(old)) {
            add("ADDITIONAL_PROPERTIES_REMOVED", path);
        } else if (!open_model(now) && !closed_model(now) && !closed_model(old)) {
            compare(member_or_false(now, "additionalProperties"),
                    member_or_false(old, "additionalProperties"), path + "/additionalProperties", depth + 1);
        }
    }
    static const Json& member_or_false(const Json& s, const char* key) {
        static const Json kFalse = false;
        const auto it = s.find(key);
        return it == s.end() ? kFalse : *it;
    }

    void compare_items(const Json& now, const Json& old, const std::string& path, int depth) {
        if (!now.contains("items") || now["items"].is_array()) return;
        if (!old.contains("items")) {
            if (!is_true(now["items"]) && types(old).contains("array"))
                add("ITEM_ADDED_TO_OPEN_CONTENT_MODEL", path);
            return;
        }
        if (!old["items"].is_array()) compare(now["items"], old["items"], path + "/items", depth + 1);
    }

    static bool combined(const Json& s) {
        return s.contains("oneOf") || s.contains("anyOf") || s.contains("allOf");
    }
    bool accepts(const Json& now, const Json& old, int depth) {
        Diff attempt(new_root_, old_root_);
        attempt.steps_ = steps_;
        attempt.open_ = open_;
        attempt.compare(now, old, "", depth + 1);
        steps_ = attempt.steps_;
        return attempt.found.empty();
    }
    static const Json* branches(const Json& s) {
        for (const char* key : {"oneOf", "anyOf"}) {
            if (s.contains(key) && s[key].is_array()) return &s[key];
        }
        return nullptr;
    }
    void compare_combined(const Json& now, const Json& old, const std::string& path, int depth) {
        const Json* now_sum = branches(now);
        const Json* old_sum = branches(old);
        const Json alone = Json::array({old});
        if (now_sum != nullptr) {
            // Each way an old document may look must be one of the new ways.
            const Json& ways = old_sum != nullptr ? *old_sum : alone;
            for (const auto& way : ways) {
                const bool any = std::any_of(now_sum->begin(), now_sum->end(),
                                             [&](const Json& branch) { return accepts(branch, way, depth); });
                if (!any)
                    return add(old_sum != nullptr ? "SUM_TYPE_NARROWED" : "COMBINED_TYPE_SUBSCHEMAS_CHANGED",
                               path);
            }
        }
        if (now.contains("allOf") && now["allOf"].is_array()) {
            const Json& parts = old.contains("allOf") ? old["allOf"] : alone;
            for (const auto& part : now["allOf"]) {
                const bool any = std::any_of(parts.begin(), parts.end(),
                                             [&](const Json& known) { return accepts(part, known, depth); });
                if (!any) return add("PRODUCT_TYPE_EXTENDED", path);
            }
        }
        if (now.contains("not") && (!old.contains("not") || old["not"] != now["not"]))
            add("NOT_TYPE_EXTENDED", path);
    }

    const Json& new_root_;
    const Json& old_root_;
    std::set<std::pair<const Json*, const Json*>> open_;
    int steps_ = 0;
};

class JsonSchema final : public ParsedSchema {
  public:
    explicit JsonSchema(Json schema) : schema_(std::move(schema)) {}
    [[nodiscard]] SchemaType type() const override { return SchemaType::json; }
    [[nodiscard]] std::string canonical() const override { return schema_.dump(); }
    [[nodiscard]] std::vector<std::string> cannot_read(const ParsedSchema& writer) const override {
        const Json& old = static_cast<const JsonSchema&>(writer).schema_;
        Diff diff(schema_, old);
        diff.compare(schema_, old, "", 0);
        return std::move(diff.found);
    }

  private:
    const Json schema_;
};

}  // namespace

Result<ParsedPtr> parse_json_schema(std::string_view text, const std::vector<Reference>&,
                                    const std::vector<ParsedPtr>&) {
    if (formats::nests_too_deep(text)) return fail(Code::invalid_argument, "nested too deeply");
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) return fail(Code::invalid_argument, "not JSON");
    MR_TRY_VOID(check_schema(json, "#", 0));
    // A bad byte in a string would make dump() throw.
    json = Json::parse(json.dump(-1, ' ', false, Json::error_handler_t::replace), nullptr, false);
    return std::make_shared<const JsonSchema>(std::move(json));
}

}  // namespace mr::registry
