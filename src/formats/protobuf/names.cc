#include "formats/protobuf/names.h"

#include <algorithm>

namespace mr::formats::protobuf {
namespace {

void overrule(const Options& options, Features& features) {
    const auto set = [&](std::string_view name, std::string_view value, bool& to) {
        const auto it = options.find(name);
        if (it != options.end()) to = it->second == value;
    };
    set("features.field_presence", "IMPLICIT", features.implicit);
    set("features.field_presence", "LEGACY_REQUIRED", features.required);
    set("features.repeated_field_encoding", "PACKED", features.packed);
    set("features.enum_type", "CLOSED", features.closed);
    set("features.message_encoding", "DELIMITED", features.delimited);
    set("packed", "true", features.packed);
}

}  // namespace

Features features_of(const File& file) {
    Features out;
    out.proto3 = out.implicit = file.syntax == "proto3";
    out.closed = file.syntax == "proto2";
    out.packed = file.syntax != "proto2";
    overrule(file.options, out);
    return out;
}

Features features_of(const Field& field, Features of_file) {
    overrule(field.options, of_file);
    // A scalar whose presence can be told.
    if (field.optional || !field.oneof.empty()) of_file.implicit = false;
    if (field.required) of_file.required = true;
    return of_file;
}

void Names::add(const File& file) {
    add(file.messages, file.enums, file.package.empty() ? "" : file.package + ".", features_of(file));
}

void Names::add(const std::vector<Message>& messages, const std::vector<Enum>& enums,
                const std::string& scope, const Features& features) {
    for (const Enum& e : enums) {
        Features own = features;
        overrule(e.options, own);
        all_[scope + e.name] = {nullptr, &e, scope + e.name, own};
    }
    for (const Message& m : messages) {
        all_[scope + m.name] = {&m, nullptr, scope + m.name, features};
        add(m.messages, m.enums, scope + m.name + ".", features);
    }
}

std::optional<Names::Found> Names::find(std::string scope, std::string_view type) const {
    if (type.starts_with('.')) return at(std::string(type.substr(1)));
    while (true) {
        auto found = at(scope.empty() ? std::string(type) : fmt::format("{}.{}", scope, type));
        if (found || scope.empty()) return found;
        const std::size_t dot = scope.rfind('.');
        scope.resize(dot == std::string::npos ? 0 : dot);
    }
}

std::vector<std::string> Names::messages_named(std::string_view wanted) const {
    std::string name(wanted);
    std::ranges::replace(name, '$', '.');
    std::vector<std::string> out;
    while (!name.empty()) {
        for (const auto& [full, found] : all_) {
            if (found.message == nullptr) continue;
            if (full == name) return {full};
            if (full.ends_with("." + name)) out.push_back(full);
        }
        if (!out.empty()) break;
        const std::size_t dot = name.find('.');
        name = dot == std::string::npos ? "" : name.substr(dot + 1);
    }
    return out;
}

std::optional<Names::Found> Names::at(const std::string& full) const {
    const auto it = all_.find(full);
    return it == all_.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace mr::formats::protobuf
