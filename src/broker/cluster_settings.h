// Settings of the cluster that change while it runs and outlive it: a map of names to text, kept in the
// journal.
//
//   cluster.id                                   what clients know the cluster by; made at the first start
//   node.boot-id                                 of the system whose run wrote every open transaction
//                                                (txn/transactions.h)
//   broker.<name>, broker.1.<name>               a broker setting altered with kafka-configs, for all brokers
//   or
//                                                for this one, which wins: a default of topics, by the name
//                                                that Kafka's brokers have for it (ConfigKey::node_name)
//   quota.<entity>.<name>                        a client quota; <entity> as serve/kafka/quotas.h writes it
//
// What a name means, and which values are right, is its user's affair. Format:
// docs/formats/broker-entries.md. Thread: any (proposals decide on the journal thread).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/error.h"
#include "broker/topic_config.h"
#include "journal/journal.h"

namespace mr::broker {

class Broker;

using ClusterSettings = std::map<std::string, std::string, std::less<>>;

inline constexpr std::string_view kClusterIdSetting = "cluster.id";
inline constexpr std::string_view kBootIdSetting = "node.boot-id";
/// More than anybody sets by hand; a flood of them ends here.
inline constexpr std::size_t kClusterSettingsMax = 20'000;
inline constexpr std::size_t kClusterSettingBytesMax = 32U << 10;

/// "broker.log.retention.ms", "broker.1.log.retention.ms"
std::string broker_setting(std::string_view node_name, bool this_broker);
/// What topics inherit, by topic setting name: `node`'s, unless altered since.
ConfigMap topic_defaults(const ConfigMap& node, const ClusterSettings& settings);

struct ClusterSettingChange {
    std::string name;
    std::optional<std::string> value;  ///< nothing: removed
    bool only_if_absent = false;
};

/// All or none: policy_violation when there would be too many, invalid_request when one is too long.
std::unique_ptr<journal::Proposal> change_cluster_settings(Broker& broker,
                                                           std::vector<ClusterSettingChange> changes,
                                                           std::move_only_function<void(KafkaError)> answer);

}  // namespace mr::broker
