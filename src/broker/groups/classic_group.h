// One consumer group of the classic protocol: its members, generation and timers. Private to the coordinator.
// Names follow Kafka's GroupCoordinator, whose answers these are. Thread: loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/groups/coordinator.h"

namespace mr::broker::groups {

using Millis = Coordinator::Millis;
inline constexpr Millis kNever = INT64_MAX;
/// A member that never rejoined after its first JoinGroup is dropped after this long, whatever its session
/// timeout (Kafka's NewMemberJoinTimeoutMs).
inline constexpr Millis kNewMemberJoinTimeoutMs = 300'000;

enum class GroupState : std::uint8_t { empty, preparing_rebalance, completing_rebalance, stable };
std::string_view to_string(GroupState state);

struct Member {
    std::string id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    std::int32_t session_timeout_ms = 0;
    std::int32_t rebalance_timeout_ms = 0;
    std::vector<Protocol> protocols;
    std::string assignment;
    Coordinator::JoinAnswer awaiting_join;  ///< empty: not waiting
    Coordinator::SyncAnswer awaiting_sync;
    bool is_new = false;        ///< its first join is not answered yet
    bool pending_sync = false;  ///< has not sent SyncGroup in this generation
    Millis deadline = kNever;   ///< of its session

    [[nodiscard]] const std::string* metadata(std::string_view protocol) const;
};

class ConsumerGroup;

class ClassicGroup {
  public:
    ClassicGroup(std::string id, const CoordinatorOptions& options) : id_(std::move(id)), options_(options) {}

    void join(Millis now, JoinRequest request, const std::function<std::string()>& make_id,
              Coordinator::JoinAnswer answer);
    void sync(Millis now, SyncRequest request, Coordinator::SyncAnswer answer);
    KafkaError heartbeat(Millis now, const MemberIdentity& who);
    KafkaError leave(Millis now, const LeaveMember& who);
    KafkaError check_commit(Millis now, const CommitRequest& commit);
    void tick(Millis now);
    /// Answers everything that waits.
    void close(KafkaError error = KafkaError::coordinator_not_available);

    /// What must be written now, if anything. Whoever takes it says by which token, and then stored().
    std::optional<StoredChange> take_change(std::uint64_t token);
    /// That is durable (or was given up): what waited for it goes on.
    void stored(Millis now, std::uint64_t token);
    /// REQUIRES: nobody has been in the group yet.
    Status restore(Millis now, const StoredGroup& from);
    /// A group of the new protocol becomes this one, and rebalances (migration.cc). REQUIRES: its members are
    /// all classic, and nobody has been in this group yet.
    void adopt(Millis now, const ConsumerGroup& from, const TopicsView& topics);

    [[nodiscard]] Millis next_deadline() const;
    [[nodiscard]] bool empty() const { return members_.empty() && pending_.empty(); }
    [[nodiscard]] bool has_members() const { return !members_.empty(); }
    [[nodiscard]] GroupState state() const { return state_; }
    [[nodiscard]] const std::string& protocol_type() const { return protocol_type_; }
    [[nodiscard]] const std::string& protocol() const { return protocol_; }
    [[nodiscard]] std::int32_t generation() const { return generation_; }
    [[nodiscard]] DescribedGroup describe() const;
    [[nodiscard]] const std::map<std::string, Member>& members() const { return members_; }

  private:
    void join_new(Millis now, JoinRequest request, const std::string& new_id, Coordinator::JoinAnswer answer);
    void join_known(Millis now, JoinRequest request, Coordinator::JoinAnswer answer);
    void add_member(Millis now, std::string member_id, JoinRequest request, Coordinator::JoinAnswer answer);
    void replace_static(Millis now, const std::string& old_id, const std::string& new_id, JoinRequest request,
                        Coordinator::JoinAnswer answer);
    void rejoin(Millis now, Member& member, JoinRequest request, Coordinator::JoinAnswer answer);
    void update(Member& member, JoinRequest request);
    void remove_member(const std::string& member_id);
    /// Rebalances if the state allows, or completes one that no longer waits for anybody.
    void membership_changed(Millis now);
    void prepare_rebalance(Millis now);
    void complete_join_if_ready(Millis now);
    void complete_join(Millis now);
    void answer_join(Millis now, Member& member);
    void finish_sync(Millis now);
    void fail_syncs(KafkaError error);
    void touch(Millis now, Member& member);

    [[nodiscard]] KafkaError check_member(const MemberIdentity& who) const;
    [[nodiscard]] bool supports(std::string_view protocol_type, const std::vector<Protocol>& protocols) const;
    [[nodiscard]] bool may_join(const std::string& member_id) const;
    [[nodiscard]] bool all_joined() const;
    [[nodiscard]] std::vector<std::string> candidates() const;
    [[nodiscard]] std::string select_protocol() const;
    [[nodiscard]] Millis rebalance_timeout() const;
    [[nodiscard]] std::vector<JoinMember> metadata_of_all() const;
    [[nodiscard]] JoinResponse current_join(const Member& member) const;

    const std::string id_;
    const CoordinatorOptions& options_;
    GroupState state_ = GroupState::empty;
    std::int32_t generation_ = 0;
    std::string protocol_type_;
    std::string protocol_;
    std::string leader_;
    std::map<std::string, Member> members_;
    std::map<std::string, std::string> static_;  ///< instance id -> member id
    std::map<std::string, Millis> pending_;      ///< ids given out, not used yet, with their deadline
    Millis join_deadline_ = kNever;              ///< of the rebalance being prepared
    Millis initial_left_ms_ = -1;  ///< what the initial delay may still be extended by; -1: not in it
    bool joined_in_delay_ = false;
    Millis sync_deadline_ = kNever;
    /// The leader's assignments by member, while they are being written.
    std::optional<std::map<std::string, std::string>> assigning_;
    bool changed_ = false;               ///< take_change() has something
    std::uint64_t assigning_token_ = 0;  ///< 0: not taken yet
    /// Answers to static members that took their place without a rebalance: once that is written.
    struct Replaced {
        std::uint64_t token = 0;
        JoinResponse response;
        Coordinator::JoinAnswer answer;
    };
    std::vector<Replaced> replaced_;
};

JoinResponse join_error(KafkaError error, std::string member_id);

}  // namespace mr::broker::groups
