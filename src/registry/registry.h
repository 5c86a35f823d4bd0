// The schema registry: subjects, their versions and rules, as one participant of the journal.
// Format of its entries and snapshot: docs/formats/registry-store.md
//
// State changes by entries on the journal thread; everybody else reads an immutable view that is published
// when its last entry is on disk. Parsing and comparing schemas is done by whoever proposes a change, against
// such a view; the proposal carries the subject's revision and is refused (`stale`) when the subject has
// changed since, so that the journal thread decides by comparing two numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "journal/durable_view.h"
#include "journal/journal.h"
#include "journal/participant.h"
#include "registry/schema.h"

namespace mr::registry {

inline constexpr std::size_t kSubjectsMax = 100'000;
inline constexpr std::size_t kSchemaBytesMax = 1U << 20;

struct SchemaRecord {
    std::int32_t id = 0;
    SchemaType type{};
    std::string text;  ///< canonical
    std::vector<Reference> references;
    Seq since{};  ///< the entry that brought it: records of later entries may name it
};

struct VersionRecord {
    std::int32_t version = 0;
    std::int32_t id = 0;
    bool deleted = false;  ///< softly: readable by id, no longer listed
};

struct Rules {
    std::optional<Compatibility> compatibility{};
    std::optional<bool> normalize{};
};

struct Subject {
    std::string name;
    std::vector<VersionRecord> versions;  ///< ascending
    std::int32_t highest_version = 0;     ///< ever given out, removed ones included
    std::uint64_t revision = 0;           ///< sequence of the last entry that changed anything of it
    Rules rules;
    std::optional<Mode> mode{};

    [[nodiscard]] const VersionRecord* find(std::int32_t version) const;
    /// The newest version that is not deleted; nullptr when there is none.
    [[nodiscard]] const VersionRecord* latest() const;
    [[nodiscard]] bool is_deleted() const { return latest() == nullptr; }
};

/// Everything, as of one entry. Thread: any (immutable).
struct RegistryView {
    std::map<std::int32_t, std::shared_ptr<const SchemaRecord>> schemas;
    std::map<std::string, std::shared_ptr<const Subject>, std::less<>> subjects;
    Rules rules;
    std::optional<Mode> mode{};
    std::int32_t highest_id = 0;

    [[nodiscard]] std::shared_ptr<const Subject> subject(std::string_view name) const;
    [[nodiscard]] std::shared_ptr<const SchemaRecord> schema(std::int32_t id) const;
    /// The schema of that text, type and references, wherever it is used; nullptr when nobody registered it.
    [[nodiscard]] std::shared_ptr<const SchemaRecord> find_text(
        SchemaType type, std::string_view text, const std::vector<Reference>& references) const;
    /// With "what the subject does not say, the registry does".
    [[nodiscard]] Compatibility compatibility(const Subject* subject) const;
    [[nodiscard]] Mode effective_mode(const Subject* subject) const;
    [[nodiscard]] std::uint64_t revision_of(std::string_view subject) const;
    /// (subject, version) of schemas that refer to that version.
    [[nodiscard]] std::vector<std::pair<std::string, VersionRecord>> referenced_by(
        std::string_view subject, std::int32_t version) const;
};

/// One change. Exactly what is set of it happens, in one entry.
struct Change {
    enum class Kind : std::uint8_t {
        add_version = 1,
        delete_version = 2,
        delete_subject = 3,
        set_rules = 4,
        set_mode = 5,
    };
    Kind kind{};
    std::string subject;                 ///< empty: the registry as a whole (rules, mode)
    std::int32_t version = 0;            ///< add: given, or 0 for the next one; delete: which
    bool permanent = false;              ///< delete
    std::int32_t id = 0;                 ///< add: given, or 0 for that of the same text or the next one
    SchemaType type = SchemaType::avro;  ///< add, and below
    std::string text{};
    std::vector<Reference> references{};
    Rules rules{};               ///< replaces all rules
    std::optional<Mode> mode{};  ///< nothing: goes back to the registry's
    TimestampMs time{};
};

struct ChangeResult {
    bool stale = false;        ///< somebody was faster: look again
    std::int32_t version = 0;  ///< add
    std::int32_t id = 0;
};

class Registry final : public journal::Participant {
  public:
    Registry();
    ~Registry() override;

    /// Any thread: what is on disk.
    [[nodiscard]] std::shared_ptr<const RegistryView> view() const;
    /// Any thread: with what was merely appended. For computation inside the node, which runs ahead of the
    /// disk as well.
    [[nodiscard]] std::shared_ptr<const RegistryView> newest() const;

    /// `expected` is view()->revision_of(change.subject) of the view it was decided on. `answer` is called on
    /// the sync thread, when the change is on disk and visible: it only posts.
    std::unique_ptr<journal::Proposal> propose(Change change, std::uint64_t expected,
                                               std::move_only_function<void(ChangeResult)> answer);

    [[nodiscard]] std::string_view name() const override { return "registry"; }
    [[nodiscard]] bool reads(journal::Kind kind) const override { return kind == journal::Kind::schema; }
    void apply(const journal::Entry& entry) override;
    void durable(Seq through) override;
    [[nodiscard]] std::unique_ptr<journal::Cut> cut() override;
    Status restore(std::string_view bytes, Seq through) override;
    [[nodiscard]] Seq applied_through() const override { return applied_; }
    Status recovered(Seq last) override;

  private:
    class ChangeProposal;
    void apply_change(RegistryView& next, const Change& change, Seq seq);

    Seq applied_;                                ///< journal thread
    std::shared_ptr<const RegistryView> state_;  ///< journal thread
    journal::DurableView<RegistryView> published_;
    mutable std::mutex mutex_;
    std::shared_ptr<const RegistryView> newest_;  // guarded by mutex_
};

std::string encode_change(const Change& change);
Result<Change> decode_change(std::string_view payload);
std::string encode_view(const RegistryView& view);
Result<RegistryView> decode_view(std::string_view bytes);

}  // namespace mr::registry
