#include "broker/cluster_settings.h"

#include <algorithm>

#include "broker/broker.h"
#include "broker/internal/answer_proposal.h"
#include "broker/internal/entries.h"
#include "broker/internal/state.h"

namespace mr::broker {
namespace {

KafkaError decide(const ClusterSettings& now, std::vector<ClusterSettingChange>& changes,
                  journal::Appender& out) {
    internal::ClusterSettingsChanged entry;
    std::size_t added = 0;
    for (auto& change : changes) {
        const auto known = now.find(change.name);
        if (known != now.end() && (change.only_if_absent || known->second == change.value)) continue;
        if (known == now.end() && !change.value) continue;
        if (change.name.size() + change.value.value_or("").size() > kClusterSettingBytesMax)
            return KafkaError::invalid_request;
        added += known == now.end() ? 1 : 0;
        entry.changes.emplace_back(std::move(change.name), std::move(change.value));
    }
    if (now.size() + added > kClusterSettingsMax) return KafkaError::policy_violation;
    if (entry.changes.empty()) return KafkaError::none;
    entry.time = out.now();
    out.append(journal::Kind::cluster_settings, internal::encode(entry), internal::kEntryVersion);
    return KafkaError::none;
}

}  // namespace

std::string broker_setting(std::string_view node_name, bool this_broker) {
    return fmt::format("broker.{}{}", this_broker ? "1." : "", node_name);
}

ConfigMap topic_defaults(const ConfigMap& node, const ClusterSettings& settings) {
    ConfigMap out = node;
    for (const ConfigKey& key : topic_config_keys()) {
        if (key.node_name.empty()) continue;
        for (const bool this_broker : {false, true}) {
            const auto altered = settings.find(broker_setting(key.node_name, this_broker));
            if (altered == settings.end()) continue;
            // What another release took and this one does not is as if it were not there.
            ConfigMap one{{std::string(key.name), altered->second}};
            if (TopicConfig::make(one)) out[std::string(key.name)] = altered->second;
        }
    }
    return out;
}

std::unique_ptr<journal::Proposal> change_cluster_settings(Broker& broker,
                                                           std::vector<ClusterSettingChange> changes,
                                                           std::move_only_function<void(KafkaError)> answer) {
    const std::size_t count = changes.size();
    return internal::answer_with<KafkaError>(
        broker, std::move(answer), count,
        [changes = std::move(changes)](BrokerState& state, journal::Appender& out) mutable {
            return decide(state.cluster_settings(), changes, out);
        });
}

}  // namespace mr::broker
