#include "formats/avro/schema.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/check.h"
#include "base/json_writer.h"
#include "formats/json_depth.h"

namespace mr::formats::avro {
namespace {

using Json = nlohmann::ordered_json;

struct TypeName {
    Type type;
    std::string_view name;
};
constexpr std::array kNames = {
    TypeName{Type::null, "null"},      TypeName{Type::boolean, "boolean"},
    TypeName{Type::int32, "int"},      TypeName{Type::int64, "long"},
    TypeName{Type::float32, "float"},  TypeName{Type::float64, "double"},
    TypeName{Type::bytes, "bytes"},    TypeName{Type::string, "string"},
    TypeName{Type::record, "record"},  TypeName{Type::enumeration, "enum"},
    TypeName{Type::array, "array"},    TypeName{Type::map, "map"},
    TypeName{Type::union_of, "union"}, TypeName{Type::fixed, "fixed"},
};
constexpr std::size_t kPrimitives = 8;

std::optional<Type> primitive(std::string_view name) {
    const auto* end = kNames.begin() + kPrimitives;
    const auto* found = std::find_if(kNames.begin(), end, [&](const TypeName& n) { return n.name == name; });
    return found == end ? std::nullopt : std::optional(found->type);
}

bool is_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (name.empty() || !letter(name.front())) return false;
    return std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool is_full_name(std::string_view name) {
    while (true) {
        const std::size_t dot = name.find('.');
        if (!is_name(name.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        name.remove_prefix(dot + 1);
    }
}

/// "a.b.C" and its namespace.
std::pair<std::string, std::string> split_name(std::string_view full) {
    const std::size_t dot = full.rfind('.');
    if (dot == std::string_view::npos) return {std::string(full), {}};
    return {std::string(full.substr(dot + 1)), std::string(full.substr(0, dot))};
}

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string attribute(const Json& json, const char* name) {
    const auto it = json.find(name);
    return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
}

/// Does this JSON value fit the schema, as a default? For a union, its first branch counts.
bool fits(const Json& value, const Schema& schema, int depth) {
    if (depth > kDepthMax) return false;
    switch (schema.type) {
        case Type::null:
            return value.is_null();
        case Type::boolean:
            return value.is_boolean();
        case Type::int32:
            return value.is_number_integer() && value.get<std::int64_t>() >= INT32_MIN &&
                   value.get<std::int64_t>() <= INT32_MAX;
        case Type::int64:
            return value.is_number_integer();
        case Type::float32:
        case Type::float64:
            return value.is_number();
        case Type::bytes:
        case Type::string:
        case Type::fixed:
            return value.is_string();
        case Type::enumeration:
            return value.is_string() && std::find(schema.symbols.begin(), schema.symbols.end(),
                                                  value.get<std::string>()) != schema.symbols.end();
        case Type::array:
            return value.is_array() && std::all_of(value.begin(), value.end(), [&](const Json& item) {
                       return fits(item, *schema.parts.front(), depth + 1);
                   });
        case Type::map:
            return value.is_object() && std::all_of(value.begin(), value.end(), [&](const Json& item) {
                       return fits(item, *schema.parts.front(), depth + 1);
                   });
        case Type::union_of:
            return !schema.parts.empty() && fits(value, *schema.parts.front(), depth + 1);
        case Type::record:
            return value.is_object() &&
                   std::all_of(schema.fields.begin(), schema.fields.end(), [&](const Field& field) {
                       const auto it = value.find(field.name);
                       return it == value.end() ? field.default_json.has_value()
                                                : fits(*it, *field.type, depth + 1);
                   });
    }
    return false;
}

}  // namespace

std::string_view to_string(Type type) {
    return kNames[static_cast<std::size_t>(type)].name;
}

bool promotes(Type writer, Type reader) {
    switch (reader) {
        case Type::int64:
            return writer == Type::int32;
        case Type::float32:
            return writer == Type::int32 || writer == Type::int64;
        case Type::float64:
            return writer == Type::int32 || writer == Type::int64 || writer == Type::float32;
        case Type::string:
            return writer == Type::bytes;
        case Type::bytes:
            return writer == Type::string;
        default:
            return false;
    }
}

const Schema* Document::find(std::string_view full_name) const {
    for (const auto& [name, schema] : names_) {
        if (name == full_name) return schema;
    }
    for (const auto& reference : references_) {
        if (const Schema* found = reference->find(full_name)) return found;
    }
    return nullptr;
}

class Parser {
  public:
    Parser(Document& document, bool check_defaults) : document_(document), check_defaults_(check_defaults) {}

    Result<const Schema*> parse(const Json& json, const std::string& space, int depth) {
        if (depth > kDepthMax) return fail(Code::invalid_argument, "nested deeper than {} levels", kDepthMax);
        if (json.is_string()) return by_name(json.get<std::string>(), space);
        if (json.is_array()) return parse_union(json, space, depth);
        if (!json.is_object()) return fail(Code::invalid_argument, "not a schema: {}", shortened(json));
        const auto type = json.find("type");
        if (type == json.end()) return fail(Code::invalid_argument, "No type: {}", shortened(json));
        if (!type->is_string()) return parse(*type, space, depth + 1);
        const std::string name = type->get<std::string>();
        if (const auto simple = primitive(name)) {
            Schema& schema = add(*simple);
            take_props(json, {"type"}, schema.props);
            return &schema;
        }
        if (name == "record" || name == "error") return parse_record(json, space, depth);
        if (name == "enum") return parse_enum(json, space);
        if (name == "fixed") return parse_fixed(json, space);
        if (name == "array" || name == "map") {
            const char* part = name == "array" ? "items" : "values";
            const auto it = json.find(part);
            if (it == json.end())
                return fail(Code::invalid_argument, "{} has no {}: {}", name, part, shortened(json));
            Schema& schema = add(name == "array" ? Type::array : Type::map);
            MR_TRY(const Schema* inner, parse(*it, space, depth + 1));
            schema.parts.push_back(inner);
            take_props(json, {"type", part}, schema.props);
            return &schema;
        }
        return by_name(name, space);
    }

    /// Once every type is known: a default may be of a type defined later.
    Status check_defaults() {
        if (!check_defaults_) return {};
        for (const auto& [record, index] : defaults_) {
            const Field& field = record->fields[index];
            const Json value = Json::parse(*field.default_json, nullptr, false);
            if (!fits(value, *field.type, 0)) {
                return fail(Code::invalid_argument, "Invalid default for field {}: {} not a {}", field.name,
                            *field.default_json, describe(*field.type));
            }
        }
        return {};
    }

  private:
    static std::string shortened(const Json& json) { return text_of(json).substr(0, 200); }
    static std::string describe(const Schema& schema) {
        if (schema.type != Type::union_of)
            return schema.is_named() ? schema.full_name() : std::string(to_string(schema.type));
        std::string out;
        for (const Schema* part : schema.parts) out += (out.empty() ? "[" : ",") + describe(*part);
        return out + "] (the default must fit the first branch)";
    }

    Schema& add(Type type) {
        document_.nodes_.push_back(std::make_unique<Schema>());
        document_.nodes_.back()->type = type;
        return *document_.nodes_.back();
    }

    static void take_props(const Json& json, std::set<std::string_view> known,
                           std::vector<std::pair<std::string, std::string>>& props) {
        for (const auto& [key, value] : json.items()) {
            if (!known.contains(key)) props.emplace_back(key, text_of(value));
        }
    }

    Result<const Schema*> by_name(const std::string& name, const std::string& space) {
        if (const auto simple = primitive(name)) return &add(*simple);
        const std::string full =
            name.find('.') == std::string::npos && !space.empty() ? space + "." + name : name;
        if (const Schema* found = document_.find(full)) return found;
        if (const Schema* found = document_.find(name)) return found;
        return fail(Code::invalid_argument,
                    "\"{}\" is not a defined name. The type must be a defined name or a "
                    "{{\"type\": ...}} expression.",
                    full);
    }

    Result<const Schema*> parse_union(const Json& json, const std::string& space, int depth) {
        Schema& schema = add(Type::union_of);
        std::set<std::string> seen;
        for (const auto& item : json) {
            MR_TRY(const Schema* branch, parse(item, space, depth + 1));
            if (branch->type == Type::union_of)
                return fail(Code::invalid_argument, "Nested union: {}", shortened(json));
            const std::string key =
                branch->is_named() ? branch->full_name() : std::string(to_string(branch->type));
            if (!seen.insert(key).second) return fail(Code::invalid_argument, "Duplicate in union: {}", key);
            schema.parts.push_back(branch);
        }
        return &schema;
    }

    Status name_it(const Json& json, const std::string& space, Schema& schema) {
        const std::string name = attribute(json, "name");
        if (name.empty()) return fail(Code::invalid_argument, "No name in schema: {}", shortened(json));
        if (!is_full_name(name)) return fail(Code::invalid_argument, "Illegal character in: {}", name);
        const auto given = json.find("namespace");
        if (name.find('.') != std::string::npos) {
            std::tie(schema.name, schema.name_space) = split_name(name);
        } else {
            schema.name = name;
            schema.name_space = given != json.end() && given->is_string() ? given->get<std::string>() : space;
        }
        if (!schema.name_space.empty() && !is_full_name(schema.name_space)) {
            return fail(Code::invalid_argument, "Illegal character in namespace: {}", schema.name_space);
        }
        if (primitive(schema.full_name())) {
            return fail(Code::invalid_argument, "Schemas may not be named after primitives: {}",
                        schema.full_name());
        }
        if (document_.find(schema.full_name()) != nullptr) {
            return fail(Code::invalid_argument, "Can't redefine: {}", schema.full_name());
        }
        document_.names_.emplace_back(schema.full_name(), &schema);
        if (const auto aliases = json.find("aliases"); aliases != json.end() && aliases->is_array()) {
            for (const auto& alias : *aliases) {
                if (!alias.is_string())
                    return fail(Code::invalid_argument, "alias not a string: {}", shortened(alias));
                const std::string text = alias.get<std::string>();
                const bool full = text.find('.') != std::string::npos || schema.name_space.empty();
                schema.aliases.push_back(full ? text : schema.name_space + "." + text);
            }
        }
        schema.has_doc = json.contains("doc") && json["doc"].is_string();
        schema.doc = attribute(json, "doc");
        return {};
    }

    Result<const Schema*> parse_record(const Json& json, const std::string& space, int depth) {
        Schema& schema = add(Type::record);
        MR_TRY_VOID(name_it(json, space, schema));
        const auto fields = json.find("fields");
        if (fields == json.end() || !fields->is_array()) {
            return fail(Code::invalid_argument, "Record has no fields: {}", shortened(json));
        }
        std::set<std::string> seen;
        for (const auto& item : *fields) {
            if (!item.is_object())
                return fail(Code::invalid_argument, "Field is not an object: {}", shortened(item));
            Field field;
            field.name = attribute(item, "name");
            if (!is_name(field.name)) {
                return fail(Code::invalid_argument, "Illegal or missing field name in {}: \"{}\"",
                            schema.full_name(), field.name);
            }
            if (!seen.insert(field.name).second) {
                return fail(Code::invalid_argument, "Duplicate field {} in record {}", field.name,
                            schema.full_name());
            }
            const auto type = item.find("type");
            if (type == item.end()) return fail(Code::invalid_argument, "No field type: {}", shortened(item));
            auto parsed = parse(*type, schema.name_space, depth + 1);
            if (!parsed) {
                return annotate(std::move(parsed).error(),
                                fmt::format("field {}.{}", schema.full_name(), field.name));
            }
            field.type = *parsed;
            if (const auto it = item.find("default"); it != item.end()) field.default_json = text_of(*it);
            field.has_doc = item.contains("doc") && item["doc"].is_string();
            field.doc = attribute(item, "doc");
            field.order = attribute(item, "order") == "ascending" ? "" : attribute(item, "order");
            if (const auto it = item.find("aliases"); it != item.end() && it->is_array()) {
                for (const auto& alias : *it) {
                    if (alias.is_string()) field.aliases.push_back(alias.get<std::string>());
                }
            }
            take_props(item, {"name", "type", "default", "doc", "order", "aliases"}, field.props);
            schema.fields.push_back(std::move(field));
            if (schema.fields.back().default_json) defaults_.emplace_back(&schema, schema.fields.size() - 1);
        }
        take_props(json, {"type", "name", "namespace", "doc", "fields", "aliases"}, schema.props);
        return &schema;
    }

    Result<const Schema*> parse_enum(const Json& json, const std::string& space) {
        Schema& schema = add(Type::enumeration);
        MR_TRY_VOID(name_it(json, space, schema));
        const auto symbols = json.find("symbols");
        if (symbols == json.end() || !symbols->is_array()) {
            return fail(Code::invalid_argument, "Enum has no symbols: {}", shortened(json));
        }
        for (const auto& item : *symbols) {
            if (!item.is_string() || !is_name(item.get<std::string>())) {
                return fail(Code::invalid_argument, "Illegal enum symbol: {}", shortened(item));
            }
            if (std::find(schema.symbols.begin(), schema.symbols.end(), item.get<std::string>()) !=
                schema.symbols.end()) {
                return fail(Code::invalid_argument, "Duplicate enum symbol: {}", item.get<std::string>());
            }
            schema.symbols.push_back(item.get<std::string>());
        }
        if (const std::string fallback = attribute(json, "default"); !fallback.empty()) {
            if (std::find(schema.symbols.begin(), schema.symbols.end(), fallback) == schema.symbols.end()) {
                return fail(Code::invalid_argument, "The Enum Default: {} is not in the enum symbol set",
                            fallback);
            }
            schema.enum_default = fallback;
        }
        take_props(json, {"type", "name", "namespace", "doc", "symbols", "default", "aliases"}, schema.props);
        return &schema;
    }

    Result<const Schema*> parse_fixed(const Json& json, const std::string& space) {
        Schema& schema = add(Type::fixed);
        MR_TRY_VOID(name_it(json, space, schema));
        const auto size = json.find("size");
        if (size == json.end() || !size->is_number_integer() || size->get<std::int64_t>() < 0) {
            return fail(Code::invalid_argument, "Invalid or no size: {}", shortened(json));
        }
        schema.size = size->get<std::int64_t>();
        take_props(json, {"type", "name", "namespace", "doc", "size", "aliases"}, schema.props);
        return &schema;
    }

    Document& document_;
    const bool check_defaults_;
    std::vector<std::pair<const Schema*, std::size_t>> defaults_;
};

Result<std::shared_ptr<const Document>> Document::parse(std::string_view text, const Options& options) {
    if (nests_too_deep(text)) return fail(Code::invalid_argument, "nested deeper than {} levels", kDepthMax);
    Json json = Json::parse(text, nullptr, false);
    // A bare name is a schema too, and people send it without quotes.
    if (json.is_discarded() && is_full_name(text)) json = std::string(text);
    if (json.is_discarded()) return fail(Code::invalid_argument, "not JSON");
    auto document = std::make_shared<Document>();
    document->references_.assign(options.references.begin(), options.references.end());
    Parser parser(*document, options.check_defaults);
    MR_TRY(document->root_, parser.parse(json, "", 0));
    MR_TRY_VOID(parser.check_defaults());
    return document;
}

namespace {

class Printer {
  public:
    explicit Printer(std::string& out) : out_(out) {}

    void print(const Schema& schema, const std::string& space) {
        if (schema.is_named() && !seen_.insert(schema.full_name()).second) return print_name(schema, space);
        switch (schema.type) {
            case Type::record:
                return print_record(schema, space);
            case Type::enumeration:
            case Type::fixed:
                return print_named(schema, space);
            case Type::array:
            case Type::map:
                open("type", to_string(schema.type));
                key(schema.type == Type::array ? "items" : "values");
                print(*schema.parts.front(), space);
                props(schema.props);
                out_ += '}';
                return;
            case Type::union_of: {
                char separator = '[';
                for (const Schema* part : schema.parts) {
                    out_ += separator;
                    print(*part, space);
                    separator = ',';
                }
                if (separator == '[') out_ += '[';
                out_ += ']';
                return;
            }
            default:
                if (schema.props.empty()) return append_json_string(out_, to_string(schema.type));
                open("type", to_string(schema.type));
                props(schema.props);
                out_ += '}';
        }
    }
    /// Types that come from references are only named.
    void mark_seen(const std::string& full_name) { seen_.insert(full_name); }

  private:
    void open(std::string_view name, std::string_view value) {
        out_ += '{';
        append_json_string(out_, name);
        out_ += ':';
        append_json_string(out_, value);
    }
    void key(std::string_view name) {
        out_ += ',';
        append_json_string(out_, name);
        out_ += ':';
    }
    void text(std::string_view name, std::string_view value) {
        key(name);
        append_json_string(out_, value);
    }
    void list(std::string_view name, const std::vector<std::string>& items) {
        key(name);
        out_ += '[';
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (i > 0) out_ += ',';
            append_json_string(out_, items[i]);
        }
        out_ += ']';
    }
    void props(const std::vector<std::pair<std::string, std::string>>& all) {
        for (const auto& [name, value] : all) {
            key(name);
            out_ += value;
        }
    }
    void print_name(const Schema& schema, const std::string& space) {
        append_json_string(out_, schema.name_space == space ? schema.name : schema.full_name());
    }
    void head(const Schema& schema, const std::string& space) {
        open("type", to_string(schema.type));
        text("name", schema.name);
        if (schema.name_space != space) text("namespace", schema.name_space);
        if (schema.has_doc) text("doc", schema.doc);
    }
    void aliases(const Schema& schema) {
        if (schema.aliases.empty()) return;
        std::vector<std::string> names;
        for (const auto& alias : schema.aliases) {
            const auto [name, space] = split_name(alias);
            names.push_back(space == schema.name_space ? name : alias);
        }
        list("aliases", names);
    }
    void print_named(const Schema& schema, const std::string& space) {
        head(schema, space);
        if (schema.type == Type::enumeration) {
            list("symbols", schema.symbols);
            if (schema.enum_default) text("default", *schema.enum_default);
        } else {
            key("size");
            out_ += std::to_string(schema.size);
        }
        props(schema.props);
        aliases(schema);
        out_ += '}';
    }
    void print_record(const Schema& schema, const std::string& space) {
        head(schema, space);
        key("fields");
        out_ += '[';
        for (std::size_t i = 0; i < schema.fields.size(); ++i) {
            const Field& field = schema.fields[i];
            if (i > 0) out_ += ',';
            open("name", field.name);
            key("type");
            print(*field.type, schema.name_space);
            if (field.has_doc) text("doc", field.doc);
            if (field.default_json) {
                key("default");
                out_ += *field.default_json;
            }
            if (!field.order.empty()) text("order", field.order);
            if (!field.aliases.empty()) list("aliases", field.aliases);
            props(field.props);
            out_ += '}';
        }
        out_ += ']';
        props(schema.props);
        aliases(schema);
        out_ += '}';
    }

    std::string& out_;
    std::set<std::string> seen_;
};

void mark_references(Printer& printer, const std::vector<std::string>& names) {
    for (const auto& name : names) printer.mark_seen(name);
}

}  // namespace

std::string Document::canonical() const {
    std::string out;
    Printer printer(out);
    std::vector<std::string> foreign;
    std::vector<const Document*> open;
    for (const auto& reference : references_) open.push_back(reference.get());
    while (!open.empty()) {
        const Document* document = open.back();
        open.pop_back();
        for (const auto& [name, schema] : document->names_) foreign.push_back(name);
        for (const auto& reference : document->references_) open.push_back(reference.get());
    }
    mark_references(printer, foreign);
    printer.print(*root_, "");
    return out;
}

}  // namespace mr::formats::avro
