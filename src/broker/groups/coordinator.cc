#include "broker/groups/coordinator.h"

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "base/check.h"
#include "broker/groups/classic_group.h"

namespace mr::broker::groups {

class Coordinator::Impl {
  public:
    CoordinatorOptions options;
    std::function<std::string()> make_id;
    std::function<bool(std::string_view)> has_offsets;
    std::function<std::vector<std::string>()> offset_groups;
    std::map<std::string, ClassicGroup, std::less<>> groups;
    /// When to look at a group next; never later than its true deadline, so that heartbeats need not touch
    /// it.
    std::map<std::string, Millis, std::less<>> due;
    std::set<std::pair<Millis, std::string>> schedule;

    ClassicGroup* find(std::string_view id) {
        const auto it = groups.find(id);
        return it == groups.end() ? nullptr : &it->second;
    }

    /// After anything that may have brought a deadline forward, or emptied the group.
    void reschedule(const std::string& id) {
        const auto it = groups.find(id);
        const Millis next = it == groups.end() ? kNever : it->second.next_deadline();
        const auto known = due.find(id);
        if (known != due.end()) {
            if (next != kNever && known->second <= next && it != groups.end()) return;
            schedule.erase({known->second, id});
            due.erase(known);
        }
        if (next == kNever) return;
        due[id] = next;
        schedule.emplace(next, id);
    }

