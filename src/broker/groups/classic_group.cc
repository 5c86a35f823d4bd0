#include "broker/groups/classic_group.h"

#include <algorithm>

#include "base/check.h"

namespace mr::broker::groups {
namespace {

/// No group comes near it; what is written beyond is damage.
constexpr std::int32_t kGenerationMax = INT32_MAX / 2;

bool same_protocols(const std::vector<Protocol>& a, const std::vector<Protocol>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Protocol& x, const Protocol& y) {
        return x.name == y.name && x.metadata == y.metadata;
    });
}

bool has_protocol(const std::vector<Protocol>& protocols, std::string_view name) {
    return std::any_of(protocols.begin(), protocols.end(), [&](const Protocol& p) { return p.name == name; });
}

}  // namespace

std::string_view to_string(GroupState state) {
    switch (state) {
        case GroupState::empty:
            return "Empty";
        case GroupState::preparing_rebalance:
            return "PreparingRebalance";
        case GroupState::completing_rebalance:
            return "CompletingRebalance";
        case GroupState::stable:
            return "Stable";
    }
    return "Dead";
}

const std::string* Member::metadata(std::string_view protocol) const {
    const auto it = std::find_if(protocols.begin(), protocols.end(),
                                 [&](const Protocol& p) { return p.name == protocol; });
    return it == protocols.end() ? nullptr : &it->metadata;
}

JoinResponse join_error(KafkaError error, std::string member_id) {
    JoinResponse response;
    response.error = error;
    response.member_id = std::move(member_id);
    return response;
}

// --- joining ---------------------------------------------------------------------------------------------

void ClassicGroup::join(Millis now, JoinRequest request, const std::function<std::string()>& make_id,
                        Coordinator::JoinAnswer answer) {
    if (!may_join(request.member_id)) {
        return answer(join_error(KafkaError::group_max_size_reached, request.member_id));
    }
    if (!supports(request.protocol_type, request.protocols)) {
        return answer(join_error(KafkaError::inconsistent_group_protocol, request.member_id));
    }
    if (!request.member_id.empty()) return join_known(now, std::move(request), std::move(answer));
    const std::string id = request.instance_id.value_or(request.client_id) + "-" + make_id();
    join_new(now, std::move(request), id, std::move(answer));
}

void ClassicGroup::join_new(Millis now, JoinRequest request, const std::string& new_id,
                            Coordinator::JoinAnswer answer) {
    if (request.instance_id) {
        const auto known = static_.find(*request.instance_id);
        if (known != static_.end()) {
            const std::string old_id = known->second;
            return replace_static(now, old_id, new_id, std::move(request), std::move(answer));
        }
        return add_member(now, new_id, std::move(request), std::move(answer));
    }
    if (request.require_member_id) {
        // KIP-394: the id first, so that a client whose answer is lost does not leave a ghost behind.
        pending_[new_id] = now + request.session_timeout_ms;
        return answer(join_error(KafkaError::member_id_required, new_id));
    }
    add_member(now, new_id, std::move(request), std::move(answer));
}

void ClassicGroup::join_known(Millis now, JoinRequest request, Coordinator::JoinAnswer answer) {
    const std::string id = request.member_id;
    if (pending_.contains(id) && !request.instance_id) {
        pending_.erase(id);
        return add_member(now, id, std::move(request), std::move(answer));
    }
    const KafkaError wrong = check_member({id, request.instance_id, generation_});
    if (wrong != KafkaError::none) return answer(join_error(wrong, id));
    Member& member = members_.at(id);
    switch (state_) {
        case GroupState::preparing_rebalance:
            return rejoin(now, member, std::move(request), std::move(answer));
        case GroupState::completing_rebalance:
            if (same_protocols(member.protocols, request.protocols)) {
                // It did not get its answer: the same again.
                touch(now, member);
                return answer(current_join(member));
            }
            return rejoin(now, member, std::move(request), std::move(answer));
        case GroupState::stable:
            if (id != leader_ && same_protocols(member.protocols, request.protocols)) {
                touch(now, member);
                return answer(current_join(member));
            }
            return rejoin(now, member, std::move(request), std::move(answer));
        case GroupState::empty:
            return answer(join_error(KafkaError::unknown_member_id, id));
    }
}

