#include "security/store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace mr::security {
namespace {

constexpr std::uint8_t kEntryVersion = 1;
constexpr std::size_t kRemovedPerEntry = 500;

void apply_user(View& view, const UserChange& change) {
    const auto known = view.users.find(change.user);
    Credentials next = known == view.users.end() ? Credentials{} : *known->second;
    if (change.credential) {
        next[change.mechanism] = *change.credential;
    } else {
        next.erase(change.mechanism);
    }
    if (next.empty()) {
        view.users.erase(change.user);
    } else {
        view.users[change.user] = std::make_shared<const Credentials>(std::move(next));
    }
}

void apply_token(View& view, const TokenChanged& entry) {
    std::erase_if(view.tokens, [&](const auto& known) { return known.second.name == entry.change.name; });
    if (entry.change.role)
        view.tokens[entry.change.digest] = {entry.change.name, *entry.change.role, entry.time};
}

/// A change decided by `Decide(state, appender)`, whose value is the answer.
template <class T, class Decide>
class StoreProposal final : public journal::Proposal {
  public:
    StoreProposal(Decide decide, std::function<void(Seq)> publish, std::size_t bytes,
                  std::move_only_function<void(T)> answer)
        : decide_(std::move(decide)),
          publish_(std::move(publish)),
          bytes_(bytes),
          answer_(std::move(answer)) {}

    void order(journal::Appender& out) override {
        result_ = decide_(out);
        last_ = Seq(out.next_seq().value - 1);
    }
    void done() override {
        publish_(last_);
        if (answer_) answer_(std::move(*result_));
    }
    [[nodiscard]] std::size_t bytes() const override { return bytes_; }

  private:
    Decide decide_;
    std::function<void(Seq)> publish_;
    const std::size_t bytes_;
    std::move_only_function<void(T)> answer_;
    std::optional<T> result_;
    Seq last_;
};

template <class T, class Decide>
std::unique_ptr<journal::Proposal> make_proposal(Decide decide, std::function<void(Seq)> publish,
                                                 std::size_t bytes, std::move_only_function<void(T)> answer) {
    return std::make_unique<StoreProposal<T, Decide>>(std::move(decide), std::move(publish), bytes,
                                                      std::move(answer));
}

std::vector<Status> decide_users(const View& state, std::vector<UserChange>& changes,
                                 journal::Appender& out) {
    std::vector<Status> results;
    UsersChanged entry;
    std::size_t users = state.users.size();
    for (UserChange& change : changes) {
        const bool there = state.credential(change.user, change.mechanism) != nullptr;
        if (!change.credential && !there) {
            results.push_back(
                fail(Code::not_found, "Attempt to delete a user credential that does not exist"));
            continue;
        }
        if (change.credential && !state.users.contains(change.user) && ++users > kUsersMax) {
            results.push_back(fail(Code::resource_exhausted, "There are {} users, the limit", kUsersMax));
            continue;
        }
        results.emplace_back();
        entry.changes.push_back(std::move(change));
    }
    if (entry.changes.empty()) return results;
    entry.time = out.now();
    out.append(journal::Kind::security_users, encode(entry), kEntryVersion);
    return results;
}

Status decide_added(const View& state, std::vector<Acl>& acls, journal::Appender& out) {
    AclsChanged entry;
    for (Acl& acl : acls) {
        if (!state.acls.contains(acl)) entry.added.push_back(std::move(acl));
    }
    std::sort(entry.added.begin(), entry.added.end());
    entry.added.erase(std::unique(entry.added.begin(), entry.added.end()), entry.added.end());
    if (entry.added.empty()) return {};
    if (state.acls.size() + entry.added.size() > kAclsMax) {
        return fail(Code::resource_exhausted,
                    "There are {} ACLs; with these there would be more than the limit, {}", state.acls.size(),
                    kAclsMax);
    }
    entry.time = out.now();
    out.append(journal::Kind::security_acls, encode(entry), kEntryVersion);
    return {};
}

std::vector<std::vector<Acl>> decide_removed(const View& state, const std::vector<AclFilter>& filters,
                                             journal::Appender& out) {
    std::vector<std::vector<Acl>> results;
    AclsChanged entry;
    for (const AclFilter& filter : filters) {
        const auto& found = results.emplace_back(state.acls.find(filter));
        entry.removed.insert(entry.removed.end(), found.begin(), found.end());
    }
    std::sort(entry.removed.begin(), entry.removed.end());
    entry.removed.erase(std::unique(entry.removed.begin(), entry.removed.end()), entry.removed.end());
    // As many entries as it takes: all of them together may be more than one holds.
    for (std::size_t at = 0; at < entry.removed.size(); at += kRemovedPerEntry) {
        const auto from = entry.removed.begin() + static_cast<std::ptrdiff_t>(at);
        const auto count = std::min(kRemovedPerEntry, entry.removed.size() - at);
        const AclsChanged part{out.now(), {from, from + static_cast<std::ptrdiff_t>(count)}, {}};
        out.append(journal::Kind::security_acls, encode(part), kEntryVersion);
    }
    return results;
}

Status decide_token(const View& state, TokenChange& change, journal::Appender& out) {
    const auto named = [&](const auto& token) { return token.second.name == change.name; };
    const auto of_admin = [](const auto& token) { return token.second.role == Role::admin; };
    const auto known = std::ranges::find_if(state.tokens, named);
    const bool there = known != state.tokens.end();
    if (change.role) {
        if (there) return fail(Code::already_exists, "there is a token `{}`", change.name);
        if (state.tokens.size() >= kTokensMax)
            return fail(Code::resource_exhausted, "there are {} tokens, the limit", kTokensMax);
        if (state.tokens.empty() && change.role != Role::admin) {
            return fail(
                Code::invalid_argument,
                "the first token must have the role admin: once there is one, everybody needs one, and "
                "only an admin can give more");
        }
    } else {
        if (!there) return fail(Code::not_found, "no token `{}`", change.name);
        if (of_admin(*known) && state.tokens.size() > 1 &&
            std::ranges::count_if(state.tokens, of_admin) == 1) {
            return fail(
                Code::invalid_argument,
                "`{}` is the last token of an admin: the others could not be changed any more; delete "
                "it last",
                change.name);
        }
    }
    out.append(journal::Kind::security_tokens, encode(TokenChanged{out.now(), std::move(change)}),
               kEntryVersion);
    return {};
}

}  // namespace

