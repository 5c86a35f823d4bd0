#include "broker/groups/embedded_protocol.h"

#include <algorithm>

#include "base/bytes.h"

namespace mr::broker::groups {
namespace {

std::string read_text(ByteReader& in) {
    const std::int16_t length = in.i16();
    if (length < 0) in.set_bad();
    return in.bad() ? std::string() : std::string(in.raw(static_cast<std::size_t>(length)));
}

/// Everything counted is at least `least` bytes long: a wrong count must not allocate.
std::size_t read_count(ByteReader& in, std::size_t least) {
    const std::int32_t count = in.i32();
    if (count < 0 || static_cast<std::size_t>(count) > in.remaining() / least) in.set_bad();
    return in.bad() ? 0 : static_cast<std::size_t>(count);
}

/// Nullable bytes; true if there are any.
bool skip_bytes(ByteReader& in) {
    const std::int32_t length = in.i32();
    if (length > 0) in.skip(static_cast<std::size_t>(length));
    return length > 0;
}

NamedPartitions read_partitions(ByteReader& in) {
    NamedPartitions out;
    const std::size_t topics = read_count(in, 6);
    for (std::size_t t = 0; t < topics && !in.bad(); ++t) {
        auto& partitions = out[read_text(in)];
        const std::size_t count = read_count(in, 4);
        for (std::size_t i = 0; i < count && !in.bad(); ++i) partitions.insert(in.i32());
    }
    return out;
}

}  // namespace

Result<EmbeddedSubscription> read_subscription(std::string_view bytes) {
    ByteReader in(bytes, Endian::big);
    EmbeddedSubscription out;
    out.version = in.i16();
    if (out.version < 0) in.set_bad();
    const std::size_t topics = read_count(in, 2);
    for (std::size_t i = 0; i < topics && !in.bad(); ++i) out.topics.push_back(read_text(in));
    skip_bytes(in);
    if (out.version >= 1) out.owned = read_partitions(in);
    if (out.version >= 2) in.i32();  // the generation in which it owned them
    if (out.version >= 3) {
        const std::int16_t length = in.i16();
        if (length >= 0) out.rack = std::string(in.raw(static_cast<std::size_t>(length)));
    }
    if (in.bad()) return fail(Code::invalid_argument, "the subscription is malformed");
    return out;
}

Result<EmbeddedAssignment> read_assignment(std::string_view bytes) {
    ByteReader in(bytes, Endian::big);
    EmbeddedAssignment out;
    if (in.i16() < 0) in.set_bad();
    out.partitions = read_partitions(in);
    out.user_data = skip_bytes(in);
    if (in.bad()) return fail(Code::invalid_argument, "the assignment is malformed");
    return out;
}

std::string write_assignment(std::int16_t version, const NamedPartitions& partitions) {
    std::string bytes;
    ByteWriter out(bytes, Endian::big);
    out.i16(std::min<std::int16_t>(version, 3));
    out.i32(static_cast<std::int32_t>(partitions.size()));
    for (const auto& [topic, numbers] : partitions) {
        out.i16(static_cast<std::int16_t>(topic.size()));
        out.raw(topic);
        out.i32(static_cast<std::int32_t>(numbers.size()));
        for (const std::int32_t p : numbers) out.i32(p);
    }
    out.i32(-1);
    return bytes;
}

}  // namespace mr::broker::groups
