#include "broker/groups/coordinator.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "broker/groups/classic_group.h"
#include "broker/groups/consumer_group.h"
#include "broker/groups/embedded_protocol.h"

namespace mr::broker::groups {

class Coordinator::Impl {
  public:
    CoordinatorOptions options;
    std::function<std::string()> make_id;
    std::function<bool(std::string_view)> has_offsets;
    std::function<std::vector<std::string>()> offset_groups;
    std::function<std::shared_ptr<const TopicsView>()> topics;
    /// A name is in one of these at most.
    std::map<std::string, ClassicGroup, std::less<>> groups;
    std::map<std::string, ConsumerGroup, std::less<>> consumers;
    /// When to look at a group next; never later than its true deadline, so that heartbeats need not touch
    /// it.
    std::map<std::string, Millis, std::less<>> due;
    std::set<std::pair<Millis, std::string>> schedule;
    Store store;
    std::uint64_t writes_made = 0;
    /// Of groups of which something is written, or on its way: how much.
    std::map<std::string, std::size_t, std::less<>> stored_bytes;
    std::size_t stored_total = 0;
    /// Writes of a group on their way, and who waits for how many of them.
    struct Writes {
        std::uint64_t issued = 0;
        std::uint64_t done = 0;
        std::deque<std::pair<std::uint64_t, std::move_only_function<void()>>> waiting;
    };
    std::map<std::string, Writes, std::less<>> writes;

    ClassicGroup* find(std::string_view id) {
        const auto it = groups.find(id);
        return it == groups.end() ? nullptr : &it->second;
    }

    ConsumerGroup* find_consumer(std::string_view id) {
        const auto it = consumers.find(id);
        return it == consumers.end() ? nullptr : &it->second;
    }
    /// A consumer group with members; an empty one gives way to a classic one.
    ConsumerGroup* living_consumer(std::string_view id) {
        ConsumerGroup* group = find_consumer(id);
        return group != nullptr && group->has_members() ? group : nullptr;
    }

    [[nodiscard]] std::shared_ptr<const TopicsView> topics_now() const {
        return topics ? topics() : std::make_shared<const TopicsView>();
    }

    /// Room for one more group: those without members are only remembered as long as there is.
    bool make_room() {
        const auto full = [this] {
            return groups.size() + consumers.size() >= static_cast<std::size_t>(options.groups_max);
        };
        if (!full()) return true;
        std::vector<std::string> idle;
        for (const auto& [id, group] : groups) {
            if (group.empty()) idle.push_back(id);
        }
        for (const auto& [id, group] : consumers) {
            if (!group.has_members()) idle.push_back(id);
        }
        for (const auto& id : idle) forget(id);
        return !full();
    }

    /// After anything that may have brought a deadline forward, or emptied the group.
    void reschedule(const std::string& id) {
        const auto it = groups.find(id);
        const ConsumerGroup* consumer = find_consumer(id);
        const Millis next = it != groups.end()    ? it->second.next_deadline()
                            : consumer != nullptr ? consumer->next_deadline()
                                                  : kNever;
        const auto known = due.find(id);
        if (known != due.end()) {
            if (next != kNever && known->second <= next) return;
            schedule.erase({known->second, id});
            due.erase(known);
        }
        if (next == kNever) return;
        due[id] = next;
        schedule.emplace(next, id);
    }

    void forget(const std::string& id) {
        // Not by the caller's reference, which may lie in what is erased.
        const std::string name = id;
        if (auto group = groups.extract(name)) group.mapped().close(KafkaError::unknown_member_id);
        consumers.erase(name);
        reschedule(name);
        if (drop_stored(name)) write(name, {.what = StoredChange::What::gone}, {});
    }

