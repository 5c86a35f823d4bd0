// The clients of a simulated node, and what they know for certain: it outlives every crash.
// Thread: one.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/sim_file_system.h"
#include "broker/produce.h"
#include "node_life.h"
#include "node_model.h"

namespace mr::sim {

/// A batch on its way from one producer to one partition. An idempotent producer sends it until it is
/// acknowledged, in order.
struct Batch {
    std::uint64_t number = 0;
    std::string topic;
    std::int32_t partition = 0;
    std::vector<std::uint64_t> ids;
    std::string bytes;
    bool idempotent = false;
    int sent = 0;  ///< how often it was submitted
    std::int64_t acked_at = -1;
};

class NodeClients {
  public:
    explicit NodeClients(SimRandom& random) : random_(random) {}

    static constexpr std::int32_t kPartitions = 2;

    /// What was sent, by id.
    [[nodiscard]] const Event& event(std::uint64_t id) const { return events_.at(id); }
    [[nodiscard]] bool knows(std::uint64_t id) const { return events_.contains(id); }

    /// The process is new: what is unacknowledged of the idempotent ones will be sent again.
    void node_started();
    /// Submits a batch: one to be sent again if there is, else a new one. `clock_ms` stamps its records.
    void produce(NodeLife& life, std::int64_t clock_ms, bool early_ack);
    void commit_offset(NodeLife& life);
    /// The next change of who is in group "g".
    void store_members(NodeLife& life);
    /// What must be written of it after that many.
    [[nodiscard]] static std::map<std::string, std::string> members_after(std::uint64_t changes);
    /// Everything idempotent is acknowledged.
    [[nodiscard]] bool all_sent() const;

    /// Acknowledged: (topic, partition) -> offset -> id.
    std::map<std::pair<std::string, std::int32_t>, std::map<std::int64_t, std::uint64_t>> acked;
    std::int64_t committed = -1;  ///< acknowledged
    std::int64_t committing = -1;
    std::uint64_t members_stored = 0;  ///< acknowledged
    std::uint64_t members_storing = 0;
    std::uint64_t acks = 0, resent = 0, answered_again = 0, commits = 0;
    std::string failure;

  private:
    class EarlyAck;
    struct Producer {
        std::deque<Batch> queue;    ///< oldest unacknowledged first
        std::size_t submitted = 0;  ///< of the queue, in this life
        std::int32_t next_sequence = 0;
        std::int64_t id = 0;
    };
    Batch make_batch(const std::string& topic, std::int32_t partition, std::int64_t clock_ms,
                     Producer* producer);
    Event make_event(bool is_order, std::int32_t partition);
    bool submit(NodeLife& life, Batch& batch, bool early_ack);
    void answered(const Batch& batch, const broker::ProduceResult& result);
    void fail(std::string what) {
        if (failure.empty()) failure = std::move(what);
    }

    SimRandom& random_;
    std::map<std::uint64_t, Event> events_;
    std::vector<std::uint64_t> orders_;
    std::map<std::pair<std::string, std::int32_t>, Producer> producers_;
    std::uint64_t next_id_ = 1;
    std::uint64_t next_batch_ = 1;
    std::int64_t next_ts_ms_ = 1'700'000'000'000;
};

}  // namespace mr::sim
