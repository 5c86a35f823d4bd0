#include "broker/groups/stored.h"

#include "base/bytes.h"

namespace mr::broker::groups {
namespace {

/// Of heads and bodies; others are refused.
constexpr std::uint8_t kLayout = 1;
/// Of the body of a member of a consumer group.
constexpr std::uint8_t kConsumerBodyLayout = 3;

void write_optional(ByteWriter& out, const std::optional<std::string>& value) {
    out.u8(value ? 1 : 0);
    if (value) out.sized(*value);
}

std::optional<std::string> read_optional(ByteReader& in) {
    const std::uint8_t there = in.u8();
    if (there > 1) in.set_bad();
    if (there != 1) return std::nullopt;
    return std::string(in.sized());
}

void read_layout(ByteReader& in, std::uint8_t known = kLayout) {
    if (in.u8() != known) in.set_bad();
}

/// Everything counted is at least a byte long: a damaged count must not allocate.
std::size_t read_count(ByteReader& in) {
    const std::uint64_t count = in.uvarint();
    if (count > in.remaining()) in.set_bad();
    return in.bad() ? 0 : static_cast<std::size_t>(count);
}

void write_partitions(ByteWriter& out, const PartitionSet& set) {
    std::size_t topics = 0;
    for (const auto& [topic, partitions] : set) topics += partitions.empty() ? 0 : 1;
    out.uvarint(topics);
    for (const auto& [topic, partitions] : set) {
        if (partitions.empty()) continue;
        out.raw(topic.view());
        out.uvarint(partitions.size());
        for (const std::int32_t p : partitions) out.i32(p);
    }
}

void write_partitions(ByteWriter& out, const PartitionEpochs& epochs) {
    std::size_t topics = 0;
    for (const auto& [topic, partitions] : epochs) topics += partitions.empty() ? 0 : 1;
    out.uvarint(topics);
    for (const auto& [topic, partitions] : epochs) {
        if (partitions.empty()) continue;
        out.raw(topic.view());
        out.uvarint(partitions.size());
        for (const auto& [p, epoch] : partitions) {
            out.i32(p);
            out.i32(epoch);
        }
    }
}

/// `read_one` reads a partition into what there is of the topic's.
template <class Set, class ReadOne>
Set read_topics(ByteReader& in, ReadOne read_one) {
    Set set;
    const std::size_t topics = read_count(in);
    for (std::size_t t = 0; t < topics && !in.bad(); ++t) {
        const std::string_view raw = in.raw(16);
        const std::size_t count = read_count(in);
        if (in.bad()) break;
        auto& partitions = set[Uuid::from_bytes(raw)];
        for (std::size_t i = 0; i < count && !in.bad(); ++i) read_one(partitions);
    }
    return set;
}

PartitionSet read_partitions(ByteReader& in) {
    return read_topics<PartitionSet>(in, [&](auto& partitions) { partitions.insert(in.i32()); });
}

PartitionEpochs read_epochs(ByteReader& in) {
    return read_topics<PartitionEpochs>(in, [&](auto& partitions) {
        const std::int32_t partition = in.i32();
        partitions[partition] = in.i32();
    });
}

}  // namespace

std::string encode(const ClassicHead& head) {
    std::string bytes;
    ByteWriter out(bytes);
    out.u8(kLayout);
    out.i32(head.generation);
    out.sized(head.protocol_type);
    out.sized(head.protocol);
    out.sized(head.leader);
    return bytes;
}

Result<ClassicHead> decode_classic_head(std::string_view bytes) {
    ByteReader in(bytes);
    read_layout(in);
    ClassicHead head;
    head.generation = in.i32();
    head.protocol_type = in.sized();
    head.protocol = in.sized();
    head.leader = in.sized();
    MR_TRY_VOID(in.finish("stored head of a classic group"));
    return head;
}

std::string encode(const ClassicBody& body) {
    std::string bytes;
    ByteWriter out(bytes);
    out.u8(kLayout);
    write_optional(out, body.instance_id);
    out.sized(body.client_id);
    out.sized(body.client_host);
    out.i32(body.session_timeout_ms);
    out.i32(body.rebalance_timeout_ms);
    out.sized(body.subscription);
    out.sized(body.assignment);
    return bytes;
}

Result<ClassicBody> decode_classic_body(std::string_view bytes) {
    ByteReader in(bytes);
    read_layout(in);
    ClassicBody body;
    body.instance_id = read_optional(in);
    body.client_id = in.sized();
    body.client_host = in.sized();
    body.session_timeout_ms = in.i32();
    body.rebalance_timeout_ms = in.i32();
    body.subscription = in.sized();
    body.assignment = in.sized();
    MR_TRY_VOID(in.finish("stored member of a classic group"));
    return body;
}

std::string encode(const ConsumerHead& head) {
    std::string bytes;
    ByteWriter out(bytes);
    out.u8(kLayout);
    out.i32(head.group_epoch);
    out.i32(head.assignment_epoch);
    out.u32(head.topics);
    return bytes;
}

Result<ConsumerHead> decode_consumer_head(std::string_view bytes) {
    ByteReader in(bytes);
    read_layout(in);
    ConsumerHead head;
    head.group_epoch = in.i32();
    head.assignment_epoch = in.i32();
    head.topics = in.u32();
    MR_TRY_VOID(in.finish("stored head of a consumer group"));
    return head;
}

std::string encode(const ConsumerBody& body) {
    std::string bytes;
    ByteWriter out(bytes);
    out.u8(kConsumerBodyLayout);
    write_optional(out, body.instance_id);
    write_optional(out, body.rack_id);
    out.sized(body.client_id);
    out.sized(body.client_host);
    out.i32(body.rebalance_timeout_ms);
    out.uvarint(body.topic_names.size());
    for (const auto& name : body.topic_names) out.sized(name);
    out.sized(body.regex);
    out.sized(body.assignor);
    out.i32(body.epoch);
    out.i32(body.previous_epoch);
    out.u8(body.state);
    write_partitions(out, body.assigned);
    write_partitions(out, body.revoking);
    write_partitions(out, body.target);
    out.u8(body.classic ? 1 : 0);
    if (!body.classic) return bytes;
    out.i32(body.classic->session_timeout_ms);
    out.uvarint(body.classic->protocols.size());
    for (const auto& [name, metadata] : body.classic->protocols) {
        out.sized(name);
        out.sized(metadata);
    }
    return bytes;
}

Result<ConsumerBody> decode_consumer_body(std::string_view bytes) {
    ByteReader in(bytes);
    read_layout(in, kConsumerBodyLayout);
    ConsumerBody body;
    body.instance_id = read_optional(in);
    body.rack_id = read_optional(in);
    body.client_id = in.sized();
    body.client_host = in.sized();
    body.rebalance_timeout_ms = in.i32();
    const std::size_t names = read_count(in);
    for (std::size_t i = 0; i < names && !in.bad(); ++i) body.topic_names.emplace_back(in.sized());
    body.regex = in.sized();
    body.assignor = in.sized();
    body.epoch = in.i32();
    body.previous_epoch = in.i32();
    body.state = in.u8();
    if (body.state > 2) in.set_bad();
    body.assigned = read_epochs(in);
    body.revoking = read_epochs(in);
    body.target = read_partitions(in);
    const std::uint8_t classic = in.u8();
    if (classic > 1) in.set_bad();
    if (classic == 1) {
        body.classic.emplace().session_timeout_ms = in.i32();
        const std::size_t protocols = read_count(in);
        for (std::size_t i = 0; i < protocols && !in.bad(); ++i) {
            auto& [name, metadata] = body.classic->protocols.emplace_back();
            name = in.sized();
            metadata = in.sized();
        }
    }
    MR_TRY_VOID(in.finish("stored member of a consumer group"));
    return body;
}

}  // namespace mr::broker::groups
