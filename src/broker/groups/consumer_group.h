// One consumer group of the new protocol (KIP-848): the server assigns, each member is led there by its own
// heartbeats. Private to the coordinator. Names follow Kafka's ConsumerGroup, whose answers these are.
//
// Epochs
//   group epoch        grows with every change of members, subscriptions or topics
//   assignment epoch   the group epoch the target assignment was made for
//   member epoch       how far a member has come; a partition goes to its new owner only when the old one has
//                      reported that it no longer has it
// All of it is written as it changes (take_change()). Thread: loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/error.h"
#include "broker/groups/assignors.h"
#include "broker/groups/coordinator.h"
#include "broker/topics_view.h"

namespace mr::broker::groups {

/// What happened to a member when its partitions were compared with what it should have.
enum class MemberState : std::uint8_t { stable, unrevoked, unreleased };

/// Of a member that speaks the classic protocol (migration.cc).
struct ClassicPart {
    std::int32_t session_timeout_ms = 0;
    std::vector<Protocol> protocols;  ///< at least one
};

struct ConsumerMember {
    std::string id;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::string client_id;
    std::string client_host;
    std::int32_t rebalance_timeout_ms = 0;
    std::set<std::string> topic_names;
    std::string regex;  ///< empty: none
    std::string assignor;
    std::int32_t epoch = 0;
    std::int32_t previous_epoch = 0;
    MemberState state = MemberState::stable;
    PartitionSet assigned;
    PartitionSet revoking;  ///< to be given up by the member
    PartitionEpochs since;  ///< of both: the assignment epoch in which a partition became the member's
    std::int64_t session_deadline = INT64_MAX;
    std::int64_t rebalance_deadline = INT64_MAX;
    std::optional<ClassicPart> classic;
    std::int64_t join_deadline = INT64_MAX;  ///< of a classic member: by then it has rejoined, …
    std::int64_t sync_deadline = INT64_MAX;  ///< … and asked for its assignment
};

class ClassicGroup;

class ConsumerGroup {
  public:
    using Millis = Coordinator::Millis;
    static constexpr std::int32_t kLeaveEpoch = -1;
    static constexpr std::int32_t kLeaveStaticEpoch = -2;

    ConsumerGroup(std::string id, const CoordinatorOptions& options);

    /// Checked already: check_heartbeat().
    ConsumerHeartbeatAnswer heartbeat(Millis now, const ConsumerHeartbeat& request,
                                      const std::shared_ptr<const TopicsView>& topics);
    /// A classic group becomes this one: its generation, members and assignments. invalid_argument when they
    /// cannot be read, unsupported with an assignor of the members' own. REQUIRES: nobody has been in the
    /// group yet.
    Status adopt(Millis now, const ClassicGroup& from, const std::shared_ptr<const TopicsView>& topics);
    /// What a classic member asks, its generation being its epoch; nobody waits for anybody.
    JoinResponse join_classic(Millis now, const JoinRequest& request,
                              const std::function<std::string()>& make_id,
                              const std::shared_ptr<const TopicsView>& topics);
    SyncResponse sync_classic(Millis now, const SyncRequest& request, const TopicsView& topics);
    KafkaError heartbeat_classic(Millis now, const MemberIdentity& who);
    KafkaError leave_classic(const LeaveMember& who);
    /// There are members, and all of them classic: it is time to become a classic group again.
    [[nodiscard]] bool all_classic() const;
    [[nodiscard]] std::int32_t group_epoch() const { return group_epoch_; }
    [[nodiscard]] PartitionSet target_of(const std::string& member_id) const {
        const auto it = target_.find(member_id);
        return it == target_.end() ? PartitionSet() : it->second;
    }

    /// Of commits and fetches of offsets: unknown_member_id or stale_member_epoch (illegal_generation of a
    /// classic member).
    [[nodiscard]] KafkaError check_commit(const CommitRequest& commit) const;
    [[nodiscard]] KafkaError check_fetch(const std::string& member_id, std::int32_t epoch) const;
    /// Members whose time is up leave.
    void tick(Millis now);
    [[nodiscard]] Millis next_deadline() const;

    /// What must be written now, if anything: what differs from what was taken before.
    std::optional<StoredChange> take_change();
    /// Size of everything that was taken and still holds.
    [[nodiscard]] std::size_t stored_bytes() const { return stored_bytes_; }
    /// Nothing is written of this group any more: the next change is all of it.
    void forget_stored();
    /// REQUIRES: nobody has been in the group yet.
    Status restore(Millis now, const StoredGroup& from, const std::shared_ptr<const TopicsView>& topics);

