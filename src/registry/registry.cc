#include "registry/registry.h"

#include <algorithm>

#include "base/check.h"

namespace mr::registry {
namespace {

constexpr std::uint8_t kEntryVersion = 1;

}  // namespace

const VersionRecord* Subject::find(std::int32_t version) const {
    const auto it = std::find_if(versions.begin(), versions.end(),
                                 [&](const VersionRecord& v) { return v.version == version; });
    return it == versions.end() ? nullptr : &*it;
}

const VersionRecord* Subject::latest() const {
    const auto it =
        std::find_if(versions.rbegin(), versions.rend(), [](const VersionRecord& v) { return !v.deleted; });
    return it == versions.rend() ? nullptr : &*it;
}

std::shared_ptr<const Subject> RegistryView::subject(std::string_view name) const {
    const auto it = subjects.find(name);
    return it == subjects.end() ? nullptr : it->second;
}

std::shared_ptr<const SchemaRecord> RegistryView::schema(std::int32_t id) const {
    const auto it = schemas.find(id);
    return it == schemas.end() ? nullptr : it->second;
}

std::shared_ptr<const SchemaRecord> RegistryView::find_text(SchemaType type, std::string_view text,
                                                            const std::vector<Reference>& references) const {
    for (const auto& [id, schema] : schemas) {
        if (schema->type == type && schema->text == text && schema->references == references) return schema;
    }
    return nullptr;
}

Compatibility RegistryView::compatibility(const Subject* subject) const {
    if (subject != nullptr && subject->rules.compatibility) return *subject->rules.compatibility;
    return rules.compatibility.value_or(Compatibility::backward);
}

Mode RegistryView::effective_mode(const Subject* subject) const {
    const Mode global = mode.value_or(Mode::readwrite);
    if (global == Mode::readonly_override) return global;
    return subject != nullptr && subject->mode ? *subject->mode : global;
}

std::uint64_t RegistryView::revision_of(std::string_view name) const {
    const auto found = subject(name);
    return found == nullptr ? 0 : found->revision;
}

std::vector<std::pair<std::string, VersionRecord>> RegistryView::referenced_by(std::string_view name,
                                                                               std::int32_t version) const {
    std::vector<std::pair<std::string, VersionRecord>> out;
    for (const auto& [other, found] : subjects) {
        for (const auto& record : found->versions) {
            if (record.deleted) continue;
            const auto used = schema(record.id);
            const bool refers =
                used != nullptr &&
                std::any_of(used->references.begin(), used->references.end(),
                            [&](const Reference& r) { return r.subject == name && r.version == version; });
            if (refers) out.emplace_back(other, record);
        }
    }
    return out;
}

class Registry::ChangeProposal final : public journal::Proposal {
  public:
    ChangeProposal(Registry& registry, Change change, std::uint64_t expected,
                   std::move_only_function<void(ChangeResult)> answer)
        : registry_(registry), change_(std::move(change)), expected_(expected), answer_(std::move(answer)) {}

    void order(journal::Appender& out) override {
        const RegistryView& state = *registry_.state_;
        last_ = Seq(out.next_seq().value - 1);
        if (state.revision_of(change_.subject) != expected_) {
            result_.stale = true;
            return;
        }
        change_.time = out.now();
        if (change_.kind == Change::Kind::add_version) assign(state);
        result_.version = change_.version;
        result_.id = change_.id;
        last_ = out.append(journal::Kind::schema, encode_change(change_), kEntryVersion);
    }
    void done() override {
        registry_.durable(last_);
        if (answer_) answer_(result_);
    }
    [[nodiscard]] std::size_t bytes() const override {
        return 128 + change_.subject.size() + change_.text.size();
    }

