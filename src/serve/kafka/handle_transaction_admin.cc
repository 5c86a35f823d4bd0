// DescribeTransactions, ListTransactions, DescribeProducers, WriteTxnMarkers: what kafka-transactions and its
// like ask (KIP-664, KIP-994, KIP-1152).
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "broker/txn/describe.h"
#include "broker/txn/transactions.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

using broker::KafkaError;
using broker::txn::TransactionInfo;

/// All of Kafka's; ours has no transactions in between.
constexpr std::array<std::string_view, 8> kStates = {"Empty",        "Ongoing",          "PrepareCommit",
                                                     "PrepareAbort", "CompleteCommit",   "CompleteAbort",
                                                     "Dead",         "PrepareEpochFence"};
/// What compiling a pattern may take.
constexpr std::int64_t kPatternMemory = 1 << 20;

bool contains(const auto& list, const auto& what) {
    return list.empty() || std::find(list.begin(), list.end(), what) != list.end();
}

wire::ListTransactionsResponse list(const Call& call, const wire::ListTransactionsRequest& request,
                                    const std::vector<TransactionInfo>& all, std::int64_t now_ms) {
    wire::ListTransactionsResponse response;
    for (const auto& state : request.state_filters) {
        if (std::find(kStates.begin(), kStates.end(), state) == kStates.end())
            response.unknown_state_filters.push_back(state);
    }
    std::unique_ptr<re2::RE2> pattern;
    if (request.transactional_id_pattern && !request.transactional_id_pattern->empty()) {
        re2::RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(kPatternMemory);
        pattern = std::make_unique<re2::RE2>(*request.transactional_id_pattern, options);
        if (!pattern->ok()) {
            response.error_code = ErrorCode::invalid_regular_expression;
            return response;
        }
    }
    for (const TransactionInfo& info : all) {
        if (!contains(request.state_filters, info.state)) continue;
        if (!contains(request.producer_id_filters, info.producer_id)) continue;
        if (request.duration_filter >= 0 &&
            (info.started_ms < 0 || now_ms - info.started_ms <= request.duration_filter)) {
            continue;
        }
        if (pattern != nullptr && !re2::RE2::FullMatch(info.id, *pattern)) continue;
        if (!call.may_transaction(Operation::describe, info.id)) continue;
        auto& out = response.transactions.emplace_back();
        out.transactional_id = info.id;
        out.producer_id = info.producer_id;
        out.state = info.state;
    }
    return response;
}

}  // namespace

void handle_describe_transactions(Service& service, const CallPtr& call,
                                  wire::DescribeTransactionsRequest request) {
    wire::DescribeTransactionsResponse refused;
    std::erase_if(request.transactional_ids, [&](const std::string& id) {
        if (call->may_transaction(Operation::describe, id)) return false;
        auto& out = refused.transactions.emplace_back();
        out.error_code = ErrorCode::transactional_id_authorization_failed;
        out.transactional_id = id;
        return true;
    });
    if (request.transactional_ids.empty()) return call->answer(refused);
    auto answer = service.on_loop<std::vector<TransactionInfo>>(
        [call, refused = std::move(refused)](const std::vector<TransactionInfo>& all) {
            wire::DescribeTransactionsResponse response = refused;
            for (const TransactionInfo& info : all) {
                auto& out = response.transactions.emplace_back();
                out.error_code = to_wire(info.error);
                out.transactional_id = info.id;
                out.state = info.state;
                out.timeout_ms = info.timeout_ms;
                out.start_time_ms = info.started_ms;
                out.producer_id = info.producer_id;
                out.producer_epoch = info.epoch;
                for (const auto& [topic, partitions] : info.topics) {
                    if (!call->may_topic(Operation::describe, topic)) continue;
                    auto& to = out.topics.emplace_back();
                    to.topic = topic;
                    to.partitions = partitions;
                }
            }
            call->answer(response);
        });
    service.submit(
        journal::Lane::control,
        broker::txn::describe(service.broker(), std::move(request.transactional_ids), std::move(answer)));
}

