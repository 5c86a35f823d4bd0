// DeleteRecords, DescribeLogDirs.
#include <algorithm>
#include <utility>
#include <vector>

#include "broker/partition_log.h"
#include "broker/topic_admin.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {

void handle_delete_records(Service& service, const CallPtr& call, wire::DeleteRecordsRequest request) {
    std::vector<broker::DeleteRecordsTo> parts;
    auto response = std::make_shared<wire::DeleteRecordsResponse>();
    auto places = std::make_shared<std::vector<std::pair<std::size_t, std::size_t>>>();
    for (const auto& topic : request.topics) {
        auto& out = response->topics.emplace_back();
        out.name = topic.name;
        const bool may = call->may_topic(Operation::remove, topic.name);
        for (const auto& partition : topic.partitions) {
            auto& part = out.partitions.emplace_back();
            part.partition_index = partition.partition_index;
            if (!may) {
                part.error_code = ErrorCode::topic_authorization_failed;
                part.low_watermark = -1;
                continue;
            }
            places->emplace_back(response->topics.size() - 1, out.partitions.size() - 1);
            parts.push_back({topic.name, PartitionId(partition.partition_index), Offset(partition.offset)});
        }
    }
    if (parts.empty()) return call->answer(*response);
    auto answer = service.on_loop<std::vector<broker::DeletedRecords>>(
        [call, response, places](const std::vector<broker::DeletedRecords>& results) {
            for (std::size_t i = 0; i < results.size(); ++i) {
                const auto [t, p] = places->at(i);
                auto& partition = response->topics[t].partitions[p];
                partition.error_code = to_wire(results[i].error);
                partition.low_watermark = results[i].low_watermark.value;
            }
            call->answer(*response);
        });
    service.submit(journal::Lane::control,
                   broker::delete_records(service.broker(), std::move(parts), std::move(answer)));
}

void handle_describe_log_dirs(Service& service, const CallPtr& call, wire::DescribeLogDirsRequest request) {
    wire::DescribeLogDirsResponse response;
    if (!call->may_cluster(Operation::describe)) {
        response.error_code = ErrorCode::cluster_authorization_failed;
        return call->answer(response);
    }
    auto& directory = response.results.emplace_back();
    directory.log_dir = service.options().log_directory;
    const auto topics = service.broker().topics();
    const auto add = [&](const broker::TopicView& topic, const std::vector<std::int32_t>* only) {
        wire::DescribeLogDirsResponse::Topic out;
        out.name = topic.name;
        for (const auto& log : topic.partitions) {
            const std::int32_t index = log->id().value;
            if (only != nullptr && std::find(only->begin(), only->end(), index) == only->end()) continue;
            auto& part = out.partitions.emplace_back();
            part.partition_index = index;
            part.partition_size = static_cast<std::int64_t>(service.broker().log_bytes(*log));
        }
        if (!out.partitions.empty()) directory.topics.push_back(std::move(out));
    };
    if (!request.topics) {
        for (const auto& [name, topic] : topics->by_name) add(*topic, nullptr);
        return call->answer(response);
    }
    for (const auto& wanted : *request.topics) {
        if (const auto topic = topics->find(wanted.topic)) add(*topic, &wanted.partitions);
    }
    call->answer(response);
}

}  // namespace mr::serve::kafka
