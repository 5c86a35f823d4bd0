// Whatever stands in a broker entry, a snapshot, a .seqindex or a registry entry, and whatever a client calls
// a schema: decoding gives a value or an error, never a crash. The first byte says what the rest is.
// Invariant: what decodes encodes to something that decodes to the same bytes again.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "broker/groups/coordinator.h"
#include "broker/internal/entries.h"
#include "broker/internal/segment.h"
#include "broker/internal/snapshot.h"
#include "broker/txn/entries.h"
#include "registry/registry.h"
#include "registry/schema.h"

namespace {

using namespace mr;
namespace inner = mr::broker::internal;

template <class T>
void round_trip(const Result<T>& entry, Result<T> (*decode)(std::string_view)) {
    if (!entry) return;
    const std::string bytes = inner::encode(*entry);
    const auto again = decode(bytes);
    MR_CHECK(again.has_value(), "{}", again.error().message);
    MR_CHECK(inner::encode(*again) == bytes);
}

/// What is written of groups is read at a start: from any bytes there comes a coordinator that answers.
void group_members(std::string_view payload) {
    const auto entry = inner::decode_group_members(payload);
    if (!entry) return;
    const auto& change = entry->change;
    auto stored = std::make_shared<broker::groups::StoredGroup>();
    stored->type = change.type;
    stored->head = change.head;
    stored->members.insert(change.members.begin(), change.members.end());
    broker::groups::Coordinator coordinator(
        {}, [] { return std::string("id"); }, [](std::string_view) { return false; },
        [] { return std::vector<std::string>(); });
    static_cast<void>(coordinator.restore(0, {{entry->group, stored}}));
    static_cast<void>(coordinator.describe(entry->group));
    const auto described = coordinator.describe_consumer(entry->group);
    for (const auto& member : described.members) {
        broker::groups::ConsumerHeartbeat beat;
        beat.group = entry->group;
        beat.member_id = member.member_id;
        beat.epoch = member.epoch;
        beat.instance_id = member.instance_id;
        if (beat.epoch >= 0) static_cast<void>(coordinator.consumer_heartbeat(0, std::move(beat)));
    }
    coordinator.tick(1'000'000'000);
    coordinator.close();
}

void schema(registry::SchemaType type, std::string_view text) {
    const auto parsed = registry::parse_schema(type, text, {}, {}, false);
    if (!parsed) return;
    // The canonical text is a schema of the same canonical text, and can be compared with itself.
    const std::string canonical = (*parsed)->canonical();
    const auto again = registry::parse_schema(type, canonical, {}, {}, false);
    MR_CHECK(again.has_value(), "{}: {}", canonical, again.error().message);
    MR_CHECK((*again)->canonical() == canonical, "{} {}", canonical, (*again)->canonical());
    static_cast<void>((*again)->cannot_read(**parsed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
    switch (data[0]) {
        case 0:
            static_cast<void>(inner::decode_batch_entry(rest));
            break;
        case 1:
            round_trip(inner::decode_topic_created(rest), inner::decode_topic_created);
            round_trip(inner::decode_topic_config(rest), inner::decode_topic_config);
            break;
        case 2:
            round_trip(inner::decode_group_offsets(rest), inner::decode_group_offsets);
            break;
        case 3:
            static_cast<void>(inner::read_snapshot(rest, Seq(1)));
            break;
        case 4:
            static_cast<void>(broker::read_seq_index_entry(rest, Offset(0)));
            static_cast<void>(broker::check_seq_index_header(rest, Offset(0)));
            break;
        case 5:
            if (const auto change = registry::decode_change(rest)) {
                static_cast<void>(registry::decode_change(registry::encode_change(*change)));
            }
            static_cast<void>(registry::decode_view(rest));
            break;
        case 6:
            if (const auto entry = broker::txn::decode_transaction(rest)) {
                const auto encoded = [](const auto& e) { return broker::txn::encode(e); };
                const std::string bytes = std::visit(encoded, *entry);
                const auto again = broker::txn::decode_transaction(bytes);
                MR_CHECK(again.has_value(), "{}", again.error().message);
                MR_CHECK(std::visit(encoded, *again) == bytes);
            }
            static_cast<void>(broker::read_txn_index_entry(rest));
            break;
        case 7:
            round_trip(inner::decode_topic_deleted(rest), inner::decode_topic_deleted);
            round_trip(inner::decode_partitions_added(rest), inner::decode_partitions_added);
            round_trip(inner::decode_producer_id(rest), inner::decode_producer_id);
            round_trip(inner::decode_group_deleted(rest), inner::decode_group_deleted);
            round_trip(inner::decode_log_start(rest), inner::decode_log_start);
            round_trip(inner::decode_leader_epoch(rest), inner::decode_leader_epoch);
            round_trip(inner::decode_cluster_settings(rest), inner::decode_cluster_settings);
            break;
        case 8:
            round_trip(inner::decode_group_members(rest), inner::decode_group_members);
            group_members(rest);
            break;
        case 'a':
            schema(registry::SchemaType::avro, rest);
            break;
        case 'j':
            schema(registry::SchemaType::json, rest);
            break;
        case 'p':
            schema(registry::SchemaType::protobuf, rest);
            break;
        default:
            break;
    }
    return 0;
}
