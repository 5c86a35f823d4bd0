#include "wire/message.h"

#include "base/check.h"

namespace mr::wire {
namespace {

/// Skips a block of tagged fields; headers define none that we use.
void skip_tags(ByteReader& in) {
    const std::uint64_t count = in.uvarint();
    for (std::uint64_t i = 0; i < count && !in.bad(); ++i) {
        in.uvarint();
        in.sized();
    }
}

}  // namespace

std::string Output::flatten() && {
    if (splices.empty()) return std::move(bytes);
    std::string out;
    out.reserve(size());
    for (const Piece& piece : std::move(*this).pieces()) out.append(std::get<SharedBytes>(piece).view());
    return out;
}

std::vector<Piece> Output::pieces() && {
    std::vector<Piece> out;
    const auto own = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view all(*own);
    std::size_t at = 0;
    for (auto& [position, part] : splices) {
        if (position > at) out.emplace_back(SharedBytes(own, all.substr(at, position - at)));
        at = position;
        out.push_back(std::move(part));
    }
    if (at < all.size()) out.emplace_back(SharedBytes(own, all.substr(at)));
    splices.clear();
    return out;
}

Result<RequestHeader> peek_request_header(std::string_view frame) {
    ByteReader in(frame, Endian::big);
    RequestHeader header;
    header.api_key = in.i16();
    header.api_version = in.i16();
    header.correlation_id = in.i32();
    MR_TRY_VOID(in.status("request header"));
    return header;
}

Result<std::pair<RequestHeader, std::size_t>> decode_request_header(std::string_view frame, bool flexible) {
    MR_TRY(RequestHeader header, peek_request_header(frame));
    ByteReader in(frame, Endian::big);
    in.skip(8);
    // The client id keeps its two-byte length in flexible headers too.
    const std::int16_t length = in.i16();
    if (length >= 0) header.client_id.emplace(in.raw(static_cast<std::size_t>(length)));
    if (length < -1) in.set_bad();
    if (flexible) skip_tags(in);
    MR_TRY_VOID(in.status("request header"));
    return std::pair(std::move(header), in.position());
}

void encode_request_header(const RequestHeader& header, bool flexible, std::string& out) {
    ByteWriter writer(out, Endian::big);
    writer.i16(header.api_key);
    writer.i16(header.api_version);
    writer.i32(header.correlation_id);
    if (header.client_id) {
        writer.i16(static_cast<std::int16_t>(header.client_id->size()));
        writer.raw(*header.client_id);
    } else {
        writer.i16(-1);
    }
    if (flexible) writer.uvarint(0);
}

namespace internal {

void begin_response(std::int32_t correlation_id, bool flexible, Output& out) {
    ByteWriter writer(out.bytes, Endian::big);
    writer.i32(0);  // the length, in finish_frame()
    writer.i32(correlation_id);
    if (flexible) writer.uvarint(0);
}

void begin_request(const RequestHeader& header, bool flexible, Output& out) {
    ByteWriter(out.bytes, Endian::big).i32(0);
    encode_request_header(header, flexible, out.bytes);
}

void finish_frame(Output& out) {
    const std::size_t size = out.size() - 4;
    MR_CHECK(size <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()), "{}", size);
    ByteWriter(out.bytes, Endian::big).patch(0, static_cast<std::int32_t>(size));
}

Result<std::size_t> response_header_bytes(std::string_view frame, bool flexible,
                                          std::int32_t correlation_id) {
    ByteReader in(frame, Endian::big);
    const std::int32_t found = in.i32();
    if (flexible) skip_tags(in);
    MR_TRY_VOID(in.status("response header"));
    if (found != correlation_id) {
        return fail(Code::corrupt, "response to request {} instead of {}", found, correlation_id);
    }
    return in.position();
}

}  // namespace internal
}  // namespace mr::wire
