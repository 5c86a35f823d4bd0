// Users, ACLs and tokens: one participant of the journal.
// Format of its entries and snapshot: docs/formats/security-store.md
//
// Changes are decided on the journal thread against the state of that moment; everybody else reads an
// immutable view that is published when its last entry is on disk: nobody is let in by a change that a crash
// would take back.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "journal/durable_view.h"
#include "journal/journal.h"
#include "journal/participant.h"
#include "security/acl.h"
#include "security/scram.h"
#include "security/token.h"

namespace mr::security {

inline constexpr std::size_t kUsersMax = 20'000;

using Credentials = std::map<ScramMechanism, ScramCredential>;
using Users = std::map<std::string, std::shared_ptr<const Credentials>, std::less<>>;

/// Everything, as of one entry. Thread: any (immutable).
struct View {
    Users users{};
    AclSet acls{};
    Tokens tokens{};

    /// nullptr: no such user, or not with that mechanism.
    [[nodiscard]] const ScramCredential* credential(std::string_view user, ScramMechanism mechanism) const;
};

/// A credential set, or (nothing) taken away.
struct UserChange {
    std::string user{};
    ScramMechanism mechanism = ScramMechanism::sha256;
    std::optional<ScramCredential> credential{};

    bool operator==(const UserChange&) const = default;
};

/// The payload of entries, decoded.
struct UsersChanged {
    TimestampMs time{};
    std::vector<UserChange> changes{};
};
struct AclsChanged {
    TimestampMs time{};
    std::vector<Acl> removed{};  ///< before added
    std::vector<Acl> added{};
};

struct TokenChanged {
    TimestampMs time{};
    TokenChange change{};
};

class Store final : public journal::Participant {
  public:
    Store();
    ~Store() override;

    /// Any thread: what is on disk.
    [[nodiscard]] std::shared_ptr<const View> view() const;

    // The answers of these are called on the sync thread, when the change is on disk and visible: they only
    // post.

    /// One result a change: not_found for taking away what is not there, resource_exhausted above kUsersMax.
    /// Those that succeed are one entry.
    std::unique_ptr<journal::Proposal> change_users(
        std::vector<UserChange> changes, std::move_only_function<void(std::vector<Status>)> answer);
    /// All or none: resource_exhausted above kAclsMax. What is there already stays. REQUIRES: check_acl of
    /// each.
    std::unique_ptr<journal::Proposal> add_acls(std::vector<Acl> acls,
                                                std::move_only_function<void(Status)> answer);
    /// Answers, a filter each, what was removed; an ACL that fits two filters is in both.
    std::unique_ptr<journal::Proposal> remove_acls(
        std::vector<AclFilter> filters, std::move_only_function<void(std::vector<std::vector<Acl>>)> answer);
    /// already_exists, not_found, resource_exhausted above kTokensMax; and whatever would leave tokens
    /// without one of an admin, who alone can give more, is an invalid_argument. REQUIRES: check_token_name.
    std::unique_ptr<journal::Proposal> change_token(TokenChange change,
                                                    std::move_only_function<void(Status)> answer);

    [[nodiscard]] std::string_view name() const override { return "security"; }
    [[nodiscard]] bool reads(journal::Kind kind) const override {
        return kind == journal::Kind::security_users || kind == journal::Kind::security_acls ||
               kind == journal::Kind::security_tokens;
    }
    void apply(const journal::Entry& entry) override;
    void durable(Seq through) override;
    [[nodiscard]] std::unique_ptr<journal::Cut> cut() override;
    Status restore(std::string_view bytes, Seq through) override;
    [[nodiscard]] Seq applied_through() const override { return applied_; }
    Status recovered(Seq last) override;

  private:
    Seq applied_;                        ///< journal thread
    std::shared_ptr<const View> state_;  ///< journal thread
    journal::DurableView<View> published_;
};

std::string encode(const UsersChanged& entry);
std::string encode(const AclsChanged& entry);
std::string encode(const TokenChanged& entry);
Result<UsersChanged> decode_users_changed(std::string_view payload);
Result<AclsChanged> decode_acls_changed(std::string_view payload);
Result<TokenChanged> decode_token_changed(std::string_view payload);
std::string encode_view(const View& view);
Result<View> decode_view(std::string_view bytes);

}  // namespace mr::security
