// RegistryService: what reads answer. Changes are in service_changes.cc.
#include "registry/service.h"

#include <algorithm>
#include <charconv>

#include "base/json_writer.h"
#include "registry/internal/service_errors.h"

namespace mr::registry {

using internal::refuse;

namespace {

/// Of one schema.
constexpr std::size_t kReferencesMax = 1'000;
/// How deep references may refer to schemas with references.
constexpr int kReferenceDepthMax = 20;
/// Parsed schemas kept; more than that many start over.
constexpr std::size_t kParsedMax = 1'000;

void write_references(JsonWriter& out, const std::vector<Reference>& references) {
    if (references.empty()) return;
    out.key("references").begin_array();
    for (const auto& reference : references) {
        out.begin_object();
        out.member("name", reference.name)
            .member("subject", reference.subject)
            .member("version", reference.version);
        out.end_object();
    }
    out.end_array();
}

/// AVRO is what no type means.
void write_type(JsonWriter& out, SchemaType type) {
    if (type != SchemaType::avro) out.member("schemaType", to_string(type));
}

void write_version(JsonWriter& out, const std::string& subject, const VersionRecord& version,
                   const SchemaRecord& schema) {
    out.begin_object();
    out.member("subject", subject).member("version", version.version).member("id", version.id);
    write_type(out, schema.type);
    write_references(out, schema.references);
    out.member("schema", schema.text);
    if (version.deleted) out.member("deleted", true);
    out.end_object();
}

/// The part of a list that offset and limit ask for.
template <class T>
void cut_list(std::vector<T>& list, const ListOptions& options) {
    list.erase(list.begin(),
               list.begin() + static_cast<std::ptrdiff_t>(std::min(options.offset, list.size())));
    if (options.limit && list.size() > *options.limit) list.resize(*options.limit);
}

template <class T>
std::string to_json(const std::vector<T>& list) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const auto& item : list) json.value(item);
    json.end_array();
    return out;
}

bool listed(const VersionRecord& version, const ListOptions& options) {
    return options.deleted_only ? version.deleted : options.deleted || !version.deleted;
}

}  // namespace

namespace internal {

Outcome<std::int32_t> parse_version(const std::string& text) {
    if (text == "latest" || text == "-1") return -1;
    std::int32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 1) {
        return refuse(42202,
                      "The specified version '{}' is not a valid version id. Allowed values are between [1, "
                      "2^31-1] and "
                      "the string \"latest\"",
                      text);
    }
    return number;
}

Outcome<FoundVersion> find_version(const RegistryView& view, const std::string& subject,
                                   const std::string& version, bool deleted) {
    auto number = parse_version(version);
    if (!number) return std::unexpected(std::move(number).error());
    const auto found = view.subject(subject);
    if (found == nullptr || found->versions.empty() || (!deleted && found->is_deleted())) {
        return refuse(40401, "Subject '{}' not found.", subject);
    }
    const VersionRecord* record = *number == -1 ? found->latest() : found->find(*number);
    if (record == nullptr && *number == -1 && deleted) record = &found->versions.back();
    if (record == nullptr || (record->deleted && !deleted))
        return refuse(40402, "Version {} not found.", version);
    const auto schema = view.schema(record->id);
    if (schema == nullptr) return refuse(50001, "Schema {} is missing from the store", record->id);
    return FoundVersion{found, *record, schema};
}

}  // namespace internal

RegistryService::RegistryService(Registry& registry, Submit submit)
    : registry_(registry), submit_(std::move(submit)) {}
RegistryService::~RegistryService() = default;

std::string RegistryService::subjects(const ListOptions& options) const {
    const auto view = registry_.view();
    // Confluent's wildcard context prefix means "all".
    const std::string prefix = options.prefix == ":*:" ? std::string() : options.prefix;
    std::vector<std::string> names;
    for (const auto& [name, subject] : view->subjects) {
        if (subject->versions.empty() || !name.starts_with(prefix)) continue;
        const bool gone = subject->is_deleted();
        if (options.deleted_only ? gone : options.deleted || !gone) names.push_back(name);
    }
    cut_list(names, options);
    return to_json(names);
}

Outcome<std::string> RegistryService::versions(const std::string& subject, const ListOptions& options) const {
    const auto found = registry_.view()->subject(subject);
    std::vector<std::int32_t> numbers;
    if (found != nullptr) {
        for (const auto& version : found->versions) {
            if (listed(version, options)) numbers.push_back(version.version);
        }
    }
    if (numbers.empty()) return refuse(40401, "Subject '{}' not found.", subject);
    cut_list(numbers, options);
    return to_json(numbers);
}

Outcome<std::string> RegistryService::version(const std::string& subject, const std::string& version,
                                              bool deleted, bool schema_only) const {
    auto found = internal::find_version(*registry_.view(), subject, version, deleted);
    if (!found) return std::unexpected(std::move(found).error());
    if (schema_only) return found->schema->text;
    std::string out;
    JsonWriter json(out);
    write_version(json, subject, found->version, *found->schema);
    return out;
}

