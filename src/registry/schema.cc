#include "registry/schema.h"

#include <algorithm>
#include <array>

#include "formats/avro/compatibility.h"
#include "formats/avro/schema.h"
#include "registry/json_schema.h"
#include "registry/protobuf_schema.h"

namespace mr::registry {

namespace avro = formats::avro;

namespace {

template <class E>
struct Name {
    E value;
    std::string_view name;
};
constexpr std::array kTypes = {Name<SchemaType>{SchemaType::avro, "AVRO"},
                               Name<SchemaType>{SchemaType::json, "JSON"},
                               Name<SchemaType>{SchemaType::protobuf, "PROTOBUF"}};
constexpr std::array kLevels = {
    Name<Compatibility>{Compatibility::none, "NONE"},
    Name<Compatibility>{Compatibility::backward, "BACKWARD"},
    Name<Compatibility>{Compatibility::backward_transitive, "BACKWARD_TRANSITIVE"},
    Name<Compatibility>{Compatibility::forward, "FORWARD"},
    Name<Compatibility>{Compatibility::forward_transitive, "FORWARD_TRANSITIVE"},
    Name<Compatibility>{Compatibility::full, "FULL"},
    Name<Compatibility>{Compatibility::full_transitive, "FULL_TRANSITIVE"}};
constexpr std::array kModes = {Name<Mode>{Mode::readwrite, "READWRITE"},
                               Name<Mode>{Mode::readonly, "READONLY"},
                               Name<Mode>{Mode::readonly_override, "READONLY_OVERRIDE"},
                               Name<Mode>{Mode::import, "IMPORT"}, Name<Mode>{Mode::forward, "FORWARD"}};

template <class List, class E>
std::string_view name_in(const List& list, E value) {
    const auto it =
        std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.value == value; });
    return it == list.end() ? std::string_view() : it->name;
}

/// Confluent takes levels and modes in any case.
template <class List>
auto find_in(const List& list, std::string_view name) -> std::optional<decltype(list.front().value)> {
    const auto same = [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; };
    const auto it = std::find_if(list.begin(), list.end(), [&](const auto& item) {
        return std::equal(name.begin(), name.end(), item.name.begin(), item.name.end(), same);
    });
    return it == list.end() ? std::nullopt : std::optional(it->value);
}

class AvroSchema final : public ParsedSchema {
  public:
    explicit AvroSchema(std::shared_ptr<const avro::Document> document) : document_(std::move(document)) {}
    [[nodiscard]] SchemaType type() const override { return SchemaType::avro; }
    [[nodiscard]] std::string canonical() const override { return document_->canonical(); }
    [[nodiscard]] std::vector<std::string> cannot_read(const ParsedSchema& writer) const override {
        const auto& other = static_cast<const AvroSchema&>(writer);
        std::vector<std::string> out;
        for (const auto& item : avro::check_can_read(document_->root(), other.document_->root())) {
            out.push_back(fmt::format("{{errorType:'{}', description:'{}', additionalInfo:'{}'}}", item.type,
                                      describe(item), item.message));
        }
        return out;
    }
    [[nodiscard]] const std::shared_ptr<const avro::Document>& document() const { return document_; }

  private:
    static std::string describe(const avro::Incompatibility& item) {
        if (item.type == "READER_FIELD_MISSING_DEFAULT_VALUE") {
            return fmt::format(
                "The field '{}' at path '{}' in the new schema has no default value and is missing in the "
                "old schema",
                item.message, item.path);
        }
        if (item.type == "TYPE_MISMATCH") {
            return fmt::format(
                "The type (path '{}') of a field in the new schema does not match with the old schema",
                item.path);
        }
        if (item.type == "MISSING_ENUM_SYMBOLS") {
            return fmt::format("The new schema is missing enum symbols '{}' at path '{}' in the old schema",
                               item.message, item.path);
        }
        if (item.type == "MISSING_UNION_BRANCH") {
            return fmt::format(
                "The new schema is missing a type inside a union field at path '{}' in the old schema",
                item.path);
        }
        if (item.type == "NAME_MISMATCH") {
            return fmt::format("The name of the schema has changed (path '{}')", item.path);
        }
        return fmt::format("Incompatibility at path '{}'", item.path);
    }
    std::shared_ptr<const avro::Document> document_;
};

}  // namespace

std::string_view to_string(SchemaType type) {
    return name_in(kTypes, type);
}
std::optional<SchemaType> parse_schema_type(std::string_view name) {
    return name.empty() ? SchemaType::avro : find_in(kTypes, name);
}
std::string_view to_string(Compatibility level) {
    return name_in(kLevels, level);
}
std::optional<Compatibility> parse_compatibility(std::string_view name) {
    return find_in(kLevels, name);
}
std::string_view to_string(Mode mode) {
    return name_in(kModes, mode);
}
std::optional<Mode> parse_mode(std::string_view name) {
    return find_in(kModes, name);
}

std::shared_ptr<const formats::avro::Document> avro_document(const ParsedSchema& schema) {
    return schema.type() == SchemaType::avro ? static_cast<const AvroSchema&>(schema).document() : nullptr;
}

bool is_transitive(Compatibility level) {
    return level == Compatibility::backward_transitive || level == Compatibility::forward_transitive ||
           level == Compatibility::full_transitive;
}

Result<ParsedPtr> parse_schema(SchemaType type, std::string_view text,
                               const std::vector<Reference>& references,
                               const std::vector<ParsedPtr>& targets, bool is_new) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (targets[i]->type() != type) {
            return fail(Code::invalid_argument, "reference {} is of type {}, not {}", references[i].name,
                        to_string(targets[i]->type()), to_string(type));
        }
    }
    switch (type) {
        case SchemaType::avro: {
            std::vector<std::shared_ptr<const avro::Document>> documents;
            for (const auto& target : targets)
                documents.push_back(static_cast<const AvroSchema&>(*target).document());
            MR_TRY(auto document,
                   avro::Document::parse(text, {.references = documents, .check_defaults = is_new}));
            return std::make_shared<const AvroSchema>(std::move(document));
        }
        case SchemaType::json:
            return parse_json_schema(text, references, targets);
        case SchemaType::protobuf:
            return parse_protobuf(text);
    }
    return fail(Code::unsupported, "schema type {}", static_cast<int>(type));
}

std::vector<std::string> check_compatible(const ParsedSchema& schema, const std::vector<ParsedPtr>& previous,
                                          Compatibility level) {
    if (level == Compatibility::none || previous.empty()) return {};
    const bool backward = level == Compatibility::backward || level == Compatibility::backward_transitive ||
                          level == Compatibility::full || level == Compatibility::full_transitive;
    const bool forward = level == Compatibility::forward || level == Compatibility::forward_transitive ||
                         level == Compatibility::full || level == Compatibility::full_transitive;
    const std::size_t count = is_transitive(level) ? previous.size() : 1;
    for (std::size_t i = 0; i < count; ++i) {
        const ParsedSchema& old = *previous[i];
        if (old.type() != schema.type()) {
            return {fmt::format("Incompatible because of different schema type: {} after {}",
                                to_string(schema.type()), to_string(old.type()))};
        }
        std::vector<std::string> lines;
        if (backward) lines = schema.cannot_read(old);
        if (forward) {
            for (auto& line : old.cannot_read(schema)) lines.push_back(std::move(line));
        }
        if (!lines.empty()) {
            lines.push_back(fmt::format("{{oldSchema: '{}'}}", old.canonical()));
            lines.push_back(fmt::format("{{compatibility: '{}'}}", to_string(level)));
            return lines;
        }
    }
    return {};
}

}  // namespace mr::registry
