#include "journal/internal/entry_codec.h"

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"

namespace mr::journal::internal {
namespace {

// Offsets in the header.
constexpr std::size_t kPayloadCrcAt = 4;
constexpr std::size_t kSeqAt = 8;
constexpr std::size_t kSyncedAt = 16;
constexpr std::size_t kLengthAt = 24;
constexpr std::size_t kKindAt = 28;
constexpr std::size_t kVersionAt = 30;
constexpr std::size_t kReservedAt = 31;

template <class T>
T get(std::string_view bytes, std::size_t at) {
    return mr::internal::load<T>(bytes.data() + at, Endian::little);
}

template <class T>
void put(char* to, T value) {
    mr::internal::store(to, value, Endian::little);
}

}  // namespace

bool is_known(Kind kind) {
    switch (kind) {
        case Kind::mark:
        case Kind::topic_batch:
        case Kind::topic_created:
        case Kind::topic_deleted:
        case Kind::partitions_added:
        case Kind::topic_config:
        case Kind::producer_id:
        case Kind::group_offsets:
        case Kind::group_deleted:
        case Kind::log_start:
        case Kind::transaction:
        case Kind::leader_epoch:
        case Kind::cluster_settings:
        case Kind::group_members:
        case Kind::schema:
        case Kind::pipeline:
        case Kind::step:
        case Kind::part:
        case Kind::last_part:
        case Kind::alert:
        case Kind::security_users:
        case Kind::security_acls:
        case Kind::security_tokens:
            return true;
    }
    return false;
}

void encode_entry(std::string& out, std::uint32_t seed, EntryHeader header, std::string_view head,
                  std::string_view body) {
    const std::size_t payload_bytes = head.size() + body.size();
    MR_DCHECK(payload_bytes <= kEntryBytesMax);
    char raw[kEntryHeaderBytes];
    put(raw + kPayloadCrcAt, crc32c(body, crc32c(head, seed)));
    put(raw + kSeqAt, header.seq.value);
    put(raw + kSyncedAt, header.synced.value);
    put(raw + kLengthAt, static_cast<std::uint32_t>(payload_bytes));
    put(raw + kKindAt, static_cast<std::uint16_t>(header.kind));
    put(raw + kVersionAt, header.version);
    put(raw + kReservedAt, std::uint8_t{0});
    put(raw, crc32c({raw + kPayloadCrcAt, kEntryHeaderBytes - kPayloadCrcAt}, seed));
    out.append(raw, sizeof raw);
    out.append(head);
    out.append(body);
    out.append(entry_bytes(payload_bytes) - kEntryHeaderBytes - payload_bytes, '\0');
}

std::optional<EntryHeader> decode_entry_header(std::string_view bytes, std::uint32_t seed) {
    if (bytes.size() < kEntryHeaderBytes) return std::nullopt;
    // The cheap tests first: after a torn tail this is asked at every eighth byte of a file.
    const auto kind = get<std::uint16_t>(bytes, kKindAt);
    const auto length = get<std::uint32_t>(bytes, kLengthAt);
    if (kind == 0 || length > kEntryBytesMax || bytes[kReservedAt] != 0) return std::nullopt;
    const std::string_view covered = bytes.substr(kPayloadCrcAt, kEntryHeaderBytes - kPayloadCrcAt);
    if (get<std::uint32_t>(bytes, 0) != crc32c(covered, seed)) return std::nullopt;
    EntryHeader header;
    header.seq = Seq(get<std::uint64_t>(bytes, kSeqAt));
    header.synced = Seq(get<std::uint64_t>(bytes, kSyncedAt));
    header.length = length;
    header.payload_crc = get<std::uint32_t>(bytes, kPayloadCrcAt);
    header.kind = static_cast<Kind>(kind);
    header.version = static_cast<std::uint8_t>(bytes[kVersionAt]);
    return header;
}

bool payload_matches(const EntryHeader& header, std::string_view payload, std::uint32_t seed) {
    return payload.size() == header.length && crc32c(payload, seed) == header.payload_crc;
}

}  // namespace mr::journal::internal
