// What is written of a consumer group, and read again after a restart.
#include <utility>

#include "base/crc32c.h"
#include "broker/groups/consumer_group.h"

namespace mr::broker::groups {
namespace {

/// No group comes near it; what is written beyond is damage.
constexpr std::int32_t kEpochMax = INT32_MAX / 2;

/// Of the set, each with its epoch.
PartitionEpochs with_epochs(const PartitionSet& set, const PartitionEpochs& epochs) {
    PartitionEpochs out;
    for (const auto& [topic, partitions] : set) {
        if (partitions.empty()) continue;
        const auto& known = epochs.at(topic);
        for (const std::int32_t p : partitions) out[topic][p] = known.at(p);
    }
    return out;
}

/// And back.
PartitionSet take_epochs(PartitionEpochs from, PartitionEpochs& epochs) {
    PartitionSet out;
    for (auto& [topic, partitions] : from) {
        for (const auto& [p, epoch] : partitions) out[topic].insert(p);
        epochs[topic].merge(partitions);
    }
    return out;
}

std::optional<ConsumerBody::Classic> classic_body(const ConsumerMember& member) {
    if (!member.classic) return std::nullopt;
    ConsumerBody::Classic out{member.classic->session_timeout_ms, {}};
    for (const auto& protocol : member.classic->protocols)
        out.protocols.emplace_back(protocol.name, protocol.metadata);
    return out;
}

}  // namespace

std::optional<StoredChange> ConsumerGroup::take_change() {
    StoredChange change;
    change.what = stored_ ? StoredChange::What::changes : StoredChange::What::whole;
    change.type = GroupType::consumer;
    change.head = encode(ConsumerHead{group_epoch_, assignment_epoch_, topics_checksum_});
    if (!stored_) {
        for (const auto& [id, member] : members_) dirty_.insert(id);
    }
    for (const std::string& id : std::exchange(dirty_, {})) {
        const auto it = members_.find(id);
        if (it == members_.end()) {
            if (const auto gone = stored_members_.extract(id)) {
                stored_bytes_ -= gone.mapped().bytes;
                change.removed.push_back(id);
            }
            continue;
        }
        const ConsumerMember& member = it->second;
        const auto target = target_.find(id);
        std::string body = encode(ConsumerBody{member.instance_id,
                                               member.rack_id,
                                               member.client_id,
                                               member.client_host,
                                               member.rebalance_timeout_ms,
                                               {member.topic_names.begin(), member.topic_names.end()},
                                               member.regex,
                                               member.assignor,
                                               member.epoch,
                                               member.previous_epoch,
                                               static_cast<std::uint8_t>(member.state),
                                               with_epochs(member.assigned, member.since),
                                               with_epochs(member.revoking, member.since),
                                               target == target_.end() ? PartitionSet() : target->second,
                                               classic_body(member)});
        // A heartbeat that changed nothing writes nothing.
        const Print print{id.size() + body.size(), crc32c(body)};
        const auto known = stored_members_.find(id);
        if (known != stored_members_.end() && known->second == print) continue;
        note_stored(id, print);
        change.members.emplace_back(id, std::move(body));
    }
    if (stored_ && change.members.empty() && change.removed.empty() && change.head == stored_head_)
        return std::nullopt;
    stored_ = true;
    stored_head_ = change.head;
    return change;
}

void ConsumerGroup::note_stored(const std::string& id, const Print& print) {
    Print& known = stored_members_[id];
    stored_bytes_ += print.bytes - known.bytes;
    known = print;
}

void ConsumerGroup::forget_stored() {
    stored_ = false;
    stored_bytes_ = 0;
    stored_members_.clear();
}

Status ConsumerGroup::restore(Millis now, const StoredGroup& from,
                              const std::shared_ptr<const TopicsView>& topics) {
    MR_TRY(const auto head, decode_consumer_head(from.head));
    if (head.assignment_epoch < 0 || head.assignment_epoch > head.group_epoch ||
        head.group_epoch > kEpochMax) {
        return fail(Code::corrupt, "epochs {} and {}", head.group_epoch, head.assignment_epoch);
    }
    group_epoch_ = head.group_epoch;
    assignment_epoch_ = head.assignment_epoch;
    for (const auto& [id, bytes] : from.members) {
        MR_TRY(auto body, decode_consumer_body(bytes));
        if (body.instance_id && !static_.emplace(*body.instance_id, id).second) {
            return fail(Code::corrupt, "two members with the instance id {}", *body.instance_id);
        }
        if (body.epoch < kLeaveStaticEpoch || body.epoch > group_epoch_) {
            return fail(Code::corrupt, "member {} in epoch {} of {}", id, body.epoch, group_epoch_);
        }
        ConsumerMember& member = members_[id];
        member.id = id;
        member.instance_id = std::move(body.instance_id);
        member.rack_id = std::move(body.rack_id);
        member.client_id = std::move(body.client_id);
        member.client_host = std::move(body.client_host);
        member.rebalance_timeout_ms = body.rebalance_timeout_ms;
        member.topic_names = {body.topic_names.begin(), body.topic_names.end()};
        member.regex = std::move(body.regex);
        // One that this build does not have: as if it had asked for none.
        if (is_assignor(body.assignor)) member.assignor = std::move(body.assignor);
        member.epoch = body.epoch;
        member.previous_epoch = body.previous_epoch;
        member.state = static_cast<MemberState>(body.state);
        member.assigned = take_epochs(std::move(body.assigned), member.since);
        member.revoking = take_epochs(std::move(body.revoking), member.since);
        member.session_deadline = now + options_.consumer_session_timeout_ms;
        if (body.classic) {
            if (body.classic->protocols.empty()) return fail(Code::corrupt, "member {} has no protocol", id);
            member.classic.emplace().session_timeout_ms = body.classic->session_timeout_ms;
            for (auto& [name, metadata] : body.classic->protocols)
                member.classic->protocols.push_back({std::move(name), std::move(metadata)});
            member.session_deadline = now + member.classic->session_timeout_ms;
        } else if (member.state == MemberState::unrevoked) {
            member.rebalance_deadline = now + member.rebalance_timeout_ms;
        }
        target_[id] = std::move(body.target);
        own(member);
        note_stored(id, {id.size() + bytes.size(), crc32c(bytes)});
    }
    stored_ = true;
    stored_head_ = from.head;
    match_targets(*topics);
    // Looked at with the first heartbeat, by whom that is.
    seen_topics_ = nullptr;
    set_topics(find_topics(*topics));
    // They may have changed since a member was last heard of.
    if (topics_checksum_ != head.topics) ++group_epoch_;
    return {};
}

}  // namespace mr::broker::groups
