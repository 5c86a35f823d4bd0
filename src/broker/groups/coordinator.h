// Consumer groups, of the classic protocol and of the new one (KIP-848): who is in, who gets what.
//
// A pure state machine on the loop thread: requests come in with the time, answers go out through callbacks
// (at once or later), tick() makes time pass. Members, generations and assignments are given to set_store()'s
// function to be written (stored.h), and come back by restore(): after a restart members go on as if nothing
// had been, as in Kafka, and a fenced generation stays fenced. What an answer says of them is written before:
// SyncGroup waits for it here, for others see when_stored(). Offsets are durable and elsewhere
// (offset_commit.h, Broker::group_offsets).
//
//   empty ──join──▶ preparing ──all rejoined or timeout──▶ completing ──leader's sync──▶ stable
//     ▲                 ▲                                      │                           │
//     └── last left ────┴───────── join, leave, expiry ◀───────┴───────────────────────────┘
//
// Answers are those of Kafka 4.3 (research: edge answers); KIP-345 static members, KIP-394 member ids first,
// KIP-559 protocol type checks. A group changes its protocol member by member (migration.cc), as with Kafka's
// group.consumer.migration.policy=bidirectional. Bounds: groups, members a group, bytes of metadata a member;
// above them coordinator_not_available / group_max_size_reached.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/error.h"
#include "broker/groups/assignors.h"
#include "broker/groups/stored.h"
#include "broker/topics_view.h"

namespace mr::broker::groups {

/// Longer names of groups are invalid_group_id.
inline constexpr std::size_t kNameBytesMax = 32'767;

struct CoordinatorOptions {
    std::int32_t session_timeout_min_ms = 6'000;      ///< group.min.session.timeout.ms
    std::int32_t session_timeout_max_ms = 1'800'000;  ///< group.max.session.timeout.ms
    std::int32_t initial_rebalance_delay_ms = 3'000;  ///< group.initial.rebalance.delay.ms (Kafka: 3 s)
    std::int32_t groups_max = 10'000;
    std::int32_t members_max = 2'000;              ///< group.max.size
    std::size_t member_bytes_max = 1U << 20;       ///< names and protocols' metadata of one member
    std::size_t assignment_bytes_max = 16U << 20;  ///< of one generation, all members
    /// What is written of one group, of all; above, a group works on, and its members join again after a
    /// restart.
    std::size_t stored_bytes_max = 16U << 20;
    std::size_t stored_total_max = 256U << 20;
    std::int32_t consumer_session_timeout_ms = 45'000;    ///< group.consumer.session.timeout.ms
    std::int32_t consumer_heartbeat_interval_ms = 5'000;  ///< group.consumer.heartbeat.interval.ms
    /// group.consumer.regex.refresh.interval.ms: who may see which topics is looked at again.
    std::int32_t consumer_regex_refresh_interval_ms = 600'000;
};

struct Protocol {
    std::string name;
    std::string metadata;
};

/// May whoever asks describe the topic? Only called while the request is handled. Empty: he may see all.
using MayDescribe = std::function<bool(const std::string& topic)>;

struct JoinRequest {
    std::string group;
    std::string member_id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    std::string protocol_type;
    std::vector<Protocol> protocols;
    std::int32_t session_timeout_ms = 0;
    std::int32_t rebalance_timeout_ms = 0;  ///< v0: the session timeout
    bool require_member_id = false;         ///< JoinGroup >= 4
    bool support_skip_assignment = false;   ///< JoinGroup >= 9 (KIP-814)
    MayDescribe may_describe{};
};
struct JoinMember {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::string metadata;
};
struct JoinResponse {
    KafkaError error = KafkaError::none;
    std::int32_t generation = -1;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    std::string leader;
    bool skip_assignment = false;
    std::string member_id;
    std::vector<JoinMember> members;  ///< for the leader only
};

struct Assignment {
    std::string member_id;
    std::string bytes;
};
struct SyncRequest {
    std::string group;
    std::int32_t generation = -1;
    std::string member_id;
    std::optional<std::string> instance_id;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    std::vector<Assignment> assignments;
};
struct SyncResponse {
    KafkaError error = KafkaError::none;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    std::string assignment;
};

struct LeaveMember {
    std::string member_id;
    std::optional<std::string> instance_id;
};
struct LeaveResponse {
    KafkaError error = KafkaError::none;
    struct Member {
        LeaveMember who;
        KafkaError error = KafkaError::none;
    };
    std::vector<Member> members;
};

struct MemberIdentity {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::int32_t generation = -1;
};

/// Who commits offsets, and how.
struct CommitRequest {
    /// Generation (or epoch) -1 and an empty member id: a consumer without a group ("simple"), or one that
    /// does not say.
    MemberIdentity who;
    bool transactional = false;  ///< TxnOffsetCommit
    bool modern = true;          ///< OffsetCommit >= 9: the client knows of the new protocol
    /// What is committed. Only asked for where it matters: of a member that has come to a later epoch.
    std::function<PartitionSet()> partitions{};
};

struct DescribedMember {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    std::string metadata;
    std::string assignment;
};
struct DescribedGroup {
    KafkaError error = KafkaError::none;
    std::string group;
    std::string state;  ///< "Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead"
    std::string protocol_type;
    std::string protocol;
    std::vector<DescribedMember> members;
};
struct ListedGroup {
    std::string group;
    std::string protocol_type;
    std::string state;
    std::string type = "classic";
};

/// ConsumerGroupHeartbeat: a member joins (epoch 0), goes on, or leaves (-1; -2 a static one, for a while).
struct ConsumerHeartbeat {
    std::string group;
    std::string member_id;
    std::int32_t epoch = 0;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::int32_t rebalance_timeout_ms = -1;  ///< -1, and nothing below: as said before
    std::optional<std::vector<std::string>> topic_names;
    std::optional<std::string> regex;
    std::optional<std::string> assignor;
    std::optional<PartitionSet> owned;  ///< what the member has at this moment
    std::string client_id;
    std::string client_host;
    bool member_id_required = false;  ///< since v1 the client makes it
    /// A regular expression means topics that the member may see: of the one whose heartbeat they were last
    /// looked for with (Kafka).
    MayDescribe may_describe{};
};
struct ConsumerHeartbeatAnswer {
    KafkaError error = KafkaError::none;
    std::string message;
    std::string member_id;
    std::int32_t epoch = 0;
    std::int32_t heartbeat_interval_ms = 0;
    std::optional<PartitionSet> assignment;  ///< nothing: as before
};
struct DescribedConsumerGroup {
    struct TopicPartitions {
        Uuid topic;
        std::string name;
        std::vector<std::int32_t> partitions;
    };
    struct Member {
        std::string member_id;
        std::optional<std::string> instance_id;
        std::optional<std::string> rack_id;
        std::int32_t epoch = 0;
        std::string client_id;
        std::string client_host;
        std::vector<std::string> topic_names;
        std::string regex;
        bool classic = false;  ///< speaks the classic protocol
        std::vector<TopicPartitions> assigned;
        std::vector<TopicPartitions> target;
    };
    KafkaError error = KafkaError::none;
    std::string message;
    std::string state;  ///< "Empty", "Assigning", "Reconciling", "Stable", "Dead"
    std::int32_t group_epoch = 0;
    std::int32_t assignment_epoch = 0;
    std::string assignor;
    std::vector<Member> members;
};

class Coordinator {
  public:
    using Millis = std::int64_t;
    using JoinAnswer = std::move_only_function<void(JoinResponse)>;
    using SyncAnswer = std::move_only_function<void(SyncResponse)>;
    /// `make_id` gives the random part of new member ids (a UUID's text). `has_offsets` says whether a group
    /// without members exists by its committed offsets; `offset_groups` lists them.
    Coordinator(CoordinatorOptions options, std::function<std::string()> make_id,
                std::function<bool(std::string_view)> has_offsets,
                std::function<std::vector<std::string>()> offset_groups);
    ~Coordinator();

