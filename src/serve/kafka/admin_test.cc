// Topics, settings, groups and offsets over the wire, against the answers of Kafka 4.3.1.
#include <algorithm>

#include "serve/kafka/testing/broker_fixture.h"

namespace mr::serve::kafka {
namespace {

using testing::batch_of;
using testing::BrokerFixture;
using testing::Client;
using testing::produce_to;

class Admin : public ::testing::Test {
  protected:
    wire::CreateTopicsResponse::Topic create(const std::string& name, std::int32_t partitions,
                                             std::int16_t replication = 1, const std::string& config = {}) {
        wire::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = partitions;
        topic.replication_factor = replication;
        if (!config.empty()) {
            topic.configs.emplace_back().name = config;
            topic.configs[0].value = "1";
        }
        return client.ask<wire::CreateTopicsResponse>(request, 7).topics.at(0);
    }
    wire::MetadataResponse::Topic metadata(const std::string& name, bool create = false,
                                           std::int16_t version = 12) {
        wire::MetadataRequest request;
        request.topics.emplace().emplace_back().name = name;
        request.allow_auto_topic_creation = create;
        return client.ask<wire::MetadataResponse>(request, version).topics.at(0);
    }
    BrokerFixture f;
    Client& client = f.client();
};

TEST_F(Admin, CreateTopics) {
    const auto made = create("t", 3);
    EXPECT_EQ(made.error_code, ErrorCode::none);
    EXPECT_EQ(made.num_partitions, 3);
    EXPECT_EQ(made.replication_factor, 1);
    ASSERT_TRUE(made.configs.has_value());
    EXPECT_GT(made.configs->size(), 10U);
    EXPECT_EQ(create("t", 3).error_code, ErrorCode::topic_already_exists);
    EXPECT_EQ(create("zero", 0).error_code, ErrorCode::invalid_partitions);
    EXPECT_EQ(create("three", 1, 3).error_code, ErrorCode::invalid_replication_factor);
    EXPECT_EQ(create("a/b", 1).error_code, ErrorCode::invalid_topic_exception);
    EXPECT_EQ(create("cfg", 1, 1, "retention.mss").error_code, ErrorCode::invalid_config);
    EXPECT_EQ(create("default", -1, -1).num_partitions, 1);
    for (const char* name : {"t", "zero"}) EXPECT_TRUE(create(name, 0).error_message.has_value());
    wire::CreateTopicsRequest twice;
    twice.topics.resize(2);
    for (auto& topic : twice.topics) topic.name = "twice";
    for (const auto& topic : client.ask<wire::CreateTopicsResponse>(twice, 7).topics) {
        EXPECT_EQ(topic.error_code, ErrorCode::invalid_request);
    }
    wire::CreateTopicsRequest only_checked;
    only_checked.validate_only = true;
    only_checked.topics.emplace_back().name = "checked";
    only_checked.topics[0].num_partitions = 2;
    only_checked.topics[0].replication_factor = 1;
    EXPECT_EQ(client.ask<wire::CreateTopicsResponse>(only_checked, 7).topics[0].error_code, ErrorCode::none);
    EXPECT_EQ(metadata("checked").error_code, ErrorCode::unknown_topic_or_partition);
}

TEST_F(Admin, ManualAssignments) {
    wire::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "m";
    topic.num_partitions = -1;
    topic.replication_factor = -1;
    topic.assignments.resize(2);
    topic.assignments[0] = {0, {kNodeId}};
    topic.assignments[1] = {1, {kNodeId}};
    EXPECT_EQ(client.ask<wire::CreateTopicsResponse>(request, 5).topics[0].num_partitions, 2);
    topic.name = "m2";
    topic.assignments[1].broker_ids = {7};
    EXPECT_EQ(client.ask<wire::CreateTopicsResponse>(request, 5).topics[0].error_code,
              ErrorCode::invalid_replica_assignment);
}

TEST_F(Admin, Metadata) {
    const Uuid id = create("t", 2).topic_id;
    for (std::int16_t version = 0; version <= 13; ++version) {
        wire::MetadataRequest request;
        if (version == 0) request.topics.emplace();
        request.allow_auto_topic_creation = false;
        const auto all = client.ask<wire::MetadataResponse>(request, version);
        ASSERT_EQ(all.topics.size(), 1U) << version;
        EXPECT_EQ(all.topics[0].name, "t");
        EXPECT_EQ(all.topics[0].partitions.size(), 2U);
        EXPECT_EQ(all.topics[0].partitions[1].leader_id, kNodeId);
        EXPECT_EQ(all.brokers.at(0).port, 9092);
        if (version >= 10) {
            EXPECT_EQ(all.topics[0].topic_id, id);
        }
        if (version >= 7) {
            EXPECT_EQ(all.topics[0].partitions[0].leader_epoch, 0);
        }
    }
    EXPECT_EQ(metadata("no").error_code, ErrorCode::unknown_topic_or_partition);
    wire::MetadataRequest by_id;
    by_id.topics.emplace().resize(2);
    (*by_id.topics)[0].topic_id = id;
    (*by_id.topics)[1].topic_id = Uuid::random();
    const auto found = client.ask<wire::MetadataResponse>(by_id, 12);
    EXPECT_EQ(found.topics[0].name, "t");
    EXPECT_EQ(found.topics[1].error_code, ErrorCode::unknown_topic_id);
    EXPECT_FALSE(found.topics[1].name.has_value());
}

TEST_F(Admin, AutoCreation) {
    EXPECT_EQ(metadata("made", true).partitions.size(), 1U);
    EXPECT_EQ(metadata("made").error_code, ErrorCode::none);
    EXPECT_EQ(metadata("not/valid", true).error_code, ErrorCode::invalid_topic_exception);
    Options off;
    off.auto_create_topics = false;
    BrokerFixture other(off);
    wire::MetadataRequest request;
    request.topics.emplace().emplace_back().name = "x";
    EXPECT_EQ(other.client().ask<wire::MetadataResponse>(request, 9).topics[0].error_code,
              ErrorCode::unknown_topic_or_partition);
}

// Goal: a topic deleted and made again has another id and a higher leader epoch.
TEST_F(Admin, DeleteTopics) {
    const Uuid first = create("t", 1).topic_id;
    wire::DeleteTopicsRequest request;
    request.topics.emplace_back().topic_id = first;
    auto deleted = client.ask<wire::DeleteTopicsResponse>(request, 6).responses.at(0);
    EXPECT_EQ(deleted.error_code, ErrorCode::none);
    EXPECT_EQ(deleted.name, "t");
    EXPECT_EQ(client.ask<wire::DeleteTopicsResponse>(request, 6).responses.at(0).error_code,
              ErrorCode::unknown_topic_id);
    wire::DeleteTopicsRequest by_name;
    by_name.topic_names = {"t"};
    for (std::int16_t version = 1; version <= 5; ++version) {
        deleted = client.ask<wire::DeleteTopicsResponse>(by_name, version).responses.at(0);
        EXPECT_EQ(deleted.error_code, ErrorCode::unknown_topic_or_partition);
        EXPECT_EQ(deleted.name, "t");
    }
    EXPECT_NE(create("t", 1).topic_id, first);
    EXPECT_EQ(metadata("t").partitions.at(0).leader_epoch, 1);
}

TEST_F(Admin, CreatePartitions) {
    create("t", 2);
    const auto more = [&](const std::string& name, std::int32_t count) {
        wire::CreatePartitionsRequest request;
        request.topics.emplace_back().name = name;
        request.topics[0].count = count;
        return client.ask<wire::CreatePartitionsResponse>(request, 3).results.at(0).error_code;
    };
    EXPECT_EQ(more("t", 5), ErrorCode::none);
    EXPECT_EQ(metadata("t").partitions.size(), 5U);
    EXPECT_EQ(more("t", 5), ErrorCode::invalid_partitions);
    EXPECT_EQ(more("t", 1), ErrorCode::invalid_partitions);
    EXPECT_EQ(more("no", 3), ErrorCode::unknown_topic_or_partition);
}

TEST_F(Admin, Configs) {
    create("t", 1);
    const auto describe = [&](std::int16_t version, const std::string& key) {
        wire::DescribeConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = 2;
        resource.resource_name = "t";
        resource.configuration_keys = {key};
        request.include_synonyms = true;
        request.include_documentation = true;
        return client.ask<wire::DescribeConfigsResponse>(request, version).results.at(0).configs.at(0);
    };
    for (std::int16_t version = 1; version <= 4; ++version) {
        const auto config = describe(version, "retention.ms");
        EXPECT_EQ(config.value, "604800000");
        EXPECT_EQ(config.config_source, 5);
        // As Kafka: its broker-wide setting has no default of its own (log.retention.hours has).
        EXPECT_TRUE(config.synonyms.empty());
        EXPECT_EQ(describe(version, "cleanup.policy").synonyms.size(), 1U);
    }
    const auto alter = [&](std::int8_t operation, const std::string& name, std::optional<std::string> value) {
        wire::IncrementalAlterConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = 2;
        resource.resource_name = "t";
        auto& config = resource.configs.emplace_back();
        config.name = name;
        config.config_operation = operation;
        config.value = std::move(value);
        return client.ask<wire::IncrementalAlterConfigsResponse>(request, 1).responses.at(0).error_code;
    };
    EXPECT_EQ(alter(0, "retention.ms", "5000"), ErrorCode::none);
    EXPECT_EQ(describe(4, "retention.ms").value, "5000");
    EXPECT_EQ(describe(4, "retention.ms").config_source, 1);
    EXPECT_EQ(alter(2, "cleanup.policy", "compact"), ErrorCode::none);
    EXPECT_EQ(alter(0, "retention.ms", "soon"), ErrorCode::invalid_config);
    EXPECT_EQ(alter(9, "retention.ms", "1"), ErrorCode::invalid_request);
    EXPECT_EQ(alter(1, "retention.ms", std::nullopt), ErrorCode::none);
    EXPECT_EQ(describe(4, "retention.ms").config_source, 5);
    wire::DescribeConfigsRequest broker;
    broker.resources.emplace_back().resource_type = 4;
    broker.resources[0].resource_name = "1";
    EXPECT_GT(client.ask<wire::DescribeConfigsResponse>(broker, 4).results.at(0).configs.size(), 10U);
}

// Goal: the defaults that topics inherit can be altered for all brokers and for this one, which wins, whose a
// topic's own setting is; DescribeConfigs says where a value comes from (1 topic, 2 this broker, 3 all
// brokers, 5 default).
TEST_F(Admin, AltersTheBrokersDefaults) {
    create("t", 1);
    const auto alter = [&](const std::string& broker, std::int8_t op, const std::string& name,
                           std::optional<std::string> value, bool only_check = false) {
        wire::IncrementalAlterConfigsRequest request;
        request.validate_only = only_check;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = 4;
        resource.resource_name = broker;
        auto& config = resource.configs.emplace_back();
        config.name = name;
        config.config_operation = op;
        config.value = std::move(value);
        return client.ask<wire::IncrementalAlterConfigsResponse>(request, 1).responses.at(0);
    };
    const auto described = [&](std::int8_t type, const std::string& of, const std::string& name) {
        wire::DescribeConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = type;
        resource.resource_name = of;
        resource.configuration_keys = {name};
        request.include_synonyms = true;
        const auto configs = client.ask<wire::DescribeConfigsResponse>(request, 4).results.at(0).configs;
        if (configs.empty()) return std::string("-");
        std::string out = fmt::format("{} {}{}", configs[0].value.value_or("null"), configs[0].config_source,
                                      configs[0].read_only ? " fixed" : "");
        for (const auto& synonym : configs[0].synonyms)
            out += fmt::format(", {}={} {}", synonym.name, synonym.value.value_or("null"), synonym.source);
        return out;
    };
    EXPECT_EQ(described(4, "", "log.retention.ms"), "-");
    EXPECT_EQ(described(4, "1", "log.retention.ms"), "604800000 5");
    EXPECT_EQ(alter("", 0, "log.retention.ms", "7000", true).error_code, ErrorCode::none);
    EXPECT_EQ(described(2, "t", "retention.ms"), "604800000 5");
    EXPECT_EQ(alter("", 0, "log.retention.ms", "7000").error_code, ErrorCode::none);
    EXPECT_EQ(described(2, "t", "retention.ms"), "7000 3, log.retention.ms=7000 3");
    EXPECT_EQ(described(4, "", "log.retention.ms"), "7000 3, log.retention.ms=7000 3");
    EXPECT_EQ(alter("1", 0, "log.retention.ms", "9000").error_code, ErrorCode::none);
    EXPECT_EQ(described(2, "t", "retention.ms"), "9000 2, log.retention.ms=9000 2, log.retention.ms=7000 3");
    EXPECT_EQ(f.broker().topics()->find("t")->config.settings().retention_ms, 9'000);
    f.make_topic("later", 1, {{"retention.ms", "1"}});
    EXPECT_EQ(described(2, "later", "retention.ms"),
              "1 1, retention.ms=1 1, log.retention.ms=9000 2, log.retention.ms=7000 3");
    EXPECT_EQ(alter("1", 1, "log.retention.ms", std::nullopt).error_code, ErrorCode::none);
    EXPECT_EQ(described(2, "t", "retention.ms"), "7000 3, log.retention.ms=7000 3");
    EXPECT_EQ(alter("", 2, "log.cleanup.policy", "compact").error_code, ErrorCode::none);
    EXPECT_TRUE(f.broker().topics()->find("t")->config.settings().compact);
    EXPECT_TRUE(f.broker().topics()->find("t")->config.settings().del);
    // Refused: in Kafka's words, with the nearest name.
    const auto refused = [&](const std::string& broker, const std::string& name, const std::string& value) {
        const auto answer = alter(broker, 0, name, value);
        EXPECT_EQ(answer.error_code, ErrorCode::invalid_request) << name;
        return answer.error_message.value_or("");
    };
    EXPECT_NE(refused("", "log.retention.ms", "soon").find("Not a number of type LONG"), std::string::npos);
    EXPECT_TRUE(refused("", "num.partitions", "3")
                    .starts_with("Cannot update these configs dynamically: Set(num.partitions)"));
    EXPECT_NE(refused("1", "log.retentoin.ms", "3").find("did you mean `log.retention.ms`"),
              std::string::npos);
    EXPECT_NE(refused("2", "log.retention.ms", "3").find("Unexpected broker id"), std::string::npos);
    EXPECT_EQ(described(4, "1", "num.partitions"), "1 4 fixed, num.partitions=1 4");
    // What kafka-reassign-partitions does around its work.
    EXPECT_EQ(alter("1", 0, "leader.replication.throttled.rate", "100").error_code, ErrorCode::none);
    EXPECT_EQ(alter("1", 1, "leader.replication.throttled.rate", std::nullopt).error_code, ErrorCode::none);
    // AlterConfigs replaces everything that was altered for that resource.
    wire::AlterConfigsRequest replace;
    replace.resources.emplace_back().resource_type = 4;
    replace.resources[0].configs.emplace_back().name = "message.max.bytes";
    replace.resources[0].configs[0].value = "2000000";
    EXPECT_EQ(client.ask<wire::AlterConfigsResponse>(replace, 2).responses.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(described(2, "t", "retention.ms"), "604800000 5");
    EXPECT_EQ(described(2, "t", "max.message.bytes"),
              "2000000 3, message.max.bytes=2000000 3, message.max.bytes=1048588 5");
}

// Golden: to offset 4: low 4; beyond the high watermark 1; -1: low = high watermark.
TEST_F(Admin, DeleteRecords) {
    create("t", 1);
    client.ask<wire::ProduceResponse>(produce_to("t", 0, batch_of(5, f.clock.now().value)), 9);
    client.ask<wire::ProduceResponse>(produce_to("t", 0, batch_of(5, f.clock.now().value)), 9);
    const auto cut = [&](std::int64_t offset) {
        wire::DeleteRecordsRequest request;
        request.topics.emplace_back().name = "t";
        request.topics[0].partitions.emplace_back().offset = offset;
        return client.ask<wire::DeleteRecordsResponse>(request, 2).topics.at(0).partitions.at(0);
    };
    EXPECT_EQ(cut(4).low_watermark, 4);
    EXPECT_EQ(cut(11).error_code, ErrorCode::offset_out_of_range);
    EXPECT_EQ(cut(-1).low_watermark, 10);
}

TEST_F(Admin, ClusterAndLogDirs) {
    create("t", 2);
    for (std::int16_t version = 0; version <= 2; ++version) {
        const auto cluster =
            client.ask<wire::DescribeClusterResponse>(wire::DescribeClusterRequest{}, version);
        EXPECT_EQ(cluster.brokers.at(0).broker_id, kNodeId);
        EXPECT_EQ(cluster.controller_id, kNodeId);
        EXPECT_FALSE(cluster.cluster_id.empty());
    }
    client.ask<wire::ProduceResponse>(produce_to("t", 0, batch_of(5, f.clock.now().value)), 9);
    const auto dirs = client.ask<wire::DescribeLogDirsResponse>(wire::DescribeLogDirsRequest{}, 4);
    EXPECT_GT(dirs.results.at(0).topics.at(0).partitions.at(0).partition_size, 60);
}

class Groups : public Admin {
  protected:
    wire::JoinGroupRequest join_request(const std::string& member) const {
        wire::JoinGroupRequest request;
        request.group_id = "g";
        request.session_timeout_ms = 10'000;
        request.rebalance_timeout_ms = 10'000;
        request.member_id = member;
        request.protocol_type = "consumer";
        request.protocols.push_back({"range", {"subscription"}});
        return request;
    }
    wire::OffsetCommitRequest commit_request(std::int32_t generation, const std::string& member) const {
        wire::OffsetCommitRequest request;
        request.group_id = "g";
        request.generation_id_or_member_epoch = generation;
        request.member_id = member;
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        auto& partition = topic.partitions.emplace_back();
        partition.committed_offset = 42;
        partition.committed_leader_epoch = 0;
        partition.committed_metadata = std::string("byte for byte \0\xff", 16);
        return request;
    }
    ErrorCode commit(std::int32_t generation, const std::string& member) {
        return client.ask<wire::OffsetCommitResponse>(commit_request(generation, member), 9)
            .topics.at(0)
            .partitions.at(0)
            .error_code;
    }
};

TEST_F(Groups, FindCoordinator) {
    for (std::int16_t version = 0; version <= 6; ++version) {
        wire::FindCoordinatorRequest request;
        request.key = "g";
        request.coordinator_keys = {"g", "h"};
        const auto found = client.ask<wire::FindCoordinatorResponse>(request, version);
        if (version <= 3) {
            EXPECT_EQ(found.node_id, kNodeId);
            EXPECT_EQ(found.port, 9092);
        } else {
            ASSERT_EQ(found.coordinators.size(), 2U);
            EXPECT_EQ(found.coordinators[1].key, "h");
            EXPECT_EQ(found.coordinators[1].node_id, kNodeId);
        }
        request.key_type = 1;
        if (version == 0) continue;
        const auto other = client.ask<wire::FindCoordinatorResponse>(request, version);
        EXPECT_EQ(version <= 3 ? other.error_code : other.coordinators[0].error_code, ErrorCode::none);
        request.key_type = 2;
        const auto share = client.ask<wire::FindCoordinatorResponse>(request, version);
        EXPECT_EQ(version <= 3 ? share.error_code : share.coordinators[0].error_code,
                  ErrorCode::invalid_request);
    }
}

// One member through its life: asked for an id (79), joins, syncs, beats, commits, fetches, leaves.
TEST_F(Groups, LifeOfAMember) {
    create("t", 1);
    const auto first = client.ask<wire::JoinGroupResponse>(join_request(""), 9);
    EXPECT_EQ(first.error_code, ErrorCode::member_id_required);
    ASSERT_FALSE(first.member_id.empty());
    client.send(join_request(first.member_id), 9);
    f.run_all();
    f.advance(1);
    const auto joined = client.receive<wire::JoinGroupResponse>(9);
    ASSERT_TRUE(joined);
    EXPECT_EQ(joined->error_code, ErrorCode::none);
    EXPECT_EQ(joined->leader, first.member_id);
    EXPECT_EQ(joined->protocol_name, "range");
    ASSERT_EQ(joined->members.size(), 1U);
    EXPECT_EQ(joined->members[0].metadata.data, "subscription");
    EXPECT_EQ(commit(joined->generation_id, first.member_id), ErrorCode::rebalance_in_progress);

    wire::SyncGroupRequest sync;
    sync.group_id = "g";
    sync.generation_id = joined->generation_id;
    sync.member_id = first.member_id;
    sync.protocol_type = "consumer";
    sync.protocol_name = "range";
    sync.assignments.push_back({first.member_id, {"assignment"}});
    const auto synced = client.ask<wire::SyncGroupResponse>(sync, 5);
    EXPECT_EQ(synced.error_code, ErrorCode::none);
    EXPECT_EQ(synced.assignment.data, "assignment");

    wire::HeartbeatRequest beat{"g", joined->generation_id, first.member_id, std::nullopt};
    EXPECT_EQ(client.ask<wire::HeartbeatResponse>(beat, 4).error_code, ErrorCode::none);
    beat.generation_id += 1;
    EXPECT_EQ(client.ask<wire::HeartbeatResponse>(beat, 4).error_code, ErrorCode::illegal_generation);
    beat.member_id = "nobody";
    EXPECT_EQ(client.ask<wire::HeartbeatResponse>(beat, 4).error_code, ErrorCode::unknown_member_id);

    EXPECT_EQ(commit(joined->generation_id, first.member_id), ErrorCode::none);
    EXPECT_EQ(commit(-1, ""), ErrorCode::unknown_member_id) << "a simple commit into an active group";
    const auto groups =
        client.ask<wire::DescribeGroupsResponse>(wire::DescribeGroupsRequest{{"g"}, false}, 6);
    EXPECT_EQ(groups.groups.at(0).group_state, "Stable");
    EXPECT_EQ(groups.groups[0].members.at(0).client_host, "/127.0.0.1");
    EXPECT_EQ(
        client.ask<wire::DeleteGroupsResponse>(wire::DeleteGroupsRequest{{"g"}}, 2).results.at(0).error_code,
        ErrorCode::non_empty_group);

    wire::LeaveGroupRequest leave;
    leave.group_id = "g";
    leave.members.push_back({first.member_id, std::nullopt, "done"});
    EXPECT_EQ(client.ask<wire::LeaveGroupResponse>(leave, 5).members.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(
        client.ask<wire::DeleteGroupsResponse>(wire::DeleteGroupsRequest{{"g"}}, 2).results.at(0).error_code,
        ErrorCode::none);
}

TEST_F(Groups, OffsetsComeBackByteForByte) {
    const Uuid id = create("t", 2).topic_id;
    for (std::int16_t version = 2; version <= 10; ++version) {
        auto request = commit_request(-1, "");
        request.topics[0].topic_id = id;
        const auto response = client.ask<wire::OffsetCommitResponse>(request, version);
        EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, ErrorCode::none) << version;
    }
    for (std::int16_t version = 1; version <= 10; ++version) {
        wire::OffsetFetchRequest request;
        wire::OffsetFetchRequest::Topic topic;
        topic.name = "t";
        topic.topic_id = id;
        topic.partition_indexes = {0, 1};
        request.group_id = "g";
        request.topics.emplace().push_back(topic);
        request.groups.emplace_back().group_id = "g";
        request.groups[0].topics.emplace().push_back(topic);
        const auto response = client.ask<wire::OffsetFetchResponse>(request, version);
        const auto& partitions =
            version < 8 ? response.topics.at(0).partitions : response.groups.at(0).topics.at(0).partitions;
        ASSERT_EQ(partitions.size(), 2U);
        EXPECT_EQ(partitions[0].committed_offset, 42);
        EXPECT_EQ(partitions[0].metadata, std::string("byte for byte \0\xff", 16));
        EXPECT_EQ(partitions[1].committed_offset, -1);
        EXPECT_EQ(partitions[1].error_code, ErrorCode::none);
    }
    wire::OffsetFetchRequest all;
    all.groups.resize(2);
    all.groups[0].group_id = "g";
    all.groups[1].group_id = "unknown";
    const auto everything = client.ask<wire::OffsetFetchResponse>(all, 9);
    EXPECT_EQ(everything.groups.at(0).topics.at(0).partitions.size(), 1U);
    EXPECT_TRUE(everything.groups.at(1).topics.empty());
    EXPECT_EQ(everything.groups.at(1).error_code, ErrorCode::none);
    const auto listed = client.ask<wire::ListGroupsResponse>(wire::ListGroupsRequest{}, 5);
    ASSERT_EQ(listed.groups.size(), 1U);
    EXPECT_EQ(listed.groups[0].group_state, "Empty");
    wire::ListGroupsRequest filtered;
    filtered.states_filter = {"stable"};
    EXPECT_TRUE(client.ask<wire::ListGroupsResponse>(filtered, 4).groups.empty());
}

TEST_F(Groups, CommitErrors) {
    create("t", 1);
    EXPECT_EQ(commit(5, "nobody"), ErrorCode::group_id_not_found) << "an unknown group with a generation";
    EXPECT_EQ(client.ask<wire::OffsetCommitResponse>(commit_request(5, "nobody"), 8)
                  .topics[0]
                  .partitions[0]
                  .error_code,
              ErrorCode::illegal_generation)
        << "as clients know it that are older than the new protocol";
    EXPECT_EQ(commit(-1, ""), ErrorCode::none);
    // Who may not commit hears so of what is there only.
    auto some = commit_request(5, "nobody");
    some.topics[0].partitions.push_back(some.topics[0].partitions[0]);
    some.topics[0].partitions[1].partition_index = 99;
    const auto refused = client.ask<wire::OffsetCommitResponse>(some, 9).topics.at(0).partitions;
    EXPECT_EQ(refused.at(0).error_code, ErrorCode::unknown_member_id);
    EXPECT_EQ(refused.at(1).error_code, ErrorCode::unknown_topic_or_partition);
    auto request = commit_request(-1, "");
    request.topics[0].name = "no";
    EXPECT_EQ(client.ask<wire::OffsetCommitResponse>(request, 9).topics[0].partitions[0].error_code,
              ErrorCode::unknown_topic_or_partition);
    request = commit_request(-1, "");
    request.topics[0].partitions[0].committed_metadata = std::string(5000, 'm');
    EXPECT_EQ(client.ask<wire::OffsetCommitResponse>(request, 9).topics[0].partitions[0].error_code,
              ErrorCode::offset_metadata_too_large);
}

TEST_F(Groups, OffsetDelete) {
    create("t", 1);
    EXPECT_EQ(commit(-1, ""), ErrorCode::none);
    wire::OffsetDeleteRequest request;
    request.group_id = "g";
    request.topics.emplace_back().name = "t";
    request.topics[0].partitions.resize(1);
    const auto gone = client.ask<wire::OffsetDeleteResponse>(request, 0);
    EXPECT_EQ(gone.error_code, ErrorCode::none);
    EXPECT_EQ(gone.topics.at(0).partitions.at(0).error_code, ErrorCode::none);
    wire::OffsetFetchRequest fetch;
    fetch.group_id = "g";
    fetch.topics.emplace().emplace_back().name = "t";
    (*fetch.topics)[0].partition_indexes = {0};
    EXPECT_EQ(client.ask<wire::OffsetFetchResponse>(fetch, 5).topics[0].partitions[0].committed_offset, -1);
    request.group_id = "unknown";
    EXPECT_EQ(client.ask<wire::OffsetDeleteResponse>(request, 0).error_code, ErrorCode::group_id_not_found);
}

// Goal: time moves the coordinator: a member that falls silent is dropped and the group becomes empty.
TEST_F(Groups, SilentMembersExpire) {
    const auto first = client.ask<wire::JoinGroupResponse>(join_request(""), 3);
    EXPECT_EQ(first.error_code, ErrorCode::none) << "before v4 members join at once";
    f.advance(30'000);
    const auto groups =
        client.ask<wire::DescribeGroupsResponse>(wire::DescribeGroupsRequest{{"g"}, false}, 5);
    EXPECT_NE(groups.groups.at(0).group_state, "Stable");
    EXPECT_TRUE(groups.groups[0].members.empty());
}

}  // namespace
}  // namespace mr::serve::kafka
