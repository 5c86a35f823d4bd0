#include "connect/topic_feed.h"

#include "base/channel.h"
#include "broker/produce.h"

namespace mr::connect {

struct TopicFeed::Answers {
    Channel<std::vector<broker::ProduceResult>> channel{4};
};

TopicFeed::TopicFeed(broker::Broker& broker, Submit submit, std::string topic)
    : broker_(broker),
      submit_(std::move(submit)),
      topic_(std::move(topic)),
      answers_(std::make_shared<Answers>()) {}
TopicFeed::~TopicFeed() = default;

Result<std::optional<Offset>> TopicFeed::idle() {
    std::vector<std::vector<broker::ProduceResult>> answers;
    if (sent_ && !answers_->channel.drain(answers)) return std::optional<Offset>();
    sent_ = false;
    for (const auto& results : answers) {
        for (const broker::ProduceResult& r : results) {
            if (r.error != broker::KafkaError::none)
                return fail(Code::unavailable, "topic {}: {} {}", topic_, broker::to_string(r.error),
                            r.message);
        }
    }
    const auto topic = broker_.topics(broker::Visibility::applied)->find(topic_);
    if (topic == nullptr) return fail(Code::not_found, "there is no topic {}", topic_);
    return topic->partition(PartitionId(0))->applied()->log_end;
}

Result<bool> TopicFeed::send(const std::vector<Part>& parts) {
    if (broker_.overloaded()) return false;
    auto proposal = std::make_unique<broker::ProduceProposal>(
        broker_, [answers = answers_](auto results) { answers->channel.push_reserved(std::move(results)); });
    const auto topics = broker_.topics(broker::Visibility::applied);
    for (const Part& part : parts) {
        const auto topic = topics->find(part.topic);
        if (topic == nullptr) return fail(Code::not_found, "there is no topic {}", part.topic);
        MR_TRY(const auto facts, wire::validate_batch(part.batch, {.batch_bytes_max = part.batch.size()}));
        proposal->add(topic->id, PartitionId(0), part.batch, facts);
    }
    std::unique_ptr<journal::Proposal> submitted = std::move(proposal);
    sent_ = submit_(submitted);
    return sent_;
}

}  // namespace mr::connect