    void forget(const std::string& id) {
        groups.erase(id);
        reschedule(id);
    }
};

Coordinator::Coordinator(CoordinatorOptions options, std::function<std::string()> make_id,
                         std::function<bool(std::string_view)> has_offsets,
                         std::function<std::vector<std::string>()> offset_groups)
    : impl_(std::make_unique<Impl>()) {
    impl_->options = options;
    impl_->make_id = std::move(make_id);
    impl_->has_offsets = std::move(has_offsets);
    impl_->offset_groups = std::move(offset_groups);
}

Coordinator::~Coordinator() = default;

void Coordinator::join(Millis now, JoinRequest request, JoinAnswer answer) {
    const CoordinatorOptions& options = impl_->options;
    if (request.group.empty() || request.group.size() > kNameBytesMax) {
        return answer(join_error(KafkaError::invalid_group_id, request.member_id));
    }
    if (request.session_timeout_ms < options.session_timeout_min_ms ||
        request.session_timeout_ms > options.session_timeout_max_ms) {
        return answer(join_error(KafkaError::invalid_session_timeout, request.member_id));
    }
    std::size_t bytes = request.client_id.size() + request.protocol_type.size() +
                        (request.instance_id ? request.instance_id->size() : 0);
    for (const auto& protocol : request.protocols) bytes += protocol.name.size() + protocol.metadata.size();
    if (bytes > options.member_bytes_max) {
        return answer(join_error(KafkaError::invalid_request, request.member_id));
    }
    const std::string id = request.group;
    ClassicGroup* group = impl_->find(id);
    if (group == nullptr) {
        if (!request.member_id.empty())
            return answer(join_error(KafkaError::unknown_member_id, request.member_id));
        if (impl_->groups.size() >= static_cast<std::size_t>(options.groups_max)) {
            return answer(join_error(KafkaError::coordinator_not_available, request.member_id));
        }
        group = &impl_->groups.try_emplace(id, id, impl_->options).first->second;
    }
    group->join(now, std::move(request), impl_->make_id, std::move(answer));
    // A group that nobody got into leaves no trace.
    if (group->empty() && group->state() == GroupState::empty && !impl_->has_offsets(id))
        return impl_->forget(id);
    impl_->reschedule(id);
}

void Coordinator::sync(Millis now, SyncRequest request, SyncAnswer answer) {
    const std::string id = request.group;
    SyncResponse response;
    ClassicGroup* group = impl_->find(id);
    if (id.empty() || group == nullptr) {
        response.error = id.empty() ? KafkaError::invalid_group_id : KafkaError::unknown_member_id;
        return answer(std::move(response));
    }
    std::size_t bytes = 0;
    for (const auto& assignment : request.assignments) bytes += assignment.bytes.size();
    if (bytes > impl_->options.assignment_bytes_max) {
        response.error = KafkaError::unknown_server_error;  // as Kafka, whose group record would be too large
        return answer(std::move(response));
    }
    group->sync(now, std::move(request), std::move(answer));
    impl_->reschedule(id);
}

KafkaError Coordinator::heartbeat(Millis now, const std::string& group, const MemberIdentity& who) {
    if (group.empty()) return KafkaError::invalid_group_id;
    ClassicGroup* found = impl_->find(group);
    return found == nullptr ? KafkaError::unknown_member_id : found->heartbeat(now, who);
}

LeaveResponse Coordinator::leave(Millis now, const std::string& group, std::vector<LeaveMember> members) {
    LeaveResponse response;
    if (group.empty()) {
        response.error = KafkaError::invalid_group_id;
        return response;
    }
    ClassicGroup* found = impl_->find(group);
    for (auto& member : members) {
        const KafkaError error = found == nullptr ? KafkaError::unknown_member_id : found->leave(now, member);
        response.members.push_back({std::move(member), error});
    }
    if (found != nullptr) impl_->reschedule(group);
    return response;
}

KafkaError Coordinator::check_commit(Millis now, const std::string& group, const MemberIdentity& who) {
    if (group.empty()) return KafkaError::invalid_group_id;
    ClassicGroup* found = impl_->find(group);
    if (found == nullptr) return who.generation < 0 ? KafkaError::none : KafkaError::illegal_generation;
    return found->check_commit(now, who);
}

KafkaError Coordinator::check_offset_delete(const std::string& group,
                                            std::vector<std::string>& subscribed) const {
    subscribed.clear();
    const ClassicGroup* found = impl_->find(group);
    if (found == nullptr)
        return impl_->has_offsets(group) ? KafkaError::none : KafkaError::group_id_not_found;
    if (!found->has_members()) return KafkaError::none;
    if (found->protocol_type() != "consumer") return KafkaError::non_empty_group;
    for (const auto& [id, member] : found->members()) {
        for (const auto& protocol : member.protocols) {
            // ConsumerProtocolSubscription: version int16, then an array of topic names.
            ByteReader in(protocol.metadata, Endian::big);
            in.i16();
            const std::int32_t count = in.i32();
            for (std::int32_t i = 0; i < count && !in.bad(); ++i) {
                const std::int16_t length = in.i16();
                if (length < 0) break;
                const std::string_view topic = in.raw(static_cast<std::size_t>(length));
                if (!in.bad()) subscribed.emplace_back(topic);
            }
        }
    }
    std::sort(subscribed.begin(), subscribed.end());
    subscribed.erase(std::unique(subscribed.begin(), subscribed.end()), subscribed.end());
    return KafkaError::none;
}

DescribedGroup Coordinator::describe(const std::string& group) const {
    if (const ClassicGroup* found = impl_->find(group)) return found->describe();
    DescribedGroup out;
    out.group = group;
    if (impl_->has_offsets(group)) {
        out.state = "Empty";
        return out;
    }
    out.error = KafkaError::group_id_not_found;
    out.state = "Dead";
    return out;
}

std::vector<ListedGroup> Coordinator::list() const {
    std::vector<ListedGroup> out;
    for (const auto& [id, group] : impl_->groups) {
        out.push_back({id, group.protocol_type(), std::string(to_string(group.state()))});
    }
    for (const auto& id : impl_->offset_groups()) {
        if (!impl_->groups.contains(id)) out.push_back({id, "", "Empty"});
    }
    return out;
}

KafkaError Coordinator::remove(const std::string& group) {
    if (group.empty()) return KafkaError::invalid_group_id;
    const ClassicGroup* found = impl_->find(group);
    if (found == nullptr)
        return impl_->has_offsets(group) ? KafkaError::none : KafkaError::group_id_not_found;
    if (!found->empty()) return KafkaError::non_empty_group;
    impl_->forget(group);
    return KafkaError::none;
}

bool Coordinator::active(std::string_view group) const {
    const auto it = impl_->groups.find(group);
    return it != impl_->groups.end() && it->second.has_members();
}

void Coordinator::tick(Millis now) {
    std::vector<std::string> ready;
    while (!impl_->schedule.empty() && impl_->schedule.begin()->first <= now) {
        ready.push_back(impl_->schedule.begin()->second);
        impl_->due.erase(ready.back());
        impl_->schedule.erase(impl_->schedule.begin());
    }
    for (const auto& id : ready) {
        ClassicGroup* group = impl_->find(id);
        if (group == nullptr) continue;
        group->tick(now);
        if (group->empty() && group->state() == GroupState::empty && !impl_->has_offsets(id)) {
            impl_->forget(id);
        } else {
            impl_->reschedule(id);
        }
    }
}

Coordinator::Millis Coordinator::next_deadline() const {
    return impl_->schedule.empty() ? kNever : impl_->schedule.begin()->first;
}

void Coordinator::close() {
    for (auto& [id, group] : impl_->groups) group.close();
}

}  // namespace mr::broker::groups
