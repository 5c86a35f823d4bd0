#include "registry/protobuf_schema.h"

#include <algorithm>
#include <map>
#include <set>

#include "formats/protobuf/proto_file.h"

namespace mr::registry {

namespace protobuf = formats::protobuf;

namespace {

using protobuf::Enum;
using protobuf::Field;
using protobuf::File;
using protobuf::Message;

/// What a file defines, by full name.
struct Names {
    std::map<std::string, const Message*> messages;
    std::map<std::string, const Enum*> enums;

    void add(const std::vector<Message>& inner, const std::vector<Enum>& inner_enums,
             const std::string& scope) {
        for (const Enum& e : inner_enums) enums[scope + e.name] = &e;
        for (const Message& m : inner) {
            messages[scope + m.name] = &m;
            add(m.messages, m.enums, scope + m.name + ".");
        }
    }
    [[nodiscard]] bool has(const std::string& name) const {
        return messages.contains(name) || enums.contains(name);
    }
    /// The full name of a type as written inside `scope` ("a.B."): the innermost definition counts.
    [[nodiscard]] std::string resolve(const std::string& type, std::string scope) const {
        if (type.starts_with('.')) return type.substr(1);
        while (true) {
            if (has(scope + type)) return scope + type;
            if (scope.empty()) return type;  // of an import
            const std::size_t dot = scope.rfind('.', scope.size() - 2);
            scope = dot == std::string::npos || scope.size() < 2 ? "" : scope.substr(0, dot + 1);
        }
    }
};

/// Types of one group are encoded alike: one may be read as the other.
std::string_view encoding(std::string_view type) {
    static const std::map<std::string_view, std::string_view> kGroups = {
        {"int32", "number"},     {"int64", "number"},    {"uint32", "number"},    {"uint64", "number"},
        {"bool", "number"},      {"sint32", "signed"},   {"sint64", "signed"},    {"fixed32", "fixed32"},
        {"sfixed32", "fixed32"}, {"fixed64", "fixed64"}, {"sfixed64", "fixed64"}, {"float", "float"},
        {"double", "double"},    {"string", "text"},     {"bytes", "text"}};
    const auto at = kGroups.find(type);
    return at == kGroups.end() ? std::string_view() : at->second;
}

class Diff {
  public:
    Diff(const File& now, const File& old) {
        now_.add(now.messages, now.enums, prefix(now));
        old_.add(old.messages, old.enums, prefix(old));
        const std::string now_prefix = prefix(now), old_prefix = prefix(old);
        for (const auto& [name, message] : old_.messages) {
            // A changed package alone is compatible: the wire has no names.
            const std::string same = now_prefix + name.substr(old_prefix.size());
            const auto at = now_.messages.find(same);
            if (at == now_.messages.end()) {
                add("MESSAGE_REMOVED", "#/" + name);
            } else {
                compare(*at->second, at->first + ".", *message, name + ".");
            }
        }
    }
    std::vector<std::string> found;

  private:
    static std::string prefix(const File& file) { return file.package.empty() ? "" : file.package + "."; }
    void add(std::string_view what, const std::string& path) {
        found.push_back(fmt::format("{{errorType:'{}', description:'{} at path {}', additionalInfo:''}}",
                                    what, what, path));
    }

    void compare(const Message& now, const std::string& now_scope, const Message& old,
                 const std::string& old_scope) {
        std::map<std::int32_t, const Field*> now_fields, old_fields;
        for (const Field& f : now.fields) now_fields[f.number] = &f;
        for (const Field& f : old.fields) old_fields[f.number] = &f;
        for (const auto& [number, was] : old_fields) {
            const std::string path =
                fmt::format("#/{}{}", old_scope.substr(0, old_scope.size() - 1), fmt::format("/{}", number));
            const auto at = now_fields.find(number);
            if (at != now_fields.end()) {
                compare_field(*at->second, now_scope, *was, old_scope, path);
            } else if (was->required) {
                add("REQUIRED_FIELD_REMOVED", path);
            } else if (!was->oneof.empty()) {
                add("ONEOF_FIELD_REMOVED", path);
            }
        }
        for (const auto& [number, is] : now_fields) {
            if (is->required && !old_fields.contains(number))
                add("REQUIRED_FIELD_ADDED",
                    fmt::format("#/{}/{}", old_scope.substr(0, old_scope.size() - 1), number));
        }
        compare_oneofs(now_fields, old, old_fields, old_scope);
    }

    void compare_oneofs(const std::map<std::int32_t, const Field*>& now_fields, const Message& old,
                        const std::map<std::int32_t, const Field*>& old_fields, const std::string& scope) {
        std::map<std::string, int> moved;
        for (const auto& [number, is] : now_fields) {
            const auto was = old_fields.find(number);
            if (is->oneof.empty() || was == old_fields.end() || !was->second->oneof.empty()) continue;
            const bool existed = std::ranges::find(old.oneofs, is->oneof) != old.oneofs.end();
            const std::string path = fmt::format("#/{}{}", scope, is->oneof);
            if (existed) {
                add("FIELD_MOVED_TO_EXISTING_ONEOF", path);
            } else if (++moved[is->oneof] == 2) {
                add("MULTIPLE_FIELDS_MOVED_TO_ONEOF", path);
            }
        }
    }

    void compare_field(const Field& now, const std::string& now_scope, const Field& old,
                       const std::string& old_scope, const std::string& path) {
        const std::string now_type = now_.resolve(now.type, now_scope);
        const std::string old_type = old_.resolve(old.type, old_scope);
        const std::string_view now_code = now_.enums.contains(now_type) ? "number" : encoding(now_type);
        const std::string_view old_code = old_.enums.contains(old_type) ? "number" : encoding(old_type);
        if (now_code.empty() != old_code.empty()) return add("FIELD_KIND_CHANGED", path);
        if (now_code != old_code) return add("FIELD_SCALAR_KIND_CHANGED", path);
        if (now_code.empty()) {
            const auto bare = [](const std::string& type) { return type.substr(type.rfind('.') + 1); };
            // Of another package (see above), or the same.
            if (now_type != old_type && (bare(now_type) != bare(old_type) || now_type.starts_with("map<")))
                return add("FIELD_NAMED_TYPE_CHANGED", path);
        }
        // Packed numbers are one field on the wire, single ones many.
        if (now.repeated != old.repeated && !now_code.empty() && now_code != "text")
            add("FIELD_NUMERIC_LABEL_CHANGED", path);
        if (now.required != old.required) add("REQUIRED_FIELD_ADDED", path);
    }

    Names now_;
    Names old_;
};

class ProtobufSchema final : public ParsedSchema {
  public:
    ProtobufSchema(std::string text, File file) : text_(std::move(text)), file_(std::move(file)) {}
    [[nodiscard]] SchemaType type() const override { return SchemaType::protobuf; }
    [[nodiscard]] std::string canonical() const override { return text_; }
    [[nodiscard]] std::vector<std::string> cannot_read(const ParsedSchema& writer) const override {
        return std::move(Diff(file_, static_cast<const ProtobufSchema&>(writer).file_).found);
    }

  private:
    const std::string text_;
    const File file_;
};

}  // namespace

Result<ParsedPtr> parse_protobuf(std::string_view text) {
    auto file = protobuf::parse_file(text);
    if (!file) return std::unexpected(std::move(file).error());
    if (file->messages.empty() && file->enums.empty() && file->imports.empty())
        return fail(Code::invalid_argument, "the file defines neither a message nor an enum");
    return std::make_shared<const ProtobufSchema>(std::string(text), std::move(*file));
}

}  // namespace mr::registry
