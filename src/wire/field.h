// What a Kafka message is made of. A message is one struct for all its versions; its template
// `fields(visitor)` names every field once, in wire order, with the versions that carry it, and is walked by
// encoder, decoder and printer (wire/message.h):
//
//   struct HeartbeatRequest {
//       static constexpr ApiKey kApi = ApiKey::heartbeat;
//       static constexpr std::int16_t kFlexibleSince = 4;
//       std::string group_id;
//       std::optional<std::string> group_instance_id;
//       template <class V> void fields(V& v) {
//           v(group_id);
//           v(group_instance_id, since(3));
//       }
//   };
//
// Rules: an optional is nullable in every version that carries it, unless `.nullable(n)` says from which on;
// where null is not allowed the encoder writes the empty value and the decoder refuses null. Tagged fields
// come last in their struct (`v.tagged(field, tag, default, since(n))`). A field absent from a version keeps
// the default written in the struct. Facts (names, types, versions) are those of Kafka's message
// definitions; the wire rules are KIP-482's.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/disk_file.h"

namespace mr::wire {

/// The versions that carry a field.
struct When {
    std::int16_t first = 0;
    std::int16_t last = std::numeric_limits<std::int16_t>::max();
    std::int16_t null_since = 0;

    [[nodiscard]] constexpr bool carries(std::int16_t version) const {
        return version >= first && version <= last;
    }
    [[nodiscard]] constexpr When nullable(std::int16_t version) const { return {first, last, version}; }
};
constexpr When since(std::int16_t first) {
    return {first, std::numeric_limits<std::int16_t>::max(), 0};
}
constexpr When until(std::int16_t last) {
    return {0, last, 0};
}
constexpr When between(std::int16_t first, std::int16_t last) {
    return {first, last, 0};
}
constexpr When nullable_since(std::int16_t version) {
    return {0, std::numeric_limits<std::int16_t>::max(), version};
}

/// The type `bytes`: a length of four bytes (or a varint), where `string` has two.
struct Bytes {
    std::string data;
    auto operator<=>(const Bytes&) const = default;
};

/// The type `records`: record batches one after the other, in as many pieces as they were found in. The
/// decoder makes one piece that shares the frame; the encoder passes big pieces on without copying them.
struct RecordData {
    std::vector<SharedBytes> parts;
    /// Of what is sent only, before `parts`: batches that go from a file to the socket.
    std::vector<FileSlice> files;

    RecordData() = default;
    explicit RecordData(SharedBytes bytes) { parts.push_back(std::move(bytes)); }
    [[nodiscard]] std::size_t size() const {
        std::size_t total = 0;
        for (const SharedBytes& part : parts) total += part.size();
        for (const FileSlice& slice : files) total += slice.size;
        return total;
    }
};

/// Value of AuthorizedOperations where they were not asked for.
inline constexpr std::int32_t kNoOperations = std::numeric_limits<std::int32_t>::min();

}  // namespace mr::wire
