// A transactional producer for the broker's tests: remembers its id, epoch and sequences. Header only.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker_test_node.h"
#include "broker/txn/transactions.h"

namespace mr::broker::txn {

class TestProducer {
  public:
    TestProducer(TestNode& node, std::string id, bool v2) : node_(node), id_(std::move(id)), v2_(v2) {}

    KafkaError init(std::int32_t timeout_ms = 60'000, bool go_on = false) {
        ProducerIdRequest request;
        request.transactional_id = id_;
        request.transaction_timeout_ms = timeout_ms;
        if (go_on) {
            request.producer_id = producer_id;
            request.producer_epoch = epoch;
        }
        ProducerIdResult result{KafkaError::unknown_server_error};
        node_.submit(init_producer_id(node_.broker(), request, [&](auto r) { result = r; }));
        node_.pump();
        if (result.error == KafkaError::none) take(result.producer_id, result.producer_epoch);
        return result.error;
    }
    /// v1: adds the partition first.
    KafkaError add(const std::string& topic, std::int32_t partition = 0) {
        std::vector<KafkaError> results{KafkaError::unknown_server_error};
        node_.submit(add_partitions(node_.broker(), me(), {{topic, PartitionId(partition)}}, false,
                                    [&](auto r) { results = std::move(r); }));
        node_.pump();
        return results.at(0);
    }
    std::unique_ptr<ProduceProposal> proposal(const std::string& topic, std::int32_t partition,
                                              const std::vector<std::string>& values, ProduceResult* result) {
        wire::BatchOptions options;
        options.producer_id = producer_id;
        options.producer_epoch = epoch;
        options.base_sequence = sequences_[{topic, partition}];
        options.transactional = true;
        std::vector<TestRecord> records;
        for (const auto& value : values) records.push_back({node_.clock().now().value, key, value});
        auto made = node_.produce_proposal(topic, partition, make_batch(records, options), result);
        made->set_transaction(id_, membership());
        return made;
    }
    ProduceResult produce(const std::string& topic, std::int32_t partition,
                          const std::vector<std::string>& values) {
        if (!v2_ && add_first) {
            if (const KafkaError error = add(topic, partition); error != KafkaError::none)
                return {.error = error};
        }
        ProduceResult result{.error = KafkaError::unknown_server_error};
        node_.submit(proposal(topic, partition, values, &result));
        node_.pump();
        if (result.error == KafkaError::none)
            sequences_[{topic, partition}] += static_cast<std::int32_t>(values.size());
        return result;
    }
    KafkaError offsets(const std::string& group, const std::string& topic, std::int64_t offset) {
        if (!v2_ && add_first) {
            KafkaError error = KafkaError::unknown_server_error;
            node_.submit(add_offsets(node_.broker(), me(), group, [&](auto e) { error = e; }));
            node_.pump();
            if (error != KafkaError::none) return error;
        }
        std::vector<KafkaError> results{KafkaError::unknown_server_error};
        node_.submit(commit_offsets(node_.broker(), me(), group,
                                    {{topic, {}, PartitionId(0), Offset(offset)}}, membership(),
                                    [&](auto r) { results = std::move(r); }));
        node_.pump();
        return results.at(0);
    }
    KafkaError finish(bool commit) {
        ProducerIdResult result{KafkaError::unknown_server_error};
        node_.submit(end(node_.broker(), me(), commit, v2_, [&](auto r) { result = r; }));
        node_.pump();
        if (result.error == KafkaError::none) take(result.producer_id, result.producer_epoch);
        return result.error;
    }

    /// Its next sequence is so many records further, or back: as if more or fewer had been sent.
    void advance(const std::string& topic, std::int32_t partition, std::int32_t records) {
        sequences_[{topic, partition}] += records;
    }

    std::int64_t producer_id = -1;
    std::int16_t epoch = -1;
    bool add_first = true;  ///< v1: like a proper client
    std::string key = "k";  ///< of what it produces

  private:
    [[nodiscard]] Membership membership() const { return v2_ ? Membership::implicit : Membership::required; }
    [[nodiscard]] Producer me() const { return {id_, producer_id, epoch}; }
    void take(std::int64_t next_id, std::int16_t next_epoch) {
        if (next_id != producer_id || next_epoch != epoch) sequences_.clear();
        producer_id = next_id;
        epoch = next_epoch;
    }

    TestNode& node_;
    const std::string id_;
    const bool v2_;
    std::map<std::pair<std::string, std::int32_t>, std::int32_t> sequences_;
};

}  // namespace mr::broker::txn
