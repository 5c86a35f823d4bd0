#include "broker/internal/leader_epochs.h"

#include <algorithm>

#include "broker/internal/answer_proposal.h"
#include "broker/internal/entries.h"
#include "broker/internal/state.h"

namespace mr::broker {
namespace {

bool is_async(const TopicState& topic) {
    return topic.config.settings().async;
}

bool raise_all(BrokerState& state, journal::Appender& out) {
    for (const auto& [name, topic] : state.topics()) {
        if (!is_async(*topic)) continue;
        for (const auto& partition : topic->partitions) {
            const internal::LeaderEpochRaised raised{topic->id, partition->log->id(),
                                                     partition->view.leader_epoch.next(), out.now()};
            out.append(journal::Kind::leader_epoch, internal::encode(raised), internal::kEntryVersion);
        }
    }
    return true;
}

}  // namespace

std::unique_ptr<journal::Proposal> raise_leader_epochs(Broker& broker) {
    const BrokerState& state = broker.state();
    const bool any =
        std::ranges::any_of(state.topics(), [](const auto& item) { return is_async(*item.second); });
    if (!any || !state.in_new_run()) return nullptr;
    return internal::answer_with<bool>(broker, {}, static_cast<std::size_t>(state.partition_total()),
                                       raise_all);
}

}  // namespace mr::broker
