// Puts records that come from outside (a generator, files) into partition 0 of a topic, one batch at a time,
// so that whoever feeds it always knows what the topic holds: after idle() said so, everything sent is on
// disk or an error was told. Thread: one at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/broker.h"
#include "journal/journal.h"

namespace mr::connect {

class TopicFeed {
  public:
    /// As Journal::try_submit on a lane that may be full.
    using Submit = std::function<bool(std::unique_ptr<journal::Proposal>&)>;
    /// The topic must exist when the first batch is sent.
    TopicFeed(broker::Broker& broker, Submit submit, std::string topic);
    ~TopicFeed();

    /// The next record's offset, where nothing is under way; nothing: a batch is. An error: the last batch
    /// was refused, or there is no such topic; it may be sent again.
    Result<std::optional<Offset>> idle();
    /// A record batch (wire::BatchBuilder) of partition 0 of a topic.
    struct Part {
        std::string topic;
        std::string batch;
    };
    /// Appends the parts in their order: after a crash those behind a missing one are missing too. REQUIRES:
    /// idle(). False: no room just now, try again.
    Result<bool> send(const std::vector<Part>& parts);
    [[nodiscard]] const std::string& topic() const { return topic_; }

  private:
    struct Answers;
    broker::Broker& broker_;
    const Submit submit_;
    const std::string topic_;
    std::shared_ptr<Answers> answers_;  ///< the journal's threads may answer after this is gone
    bool sent_ = false;
};

}  // namespace mr::connect