void ClassicGroup::add_member(Millis now, std::string member_id, JoinRequest request,
                              Coordinator::JoinAnswer answer) {
    if (members_.empty()) {
        protocol_type_ = request.protocol_type;
        leader_ = member_id;
    }
    if (request.instance_id) static_[*request.instance_id] = member_id;
    Member& member = members_[member_id];
    member.id = member_id;
    member.instance_id = request.instance_id;
    member.client_id = request.client_id;
    member.client_host = request.client_host;
    member.is_new = true;
    update(member, std::move(request));
    member.awaiting_join = std::move(answer);
    member.deadline = now + std::max<Millis>(kNewMemberJoinTimeoutMs, member.session_timeout_ms);
    joined_in_delay_ = true;
    membership_changed(now);
}

void ClassicGroup::update(Member& member, JoinRequest request) {
    member.session_timeout_ms = request.session_timeout_ms;
    member.rebalance_timeout_ms =
        request.rebalance_timeout_ms > 0 ? request.rebalance_timeout_ms : request.session_timeout_ms;
    member.protocols = std::move(request.protocols);
}

void ClassicGroup::rejoin(Millis now, Member& member, JoinRequest request, Coordinator::JoinAnswer answer) {
    update(member, std::move(request));
    // A second JoinGroup of the same member: the first one's connection is gone, or it retried.
    if (auto before = std::exchange(member.awaiting_join, std::move(answer))) {
        before(join_error(KafkaError::rebalance_in_progress, member.id));
    }
    membership_changed(now);
}

void ClassicGroup::replace_static(Millis now, const std::string& old_id, const std::string& new_id,
                                  JoinRequest request, Coordinator::JoinAnswer answer) {
    auto node = members_.extract(old_id);
    MR_CHECK(!node.empty(), "{} {}", id_, old_id);
    const std::string old_leader = leader_;
    const std::string instance = *request.instance_id;
    const bool skips = request.support_skip_assignment;
    node.key() = new_id;
    Member& member = members_.insert(std::move(node)).position->second;
    // Whoever still waits under the old id has been replaced.
    if (auto before = std::exchange(member.awaiting_join, {}))
        before(join_error(KafkaError::fenced_instance_id, old_id));
    if (auto before = std::exchange(member.awaiting_sync, {})) {
        SyncResponse fenced;
        fenced.error = KafkaError::fenced_instance_id;
        before(std::move(fenced));
    }
    member.id = new_id;
    member.client_id = request.client_id;
    member.client_host = request.client_host;
    static_[instance] = new_id;
    if (leader_ == old_id) leader_ = new_id;
    const std::vector<Protocol> old_protocols = member.protocols;
    update(member, std::move(request));
    if (state_ == GroupState::stable && select_protocol() == protocol_) {
        // KIP-345: same member, same protocol: no rebalance. A leader must not think it has to assign;
        // KIP-814 tells it so, older clients are shown the leader's former id.
        touch(now, member);
        JoinResponse response = current_join(member);
        const bool leads = leader_ == new_id;
        response.skip_assignment = leads && skips;
        response.members = leads && skips ? metadata_of_all() : std::vector<JoinMember>();
        response.leader = skips ? leader_ : old_leader;
        // Once it is written: the former id would be valid again after a restart.
        changed_ = true;
        replaced_.push_back({0, std::move(response), std::move(answer)});
        return;
    }
    member.awaiting_join = std::move(answer);
    membership_changed(now);
}

// --- rebalances ------------------------------------------------------------------------------------------

void ClassicGroup::membership_changed(Millis now) {
    if (state_ != GroupState::preparing_rebalance) return prepare_rebalance(now);
    complete_join_if_ready(now);
}

void ClassicGroup::prepare_rebalance(Millis now) {
    if (state_ == GroupState::completing_rebalance) {
        assigning_.reset();
        for (auto& [id, member] : members_) member.assignment.clear();
        fail_syncs(KafkaError::rebalance_in_progress);
    }
    sync_deadline_ = kNever;
    const Millis delay = options_.initial_rebalance_delay_ms;
    if (state_ == GroupState::empty && delay > 0) {
        // A new group waits a little, so that members that start together are assigned together.
        state_ = GroupState::preparing_rebalance;
        initial_left_ms_ = std::max<Millis>(rebalance_timeout() - delay, 0);
        joined_in_delay_ = false;
        join_deadline_ = now + delay;
        return;
    }
    state_ = GroupState::preparing_rebalance;
    initial_left_ms_ = -1;
    join_deadline_ = now + rebalance_timeout();
    complete_join_if_ready(now);
}