Outcome<std::string> RegistryService::referenced_by(const std::string& subject,
                                                    const std::string& version) const {
    const auto view = registry_.view();
    auto found = internal::find_version(*view, subject, version, true);
    if (!found) return std::unexpected(std::move(found).error());
    std::vector<std::int32_t> ids;
    for (const auto& [other, record] : view->referenced_by(subject, found->version.version))
        ids.push_back(record.id);
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return to_json(ids);
}

Outcome<std::string> RegistryService::schema_by_id(std::int32_t id, bool schema_only,
                                                   bool fetch_max_id) const {
    const auto view = registry_.view();
    const auto schema = view->schema(id);
    if (schema == nullptr) return refuse(40403, "Schema {} not found", id);
    if (schema_only) return schema->text;
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    write_type(json, schema->type);
    json.member("schema", schema->text);
    write_references(json, schema->references);
    if (fetch_max_id) json.member("maxId", view->highest_id);
    json.end_object();
    return out;
}

Outcome<std::string> RegistryService::subjects_of_id(std::int32_t id, bool deleted) const {
    const auto view = registry_.view();
    if (view->schema(id) == nullptr) return refuse(40403, "Schema {} not found", id);
    std::vector<std::string> names;
    for (const auto& [name, subject] : view->subjects) {
        const bool uses =
            std::any_of(subject->versions.begin(), subject->versions.end(),
                        [&](const VersionRecord& v) { return v.id == id && (deleted || !v.deleted); });
        if (uses) names.push_back(name);
    }
    return to_json(names);
}

Outcome<std::string> RegistryService::versions_of_id(std::int32_t id, bool deleted) const {
    const auto view = registry_.view();
    if (view->schema(id) == nullptr) return refuse(40403, "Schema {} not found", id);
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const auto& [name, subject] : view->subjects) {
        for (const auto& version : subject->versions) {
            if (version.id != id || (version.deleted && !deleted)) continue;
            json.begin_object().member("subject", name).member("version", version.version).end_object();
        }
    }
    json.end_array();
    return out;
}

std::string RegistryService::schemas(const ListOptions& options, bool latest_only) const {
    const auto view = registry_.view();
    struct Item {
        std::string subject;
        VersionRecord version;
    };
    std::vector<Item> items;
    for (const auto& [name, subject] : view->subjects) {
        if (!name.starts_with(options.prefix == ":*:" ? "" : options.prefix)) continue;
        for (const auto& version : subject->versions) {
            if (!listed(version, options)) continue;
            if (latest_only &&
                (subject->latest() == nullptr || subject->latest()->version != version.version))
                continue;
            items.push_back({name, version});
        }
    }
    cut_list(items, options);
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const auto& item : items) {
        if (const auto schema = view->schema(item.version.id))
            write_version(json, item.subject, item.version, *schema);
    }
    json.end_array();
    return out;
}

// --- understanding schemas -------------------------------------------------------------------------------

Outcome<std::vector<ParsedPtr>> RegistryService::targets(const RegistryView& view,
                                                         const std::vector<Reference>& references,
                                                         int depth) const {
    std::vector<ParsedPtr> out;
    for (const auto& reference : references) {
        if (depth > kReferenceDepthMax) return refuse(42201, "References are nested too deeply");
        const auto found = internal::find_version(
            view, reference.subject, reference.version == -1 ? "latest" : std::to_string(reference.version),
            true);
        if (!found) {
            return refuse(42201,
                          "Invalid schema: no schema reference found for subject \"{}\" and version {}",
                          reference.subject, reference.version);
        }
        auto parsed = stored(view, found->schema->id, depth + 1);
        if (!parsed) return std::unexpected(std::move(parsed).error());
        out.push_back(std::move(*parsed));
    }
    return out;
}

Outcome<ParsedPtr> RegistryService::stored(const RegistryView& view, std::int32_t id, int depth) const {
    {
        const std::lock_guard lock(mutex_);
        if (const auto it = parsed_.find(id); it != parsed_.end()) return it->second;
    }
    const auto schema = view.schema(id);
    if (schema == nullptr) return refuse(40403, "Schema {} not found", id);
    auto found = targets(view, schema->references, depth);
    if (!found) return std::unexpected(std::move(found).error());
    auto parsed = parse_schema(schema->type, schema->text, schema->references, *found, false);
    if (!parsed) return refuse(50001, "Stored schema {} cannot be parsed: {}", id, parsed.error().message);
    const std::lock_guard lock(mutex_);
    if (parsed_.size() >= kParsedMax) parsed_.clear();
    parsed_[id] = *parsed;
    return *parsed;
}

