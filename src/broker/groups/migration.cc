// Groups that change their protocol member by member (KIP-848,
// group.consumer.migration.policy=bidirectional): a classic group becomes one of the new protocol with the
// first heartbeat of that, its members go on as before and are led by their own JoinGroup, SyncGroup and
// Heartbeat; when the last member of the new protocol has left, it becomes a classic one again.
#include <algorithm>

#include "broker/groups/classic_group.h"
#include "broker/groups/consumer_group.h"
#include "broker/groups/embedded_protocol.h"

namespace mr::broker::groups {
namespace {

/// Topics that are not there any more are left out.
PartitionSet by_id(const NamedPartitions& named, const TopicsView& topics) {
    PartitionSet out;
    for (const auto& [name, partitions] : named) {
        const auto topic = topics.find(name);
        if (topic != nullptr && !partitions.empty()) out[topic->id] = partitions;
    }
    return out;
}

NamedPartitions by_name(const PartitionSet& set, const TopicsView& topics) {
    NamedPartitions out;
    for (const auto& [id, partitions] : set) {
        const auto topic = topics.find(id);
        if (topic != nullptr && !partitions.empty()) out[topic->name] = partitions;
    }
    return out;
}

std::int16_t version_of(std::string_view subscription) {
    const auto read = read_subscription(subscription);
    return read ? read->version : std::int16_t{0};
}

bool has_protocol(const std::vector<Protocol>& protocols, std::string_view name) {
    return std::any_of(protocols.begin(), protocols.end(), [&](const Protocol& p) { return p.name == name; });
}

}  // namespace

// --- from classic to new ---------------------------------------------------------------------------------

Status ConsumerGroup::adopt(Millis now, const ClassicGroup& from,
                            const std::shared_ptr<const TopicsView>& topics) {
    group_epoch_ = from.generation();
    assignment_epoch_ = group_epoch_;
    for (const auto& [id, old] : from.members()) {
        const std::string* metadata = old.metadata(from.protocol());
        // Before its first rebalance has ended a group has chosen none.
        if (metadata == nullptr && !old.protocols.empty()) metadata = &old.protocols.front().metadata;
        MR_TRY(auto subscription, read_subscription(metadata == nullptr ? std::string_view() : *metadata));
        ConsumerMember& member = members_[id];
        member.id = id;
        member.instance_id = old.instance_id;
        if (old.instance_id) static_[*old.instance_id] = id;
        member.rack_id = std::move(subscription.rack);
        member.client_id = old.client_id;
        member.client_host = old.client_host;
        member.rebalance_timeout_ms = old.rebalance_timeout_ms;
        member.topic_names = {subscription.topics.begin(), subscription.topics.end()};
        member.epoch = group_epoch_;
        member.previous_epoch = group_epoch_;
        member.classic = ClassicPart{old.session_timeout_ms, old.protocols};
        member.session_deadline = now + old.session_timeout_ms;
        if (!old.assignment.empty()) {
            MR_TRY(const auto assignment, read_assignment(old.assignment));
            if (assignment.user_data) return fail(Code::unsupported, "a custom assignor");
            member.assigned = by_id(assignment.partitions, *topics);
        }
        for (const auto& [topic, partitions] : member.assigned) {
            for (const std::int32_t p : partitions) member.since[topic][p] = group_epoch_;
        }
        target_[id] = member.assigned;
        own(member);
    }
    set_topics(find_topics(*topics));
    seen_topics_ = topics;
    return {};
}

// --- classic members in a group of the new protocol ------------------------------------------------------

bool ConsumerGroup::all_classic() const {
    return !members_.empty() && std::all_of(members_.begin(), members_.end(),
                                            [](const auto& item) { return item.second.classic.has_value(); });
}

bool ConsumerGroup::supports_classic(const JoinRequest& r) const {
    if (r.protocol_type != kConsumerProtocolType) return false;
    return std::any_of(r.protocols.begin(), r.protocols.end(), [&](const Protocol& protocol) {
        return std::all_of(members_.begin(), members_.end(), [&](const auto& item) {
            const auto& classic = item.second.classic;
            return !classic || item.first == r.member_id || has_protocol(classic->protocols, protocol.name);
        });
    });
}

KafkaError ConsumerGroup::check_classic(std::string_view member_id,
                                        const std::optional<std::string>& instance_id) const {
    if (instance_id) {
        const auto known = static_.find(*instance_id);
        if (known == static_.end()) return KafkaError::unknown_member_id;
        if (known->second != member_id) return KafkaError::fenced_instance_id;
    }
    const auto it = members_.find(std::string(member_id));
    return it == members_.end() || !it->second.classic ? KafkaError::unknown_member_id : KafkaError::none;
}

JoinResponse ConsumerGroup::join_classic(Millis now, const JoinRequest& r,
                                         const std::function<std::string()>& make_id,
                                         const std::shared_ptr<const TopicsView>& topics) {
    const bool nameless = r.member_id.empty();
    if (members_.size() >= static_cast<std::size_t>(options_.members_max) &&
        !members_.contains(r.member_id)) {
        return join_error(KafkaError::group_max_size_reached, r.member_id);
    }
    if (!supports_classic(r)) return join_error(KafkaError::inconsistent_group_protocol, r.member_id);
    const std::string id = nameless ? make_id() : r.member_id;
    if (nameless && r.require_member_id && !r.instance_id) {
        return join_error(KafkaError::member_id_required, id);
    }
    auto subscription = read_subscription(r.protocols.front().metadata);
    if (!subscription) return join_error(KafkaError::inconsistent_group_protocol, r.member_id);
    if (r.instance_id && !nameless) {
        const auto known = static_.find(*r.instance_id);
        if (known == static_.end()) return join_error(KafkaError::unknown_member_id, id);
        if (known->second != id) return join_error(KafkaError::fenced_instance_id, id);
    }
    ConsumerHeartbeat beat;
    beat.group = r.group;
    beat.member_id = id;
    beat.instance_id = r.instance_id;
    beat.rack_id = std::move(subscription->rack);
    beat.rebalance_timeout_ms = r.rebalance_timeout_ms > 0 ? r.rebalance_timeout_ms : r.session_timeout_ms;
    beat.topic_names = std::move(subscription->topics);
    beat.regex = "";
    beat.owned = by_id(subscription->owned, *topics);
    beat.may_describe = r.may_describe;
    beat.client_id = r.client_id;
    beat.client_host = r.client_host;
    const bool was_known = is_known(beat);
    ConsumerHeartbeatAnswer refused;
    const bool takes_place = r.instance_id && nameless;
    ConsumerMember* member = takes_place     ? join_static(beat, true, refused)
                             : r.instance_id ? &members_.at(id)
                                             : find_or_join(beat, refused);
    if (member == nullptr) return join_error(refused.error, id);
    member->classic = ClassicPart{r.session_timeout_ms, r.protocols};
    advance(now, *member, beat, was_known, topics);
    member->session_deadline = now + r.session_timeout_ms;
    member->join_deadline = INT64_MAX;
    member->sync_deadline = now + member->rebalance_timeout_ms;
    JoinResponse response;
    response.generation = member->epoch;
    response.protocol_type = kConsumerProtocolType;
    response.protocol_name = r.protocols.front().name;
    response.member_id = id;
    return response;
}

/// The member must come again; it has as long as a rebalance may take.
KafkaError ConsumerGroup::ask_to_rejoin(Millis now, ConsumerMember& member) {
    if (member.join_deadline == INT64_MAX) member.join_deadline = now + member.rebalance_timeout_ms;
    return KafkaError::rebalance_in_progress;
}

SyncResponse ConsumerGroup::sync_classic(Millis now, const SyncRequest& r, const TopicsView& topics) {
    SyncResponse response;
    response.error = check_classic(r.member_id, r.instance_id);
    if (response.error != KafkaError::none) return response;
    ConsumerMember& member = members_.at(r.member_id);
    const Protocol& protocol = member.classic->protocols.front();
    const bool other_type = r.protocol_type && *r.protocol_type != kConsumerProtocolType;
    if (member.epoch != r.generation) {
        response.error = KafkaError::illegal_generation;
    } else if (other_type || (r.protocol_name && *r.protocol_name != protocol.name)) {
        response.error = KafkaError::inconsistent_group_protocol;
    } else if (assignment_epoch_ > member.epoch && member.state != MemberState::unrevoked) {
        response.error = ask_to_rejoin(now, member);
    }
    if (response.error != KafkaError::none) return response;
    member.sync_deadline = INT64_MAX;
    member.session_deadline = now + member.classic->session_timeout_ms;
    response.protocol_type = r.protocol_type;
    response.protocol_name = r.protocol_name;
    response.assignment = write_assignment(version_of(protocol.metadata), by_name(member.assigned, topics));
    return response;
}

KafkaError ConsumerGroup::heartbeat_classic(Millis now, const MemberIdentity& who) {
    if (const KafkaError wrong = check_classic(who.member_id, who.instance_id); wrong != KafkaError::none)
        return wrong;
    ConsumerMember& member = members_.at(who.member_id);
    if (member.epoch != who.generation) return KafkaError::illegal_generation;
    member.session_deadline = now + member.classic->session_timeout_ms;
    // It has to catch up, to give up partitions, or what it waits for is free now.
    const bool again = member.epoch < assignment_epoch_ || member.state == MemberState::unrevoked ||
                       (member.state == MemberState::unreleased && !waits_for_others(member));
    return again ? ask_to_rejoin(now, member) : KafkaError::none;
}

/// Something of its target is still another's.
bool ConsumerGroup::waits_for_others(const ConsumerMember& member) const {
    const auto target = target_.find(member.id);
    if (target == target_.end()) return false;
    for (const auto& [topic, partitions] : target->second) {
        const auto owners = owners_.find(topic);
        if (owners == owners_.end()) continue;
        for (const std::int32_t p : partitions) {
            const auto owner = owners->second.find(p);
            if (owner != owners->second.end() && owner->second != member.id) return true;
        }
    }
    return false;
}

KafkaError ConsumerGroup::leave_classic(const LeaveMember& who) {
    std::string id = who.member_id;
    if (who.instance_id) {
        const auto known = static_.find(*who.instance_id);
        if (known == static_.end()) return KafkaError::unknown_member_id;
        if (!id.empty() && known->second != id) return KafkaError::fenced_instance_id;
        id = known->second;
    }
    if (!members_.contains(id)) return KafkaError::unknown_member_id;
    remove(id);
    return KafkaError::none;
}

// --- and back --------------------------------------------------------------------------------------------

void ClassicGroup::adopt(Millis now, const ConsumerGroup& from, const TopicsView& topics) {
    state_ = GroupState::stable;
    generation_ = from.group_epoch();
    protocol_type_ = kConsumerProtocolType;
    for (const auto& [id, old] : from.members()) {
        Member& member = members_[id];
        member.id = id;
        member.instance_id = old.instance_id;
        if (old.instance_id) static_[*old.instance_id] = id;
        member.client_id = old.client_id;
        member.client_host = old.client_host;
        member.session_timeout_ms = old.classic->session_timeout_ms;
        member.rebalance_timeout_ms = old.rebalance_timeout_ms;
        member.protocols = old.classic->protocols;
        touch(now, member);
    }
    protocol_ = select_protocol();
    leader_ = members_.begin()->first;
    for (auto& [id, member] : members_) {
        const std::string* metadata = member.metadata(protocol_);
        member.assignment = write_assignment(metadata == nullptr ? std::int16_t{0} : version_of(*metadata),
                                             by_name(from.target_of(id), topics));
    }
    // Written as it is; the partitions of whoever has gone are for the rebalance to hand out.
    changed_ = true;
    prepare_rebalance(now);
}

}  // namespace mr::broker::groups