void ClassicGroup::complete_join_if_ready(Millis now) {
    if (state_ == GroupState::preparing_rebalance && initial_left_ms_ < 0 && all_joined()) complete_join(now);
    // Everybody left: there is nothing to wait for, whoever holds an unused id.
    if (state_ == GroupState::preparing_rebalance && members_.empty()) complete_join(now);
}

void ClassicGroup::complete_join(Millis now) {
    // Dynamic members that did not rejoin in time are out; static ones keep their place until their session
    // ends.
    std::vector<std::string> gone;
    for (const auto& [id, member] : members_) {
        if (!member.awaiting_join && !member.instance_id) gone.push_back(id);
    }
    for (const auto& id : gone) remove_member(id);
    const bool leader_joined = members_.contains(leader_) && members_.at(leader_).awaiting_join;
    if (!leader_joined) {
        const auto joined = std::find_if(members_.begin(), members_.end(),
                                         [](const auto& item) { return bool(item.second.awaiting_join); });
        if (joined != members_.end()) {
            leader_ = joined->first;
        } else if (!members_.empty()) {
            join_deadline_ = now + rebalance_timeout();
            return;
        }
    }
    join_deadline_ = kNever;
    initial_left_ms_ = -1;
    ++generation_;
    if (members_.empty()) {
        state_ = GroupState::empty;
        protocol_.clear();
        leader_.clear();
        changed_ = true;
        return;
    }
    protocol_ = select_protocol();
    state_ = GroupState::completing_rebalance;
    sync_deadline_ = now + rebalance_timeout();
    // The answers may come back here (a client in the same thread), so the state is complete first.
    std::vector<std::string> ids;
    for (auto& [id, member] : members_) {
        member.pending_sync = true;
        ids.push_back(id);
    }
    for (const auto& id : ids) {
        const auto it = members_.find(id);
        if (it != members_.end()) answer_join(now, it->second);
    }
}

void ClassicGroup::answer_join(Millis now, Member& member) {
    touch(now, member);
    member.is_new = false;
    auto answer = std::exchange(member.awaiting_join, {});
    if (!answer) return;
    JoinResponse response = current_join(member);
    if (member.id == leader_) response.members = metadata_of_all();
    answer(std::move(response));
}

JoinResponse ClassicGroup::current_join(const Member& member) const {
    JoinResponse response;
    response.generation = generation_;
    response.protocol_type = protocol_type_;
    response.protocol_name = protocol_;
    response.leader = leader_;
    response.member_id = member.id;
    if (member.id == leader_ && state_ == GroupState::completing_rebalance)
        response.members = metadata_of_all();
    return response;
}

std::vector<JoinMember> ClassicGroup::metadata_of_all() const {
    std::vector<JoinMember> out;
    for (const auto& [id, member] : members_) {
        const std::string* metadata = member.metadata(protocol_);
        out.push_back({id, member.instance_id, metadata == nullptr ? std::string() : *metadata});
    }
    return out;
}

std::vector<std::string> ClassicGroup::candidates() const {
    std::vector<std::string> out;
    if (members_.empty()) return out;
    for (const auto& protocol : members_.begin()->second.protocols) {
        const bool all = std::all_of(members_.begin(), members_.end(), [&](const auto& item) {
            return has_protocol(item.second.protocols, protocol.name);
        });
        if (all) out.push_back(protocol.name);
    }
    return out;
}