    [[nodiscard]] bool has_members() const { return !members_.empty(); }
    [[nodiscard]] std::string_view state() const;
    [[nodiscard]] DescribedConsumerGroup describe() const;
    [[nodiscard]] const std::map<std::string, ConsumerMember>& members() const { return members_; }
    /// Names of the topics anybody subscribes to.
    [[nodiscard]] std::vector<std::string> subscribed() const;

  private:
    /// What was written of a member, as far as it takes to see that it is the same now.
    struct Print {
        std::size_t bytes = 0;
        std::uint32_t checksum = 0;
        bool operator==(const Print&) const = default;
    };

    ConsumerHeartbeatAnswer leave(const ConsumerHeartbeat& request);
    ConsumerMember* find_or_join(const ConsumerHeartbeat& request, ConsumerHeartbeatAnswer& answer);
    ConsumerMember* join_static(const ConsumerHeartbeat& request, bool classic,
                                ConsumerHeartbeatAnswer& answer);
    [[nodiscard]] bool is_known(const ConsumerHeartbeat& request) const;
    /// Subscription, target and assignment after a heartbeat of the member, or what stands for one. What it
    /// had before.
    PartitionSet advance(Millis now, ConsumerMember& member, const ConsumerHeartbeat& request, bool was_known,
                         const std::shared_ptr<const TopicsView>& topics);
    [[nodiscard]] bool supports_classic(const JoinRequest& request) const;
    [[nodiscard]] KafkaError check_classic(std::string_view member_id,
                                           const std::optional<std::string>& instance_id) const;
    [[nodiscard]] bool waits_for_others(const ConsumerMember& member) const;
    static KafkaError ask_to_rejoin(Millis now, ConsumerMember& member);
    bool update(ConsumerMember& member, const ConsumerHeartbeat& request);
    void remove(const std::string& member_id);
    using Topics = std::map<std::string, std::pair<Uuid, std::int32_t>>;
    [[nodiscard]] Topics find_topics(const TopicsView& topics) const;
    void refresh_topics(Millis now, const std::shared_ptr<const TopicsView>& topics, const MayDescribe& may);
    void match_topics(Millis now, const TopicsView& topics, const MayDescribe& may);
    void match_targets(const TopicsView& topics);
    void make_target();
    void reconcile(ConsumerMember& member, const std::optional<PartitionSet>& owned,
                   bool subscription_changed);
    void next_assignment(ConsumerMember& member, const std::optional<PartitionSet>& owned);
    void give_up_unsubscribed(ConsumerMember& member) const;
    [[nodiscard]] bool subscribes(const ConsumerMember& member, const std::string& topic) const;
    [[nodiscard]] std::string_view preferred_assignor() const;
    void set_topics(Topics topics);
    void note_stored(const std::string& id, const Print& print);
    void disown(const ConsumerMember& member);
    void own(const ConsumerMember& member);

    const std::string id_;
    const CoordinatorOptions& options_;
    std::int32_t group_epoch_ = 0;
    std::int32_t assignment_epoch_ = 0;
    std::map<std::string, ConsumerMember> members_;
    std::map<std::string, std::string> static_;  ///< instance id -> member id
    Assignments target_;
    /// Who has a partition, or has not yet given it up.
    std::map<Uuid, std::map<std::int32_t, std::string>> owners_;
    /// Topics subscribed to that exist, as of the last look, and their names.
    Topics topics_;
    std::uint32_t topics_checksum_ = 0;
    std::shared_ptr<const TopicsView> seen_topics_;
    bool subscriptions_changed_ = false;
    /// What the regular expressions meant when they were last looked at, and when that is to be done again.
    std::map<std::string, std::set<std::string>, std::less<>> matched_;
    std::int64_t match_deadline_ = 0;
    std::set<std::string> dirty_;  ///< members that may differ from what is written of them
    bool stored_ = false;
    std::string stored_head_;
    std::size_t stored_bytes_ = 0;
    std::map<std::string, Print> stored_members_;
};

[[nodiscard]] bool is_assignor(std::string_view name);
/// What is wrong with a heartbeat by itself, whatever the group; error none if nothing.
[[nodiscard]] ConsumerHeartbeatAnswer check_heartbeat(const ConsumerHeartbeat& request);

}  // namespace mr::broker::groups
