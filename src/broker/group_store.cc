#include "broker/group_store.h"

#include "broker/internal/answer_proposal.h"
#include "broker/internal/entries.h"
#include "broker/internal/state.h"

namespace mr::broker {

std::unique_ptr<journal::Proposal> store_group(Broker& broker, std::string group, groups::StoredChange change,
                                               std::move_only_function<void(bool)> answer) {
    std::size_t bytes = internal::kSmallEntryBytes + group.size() + change.head.size();
    for (const auto& [id, body] : change.members) bytes += id.size() + body.size();
    for (const auto& id : change.removed) bytes += id.size();
    internal::GroupMembersEntry entry{std::move(group), TimestampMs(0), std::move(change)};
    return std::make_unique<internal::AnswerProposal<bool>>(
        broker,
        [entry = std::move(entry)](BrokerState&, journal::Appender& out) mutable {
            entry.time = out.now();
            out.append(journal::Kind::group_members, internal::encode(entry), internal::kEntryVersion);
            return true;
        },
        std::move(answer), bytes);
}

}  // namespace mr::broker
