// The broker's settings as Kafka's tools see them. Most stand in millrace.yaml and are read-only here; the
// defaults that topics inherit (log.retention.ms, message.max.bytes, …) can be altered while the node runs,
// for all brokers (resource "") or for this one (resource "1", which wins), and outlive it
// (broker/cluster_settings.h). Thread: loop.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "broker/cluster_settings.h"
#include "serve/kafka/call.h"
#include "wire/messages/configs.h"

namespace mr::serve::kafka {

class Service;

/// Fills in what a DescribeConfigs about the broker is answered.
void describe_broker(Service& service, const Call& call, const wire::DescribeConfigsRequest& request,
                     const wire::DescribeConfigsRequest::Resource& resource,
                     wire::DescribeConfigsResponse::Result& out);

/// What altering the broker's settings comes to: changes of the cluster's settings, or why not.
struct BrokerChange {
    wire::ErrorCode error = wire::ErrorCode::none;
    std::string message{};
    std::vector<broker::ClusterSettingChange> changes{};
};
/// `replace`: settings that are not named go back to their defaults (AlterConfigs).
BrokerChange plan_broker_change(Service& service, const Call& call, const std::string& resource_name,
                                const std::vector<broker::ConfigChange>& changes, bool replace);

wire::DescribeConfigsResponse::Synonym config_synonym(std::string_view name, std::string value,
                                                      broker::ConfigSource source);
/// Kafka shows no default of the broker where the broker's setting of that name has none itself (the hours
/// and minutes beside it have), nor for settings that only topics have.
bool has_default_synonym(const broker::ConfigKey& key);
/// The values a topic's setting inherits, the one in force first.
std::vector<wire::DescribeConfigsResponse::Synonym> inherited(Service& service, const broker::ConfigKey& key);
[[nodiscard]] bool config_wanted(const std::optional<std::vector<std::string>>& keys, std::string_view name);

}  // namespace mr::serve::kafka
