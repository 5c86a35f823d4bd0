// RegistryService: the operations that change something.
#include <algorithm>

#include "base/json_writer.h"
#include "registry/internal/service_errors.h"
#include "registry/service.h"

namespace mr::registry {

using internal::refuse;

namespace {

/// How often a change that lost a race is tried again.
constexpr int kAttempts = 10;
constexpr std::size_t kSubjectBytesMax = 4'096;

bool is_readonly(Mode mode) {
    return mode == Mode::readonly || mode == Mode::readonly_override;
}

std::unexpected<ServiceError> readonly_error(const std::string& subject) {
    return refuse(42205, "Subject {} is in read-only mode", subject);
}

/// Kept as Confluent writes it: clients show it.
std::unexpected<ServiceError> referenced_error(const std::string& subject, std::int32_t version) {
    return refuse(
        42206, "One or more references exist to the schema {{magic=1,keytype=SCHEMA,subject={},version={}}}.",
        subject, version);
}

std::string one_member(std::string_view name, std::string_view value) {
    std::string out;
    JsonWriter(out).begin_object().member(name, value).end_object();
    return out;
}

std::string id_answer(std::int32_t id) {
    std::string out;
    JsonWriter(out).begin_object().member("id", id).end_object();
    return out;
}

}  // namespace

void RegistryService::carry_out(std::string subject, MakePlan make, Answer answer, int attempts) {
    const auto view = registry_.view();
    auto plan = make(*view);
    if (!plan) return answer(std::unexpected(std::move(plan).error()));
    if (!plan->change) return answer(std::move(plan->ready));
    if (attempts >= kAttempts)
        return answer(refuse(50003, "Subject '{}' is being changed by others all the time", subject));
    const std::uint64_t expected = view->revision_of(subject);
    auto shared = std::make_shared<Answer>(std::move(answer));
    auto proposal =
        registry_.propose(std::move(*plan->change), expected,
                          [this, subject, make, shared, attempts,
                           format = std::move(plan->format)](const ChangeResult& result) {
                              if (result.stale)
                                  return carry_out(subject, make, std::move(*shared), attempts + 1);
                              (*shared)(format(result));
                          });
    if (!submit_(std::move(proposal))) (*shared)(refuse(50003, "The registry is stopping"));
}

Outcome<RegistryService::Plan> RegistryService::plan_registration(const RegistryView& view,
                                                                  const RegisterRequest& request) const {
    const auto subject = view.subject(request.subject);
    const Mode mode = view.effective_mode(subject.get());
    if (is_readonly(mode)) return readonly_error(request.subject);
    const bool import = mode == Mode::import;
    if (request.id != 0 && !import) return refuse(42205, "Subject {} is not in import mode", request.subject);
    auto resolved = parse(view, request, !import);
    if (!resolved) return std::unexpected(std::move(resolved).error());
    const auto format = [](const ChangeResult& result) { return id_answer(result.id); };
    const auto known = view.find_text(request.type, resolved->text, request.references);
    if (known != nullptr && subject != nullptr && (request.id == 0 || request.id == known->id)) {
        const bool registered =
            std::any_of(subject->versions.begin(), subject->versions.end(), [&](const VersionRecord& v) {
                return !v.deleted && v.id == known->id &&
                       (request.version == 0 || request.version == v.version);
            });
        if (registered) return Plan{.ready = id_answer(known->id)};
    }
    if (request.id != 0) {
        const auto taken = view.schema(request.id);
        if (taken != nullptr && (taken->type != request.type || taken->text != resolved->text)) {
            return refuse(42207, "Overwrite new schema with id {} is not permitted.", request.id);
        }
    }
    if (!import) {
        auto lines = incompatibilities(view, subject.get(), *resolved->schema);
        if (!lines) return std::unexpected(std::move(lines).error());
        if (!lines->empty()) {
            return refuse(
                409,
                "Schema being registered is incompatible with an earlier schema for subject \"{}\", "
                "details: [{}]",
                request.subject, fmt::join(*lines, ", "));
        }
    }
    if (subject == nullptr && view.subjects.size() >= kSubjectsMax) {
        return refuse(42205, "Too many subjects: at most {}", kSubjectsMax);
    }
    return Plan{.change = Change{.kind = Change::Kind::add_version,
                                 .subject = request.subject,
                                 .version = request.version,
                                 .id = request.id,
                                 .type = request.type,
                                 .text = std::move(resolved->text),
                                 .references = request.references},
                .format = format};
}

void RegistryService::register_schema(RegisterRequest request, Answer answer) {
    const std::string subject = request.subject;
    if (subject.empty() || subject.size() > kSubjectBytesMax) {
        return answer(refuse(42208, "The specified subject '{}' is not a valid.", subject.substr(0, 100)));
    }
    carry_out(
        subject,
        [this, request = std::move(request)](const RegistryView& view) {
            return plan_registration(view, request);
        },
        std::move(answer));
}

void RegistryService::delete_version(const std::string& subject, const std::string& version, bool permanent,
                                     Answer answer) {
    const auto make = [subject, version, permanent](const RegistryView& view) -> Outcome<Plan> {
        const auto found_subject = view.subject(subject);
        if (is_readonly(view.effective_mode(found_subject.get()))) return readonly_error(subject);
        auto found = internal::find_version(view, subject, version, true);
        if (!found) return std::unexpected(std::move(found).error());
        const std::int32_t number = found->version.version;
        if (!permanent && found->version.deleted) {
            return refuse(40406,
                          "Subject '{}' Version {} was soft deleted.Set permanent=true to delete permanently",
                          subject, number);
        }
        if (permanent && !found->version.deleted) {
            return refuse(40407,
                          "Subject '{}' Version {} was not deleted first before being permanently deleted",
                          subject, number);
        }
        if (!view.referenced_by(subject, number).empty()) return referenced_error(subject, number);
        return Plan{.change = Change{.kind = Change::Kind::delete_version,
                                     .subject = subject,
                                     .version = number,
                                     .permanent = permanent},
                    .format = [number](const ChangeResult&) { return std::to_string(number); }};
    };
    carry_out(subject, make, std::move(answer));
}

void RegistryService::delete_subject(const std::string& subject, bool permanent, Answer answer) {
    const auto make = [subject, permanent](const RegistryView& view) -> Outcome<Plan> {
        const auto found = view.subject(subject);
        if (found == nullptr || found->versions.empty())
            return refuse(40401, "Subject '{}' not found.", subject);
        if (is_readonly(view.effective_mode(found.get()))) return readonly_error(subject);
        if (!permanent && found->is_deleted()) {
            return refuse(40404, "Subject '{}' was soft deleted.Set permanent=true to delete permanently",
                          subject);
        }
        if (permanent && !found->is_deleted()) {
            return refuse(40405, "Subject '{}' was not deleted first before being permanently deleted",
                          subject);
        }
        std::string versions;
        JsonWriter json(versions);
        json.begin_array();
        for (const auto& version : found->versions) {
            if (version.deleted && !permanent) continue;
            if (!view.referenced_by(subject, version.version).empty())
                return referenced_error(subject, version.version);
            json.value(version.version);
        }
        json.end_array();
        return Plan{
            .change =
                Change{.kind = Change::Kind::delete_subject, .subject = subject, .permanent = permanent},
            .format = [versions](const ChangeResult&) { return versions; }};
    };
    carry_out(subject, make, std::move(answer));
}

void RegistryService::set_config(const std::string& subject, Rules rules, Answer answer) {
    const auto make = [subject, rules](const RegistryView& view) -> Outcome<Plan> {
        const auto found = view.subject(subject);
        Rules next;
        if (subject.empty()) {
            next = view.rules;
        } else if (found != nullptr) {
            next = found->rules;
        }
        if (rules.compatibility) next.compatibility = rules.compatibility;
        if (rules.normalize) next.normalize = rules.normalize;
        std::string text;
        JsonWriter json(text);
        json.begin_object();
        if (rules.compatibility) json.member("compatibility", to_string(*rules.compatibility));
        if (rules.normalize) json.member("normalize", *rules.normalize);
        json.end_object();
        return Plan{.change = Change{.kind = Change::Kind::set_rules, .subject = subject, .rules = next},
                    .format = [text](const ChangeResult&) { return text; }};
    };
    carry_out(subject, make, std::move(answer));
}

void RegistryService::delete_config(const std::string& subject, Answer answer) {
    const auto make = [subject](const RegistryView& view) -> Outcome<Plan> {
        const auto found = view.subject(subject);
        if (!subject.empty() && (found == nullptr || !found->rules.compatibility)) {
            return refuse(40408, "Subject '{}' does not have subject-level compatibility configured",
                          subject);
        }
        const std::string text = one_member("compatibilityLevel", to_string(view.compatibility(found.get())));
        return Plan{.change = Change{.kind = Change::Kind::set_rules, .subject = subject},
                    .format = [text](const ChangeResult&) { return text; }};
    };
    carry_out(subject, make, std::move(answer));
}

void RegistryService::set_mode(const std::string& subject, Mode mode, bool force, Answer answer) {
    const auto make = [subject, mode, force](const RegistryView& view) -> Outcome<Plan> {
        if (mode == Mode::import && !force) {
            const auto found = view.subject(subject);
            const bool any = subject.empty()
                                 ? std::any_of(view.subjects.begin(), view.subjects.end(),
                                               [](const auto& item) { return !item.second->is_deleted(); })
                                 : found != nullptr && !found->is_deleted();
            if (any) return refuse(42205, "Cannot import since found existing subjects");
        }
        const std::string text = one_member("mode", to_string(mode));
        return Plan{.change = Change{.kind = Change::Kind::set_mode, .subject = subject, .mode = mode},
                    .format = [text](const ChangeResult&) { return text; }};
    };
    carry_out(subject, make, std::move(answer));
}

void RegistryService::delete_mode(const std::string& subject, Answer answer) {
    const auto make = [subject](const RegistryView& view) -> Outcome<Plan> {
        const auto found = view.subject(subject);
        if (!subject.empty() && (found == nullptr || !found->mode)) {
            return refuse(40409, "Subject '{}' does not have subject-level mode configured", subject);
        }
        const std::string text = one_member("mode", to_string(view.effective_mode(found.get())));
        return Plan{.change = Change{.kind = Change::Kind::set_mode, .subject = subject},
                    .format = [text](const ChangeResult&) { return text; }};
    };
    carry_out(subject, make, std::move(answer));
}

}  // namespace mr::registry