void handle_list_transactions(Service& service, const CallPtr& call, wire::ListTransactionsRequest request) {
    auto answer = service.on_loop<std::vector<TransactionInfo>>(
        [&clock = service.clock(), call,
         request = std::move(request)](const std::vector<TransactionInfo>& all) {
            call->answer(list(*call, request, all, clock.now().value));
        });
    service.submit(journal::Lane::control,
                   broker::txn::describe(service.broker(), std::nullopt, std::move(answer)));
}

void handle_describe_producers(Service& service, const CallPtr& call,
                               wire::DescribeProducersRequest request) {
    using All = std::vector<broker::txn::PartitionProducers>;
    std::vector<std::pair<std::string, PartitionId>> partitions;
    auto response = std::make_shared<wire::DescribeProducersResponse>();
    for (const auto& topic : request.topics) {
        auto& out = response->topics.emplace_back();
        out.name = topic.name;
        const bool may = call->may_topic(Operation::read, topic.name);
        for (const std::int32_t partition : topic.partition_indexes) {
            auto& part = out.partitions.emplace_back();
            part.partition_index = partition;
            if (!may) {
                part.error_code = ErrorCode::topic_authorization_failed;
                part.error_message = message_of(part.error_code);
                continue;
            }
            partitions.emplace_back(topic.name, PartitionId(partition));
        }
    }
    auto answer = service.on_loop<All>([call, response](const All& all) {
        std::size_t i = 0;
        for (auto& topic : response->topics) {
            for (auto& partition : topic.partitions) {
                if (partition.error_code != ErrorCode::none) continue;
                const auto& found = all.at(i++);
                partition.error_code = to_wire(found.error);
                partition.error_message = message_of(partition.error_code);
                for (const auto& producer : found.producers) {
                    auto& out = partition.active_producers.emplace_back();
                    out.producer_id = producer.producer_id;
                    out.producer_epoch = producer.epoch;
                    out.last_sequence = producer.last_sequence;
                    out.last_timestamp = producer.last_timestamp;
                    out.current_txn_start_offset = producer.transaction_start;
                }
            }
        }
        call->answer(*response);
    });
    service.submit(journal::Lane::control, broker::txn::describe_producers(
                                               service.broker(), std::move(partitions), std::move(answer)));
}

void handle_write_txn_markers(Service& service, const CallPtr& call, wire::WriteTxnMarkersRequest request) {
    auto response = std::make_shared<wire::WriteTxnMarkersResponse>();
    auto waiting = std::make_shared<std::size_t>(request.markers.size());
    if (request.markers.empty()) return call->answer(*response);
    for (const auto& marker : request.markers) {
        auto& out = response->markers.emplace_back();
        out.producer_id = marker.producer_id;
        for (const auto& topic : marker.topics) {
            auto& to = out.topics.emplace_back();
            to.name = topic.name;
            for (const std::int32_t partition : topic.partition_indexes)
                to.partitions.emplace_back().partition_index = partition;
        }
    }
    if (!call->may_cluster(Operation::cluster_action) && !call->may_cluster(Operation::alter)) {
        for (auto& marker : response->markers) {
            for (auto& topic : marker.topics) {
                for (auto& partition : topic.partitions)
                    partition.error_code = ErrorCode::cluster_authorization_failed;
            }
        }
        return call->answer(*response);
    }
    for (std::size_t i = 0; i < request.markers.size(); ++i) {
        const auto& marker = request.markers[i];
        auto answer = service.on_loop<KafkaError>([call, response, waiting, i](KafkaError error) {
            for (auto& topic : response->markers[i].topics) {
                for (auto& partition : topic.partitions) partition.error_code = to_wire(error);
            }
            if (--*waiting == 0) call->answer(*response);
        });
        service.submit(journal::Lane::control,
                       broker::txn::force_abort(service.broker(), marker.producer_id, marker.producer_epoch,
                                                marker.transaction_result, std::move(answer)));
    }
}

}  // namespace mr::serve::kafka