Outcome<RegistryService::Resolved> RegistryService::parse(const RegistryView& view,
                                                          const RegisterRequest& request, bool is_new) const {
    if (request.text.size() > kSchemaBytesMax) {
        return refuse(42209, "Schema is too large: {} bytes, at most {}", request.text.size(),
                      kSchemaBytesMax);
    }
    std::size_t reference_bytes = 0;
    for (const auto& reference : request.references)
        reference_bytes += reference.name.size() + reference.subject.size();
    if (request.references.size() > kReferencesMax || reference_bytes > kSchemaBytesMax) {
        return refuse(42209, "Too many references: at most {}", kReferencesMax);
    }
    if (request.text.empty()) return refuse(42201, "Invalid schema: empty");
    auto found = targets(view, request.references, 0);
    if (!found) return std::unexpected(std::move(found).error());
    auto parsed = parse_schema(request.type, request.text, request.references, *found, is_new);
    if (!parsed) {
        return refuse(42201, "Invalid schema of type {}, details: {}", to_string(request.type),
                      parsed.error().message);
    }
    return Resolved{*parsed, (*parsed)->canonical()};
}

Outcome<std::vector<std::string>> RegistryService::incompatibilities(const RegistryView& view,
                                                                     const Subject* subject,
                                                                     const ParsedSchema& schema) const {
    std::vector<ParsedPtr> previous;
    const Compatibility level = view.compatibility(subject);
    if (subject == nullptr || level == Compatibility::none) return std::vector<std::string>();
    for (auto it = subject->versions.rbegin(); it != subject->versions.rend(); ++it) {
        if (it->deleted) continue;
        auto parsed = stored(view, it->id, 0);
        if (!parsed) return std::unexpected(std::move(parsed).error());
        previous.push_back(std::move(*parsed));
        if (!is_transitive(level)) break;
    }
    return check_compatible(schema, previous, level);
}

Outcome<std::string> RegistryService::lookup(const RegisterRequest& request, bool deleted) const {
    const auto view = registry_.view();
    const auto subject = view->subject(request.subject);
    if (subject == nullptr || subject->versions.empty() || (!deleted && subject->is_deleted())) {
        return refuse(40401, "Subject '{}' not found.", request.subject);
    }
    auto resolved = parse(*view, request, false);
    if (!resolved) return std::unexpected(std::move(resolved).error());
    for (auto it = subject->versions.rbegin(); it != subject->versions.rend(); ++it) {
        const auto schema = view->schema(it->id);
        if (schema == nullptr || (it->deleted && !deleted) || schema->type != request.type ||
            schema->text != resolved->text || schema->references != request.references) {
            continue;
        }
        std::string out;
        JsonWriter json(out);
        write_version(json, request.subject, *it, *schema);
        return out;
    }
    return refuse(40403, "Schema not found");
}

Outcome<std::string> RegistryService::test_compatibility(const RegisterRequest& request,
                                                         const std::optional<std::string>& version,
                                                         bool verbose) const {
    const auto view = registry_.view();
    auto resolved = parse(*view, request, true);
    if (!resolved) return std::unexpected(std::move(resolved).error());
    const auto subject = view->subject(request.subject);
    std::vector<std::string> lines;
    if (version) {
        auto found = internal::find_version(*view, request.subject, *version, false);
        if (!found) return std::unexpected(std::move(found).error());
        auto parsed = stored(*view, found->schema->id, 0);
        if (!parsed) return std::unexpected(std::move(parsed).error());
        lines = check_compatible(*resolved->schema, {*parsed}, view->compatibility(subject.get()));
    } else {
        auto found = incompatibilities(*view, subject.get(), *resolved->schema);
        if (!found) return std::unexpected(std::move(found).error());
        lines = std::move(*found);
    }
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("is_compatible", lines.empty());
    if (verbose) {
        json.key("messages").begin_array();
        for (const auto& line : lines) json.value(line);
        json.end_array();
    }
    json.end_object();
    return out;
}

Outcome<ParsedPtr> RegistryService::parsed_schema(const RegistryView& view, std::int32_t id) const {
    return stored(view, id, 0);
}

Outcome<std::string> RegistryService::config(const std::string& subject, bool default_to_global) const {
    const auto view = registry_.view();
    const auto found = subject.empty() ? nullptr : view->subject(subject);
    const Rules none;
    const Rules& rules = subject.empty() ? view->rules : found != nullptr ? found->rules : none;
    if (!subject.empty() && !rules.compatibility && !default_to_global) {
        return refuse(40408, "Subject '{}' does not have subject-level compatibility configured", subject);
    }
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("compatibilityLevel", to_string(view->compatibility(found.get())));
    if (rules.normalize) json.member("normalize", *rules.normalize);
    json.end_object();
    return out;
}

Outcome<std::string> RegistryService::mode(const std::string& subject, bool default_to_global) const {
    const auto view = registry_.view();
    const auto found = subject.empty() ? nullptr : view->subject(subject);
    if (!subject.empty() && !default_to_global && (found == nullptr || !found->mode)) {
        return refuse(40409, "Subject '{}' does not have subject-level mode configured", subject);
    }
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("mode", to_string(view->effective_mode(found.get()))).end_object();
    return out;
}

}  // namespace mr::registry