std::string ClassicGroup::select_protocol() const {
    const auto possible = candidates();
    std::map<std::string, int> votes;
    for (const auto& [id, member] : members_) {
        const auto vote =
            std::find_if(member.protocols.begin(), member.protocols.end(), [&](const Protocol& p) {
                return std::find(possible.begin(), possible.end(), p.name) != possible.end();
            });
        if (vote != member.protocols.end()) ++votes[vote->name];
    }
    const auto best = std::max_element(votes.begin(), votes.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return best == votes.end() ? std::string() : best->first;
}

// --- sync ------------------------------------------------------------------------------------------------

void ClassicGroup::sync(Millis now, SyncRequest request, Coordinator::SyncAnswer answer) {
    SyncResponse response;
    response.error = check_member({request.member_id, request.instance_id, request.generation});
    if (response.error == KafkaError::none && request.generation != generation_) {
        response.error = KafkaError::illegal_generation;
    }
    const bool other_type = request.protocol_type && *request.protocol_type != protocol_type_;
    const bool other_name = request.protocol_name && *request.protocol_name != protocol_;
    if (response.error == KafkaError::none && (other_type || other_name)) {
        response.error = KafkaError::inconsistent_group_protocol;
    }
    if (response.error == KafkaError::none && state_ == GroupState::preparing_rebalance) {
        response.error = KafkaError::rebalance_in_progress;
    }
    if (response.error == KafkaError::none && state_ == GroupState::empty)
        response.error = KafkaError::unknown_member_id;
    if (response.error != KafkaError::none) return answer(std::move(response));
    Member& member = members_.at(request.member_id);
    member.pending_sync = false;
    if (state_ == GroupState::stable) {
        touch(now, member);
        response.protocol_type = protocol_type_;
        response.protocol_name = protocol_;
        response.assignment = member.assignment;
        return answer(std::move(response));
    }
    if (auto before = std::exchange(member.awaiting_sync, std::move(answer))) {
        SyncResponse again;
        again.error = KafkaError::rebalance_in_progress;
        before(std::move(again));
    }
    if (member.id != leader_ || assigning_) return;
    // Written before anybody hears of it (Kafka: the group's record). A join meanwhile begins the next
    // rebalance.
    assigning_.emplace();
    assigning_token_ = 0;
    changed_ = true;
    for (auto& assignment : request.assignments) {
        if (members_.contains(assignment.member_id))
            (*assigning_)[assignment.member_id] = std::move(assignment.bytes);
    }
}

void ClassicGroup::finish_sync(Millis now) {
    for (auto& [id, member] : members_) {
        const auto it = assigning_->find(id);
        member.assignment = it == assigning_->end() ? std::string() : std::move(it->second);
    }
    assigning_.reset();
    state_ = GroupState::stable;
    std::vector<std::pair<Coordinator::SyncAnswer, SyncResponse>> answers;
    for (auto& [id, member] : members_) {
        auto answer = std::exchange(member.awaiting_sync, {});
        if (!answer) continue;
        touch(now, member);
        SyncResponse response;
        response.protocol_type = protocol_type_;
        response.protocol_name = protocol_;
        response.assignment = member.assignment;
        answers.emplace_back(std::move(answer), std::move(response));
    }
    const bool all = std::none_of(members_.begin(), members_.end(),
                                  [](const auto& item) { return item.second.pending_sync; });
    if (all) sync_deadline_ = kNever;
    for (auto& [answer, response] : answers) answer(std::move(response));
}

void ClassicGroup::fail_syncs(KafkaError error) {
    std::vector<Coordinator::SyncAnswer> answers;
    for (auto& [id, member] : members_) {
        if (auto answer = std::exchange(member.awaiting_sync, {})) answers.push_back(std::move(answer));
    }
    for (auto& answer : answers) {
        SyncResponse response;
        response.error = error;
        answer(std::move(response));
    }
}

// --- heartbeats, leaving, commits ------------------------------------------------------------------------

void ClassicGroup::touch(Millis now, Member& member) {
    member.deadline = now + member.session_timeout_ms;
}

KafkaError ClassicGroup::check_member(const MemberIdentity& who) const {
    if (who.instance_id) {
        const auto known = static_.find(*who.instance_id);
        if (known == static_.end()) return KafkaError::unknown_member_id;
        if (known->second != who.member_id) return KafkaError::fenced_instance_id;
    }
    return members_.contains(who.member_id) ? KafkaError::none : KafkaError::unknown_member_id;
}

KafkaError ClassicGroup::heartbeat(Millis now, const MemberIdentity& who) {
    if (const KafkaError wrong = check_member(who); wrong != KafkaError::none) return wrong;
    if (who.generation != generation_) return KafkaError::illegal_generation;
    if (state_ == GroupState::empty) return KafkaError::unknown_member_id;
    touch(now, members_.at(who.member_id));
    return state_ == GroupState::preparing_rebalance ? KafkaError::rebalance_in_progress : KafkaError::none;
}

KafkaError ClassicGroup::leave(Millis now, const LeaveMember& who) {
    std::string id = who.member_id;
    if (who.instance_id) {
        const auto known = static_.find(*who.instance_id);
        if (known == static_.end()) return KafkaError::unknown_member_id;
        if (id.empty()) id = known->second;
        if (known->second != id) return KafkaError::fenced_instance_id;
    }
    if (pending_.erase(id) > 0) {
        complete_join_if_ready(now);
        return KafkaError::none;
    }
    if (!members_.contains(id)) return KafkaError::unknown_member_id;
    remove_member(id);
    membership_changed(now);
    return KafkaError::none;
}

void ClassicGroup::remove_member(const std::string& member_id) {
    auto node = members_.extract(member_id);
    MR_CHECK(!node.empty(), "{} {}", id_, member_id);
    Member& member = node.mapped();
    if (member.instance_id) static_.erase(*member.instance_id);
    if (leader_ == member_id) leader_ = members_.empty() ? std::string() : members_.begin()->first;
    if (member.awaiting_join) member.awaiting_join(join_error(KafkaError::unknown_member_id, member_id));
    if (member.awaiting_sync) {
        SyncResponse response;
        response.error = KafkaError::unknown_member_id;
        member.awaiting_sync(std::move(response));
    }
}

KafkaError ClassicGroup::check_commit(Millis now, const CommitRequest& commit) {
    const MemberIdentity& who = commit.who;
    if (who.generation < 0 && state_ == GroupState::empty) return KafkaError::none;
    if (who.generation < 0 && who.member_id.empty() && !who.instance_id) {
        // KIP-447 came late: a transaction need not say who its consumer is.
        return commit.transactional ? KafkaError::none : KafkaError::unknown_member_id;
    }
    if (const KafkaError wrong = check_member(who); wrong != KafkaError::none) return wrong;
    if (who.generation != generation_) return KafkaError::illegal_generation;
    // A rebalance on its way does not unmake what the members of this generation did in a transaction.
    if (commit.transactional) return KafkaError::none;
    if (state_ == GroupState::completing_rebalance) return KafkaError::rebalance_in_progress;
    touch(now, members_.at(who.member_id));
    return KafkaError::none;
}

// --- time ------------------------------------------------------------------------------------------------

void ClassicGroup::tick(Millis now) {
    const std::size_t pending_before = pending_.size();
    std::erase_if(pending_, [&](const auto& item) { return item.second <= now; });
    std::vector<std::string> expired;
    for (const auto& [id, member] : members_) {
        // Waiting for an answer of ours keeps a member alive, except while its first join is unanswered.
        const bool waiting = !member.is_new && (member.awaiting_join || member.awaiting_sync);
        if (!waiting && member.deadline <= now) expired.push_back(id);
    }
    for (const auto& id : expired) remove_member(id);
    if (!expired.empty()) {
        membership_changed(now);
    } else if (pending_.size() != pending_before) {
        complete_join_if_ready(now);
    }
    if (state_ == GroupState::preparing_rebalance && join_deadline_ <= now) {
        if (initial_left_ms_ > 0 && joined_in_delay_) {
            const Millis delay = std::min<Millis>(initial_left_ms_, options_.initial_rebalance_delay_ms);
            initial_left_ms_ -= delay;
            joined_in_delay_ = false;
            join_deadline_ = now + delay;
        } else {
            complete_join(now);
        }
    }
    if (sync_deadline_ <= now) {
        sync_deadline_ = kNever;
        std::vector<std::string> silent;
        for (const auto& [id, member] : members_) {
            if (member.pending_sync) silent.push_back(id);
        }
        for (const auto& id : silent) remove_member(id);
        if (!silent.empty()) membership_changed(now);
    }
}

Millis ClassicGroup::next_deadline() const {
    Millis next =
        std::min(sync_deadline_, state_ == GroupState::preparing_rebalance ? join_deadline_ : kNever);
    for (const auto& [id, deadline] : pending_) next = std::min(next, deadline);
    for (const auto& [id, member] : members_) {
        const bool waiting = !member.is_new && (member.awaiting_join || member.awaiting_sync);
        if (!waiting) next = std::min(next, member.deadline);
    }
    return next;
}

void ClassicGroup::close(KafkaError error) {
    fail_syncs(error);
    std::vector<std::pair<Coordinator::JoinAnswer, std::string>> answers;
    for (auto& replaced : std::exchange(replaced_, {})) {
        answers.emplace_back(std::move(replaced.answer), replaced.response.member_id);
    }
    for (auto& [id, member] : members_) {
        if (auto answer = std::exchange(member.awaiting_join, {}))
            answers.emplace_back(std::move(answer), id);
    }
    for (auto& [answer, id] : answers) answer(join_error(error, id));
}

// --- what is written -------------------------------------------------------------------------------------

std::optional<StoredChange> ClassicGroup::take_change(std::uint64_t token) {
    // Between two rebalances what was written before still holds.
    if (!std::exchange(changed_, false)) return std::nullopt;
    if (assigning_ && assigning_token_ == 0) assigning_token_ = token;
    for (auto& replaced : replaced_) {
        if (replaced.token == 0) replaced.token = token;
    }
    StoredChange change;
    change.type = GroupType::classic;
    change.head = encode(ClassicHead{generation_, protocol_type_, protocol_, leader_});
    for (const auto& [id, member] : members_) {
        const std::string* subscription = member.metadata(protocol_);
        ClassicBody body{member.instance_id,
                         member.client_id,
                         member.client_host,
                         member.session_timeout_ms,
                         member.rebalance_timeout_ms,
                         subscription == nullptr ? std::string() : *subscription,
                         member.assignment};
        if (assigning_) {
            const auto it = assigning_->find(id);
            body.assignment = it == assigning_->end() ? std::string() : it->second;
        }
        change.members.emplace_back(id, encode(body));
    }
    return change;
}

void ClassicGroup::stored(Millis now, std::uint64_t token) {
    std::vector<Replaced> ready;
    std::vector<Replaced> waiting;
    for (auto& replaced : replaced_) {
        const bool done = replaced.token != 0 && replaced.token <= token;
        (done ? ready : waiting).push_back(std::move(replaced));
    }
    replaced_ = std::move(waiting);
    if (assigning_ && assigning_token_ == token && state_ == GroupState::completing_rebalance)
        finish_sync(now);
    for (auto& replaced : ready) replaced.answer(std::move(replaced.response));
}

Status ClassicGroup::restore(Millis now, const StoredGroup& from) {
    MR_TRY(auto head, decode_classic_head(from.head));
    if (head.generation < 0 || head.generation > kGenerationMax) {
        return fail(Code::corrupt, "generation {}", head.generation);
    }
    generation_ = head.generation;
    protocol_type_ = std::move(head.protocol_type);
    protocol_ = std::move(head.protocol);
    leader_ = std::move(head.leader);
    for (const auto& [id, bytes] : from.members) {
        MR_TRY(auto body, decode_classic_body(bytes));
        if (body.instance_id && !static_.emplace(*body.instance_id, id).second) {
            return fail(Code::corrupt, "two members with the instance id {}", *body.instance_id);
        }
        Member& member = members_[id];
        member.id = id;
        member.instance_id = std::move(body.instance_id);
        member.client_id = std::move(body.client_id);
        member.client_host = std::move(body.client_host);
        member.session_timeout_ms = body.session_timeout_ms;
        member.rebalance_timeout_ms = body.rebalance_timeout_ms;
        member.protocols = {{protocol_, std::move(body.subscription)}};
        member.assignment = std::move(body.assignment);
        touch(now, member);
    }
    if (members_.empty()) return {};
    state_ = GroupState::stable;
    if (!members_.contains(leader_)) leader_ = members_.begin()->first;
    // The limit may have been another then.
    if (members_.size() > static_cast<std::size_t>(options_.members_max)) prepare_rebalance(now);
    return {};
}

// --- questions -------------------------------------------------------------------------------------------

bool ClassicGroup::supports(std::string_view protocol_type, const std::vector<Protocol>& protocols) const {
    if (protocol_type.empty() || protocols.empty()) return false;
    if (members_.empty()) return true;
    if (protocol_type != protocol_type_) return false;
    const auto possible = candidates();
    return std::any_of(possible.begin(), possible.end(),
                       [&](const std::string& name) { return has_protocol(protocols, name); });
}

bool ClassicGroup::may_join(const std::string& member_id) const {
    if (members_.contains(member_id)) return true;
    return members_.size() + (pending_.contains(member_id) ? 0 : pending_.size()) <
           static_cast<std::size_t>(options_.members_max);
}

bool ClassicGroup::all_joined() const {
    return pending_.empty() && std::all_of(members_.begin(), members_.end(),
                                           [](const auto& item) { return bool(item.second.awaiting_join); });
}

Millis ClassicGroup::rebalance_timeout() const {
    Millis longest = 0;
    for (const auto& [id, member] : members_)
        longest = std::max<Millis>(longest, member.rebalance_timeout_ms);
    return longest;
}

DescribedGroup ClassicGroup::describe() const {
    DescribedGroup out;
    out.group = id_;
    out.state = to_string(state_);
    out.protocol_type = protocol_type_;
    const bool stable = state_ == GroupState::stable;
    if (stable) out.protocol = protocol_;
    for (const auto& [id, member] : members_) {
        const std::string* metadata = stable ? member.metadata(protocol_) : nullptr;
        out.members.push_back({id, member.instance_id, member.client_id, member.client_host,
                               metadata == nullptr ? std::string() : *metadata,
                               stable ? member.assignment : std::string()});
    }
    return out;
}

}  // namespace mr::broker::groups
