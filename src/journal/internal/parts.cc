#include "journal/internal/parts.h"

#include "base/bytes.h"

namespace mr::journal::internal {

void encode_parts_header(std::string& out, const PartsHeader& header) {
    ByteWriter w(out);
    w.u16(static_cast<std::uint16_t>(header.kind));
    w.u8(header.version);
    w.u8(0);
    w.u32(header.before);
}

std::optional<PartsHeader> decode_parts_header(std::string_view last_part) {
    ByteReader in(last_part);
    PartsHeader header;
    header.kind = static_cast<Kind>(in.u16());
    header.version = in.u8();
    in.u8();
    header.before = in.u32();
    if (in.bad() || header.kind == Kind{} || header.before == 0) return std::nullopt;
    return header;
}

Result<PartJoiner::Got> PartJoiner::add(Entry& entry) {
    if (entry.kind == Kind::part) {
        parts_.push_back(entry.payload);
        return Got::nothing;
    }
    if (entry.kind != Kind::last_part) {
        parts_.clear();
        return Got::entry;
    }
    const auto header = decode_parts_header(entry.payload.view());
    if (!header || header->before >= entry.seq.value)
        return fail(Code::corrupt, "entry {} is no last part of anything", entry.seq);
    first_ = Seq(entry.seq.value - header->before);
    if (header->before > parts_.size()) return Got::too_late;
    // What a crash left without a last part may stand right before them.
    parts_.erase(parts_.begin(), parts_.end() - header->before);
    std::string whole;
    std::size_t size = entry.payload.size();
    for (const SharedBytes& part : parts_) size += part.size();
    whole.reserve(size);
    for (const SharedBytes& part : parts_) whole += part.view();
    whole += entry.payload.view().substr(PartsHeader::kBytes);
    parts_.clear();
    entry = {entry.seq, header->kind, header->version, SharedBytes(std::move(whole))};
    return Got::entry;
}

}  // namespace mr::journal::internal
