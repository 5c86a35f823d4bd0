#include "node_client.h"

#include "broker/group_store.h"
#include "broker/offset_commit.h"
#include "broker/partition_log.h"
#include "wire/record.h"

namespace mr::sim {

using journal::Proposal;

/// A bug planted: says yes when the batch was ordered.
class NodeClients::EarlyAck final : public Proposal {
  public:
    EarlyAck(std::unique_ptr<Proposal> inner, std::function<void()> ack)
        : inner_(std::move(inner)), ack_(std::move(ack)) {}
    void order(journal::Appender& out) override {
        inner_->order(out);
        ack_();
    }
    void done() override { inner_->done(); }
    [[nodiscard]] std::size_t bytes() const override { return inner_->bytes(); }

  private:
    std::unique_ptr<Proposal> inner_;
    std::function<void()> ack_;
};

void NodeClients::node_started() {
    for (auto& [place, producer] : producers_) producer.submitted = 0;
}

bool NodeClients::all_sent() const {
    for (const auto& [place, producer] : producers_) {
        if (!producer.queue.empty()) return false;
    }
    return true;
}

Event NodeClients::make_event(bool is_order, std::int32_t partition) {
    Event e{.id = next_id_++,
            .is_order = is_order,
            .partition = partition,
            .k = {},
            .v = 0,
            .ts_ms = 0,
            .ref = 0};
    e.v = static_cast<std::int64_t>(random_.below(200)) - 100;
    if (is_order) {
        e.k = fmt::format("k{}", random_.below(6));
        next_ts_ms_ += static_cast<std::int64_t>(random_.below(300));
        // Some are late, beyond what the watermark waits for.
        e.ts_ms = next_ts_ms_ -
                  static_cast<std::int64_t>(random_.chance(10) ? random_.below(4'000) : random_.below(500));
        orders_.push_back(e.id);
    } else {
        // Before its order as well: some of these orders never come.
        e.ref = orders_.empty() || random_.chance(20) ? next_id_ + random_.below(5)
                                                      : orders_[random_.below(orders_.size())];
    }
    events_.emplace(e.id, e);
    return e;
}

Batch NodeClients::make_batch(const std::string& topic, std::int32_t partition, std::int64_t clock_ms,
                              Producer* producer) {
    Batch batch{.number = next_batch_++,
                .topic = topic,
                .partition = partition,
                .ids = {},
                .bytes = {},
                .idempotent = producer != nullptr};
    wire::BatchOptions options;
    if (producer != nullptr) {
        options.producer_id = producer->id;
        options.producer_epoch = 0;
        options.base_sequence = producer->next_sequence;
    }
    if (random_.chance(20)) options.compression = wire::Compression::lz4;
    wire::BatchBuilder builder(options);
    const std::uint64_t count = 1 + random_.below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
        const Event e = make_event(topic == "orders", partition);
        batch.ids.push_back(e.id);
        builder.add(TimestampMs(clock_ms), e.k, e.json());
    }
    if (producer != nullptr) producer->next_sequence += static_cast<std::int32_t>(count);
    batch.bytes = builder.finish();
    return batch;
}

void NodeClients::produce(NodeLife& life, std::int64_t clock_ms, bool early_ack) {
    const std::string topic = random_.chance(65) ? "orders" : "items";
    const auto partition = static_cast<std::int32_t>(random_.below(kPartitions));
    if (random_.chance(40)) {
        Batch batch = make_batch(topic, partition, clock_ms, nullptr);
        submit(life, batch, early_ack);
        return;
    }
    Producer& producer = producers_[{topic, partition}];
    if (producer.id == 0) producer.id = 1'000 + static_cast<std::int64_t>(producers_.size());
    if (producer.submitted == producer.queue.size()) {
        if (producer.queue.size() >= 5) return;  // max.in.flight
        producer.queue.push_back(make_batch(topic, partition, clock_ms, &producer));
    }
    Batch& batch = producer.queue[producer.submitted];
    if (!submit(life, batch, early_ack)) return;
    ++producer.submitted;
    if (batch.sent > 1) ++resent;
}

bool NodeClients::submit(NodeLife& life, Batch& batch, bool early_ack) {
    const auto topic = life.broker().topics(broker::Visibility::applied)->find(batch.topic);
    if (topic == nullptr) {
        fail(fmt::format("topic {} is gone", batch.topic));
        return false;
    }
    const auto facts = wire::validate_batch(batch.bytes, {});
    if (!facts) {
        fail(fmt::format("a good batch was refused: {}", facts.error().message));
        return false;
    }
    auto result = std::make_shared<broker::ProduceResult>();
    auto made = std::make_unique<broker::ProduceProposal>(
        life.broker(), [this, copy = batch](auto results) { answered(copy, results.at(0)); });
    made->add(topic->id, PartitionId(batch.partition), batch.bytes, *facts);
    std::unique_ptr<Proposal> proposal = std::move(made);
    if (early_ack && !batch.idempotent) {
        // Where it will be: after everything applied now.
        auto* log = topic->partition(PartitionId(batch.partition));
        proposal = std::make_unique<EarlyAck>(std::move(proposal), [this, log, copy = batch] {
            const auto end = log->applied()->log_end.value;
            answered(copy, {.base_offset = Offset(end - static_cast<std::int64_t>(copy.ids.size()))});
        });
    }
    // A connection keeps to one lane: its requests stay in order.
    const bool bulk = !batch.idempotent && random_.chance(20);
    if (!life.journal().try_submit(bulk ? journal::Lane::bulk : journal::Lane::clients, proposal))
        return false;
    ++batch.sent;
    return true;
}

void NodeClients::answered(const Batch& batch, const broker::ProduceResult& result) {
    if (result.error != broker::KafkaError::none) {
        return fail(fmt::format("batch {} to {}/{}, sent {} times, was refused: {} {}", batch.number,
                                batch.topic, batch.partition, batch.sent + 1, broker::to_string(result.error),
                                result.message));
    }
    ++acks;
    auto& offsets = acked[{batch.topic, batch.partition}];
    for (std::size_t i = 0; i < batch.ids.size(); ++i) {
        const std::int64_t offset = result.base_offset.value + static_cast<std::int64_t>(i);
        const auto [at, added] = offsets.try_emplace(offset, batch.ids[i]);
        if (!added && at->second != batch.ids[i])
            fail(fmt::format("{}/{}/{} was given to two records", batch.topic, batch.partition, offset));
    }
    if (!batch.idempotent) return;
    Producer& producer = producers_.at({batch.topic, batch.partition});
    if (producer.queue.empty() || producer.queue.front().number != batch.number)
        return fail(fmt::format("batch {} was acknowledged out of order", batch.number));
    if (batch.sent > 0) ++answered_again;
    producer.queue.pop_front();
    --producer.submitted;
}

void NodeClients::commit_offset(NodeLife& life) {
    const std::int64_t offset = ++committing;
    std::unique_ptr<Proposal> proposal = broker::commit_offsets(
        life.broker(), "g", {{"orders", {}, PartitionId(0), Offset(offset)}}, [this, offset](auto errors) {
            if (errors.at(0) != broker::KafkaError::none) return fail("a commit was refused");
            committed = offset;
            ++commits;
        });
    static_cast<void>(life.journal().try_submit(journal::Lane::control, proposal));
}

namespace {

/// Every so often all of it is written anew.
constexpr std::uint64_t kWholeEvery = 4;
constexpr std::uint64_t kMembers = 3;

}  // namespace

void NodeClients::store_members(NodeLife& life) {
    const std::uint64_t n = ++members_storing;
    broker::groups::StoredChange change;
    change.what = (n - 1) % kWholeEvery == 0 ? broker::groups::StoredChange::What::whole
                                             : broker::groups::StoredChange::What::changes;
    change.head = fmt::format("{}", n);
    change.members.emplace_back(fmt::format("m{}", n % kMembers), change.head);
    std::unique_ptr<Proposal> proposal =
        broker::store_group(life.broker(), "g", std::move(change), [this, n](bool) { members_stored = n; });
    static_cast<void>(life.journal().try_submit(journal::Lane::control, proposal));
}

std::map<std::string, std::string> NodeClients::members_after(std::uint64_t changes) {
    std::map<std::string, std::string> out;
    for (std::uint64_t n = changes - (changes - 1) % kWholeEvery; n <= changes; ++n)
        out[fmt::format("m{}", n % kMembers)] = fmt::format("{}", n);
    return out;
}

}  // namespace mr::sim