const ScramCredential* View::credential(std::string_view user, ScramMechanism mechanism) const {
    const auto it = users.find(user);
    if (it == users.end()) return nullptr;
    const auto found = it->second->find(mechanism);
    return found == it->second->end() ? nullptr : &found->second;
}

Store::Store() : state_(std::make_shared<const View>()), published_(state_) {}
Store::~Store() = default;

std::shared_ptr<const View> Store::view() const {
    return published_.load();
}

std::unique_ptr<journal::Proposal> Store::change_users(
    std::vector<UserChange> changes, std::move_only_function<void(std::vector<Status>)> answer) {
    std::size_t bytes = 64;
    for (const UserChange& change : changes) bytes += 256 + change.user.size();
    return make_proposal<std::vector<Status>>(
        [this, changes = std::move(changes)](journal::Appender& out) mutable {
            return decide_users(*state_, changes, out);
        },
        [this](Seq through) { durable(through); }, bytes, std::move(answer));
}

std::unique_ptr<journal::Proposal> Store::add_acls(std::vector<Acl> acls,
                                                   std::move_only_function<void(Status)> answer) {
    std::size_t bytes = 64;
    for (const Acl& acl : acls) bytes += 16 + acl.name.size() + acl.principal.size() + acl.host.size();
    return make_proposal<Status>(
        [this, acls = std::move(acls)](journal::Appender& out) mutable {
            return decide_added(*state_, acls, out);
        },
        [this](Seq through) { durable(through); }, bytes, std::move(answer));
}

std::unique_ptr<journal::Proposal> Store::remove_acls(
    std::vector<AclFilter> filters, std::move_only_function<void(std::vector<std::vector<Acl>>)> answer) {
    const std::size_t bytes = 64 + filters.size() * 256;
    return make_proposal<std::vector<std::vector<Acl>>>(
        [this, filters = std::move(filters)](journal::Appender& out) {
            return decide_removed(*state_, filters, out);
        },
        [this](Seq through) { durable(through); }, bytes, std::move(answer));
}

std::unique_ptr<journal::Proposal> Store::change_token(TokenChange change,
                                                       std::move_only_function<void(Status)> answer) {
    return make_proposal<Status>(
        [this, change = std::move(change)](journal::Appender& out) mutable {
            return decide_token(*state_, change, out);
        },
        [this](Seq through) { durable(through); }, 64 + change.name.size(), std::move(answer));
}

void Store::apply(const journal::Entry& entry) {
    MR_CHECK(entry.version == kEntryVersion, "entry {}: security version {}", entry.seq, entry.version);
    // All this changes rarely: each state is a copy of the maps, which share their values.
    auto next = std::make_shared<View>(*state_);
    if (entry.kind == journal::Kind::security_users) {
        const auto change = decode_users_changed(entry.payload.view());
        MR_CHECK(change.has_value(), "entry {}: {}", entry.seq, change.error().message);
        for (const UserChange& one : change->changes) apply_user(*next, one);
    } else if (entry.kind == journal::Kind::security_tokens) {
        const auto change = decode_token_changed(entry.payload.view());
        MR_CHECK(change.has_value(), "entry {}: {}", entry.seq, change.error().message);
        apply_token(*next, *change);
    } else {
        const auto change = decode_acls_changed(entry.payload.view());
        MR_CHECK(change.has_value(), "entry {}: {}", entry.seq, change.error().message);
        for (const Acl& acl : change->removed) next->acls.remove(acl);
        for (const Acl& acl : change->added) next->acls.add(acl);
    }
    applied_ = entry.seq;
    state_ = std::move(next);
    published_.add(entry.seq, state_);
}

void Store::durable(Seq through) {
    published_.durable(through);
}

std::unique_ptr<journal::Cut> Store::cut() {
    auto cut = std::make_unique<journal::Cut>();
    cut->through = applied_;
    cut->write = [state = state_](std::string& out) -> Status {
        out += encode_view(*state);
        return {};
    };
    return cut;
}

Status Store::restore(std::string_view bytes, Seq through) {
    MR_TRY(View view, decode_view(bytes));
    state_ = std::make_shared<const View>(std::move(view));
    applied_ = through;
    published_.reset(state_);
    return {};
}

Status Store::recovered(Seq last) {
    durable(last);
    return {};
}

}  // namespace mr::security