    // --- from one protocol to the other
    /// The classic group becomes one of the new protocol, and those who wait in it join again. What is wrong
    /// otherwise, as Kafka says it.
    std::optional<std::string> upgrade(const std::string& id, Millis now) {
        const ClassicGroup& from = *find(id);
        const auto because = [&](std::string_view why) {
            return fmt::format("Cannot upgrade classic group {} to consumer group because {}.", id, why);
        };
        if (from.protocol_type() != kConsumerProtocolType)
            return because("the group does not use the consumer embedded protocol");
        if (from.members().size() > static_cast<std::size_t>(options.members_max))
            return because("the group size exceeds the consumer group maximum size");
        ConsumerGroup& to = consumers.try_emplace(id, id, options).first->second;
        if (const Status adopted = to.adopt(now, from, topics_now()); !adopted) {
            consumers.erase(id);
            if (adopted.error().code != Code::unsupported)
                return because("the embedded consumer protocol is malformed");
            return because(
                "an unsupported custom assignor is in use. Please refer to the documentation or switch to a "
                "default assignor before re-attempting the upgrade");
        }
        auto old = groups.extract(id);
        old.mapped().close(KafkaError::rebalance_in_progress);
        return std::nullopt;
    }
    /// After anything was done with a consumer group.
    void settle_consumer(const std::string& id, Millis now) {
        ConsumerGroup& group = consumers.find(id)->second;
        if (!group.has_members() && !has_offsets(id)) return forget(id);
        if (!group.all_classic()) {
            persist(id, group);
            return reschedule(id);
        }
        ClassicGroup& to = groups.try_emplace(id, id, options).first->second;
        to.adopt(now, group, *topics_now());
        consumers.erase(id);
        persist(id, to, now);
        reschedule(id);
    }

    // --- what is written
    /// False: there was nothing.
    bool drop_stored(const std::string& id) {
        const auto known = stored_bytes.extract(id);
        if (known.empty()) return false;
        stored_total -= known.mapped();
        return true;
    }
    void count_stored(const std::string& id, std::size_t bytes) {
        std::size_t& known = stored_bytes[id];
        stored_total += bytes - known;
        known = bytes;
    }
    [[nodiscard]] bool fits(const std::string& id, std::size_t bytes) const {
        const auto known = stored_bytes.find(id);
        const std::size_t others = stored_total - (known == stored_bytes.end() ? 0 : known->second);
        return bytes <= options.stored_bytes_max && others + bytes <= options.stored_total_max;
    }

    void write(const std::string& id, StoredChange change, Stored done) {
        if (!store) return;
        ++writes[id].issued;
        store(id, std::move(change), [this, id, done = std::move(done)](Millis now) mutable {
            const auto it = writes.find(id);
            MR_CHECK(it != writes.end(), "{}", id);
            Writes& known = it->second;
            ++known.done;
            std::vector<std::move_only_function<void()>> ready;
            while (!known.waiting.empty() && known.waiting.front().first <= known.done) {
                ready.push_back(std::move(known.waiting.front().second));
                known.waiting.pop_front();
            }
            if (known.done == known.issued) writes.erase(it);
            if (done) done(now);
            for (auto& then : ready) then();
        });
    }