    /// What topics there are, for groups of the new protocol. Without, they have none.
    void set_topics(std::function<std::shared_ptr<const TopicsView>()> topics);

    /// Where changes of groups are written: in the order of the calls, and `done` is called in that order,
    /// once it is durable (never, where the process ends first). Without, groups are in memory only.
    using Stored = std::move_only_function<void(Millis now)>;
    using Store = std::function<void(const std::string& group, StoredChange change, Stored done)>;
    void set_store(Store store);
    /// What was written before a restart: members go on where they were, their sessions begin at `now`.
    /// Groups that cannot be read are left out; the answer says which, and why. REQUIRES: set_topics()
    /// before; no groups yet.
    [[nodiscard]] std::vector<std::string> restore(Millis now, const StoredGroups& groups);
    /// Runs `then` when everything said so far about the group is durable: at once where nothing is on its
    /// way.
    void when_stored(const std::string& group, std::move_only_function<void()> then);

    void join(Millis now, JoinRequest request, JoinAnswer answer);
    void sync(Millis now, SyncRequest request, SyncAnswer answer);
    [[nodiscard]] KafkaError heartbeat(Millis now, const std::string& group, const MemberIdentity& who);
    [[nodiscard]] LeaveResponse leave(Millis now, const std::string& group, std::vector<LeaveMember> members);
    /// May this be committed now? Of a member of the classic protocol a commit also counts as a heartbeat. A
    /// member of the new protocol may be an epoch or more behind, for partitions that were its own in that
    /// epoch and still are (KIP-1251): its heartbeats and its commits overtake one another.
    [[nodiscard]] KafkaError check_commit(Millis now, const std::string& group, const CommitRequest& commit);
    [[nodiscard]] ConsumerHeartbeatAnswer consumer_heartbeat(Millis now, ConsumerHeartbeat request);
    /// May this member see the group's offsets? Only a member that gives an epoch is asked for it
    /// (OffsetFetch 9).
    [[nodiscard]] KafkaError check_fetch(const std::string& group,
                                         const std::optional<std::string>& member_id,
                                         std::int32_t epoch) const;
    /// OffsetDelete: refused (non-empty) as a whole when the group is not of type "consumer"; the topics the
    /// group subscribes to may not be deleted and are returned.
    [[nodiscard]] KafkaError check_offset_delete(const std::string& group,
                                                 std::vector<std::string>& subscribed) const;

    [[nodiscard]] const CoordinatorOptions& options() const;
    [[nodiscard]] DescribedGroup describe(const std::string& group) const;
    /// group_id_not_found for a group of the classic protocol, too.
    [[nodiscard]] DescribedConsumerGroup describe_consumer(const std::string& group) const;
    [[nodiscard]] std::vector<ListedGroup> list() const;
    /// DeleteGroups: none (members and generation are forgotten; delete the offsets next), non_empty_group or
    /// group_id_not_found.
    [[nodiscard]] KafkaError remove(const std::string& group);
    /// The group has members: its offsets do not expire.
    [[nodiscard]] bool active(std::string_view group) const;

    /// Forgets groups without members whose offsets have gone, too. Now and then.
    void forget_unused();
    /// Lets what is due happen: sessions expire, rebalances complete.
    void tick(Millis now);
    /// When tick() has something to do next; INT64_MAX: nothing is pending.
    [[nodiscard]] Millis next_deadline() const;
    /// Answers everything that waits (shutdown): coordinator_not_available.
    void close();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::broker::groups
