#include "broker/groups/consumer_group.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"

namespace mr::broker::groups {
namespace {

constexpr std::array<std::string_view, 2> kAssignors = {"uniform", "range"};

ConsumerHeartbeatAnswer refuse(KafkaError error, std::string message) {
    ConsumerHeartbeatAnswer answer;
    answer.error = error;
    answer.message = std::move(message);
    return answer;
}

bool contains_all(const PartitionSet& all, const PartitionSet& some) {
    return std::all_of(some.begin(), some.end(), [&](const auto& item) {
        const auto it = all.find(item.first);
        return item.second.empty() ||
               (it != all.end() &&
                std::includes(it->second.begin(), it->second.end(), item.second.begin(), item.second.end()));
    });
}

bool meet(const PartitionSet& a, const PartitionSet& b) {
    for (const auto& [topic, partitions] : a) {
        const auto it = b.find(topic);
        if (it == b.end()) continue;
        for (const std::int32_t p : partitions) {
            if (it->second.contains(p)) return true;
        }
    }
    return false;
}

/// a without b.
PartitionSet minus(const PartitionSet& a, const PartitionSet& b) {
    PartitionSet out;
    for (const auto& [topic, partitions] : a) {
        const auto it = b.find(topic);
        for (const std::int32_t p : partitions) {
            if (it == b.end() || !it->second.contains(p)) out[topic].insert(p);
        }
    }
    return out;
}

void add(PartitionSet& to, const PartitionSet& more) {
    for (const auto& [topic, partitions] : more) to[topic].insert(partitions.begin(), partitions.end());
}

std::optional<std::int32_t> epoch_of(const PartitionEpochs& epochs, const Uuid& topic, std::int32_t p) {
    const auto found = epochs.find(topic);
    if (found == epochs.end()) return std::nullopt;
    const auto at = found->second.find(p);
    return at == found->second.end() ? std::nullopt : std::optional(at->second);
}

void add(PartitionEpochs& to, const PartitionSet& more, std::int32_t epoch) {
    for (const auto& [topic, partitions] : more) {
        for (const std::int32_t p : partitions) to[topic][p] = epoch;
    }
}

/// As they have them already.
void add(PartitionEpochs& to, const PartitionSet& more, const PartitionEpochs& known) {
    for (const auto& [topic, partitions] : more) {
        for (const std::int32_t p : partitions) to[topic][p] = epoch_of(known, topic, p).value_or(0);
    }
}

/// When it is out, unless it is heard of.
std::int64_t deadline_of(const ConsumerMember& member) {
    return std::min(
        {member.session_deadline, member.rebalance_deadline, member.join_deadline, member.sync_deadline});
}

std::uint32_t checksum(const std::map<std::string, std::pair<Uuid, std::int32_t>>& topics) {
    std::string bytes;
    ByteWriter out(bytes);
    for (const auto& [name, topic] : topics) {
        out.sized(name);
        out.raw(topic.first.view());
        out.i32(topic.second);
    }
    return crc32c(bytes);
}

}  // namespace

ConsumerGroup::ConsumerGroup(std::string id, const CoordinatorOptions& options)
    : id_(std::move(id)), options_(options) {}

bool is_assignor(std::string_view name) {
    return std::find(kAssignors.begin(), kAssignors.end(), name) != kAssignors.end();
}

ConsumerHeartbeatAnswer check_heartbeat(const ConsumerHeartbeat& r) {
    const auto invalid = [](std::string_view why) {
        return refuse(KafkaError::invalid_request, std::string(why));
    };
    if (r.group.empty()) return invalid("GroupId can't be empty.");
    if (r.instance_id && r.instance_id->empty()) return invalid("InstanceId can't be empty.");
    if (r.rack_id && r.rack_id->empty()) return invalid("RackId can't be empty.");
    if (r.member_id.empty() && (r.member_id_required || r.epoch != 0)) {
        return invalid("MemberId can't be empty.");
    }
    if (r.epoch == 0) {
        if (r.rebalance_timeout_ms == -1)
            return invalid("RebalanceTimeoutMs must be provided in first request.");
        if (!r.owned || !r.owned->empty()) {
            return invalid("TopicPartitions must be empty when (re-)joining.");
        }
        if (!r.topic_names && !r.regex) {
            return invalid(
                "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.");
        }
    } else if (r.epoch == ConsumerGroup::kLeaveStaticEpoch) {
        if (!r.instance_id) return invalid("InstanceId can't be null.");
    } else if (r.epoch < ConsumerGroup::kLeaveStaticEpoch) {
        return invalid(fmt::format("MemberEpoch is {}, but must be greater than or equal to -2.", r.epoch));
    }
    if (r.assignor && !is_assignor(*r.assignor)) {
        return refuse(KafkaError::unsupported_assignor,
                      fmt::format("ServerAssignor {} is not supported. Supported assignors: uniform, range.",
                                  *r.assignor));
    }
    if (r.regex && !r.regex->empty() && !re2::RE2(*r.regex, re2::RE2::Quiet).ok()) {
        return refuse(KafkaError::invalid_regular_expression,
                      fmt::format("SubscribedTopicRegex `{}` is not a valid regular expression: {}.",
                                  *r.regex, re2::RE2(*r.regex, re2::RE2::Quiet).error()));
    }
    return {};
}

// --- members ---------------------------------------------------------------------------------------------

ConsumerMember* ConsumerGroup::join_static(const ConsumerHeartbeat& r, bool classic,
                                           ConsumerHeartbeatAnswer& answer) {
    const auto known = static_.find(*r.instance_id);
    if (known == static_.end()) {
        static_[*r.instance_id] = r.member_id;
        ConsumerMember& member = members_[r.member_id];
        member.id = r.member_id;
        return &member;
    }
    auto node = members_.extract(known->second);
    MR_CHECK(!node.empty(), "{} {}", id_, known->second);
    // Between the protocols a member is replaced while it is there.
    if (node.mapped().epoch != kLeaveStaticEpoch && !classic && !node.mapped().classic) {
        answer = refuse(
            KafkaError::unreleased_instance_id,
            fmt::format("Static member {} with instance id {} cannot join the group because the instance "
                        "id is owned by {} member.",
                        r.member_id, *r.instance_id, known->second));
        members_.insert(std::move(node));
        return nullptr;
    }
    // It comes back, or another takes its place: with its partitions, and without a rebalance.
    dirty_.insert(known->second);
    disown(node.mapped());
    if (auto target = target_.extract(known->second)) {
        target.key() = r.member_id;
        target_.insert(std::move(target));
    }
    known->second = r.member_id;
    node.key() = r.member_id;
    ConsumerMember& member = members_.insert(std::move(node)).position->second;
    member.id = r.member_id;
    member.epoch = 0;
    member.previous_epoch = 0;
    own(member);
    return &member;
}

ConsumerMember* ConsumerGroup::find_or_join(const ConsumerHeartbeat& r, ConsumerHeartbeatAnswer& answer) {
    const bool joins = r.epoch == 0;
    if (joins && !members_.contains(r.member_id) &&
        members_.size() >= static_cast<std::size_t>(options_.members_max)) {
        answer = refuse(KafkaError::group_max_size_reached,
                        fmt::format("The consumer group has reached its maximum capacity of {} members.",
                                    options_.members_max));
        return nullptr;
    }
    if (joins && r.instance_id) return join_static(r, false, answer);
    if (r.instance_id) {
        const auto known = static_.find(*r.instance_id);
        if (known == static_.end()) {
            answer = refuse(KafkaError::unknown_member_id,
                            fmt::format("Instance id {} is unknown.", *r.instance_id));
            return nullptr;
        }
        if (known->second != r.member_id) {
            answer = refuse(KafkaError::fenced_instance_id,
                            fmt::format("Static member {} with instance id {} was fenced by member {}.",
                                        r.member_id, *r.instance_id, known->second));
            return nullptr;
        }
    }
    const auto it = members_.find(r.member_id);
    if (joins) {
        ConsumerMember& member = it == members_.end() ? members_[r.member_id] : it->second;
        member.id = r.member_id;
        return &member;
    }
    if (it == members_.end()) {
        answer = refuse(KafkaError::unknown_member_id,
                        fmt::format("Member {} is not a member of group {}.", r.member_id, id_));
        return nullptr;
    }
    ConsumerMember& member = it->second;
    if (r.epoch > member.epoch) {
        answer = refuse(
            KafkaError::fenced_member_epoch,
            fmt::format("The consumer group member has a greater member epoch ({}) than the one known by "
                        "the group coordinator ({}). The member must abandon all its partitions and rejoin.",
                        r.epoch, member.epoch));
        return nullptr;
    }
    // The answer with the new epoch may have been lost: the old one is taken from who owns nothing unknown.
    const bool lost_answer =
        r.epoch == member.previous_epoch && r.owned && contains_all(member.assigned, *r.owned);
    if (r.epoch < member.epoch && !lost_answer) {
        answer = refuse(
            KafkaError::fenced_member_epoch,
            fmt::format("The consumer group member has a smaller member epoch ({}) than the one known by "
                        "the group coordinator ({}). The member must abandon all its partitions and rejoin.",
                        r.epoch, member.epoch));
        return nullptr;
    }
    return &member;
}

/// True when its subscription is another than before.
bool ConsumerGroup::update(ConsumerMember& member, const ConsumerHeartbeat& r) {
    if (r.instance_id) member.instance_id = r.instance_id;
    if (r.rack_id) member.rack_id = r.rack_id;
    if (r.rebalance_timeout_ms != -1) member.rebalance_timeout_ms = r.rebalance_timeout_ms;
    if (r.assignor) member.assignor = *r.assignor;
    member.client_id = r.client_id;
    member.client_host = r.client_host;
    bool changed = false;
    if (r.topic_names) {
        std::set<std::string> names(r.topic_names->begin(), r.topic_names->end());
        changed = names != member.topic_names;
        member.topic_names = std::move(names);
    }
    if (r.regex && *r.regex != member.regex) {
        member.regex = *r.regex;
        changed = true;
    }
    return changed;
}

void ConsumerGroup::remove(const std::string& member_id) {
    const auto it = members_.find(member_id);
    MR_CHECK(it != members_.end(), "{} {}", id_, member_id);
    disown(it->second);
    if (it->second.instance_id) static_.erase(*it->second.instance_id);
    dirty_.insert(member_id);
    target_.erase(member_id);
    members_.erase(it);
    subscriptions_changed_ = true;
    ++group_epoch_;
}

ConsumerHeartbeatAnswer ConsumerGroup::leave(const ConsumerHeartbeat& r) {
    std::string id = r.member_id;
    if (r.instance_id) {
        const auto known = static_.find(*r.instance_id);
        if (known == static_.end()) {
            return refuse(KafkaError::unknown_member_id,
                          fmt::format("Instance id {} is unknown.", *r.instance_id));
        }
        if (known->second != r.member_id) {
            return refuse(KafkaError::fenced_instance_id,
                          fmt::format("Static member {} with instance id {} was fenced by member {}.",
                                      r.member_id, *r.instance_id, known->second));
        }
    }
    const auto it = members_.find(id);
    if (it == members_.end()) {
        return refuse(KafkaError::unknown_member_id,
                      fmt::format("Member {} is not a member of group {}.", id, id_));
    }
    ConsumerHeartbeatAnswer answer;
    answer.member_id = id;
    answer.epoch = r.epoch;
    if (r.epoch == kLeaveStaticEpoch) {
        // Its place is kept until the session ends; it need not give back anything meanwhile.
        ConsumerMember& member = it->second;
        disown(member);
        member.epoch = kLeaveStaticEpoch;
        member.state = MemberState::stable;
        member.revoking.clear();
        // Whoever takes the place has had them from the start, in whatever epoch it commits.
        member.since.clear();
        add(member.since, member.assigned, 0);
        member.rebalance_deadline = INT64_MAX;
        own(member);
        dirty_.insert(id);
        return answer;
    }
    remove(id);
    return answer;
}

namespace {

KafkaError stale(const ConsumerMember& member) {
    return member.classic ? KafkaError::illegal_generation : KafkaError::stale_member_epoch;
}

}  // namespace

KafkaError ConsumerGroup::check_commit(const CommitRequest& commit) const {
    const MemberIdentity& who = commit.who;
    if (who.generation < 0 && members_.empty()) return KafkaError::none;
    // KIP-447 came late: a transaction need not say who its consumer is.
    if (commit.transactional && who.generation == -1 && who.member_id.empty() && !who.instance_id)
        return KafkaError::none;
    const auto it = members_.find(who.member_id);
    if (it == members_.end()) return KafkaError::unknown_member_id;
    const ConsumerMember& member = it->second;
    if (!commit.transactional && !commit.modern && !member.classic) return KafkaError::unsupported_version;
    if (who.generation == member.epoch) return KafkaError::none;
    if (who.generation > member.epoch || !commit.partitions) return stale(member);
    for (const auto& [topic, partitions] : commit.partitions()) {
        for (const std::int32_t p : partitions) {
            const auto epoch = epoch_of(member.since, topic, p);
            if (!epoch || who.generation < *epoch) return stale(member);
        }
    }
    return KafkaError::none;
}

KafkaError ConsumerGroup::check_fetch(const std::string& member_id, std::int32_t epoch) const {
    const auto it = members_.find(member_id);
    if (it == members_.end()) return KafkaError::unknown_member_id;
    return it->second.epoch == epoch ? KafkaError::none : stale(it->second);
}

// --- assignment ------------------------------------------------------------------------------------------

void ConsumerGroup::disown(const ConsumerMember& member) {
    for (const PartitionSet* set : {&member.assigned, &member.revoking}) {
        for (const auto& [topic, partitions] : *set) {
            const auto it = owners_.find(topic);
            if (it == owners_.end()) continue;
            for (const std::int32_t p : partitions) {
                const auto owner = it->second.find(p);
                if (owner != it->second.end() && owner->second == member.id) it->second.erase(owner);
            }
            if (it->second.empty()) owners_.erase(it);
        }
    }
}

void ConsumerGroup::own(const ConsumerMember& member) {
    for (const PartitionSet* set : {&member.assigned, &member.revoking}) {
        for (const auto& [topic, partitions] : *set) {
            for (const std::int32_t p : partitions) owners_[topic][p] = member.id;
        }
    }
}

/// Which topics the subscriptions mean.
ConsumerGroup::Topics ConsumerGroup::find_topics(const TopicsView& topics) const {
    Topics found;
    const auto want = [&](const std::set<std::string>& names) {
        for (const std::string& name : names) {
            const auto topic = topics.find(name);
            if (topic != nullptr) found[name] = {topic->id, topic->partition_count()};
        }
    };
    for (const auto& [id, member] : members_) want(member.topic_names);
    for (const auto& [regex, names] : matched_) want(names);
    return found;
}

/// What the regular expressions of all members mean to the one that asks.
void ConsumerGroup::match_topics(Millis now, const TopicsView& topics, const MayDescribe& may) {
    match_deadline_ = now + options_.consumer_regex_refresh_interval_ms;
    for (auto& [regex, names] : matched_) {
        const re2::RE2 pattern(regex, re2::RE2::Quiet);
        names.clear();
        for (const auto& [name, topic] : topics.by_name) {
            if (re2::RE2::FullMatch(name, pattern) && (!may || may(name))) names.insert(name);
        }
    }
}

/// After a restart there is nobody to ask, but what they meant to a member is in somebody's target: all of it
/// was handed out.
void ConsumerGroup::match_targets(const TopicsView& topics) {
    std::set<std::string> known;
    for (const auto& [id, target] : target_) {
        for (const auto& [topic, partitions] : target) {
            if (const auto view = topics.find(topic)) known.insert(view->name);
        }
    }
    for (const auto& [id, member] : members_) {
        if (member.regex.empty() || matched_.contains(member.regex)) continue;
        const re2::RE2 pattern(member.regex, re2::RE2::Quiet);
        auto& names = matched_[member.regex];
        for (const std::string& name : known) {
            if (re2::RE2::FullMatch(name, pattern)) names.insert(name);
        }
    }
}

/// Looks again; when they have changed, so has the group.
void ConsumerGroup::refresh_topics(Millis now, const std::shared_ptr<const TopicsView>& topics,
                                   const MayDescribe& may) {
    const bool others = topics != seen_topics_;
    if (!others && !subscriptions_changed_ && (matched_.empty() || now < match_deadline_)) return;
    seen_topics_ = topics;
    bool look = others || now >= match_deadline_;
    if (std::exchange(subscriptions_changed_, false)) {
        std::set<std::string, std::less<>> used;
        for (const auto& [id, member] : members_) {
            if (!member.regex.empty()) used.insert(member.regex);
        }
        std::erase_if(matched_, [&](const auto& item) { return !used.contains(item.first); });
        for (const std::string& regex : used) look = matched_.try_emplace(regex).second || look;
    }
    const auto before = matched_;
    if (look) match_topics(now, *topics, may);
    Topics found = find_topics(*topics);
    // An expression may mean more or less though all of it was subscribed to by name before.
    if (found == topics_ && matched_ == before) return;
    set_topics(std::move(found));
    ++group_epoch_;
}

void ConsumerGroup::set_topics(Topics topics) {
    topics_ = std::move(topics);
    topics_checksum_ = checksum(topics_);
}

std::string_view ConsumerGroup::preferred_assignor() const {
    std::map<std::string, std::size_t> votes;
    for (const auto& [id, member] : members_) {
        if (!member.assignor.empty()) ++votes[member.assignor];
    }
    const auto most = std::max_element(votes.begin(), votes.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == votes.end()) return kAssignors.front();
    return *std::find(kAssignors.begin(), kAssignors.end(), most->first);
}

bool ConsumerGroup::subscribes(const ConsumerMember& member, const std::string& topic) const {
    if (member.topic_names.contains(topic)) return true;
    const auto matched = matched_.find(member.regex);
    return matched != matched_.end() && matched->second.contains(topic);
}

void ConsumerGroup::make_target() {
    std::vector<AssignedMember> members;
    AssignedTopics counts;
    for (const auto& [name, topic] : topics_) counts[topic.first] = topic.second;
    for (const auto& [id, member] : members_) {
        AssignedMember& out = members.emplace_back();
        out.id = id;
        out.order = member.instance_id.value_or(id);
        const auto before = target_.find(id);
        if (before != target_.end()) out.current = before->second;
        for (const auto& [name, topic] : topics_) {
            if (subscribes(member, name)) out.topics.insert(topic.first);
        }
    }
    Assignments next =
        preferred_assignor() == "range" ? assign_range(members, counts) : assign_uniform(members, counts);
    for (const auto& [id, partitions] : next) {
        const auto before = target_.find(id);
        if (before == target_.end() || before->second != partitions) dirty_.insert(id);
    }
    target_ = std::move(next);
    assignment_epoch_ = group_epoch_;
}

void ConsumerGroup::next_assignment(ConsumerMember& member, const std::optional<PartitionSet>& owned) {
    const PartitionSet& target = target_[member.id];
    const PartitionSet lost = minus(member.assigned, target);
    PartitionSet kept = minus(member.assigned, lost);
    PartitionSet gained;
    bool unreleased = false;
    const PartitionSet wanted = minus(target, kept);
    disown(member);
    for (const auto& [topic, partitions] : wanted) {
        const auto owners = owners_.find(topic);
        for (const std::int32_t p : partitions) {
            if (owners != owners_.end() && owners->second.contains(p)) {
                unreleased = true;
            } else {
                gained[topic].insert(p);
            }
        }
    }
    const PartitionEpochs since = std::exchange(member.since, {});
    add(member.since, kept, since);
    member.assigned = std::move(kept);
    member.revoking.clear();
    const std::int32_t before = member.epoch;
    if (!lost.empty() && (!owned || meet(lost, *owned))) {
        // It stays in its epoch until it says that it no longer has them.
        member.state = MemberState::unrevoked;
        add(member.since, lost, since);
        member.revoking = lost;
    } else {
        member.epoch = assignment_epoch_;
        member.state = unreleased ? MemberState::unreleased : MemberState::stable;
        add(member.assigned, gained);
        add(member.since, gained, assignment_epoch_);
    }
    if (member.epoch != before) member.previous_epoch = before;
    own(member);
}

/// What it no longer subscribes to it is to give up at once, though it is not done with what came before.
void ConsumerGroup::give_up_unsubscribed(ConsumerMember& member) const {
    std::set<Uuid> wanted;
    for (const auto& [name, topic] : topics_) {
        if (subscribes(member, name)) wanted.insert(topic.first);
    }
    for (auto it = member.assigned.begin(); it != member.assigned.end();) {
        if (wanted.contains(it->first)) {
            ++it;
            continue;
        }
        member.revoking[it->first].merge(it->second);
        it = member.assigned.erase(it);
    }
}

void ConsumerGroup::reconcile(ConsumerMember& member, const std::optional<PartitionSet>& owned,
                              bool subscription_changed) {
    switch (member.state) {
        case MemberState::stable:
            if (member.epoch == assignment_epoch_) return;
            return next_assignment(member, owned);
        case MemberState::unrevoked:
            if (owned && !meet(member.revoking, *owned)) return next_assignment(member, owned);
            if (subscription_changed) give_up_unsubscribed(member);
            return;
        case MemberState::unreleased:
            return next_assignment(member, owned);
    }
}

bool ConsumerGroup::is_known(const ConsumerHeartbeat& r) const {
    return members_.contains(r.member_id) || (r.instance_id && static_.contains(*r.instance_id));
}

PartitionSet ConsumerGroup::advance(Millis now, ConsumerMember& member, const ConsumerHeartbeat& r,
                                    bool was_known, const std::shared_ptr<const TopicsView>& topics) {
    const bool changed = update(member, r);
    if (changed || !was_known) {
        subscriptions_changed_ = true;
        ++group_epoch_;
    }
    refresh_topics(now, topics, r.may_describe);
    if (group_epoch_ > assignment_epoch_) make_target();
    PartitionSet before = member.assigned;
    const MemberState state_before = member.state;
    const std::int32_t epoch_before = member.epoch;
    reconcile(member, r.owned, changed);
    if (member.state != MemberState::unrevoked || member.classic) {
        member.rebalance_deadline = INT64_MAX;
    } else if (state_before != MemberState::unrevoked || member.epoch != epoch_before) {
        member.rebalance_deadline = now + member.rebalance_timeout_ms;
    }
    dirty_.insert(member.id);
    return before;
}

ConsumerHeartbeatAnswer ConsumerGroup::heartbeat(Millis now, const ConsumerHeartbeat& r,
                                                 const std::shared_ptr<const TopicsView>& topics) {
    if (r.epoch < 0) return leave(r);
    ConsumerHeartbeatAnswer answer;
    const bool was_known = is_known(r);
    ConsumerMember* found = find_or_join(r, answer);
    if (found == nullptr) return answer;
    ConsumerMember& member = *found;
    member.classic.reset();
    member.join_deadline = INT64_MAX;
    member.sync_deadline = INT64_MAX;
    const PartitionSet before = advance(now, member, r, was_known, topics);
    member.session_deadline = now + options_.consumer_session_timeout_ms;
    answer.member_id = member.id;
    answer.epoch = member.epoch;
    answer.heartbeat_interval_ms = options_.consumer_heartbeat_interval_ms;
    const bool full = r.rebalance_timeout_ms != -1 && (r.topic_names || r.regex) && r.owned;
    // Also where the member believes something else: an answer may have been lost.
    const bool differs = r.owned && *r.owned != member.assigned;
    if (r.epoch == 0 || full || differs || member.assigned != before) answer.assignment = member.assigned;
    return answer;
}

// --- time and descriptions -------------------------------------------------------------------------------

void ConsumerGroup::tick(Millis now) {
    std::vector<std::string> gone;
    for (const auto& [id, member] : members_) {
        if (deadline_of(member) <= now) gone.push_back(id);
    }
    for (const auto& id : gone) remove(id);
}

ConsumerGroup::Millis ConsumerGroup::next_deadline() const {
    Millis next = INT64_MAX;
    for (const auto& [id, member] : members_) {
        next = std::min(next, deadline_of(member));
    }
    return next;
}

std::string_view ConsumerGroup::state() const {
    if (members_.empty()) return "Empty";
    if (group_epoch_ > assignment_epoch_) return "Assigning";
    const bool all = std::all_of(members_.begin(), members_.end(), [&](const auto& item) {
        return item.second.state == MemberState::stable && item.second.epoch == assignment_epoch_;
    });
    return all ? "Stable" : "Reconciling";
}

DescribedConsumerGroup ConsumerGroup::describe() const {
    DescribedConsumerGroup out;
    out.state = state();
    out.group_epoch = group_epoch_;
    out.assignment_epoch = assignment_epoch_;
    out.assignor = preferred_assignor();
    std::map<Uuid, std::string> names;
    for (const auto& [name, topic] : topics_) names[topic.first] = name;
    const auto named = [&](const PartitionSet& parts) {
        std::vector<DescribedConsumerGroup::TopicPartitions> list;
        for (const auto& [topic, partitions] : parts) {
            const auto name = names.find(topic);
            if (name == names.end() || partitions.empty()) continue;  // deleted meanwhile
            list.push_back({topic, name->second, {partitions.begin(), partitions.end()}});
        }
        return list;
    };
    for (const auto& [id, member] : members_) {
        auto& to = out.members.emplace_back();
        to.member_id = id;
        to.instance_id = member.instance_id;
        to.rack_id = member.rack_id;
        to.epoch = member.epoch;
        to.client_id = member.client_id;
        to.client_host = member.client_host;
        to.topic_names.assign(member.topic_names.begin(), member.topic_names.end());
        to.regex = member.regex;
        to.classic = member.classic.has_value();
        to.assigned = named(member.assigned);
        const auto target = target_.find(id);
        if (target != target_.end()) to.target = named(target->second);
    }
    return out;
}

std::vector<std::string> ConsumerGroup::subscribed() const {
    std::vector<std::string> out;
    for (const auto& [name, topic] : topics_) out.push_back(name);
    return out;
}

}  // namespace mr::broker::groups