    /// After anything was done with the group.
    void persist(const std::string& id, ClassicGroup& group, Millis now) {
        const std::uint64_t token = ++writes_made;
        std::optional<StoredChange> change = group.take_change(token);
        if (!change) return;
        if (!store) return group.stored(now, token);
        std::size_t bytes = id.size() + change->head.size();
        for (const auto& [member, body] : change->members) bytes += member.size() + body.size();
        if (fits(id, bytes)) {
            count_stored(id, bytes);
        } else {
            // It works on, but not beyond a restart. What was written of it before holds no more.
            if (!drop_stored(id)) return group.stored(now, token);
            change = StoredChange{.what = StoredChange::What::gone};
        }
        write(id, std::move(*change), [this, id, token](Millis at) {
            ClassicGroup* written = find(id);
            if (written == nullptr) return;
            written->stored(at, token);
            reschedule(id);
        });
    }
    void persist(const std::string& id, ConsumerGroup& group) {
        if (!store) return;
        std::optional<StoredChange> change = group.take_change();
        if (!change) return;
        const std::size_t bytes = id.size() + change->head.size() + group.stored_bytes();
        if (fits(id, bytes)) {
            count_stored(id, bytes);
            return write(id, std::move(*change), {});
        }
        group.forget_stored();
        if (drop_stored(id)) write(id, {.what = StoredChange::What::gone}, {});
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
    if (ConsumerGroup* consumer = impl_->living_consumer(id)) {
        JoinResponse joined = consumer->join_classic(now, request, impl_->make_id, impl_->topics_now());
        impl_->settle_consumer(id, now);
        return when_stored(id, [answer = std::move(answer), joined = std::move(joined)]() mutable {
            answer(std::move(joined));
        });
    }
    ClassicGroup* group = impl_->find(id);
    if (group == nullptr) {
        if (!request.member_id.empty())
            return answer(join_error(KafkaError::unknown_member_id, request.member_id));
        impl_->forget(id);
        if (!impl_->make_room()) {
            return answer(join_error(KafkaError::coordinator_not_available, request.member_id));
        }
        group = &impl_->groups.try_emplace(id, id, impl_->options).first->second;
    }
    group->join(now, std::move(request), impl_->make_id, std::move(answer));
    // A group that nobody got into leaves no trace.
    if (group->empty() && group->state() == GroupState::empty && !impl_->has_offsets(id))
        return impl_->forget(id);
    impl_->persist(id, *group, now);
    impl_->reschedule(id);
}

void Coordinator::sync(Millis now, SyncRequest request, SyncAnswer answer) {
    const std::string id = request.group;
    SyncResponse response;
    if (ConsumerGroup* consumer = impl_->living_consumer(id)) {
        response = consumer->sync_classic(now, request, *impl_->topics_now());
        impl_->reschedule(id);
        return answer(std::move(response));
    }
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
    impl_->persist(id, *group, now);
    impl_->reschedule(id);
}

KafkaError Coordinator::heartbeat(Millis now, const std::string& group, const MemberIdentity& who) {
    if (group.empty()) return KafkaError::invalid_group_id;
    if (ConsumerGroup* consumer = impl_->living_consumer(group)) {
        const KafkaError error = consumer->heartbeat_classic(now, who);
        impl_->reschedule(group);
        return error;
    }
    ClassicGroup* found = impl_->find(group);
    return found == nullptr ? KafkaError::unknown_member_id : found->heartbeat(now, who);
}

LeaveResponse Coordinator::leave(Millis now, const std::string& group, std::vector<LeaveMember> members) {
    LeaveResponse response;
    if (group.empty()) {
        response.error = KafkaError::invalid_group_id;
        return response;
    }
    if (ConsumerGroup* consumer = impl_->living_consumer(group)) {
        for (auto& member : members) {
            const KafkaError error = consumer->leave_classic(member);
            response.members.push_back({std::move(member), error});
        }
        impl_->settle_consumer(group, now);
        return response;
    }
    ClassicGroup* found = impl_->find(group);
    for (auto& member : members) {
        const KafkaError error = found == nullptr ? KafkaError::unknown_member_id : found->leave(now, member);
        response.members.push_back({std::move(member), error});
    }
    if (found != nullptr) {
        impl_->persist(group, *found, now);
        impl_->reschedule(group);
    }
    return response;
}

KafkaError Coordinator::check_commit(Millis now, const std::string& group, const CommitRequest& commit) {
    // Kafka: consumers without a group have always been able to leave its name away.
    if (group.empty() && commit.transactional) return KafkaError::invalid_group_id;
    if (const ConsumerGroup* consumer = impl_->find_consumer(group)) return consumer->check_commit(commit);
    if (ClassicGroup* found = impl_->find(group)) return found->check_commit(now, commit);
    if (commit.who.generation < 0) return KafkaError::none;
    if (impl_->has_offsets(group)) return KafkaError::unknown_member_id;  // it is there, and nobody in it
    return commit.modern && !commit.transactional ? KafkaError::group_id_not_found
                                                  : KafkaError::illegal_generation;
}

void Coordinator::set_topics(std::function<std::shared_ptr<const TopicsView>()> topics) {
    impl_->topics = std::move(topics);
}

void Coordinator::set_store(Store store) {
    impl_->store = std::move(store);
}

std::vector<std::string> Coordinator::restore(Millis now, const StoredGroups& stored) {
    std::vector<std::string> unreadable;
    const auto topics = impl_->topics_now();
    for (const auto& [id, from] : stored) {
        std::size_t bytes = id.size() + from->head.size();
        for (const auto& [member, body] : from->members) bytes += member.size() + body.size();
        impl_->count_stored(id, bytes);
        const Status restored =
            from->type == GroupType::classic
                ? impl_->groups.try_emplace(id, id, impl_->options).first->second.restore(now, *from)
                : impl_->consumers.try_emplace(id, id, impl_->options)
                      .first->second.restore(now, *from, topics);
        if (restored) {
            impl_->reschedule(id);
            continue;
        }
        impl_->forget(id);
        unreadable.push_back(id + ": " + restored.error().message);
    }
    return unreadable;
}

void Coordinator::when_stored(const std::string& group, std::move_only_function<void()> then) {
    const auto it = impl_->writes.find(group);
    if (it == impl_->writes.end()) return then();
    it->second.waiting.emplace_back(it->second.issued, std::move(then));
}

void Coordinator::forget_unused() {
    std::vector<std::string> unused;
    for (const auto& [id, group] : impl_->groups) {
        if (group.empty() && group.state() == GroupState::empty && !impl_->has_offsets(id))
            unused.push_back(id);
    }
    for (const auto& [id, group] : impl_->consumers) {
        if (!group.has_members() && !impl_->has_offsets(id)) unused.push_back(id);
    }
    for (const auto& id : unused) impl_->forget(id);
}

ConsumerHeartbeatAnswer Coordinator::consumer_heartbeat(Millis now, ConsumerHeartbeat request) {
    ConsumerHeartbeatAnswer answer = check_heartbeat(request);
    if (answer.error != KafkaError::none) return answer;
    const auto refuse = [&](KafkaError error, std::string message) {
        answer.error = error;
        answer.message = std::move(message);
        return answer;
    };
    const std::string id = request.group;
    if (id.size() > kNameBytesMax) return refuse(KafkaError::invalid_group_id, "GroupId is too long.");
    std::size_t bytes = request.member_id.size() + request.client_id.size() +
                        request.instance_id.value_or("").size() + request.regex.value_or("").size();
    if (request.topic_names) {
        for (const auto& name : *request.topic_names) bytes += name.size() + sizeof(std::string);
    }
    if (bytes > impl_->options.member_bytes_max) {
        return refuse(KafkaError::invalid_request, fmt::format("the subscription has more than {} bytes",
                                                               impl_->options.member_bytes_max));
    }
    const ClassicGroup* classic = impl_->find(id);
    if (classic != nullptr && classic->has_members()) {
        if (request.epoch != 0) {
            return refuse(KafkaError::group_id_not_found,
                          fmt::format("Group {} is not a consumer group.", id));
        }
        if (auto why = impl_->upgrade(id, now))
            return refuse(KafkaError::group_id_not_found, std::move(*why));
    }
    ConsumerGroup* group = impl_->find_consumer(id);
    if (group == nullptr) {
        if (request.epoch != 0) {
            return refuse(KafkaError::group_id_not_found, fmt::format("Consumer group {} not found.", id));
        }
        impl_->forget(id);  // an empty classic one
        if (!impl_->make_room()) return refuse(KafkaError::coordinator_not_available, "too many groups");
        group = &impl_->consumers.try_emplace(id, id, impl_->options).first->second;
    }
    if (request.member_id.empty()) request.member_id = impl_->make_id();
    answer = group->heartbeat(now, request, impl_->topics_now());
    impl_->settle_consumer(id, now);
    return answer;
}

KafkaError Coordinator::check_fetch(const std::string& group, const std::optional<std::string>& member_id,
                                    std::int32_t epoch) const {
    if (!member_id && epoch < 0) return KafkaError::none;
    const ConsumerGroup* consumer = impl_->find_consumer(group);
    return consumer == nullptr ? KafkaError::none : consumer->check_fetch(member_id.value_or(""), epoch);
}

KafkaError Coordinator::check_offset_delete(const std::string& group,
                                            std::vector<std::string>& subscribed) const {
    subscribed.clear();
    if (const ConsumerGroup* consumer = impl_->living_consumer(group)) {
        subscribed = consumer->subscribed();
        return KafkaError::none;
    }
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

const CoordinatorOptions& Coordinator::options() const {
    return impl_->options;
}

DescribedGroup Coordinator::describe(const std::string& group) const {
    if (const ClassicGroup* found = impl_->find(group)) return found->describe();
    DescribedGroup out;
    out.group = group;
    if (impl_->find_consumer(group) == nullptr && impl_->has_offsets(group)) {
        out.state = "Empty";
        return out;
    }
    out.error = KafkaError::group_id_not_found;
    out.state = "Dead";
    return out;
}

DescribedConsumerGroup Coordinator::describe_consumer(const std::string& group) const {
    if (const ConsumerGroup* found = impl_->find_consumer(group)) return found->describe();
    DescribedConsumerGroup out;
    out.error = KafkaError::group_id_not_found;
    out.state = "Dead";
    const bool classic = impl_->find(group) != nullptr || impl_->has_offsets(group);
    out.message = classic ? fmt::format("Group {} is not a consumer group.", group)
                          : fmt::format("Group {} not found.", group);
    return out;
}

std::vector<ListedGroup> Coordinator::list() const {
    std::vector<ListedGroup> out;
    for (const auto& [id, group] : impl_->groups) {
        out.push_back({id, group.protocol_type(), std::string(to_string(group.state()))});
    }
    for (const auto& [id, group] : impl_->consumers) {
        out.push_back({id, "consumer", std::string(group.state()), "consumer"});
    }
    for (const auto& id : impl_->offset_groups()) {
        if (!impl_->groups.contains(id) && !impl_->consumers.contains(id)) out.push_back({id, "", "Empty"});
    }
    return out;
}

KafkaError Coordinator::remove(const std::string& group) {
    if (group.empty()) return KafkaError::invalid_group_id;
    if (impl_->living_consumer(group) != nullptr) return KafkaError::non_empty_group;
    const ClassicGroup* found = impl_->find(group);
    if (found == nullptr && impl_->find_consumer(group) == nullptr)
        return impl_->has_offsets(group) ? KafkaError::none : KafkaError::group_id_not_found;
    if (found != nullptr && !found->empty()) return KafkaError::non_empty_group;
    impl_->forget(group);
    return KafkaError::none;
}

bool Coordinator::active(std::string_view group) const {
    const auto it = impl_->groups.find(group);
    return (it != impl_->groups.end() && it->second.has_members()) ||
           impl_->living_consumer(group) != nullptr;
}

void Coordinator::tick(Millis now) {
    std::vector<std::string> ready;
    while (!impl_->schedule.empty() && impl_->schedule.begin()->first <= now) {
        ready.push_back(impl_->schedule.begin()->second);
        impl_->due.erase(ready.back());
        impl_->schedule.erase(impl_->schedule.begin());
    }
    for (const auto& id : ready) {
        if (ConsumerGroup* consumer = impl_->find_consumer(id)) {
            consumer->tick(now);
            impl_->settle_consumer(id, now);
            continue;
        }
        ClassicGroup* group = impl_->find(id);
        if (group == nullptr) continue;
        group->tick(now);
        if (group->empty() && group->state() == GroupState::empty && !impl_->has_offsets(id)) {
            impl_->forget(id);
        } else {
            impl_->persist(id, *group, now);
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