  private:
    void assign(const RegistryView& state) {
        if (change_.id == 0) {
            const auto known = state.find_text(change_.type, change_.text, change_.references);
            change_.id = known != nullptr ? known->id : state.highest_id + 1;
        }
        if (change_.version == 0) {
            const auto subject = state.subject(change_.subject);
            change_.version = subject == nullptr ? 1 : subject->highest_version + 1;
        }
    }
    Registry& registry_;
    Change change_;
    const std::uint64_t expected_;
    std::move_only_function<void(ChangeResult)> answer_;
    ChangeResult result_;
    Seq last_;
};

Registry::Registry() : state_(std::make_shared<const RegistryView>()), published_(state_), newest_(state_) {}
Registry::~Registry() = default;

std::shared_ptr<const RegistryView> Registry::view() const {
    return published_.load();
}

std::shared_ptr<const RegistryView> Registry::newest() const {
    const std::lock_guard lock(mutex_);
    return newest_;
}

std::unique_ptr<journal::Proposal> Registry::propose(Change change, std::uint64_t expected,
                                                     std::move_only_function<void(ChangeResult)> answer) {
    return std::make_unique<ChangeProposal>(*this, std::move(change), expected, std::move(answer));
}

void Registry::apply(const journal::Entry& entry) {
    MR_CHECK(entry.version == kEntryVersion, "entry {}: schema version {}", entry.seq, entry.version);
    const auto change = decode_change(entry.payload.view());
    MR_CHECK(change.has_value(), "entry {}: {}", entry.seq, change.error().message);
    // A registry is small and changes rarely: each state is a copy of the maps, which share their values.
    auto next = std::make_shared<RegistryView>(*state_);
    apply_change(*next, *change, entry.seq);
    applied_ = entry.seq;
    state_ = std::move(next);
    published_.add(entry.seq, state_);
    const std::lock_guard lock(mutex_);
    newest_ = state_;
}

void Registry::apply_change(RegistryView& next, const Change& change, Seq seq) {
    if (change.subject.empty()) {
        if (change.kind == Change::Kind::set_rules) next.rules = change.rules;
        if (change.kind == Change::Kind::set_mode) next.mode = change.mode;
        return;
    }
    const auto before = next.subject(change.subject);
    auto subject = before == nullptr ? std::make_shared<Subject>() : std::make_shared<Subject>(*before);
    subject->name = change.subject;
    subject->revision = seq.value;
    switch (change.kind) {
        case Change::Kind::add_version: {
            auto& schema = next.schemas[change.id];
            if (schema == nullptr) {
                schema = std::make_shared<const SchemaRecord>(
                    SchemaRecord{change.id, change.type, change.text, change.references, seq});
            }
            next.highest_id = std::max(next.highest_id, change.id);
            std::erase_if(subject->versions,
                          [&](const VersionRecord& v) { return v.version == change.version; });
            subject->versions.push_back({change.version, change.id, false});
            std::sort(subject->versions.begin(), subject->versions.end(),
                      [](const VersionRecord& a, const VersionRecord& b) { return a.version < b.version; });
            subject->highest_version = std::max(subject->highest_version, change.version);
            break;
        }
        case Change::Kind::delete_version:
            if (change.permanent) {
                std::erase_if(subject->versions,
                              [&](const VersionRecord& v) { return v.version == change.version; });
            } else {
                for (auto& version : subject->versions)
                    version.deleted = version.deleted || version.version == change.version;
            }
            break;
        case Change::Kind::delete_subject:
            if (change.permanent) {
                next.subjects.erase(change.subject);
                return;
            }
            for (auto& version : subject->versions) version.deleted = true;
            subject->rules = {};
            subject->mode.reset();
            break;
        case Change::Kind::set_rules:
            subject->rules = change.rules;
            break;
        case Change::Kind::set_mode:
            subject->mode = change.mode;
            break;
    }
    next.subjects[change.subject] = std::move(subject);
}

void Registry::durable(Seq through) {
    published_.durable(through);
}

std::unique_ptr<journal::Cut> Registry::cut() {
    auto cut = std::make_unique<journal::Cut>();
    cut->through = applied_;
    cut->write = [state = state_](std::string& out) -> Status {
        out += encode_view(*state);
        return {};
    };
    return cut;
}

Status Registry::restore(std::string_view bytes, Seq through) {
    MR_TRY(auto view, decode_view(bytes));
    state_ = std::make_shared<const RegistryView>(std::move(view));
    applied_ = through;
    return {};
}

Status Registry::recovered(Seq last) {
    static_cast<void>(last);
    published_.reset(state_);
    const std::lock_guard lock(mutex_);
    newest_ = state_;
    return {};
}

}  // namespace mr::registry
