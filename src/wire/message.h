// Encoding and decoding of whole messages and their frames. A frame is an int32 length, a header and a body.
//
// Promises:
//   1. decode_message() never reads outside the frame, never trusts a length before the bytes are there, and
//      builds at most kDecodedBytesMax of structures from one frame, however many tiny elements it claims.
//   2. Tagged fields that are not known are skipped; bytes left over after the last field are an error unless
//      the caller says otherwise.
//   3. encode_message() of any struct in any version gives bytes that decode_message() takes.
// Only messages whose header says MR_WIRE_MESSAGE can be used here; their code is in the .cc beside it.
// Thread: any.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/api.h"
#include "wire/field.h"

namespace mr::wire {

/// Structures built from one frame. 64 MiB: half a million partitions of the largest kind we know.
inline constexpr std::size_t kDecodedBytesMax = 64U << 20;
/// Record data at least this long is passed on by reference; below, a copy is cheaper than a write more.
inline constexpr std::size_t kSpliceBytesMin = 4096;

/// Bytes being written, some of them only referred to: `splices` go in at their position, in order.
struct Output {
    std::string bytes;
    std::vector<std::pair<std::size_t, Piece>> splices;

    [[nodiscard]] std::size_t size() const {
        std::size_t total = bytes.size();
        for (const auto& [at, part] : splices) total += size_of(part);
        return total;
    }
    /// Everything in one string. REQUIRES: nothing of it lies in files.
    [[nodiscard]] std::string flatten() &&;
    /// Everything as pieces to be written one after the other.
    [[nodiscard]] std::vector<Piece> pieces() &&;
};

struct RequestHeader {
    std::int16_t api_key = 0;
    std::int16_t api_version = 0;
    std::int32_t correlation_id = 0;
    std::optional<std::string> client_id;
};

/// kFlexibleSince of the few messages that keep the old form in all versions.
inline constexpr std::int16_t kNeverFlexible = std::numeric_limits<std::int16_t>::max();

template <class M>
constexpr bool is_flexible(std::int16_t version) {
    return version >= M::kFlexibleSince;
}
/// Requests in flexible versions have header v2; responses v1, except that ApiVersions always answers with
/// v0, since a client reads it before it knows what we speak.
template <class M>
constexpr bool response_header_flexible(std::int16_t version) {
    return M::kApi != ApiKey::api_versions && is_flexible<M>(version);
}

/// The body of a message, without frame and header.
template <class M>
void encode_message(const M& message, std::int16_t version, Output& out);
/// What to do with bytes after the last field. Kafka's broker ignores them, and has to: librdkafka 2.x asks
/// for all topics with three bytes too many (Metadata v9 and later).
enum class Trailing : std::uint8_t { refuse, ignore };
/// `body` is the rest of the frame after the header; the message may share it (RecordData).
template <class M>
Result<M> decode_message(const SharedBytes& body, std::int16_t version, Trailing trailing = Trailing::refuse);
/// One line for logs and tests: `{group_id: "g", generation_id: 3}`; strings and arrays shortened.
template <class M>
std::string print_message(const M& message, std::int16_t version);

/// Key, version and correlation id stand at the same place in all headers; `flexible` needs to know the key.
Result<RequestHeader> peek_request_header(std::string_view frame);
/// Reads the whole header; returns it and the number of bytes it took.
Result<std::pair<RequestHeader, std::size_t>> decode_request_header(std::string_view frame, bool flexible);
void encode_request_header(const RequestHeader& header, bool flexible, std::string& out);

/// A whole response frame, length first.
template <class M>
Output encode_response(const M& message, std::int16_t version, std::int32_t correlation_id);
/// A whole request frame, length first: for our own clients.
template <class M>
Output encode_request(const M& message, std::int16_t version, std::int32_t correlation_id,
                      const std::optional<std::string>& client_id);
/// What a client reads back: `frame` without its length. corrupt when the correlation id is another.
template <class M>
Result<M> decode_response(const SharedBytes& frame, std::int16_t version, std::int32_t correlation_id);

namespace internal {
void begin_response(std::int32_t correlation_id, bool flexible, Output& out);
void begin_request(const RequestHeader& header, bool flexible, Output& out);
void finish_frame(Output& out);
Result<std::size_t> response_header_bytes(std::string_view frame, bool flexible, std::int32_t correlation_id);
}  // namespace internal

template <class M>
Output encode_response(const M& message, std::int16_t version, std::int32_t correlation_id) {
    Output out;
    internal::begin_response(correlation_id, response_header_flexible<M>(version), out);
    encode_message(message, version, out);
    internal::finish_frame(out);
    return out;
}

template <class M>
Output encode_request(const M& message, std::int16_t version, std::int32_t correlation_id,
                      const std::optional<std::string>& client_id) {
    Output out;
    internal::begin_request({static_cast<std::int16_t>(M::kApi), version, correlation_id, client_id},
                            is_flexible<M>(version), out);
    encode_message(message, version, out);
    internal::finish_frame(out);
    return out;
}

template <class M>
Result<M> decode_response(const SharedBytes& frame, std::int16_t version, std::int32_t correlation_id) {
    MR_TRY(const std::size_t at, internal::response_header_bytes(
                                     frame.view(), response_header_flexible<M>(version), correlation_id));
    return decode_message<M>(frame.slice(at), version);
}

}  // namespace mr::wire

/// In a message's header: its codec is compiled once, in the .cc that says MR_WIRE_MESSAGE_CODE.
#define MR_WIRE_MESSAGE(M)                                                                       \
    extern template void encode_message<M>(const M& message, std::int16_t version, Output& out); \
    extern template Result<M> decode_message<M>(const SharedBytes& body, std::int16_t version,   \
                                                Trailing trailing);                              \
    extern template std::string print_message<M>(const M& message, std::int16_t version)
