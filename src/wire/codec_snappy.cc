#include <snappy-c.h>

#include "base/bytes.h"
#include "wire/internal/codecs.h"

namespace mr::wire::internal {
namespace {

/// xerial's header: magic, then version 1 and lowest compatible version 1, both int32.
constexpr std::string_view kXerialMagic("\x82SNAPPY\0", 8);
constexpr std::size_t kXerialHeaderBytes = 16;
constexpr std::size_t kXerialBlockBytes = 32U << 10;
/// A copy element of 2 bytes yields at most 64: no honest block grows by more.
constexpr std::size_t kSnappyGrowthMax = 32;

Status raw_decompress(std::string_view block, BoundedOutput& out) {
    std::size_t size = 0;
    if (::snappy_uncompressed_length(block.data(), block.size(), &size) != SNAPPY_OK) {
        return fail(Code::corrupt, "snappy: a block without a length");
    }
    if (size > block.size() * kSnappyGrowthMax)
        return fail(Code::corrupt, "snappy: impossible length {}", size);
    if (size > out.left()) return out.too_large();
    if (size == 0) return {};
    const BoundedOutput::Space space = out.space(size);
    std::size_t written = space.size;
    const snappy_status state = ::snappy_uncompress(block.data(), block.size(), space.data, &written);
    out.used(state == SNAPPY_OK ? written : 0);
    if (state != SNAPPY_OK || written != size) return fail(Code::corrupt, "snappy: a block does not decode");
    return {};
}

}  // namespace

Status snappy_compress(std::string_view bytes, std::string& out) {
    ByteWriter writer(out, Endian::big);
    writer.raw(kXerialMagic);
    writer.i32(1);
    writer.i32(1);
    while (!bytes.empty()) {
        const std::string_view block = bytes.substr(0, kXerialBlockBytes);
        bytes.remove_prefix(block.size());
        const std::size_t begin = out.size();
        std::size_t size = ::snappy_max_compressed_length(block.size());
        out.resize(begin + 4 + size);
        if (::snappy_compress(block.data(), block.size(), out.data() + begin + 4, &size) != SNAPPY_OK) {
            return fail(Code::internal, "snappy: cannot compress {} bytes", block.size());
        }
        out.resize(begin + 4 + size);
        writer.patch(begin, static_cast<std::int32_t>(size));
    }
    return {};
}

Status snappy_decompress(std::string_view bytes, BoundedOutput& out) {
    if (!bytes.starts_with(kXerialMagic)) return raw_decompress(bytes, out);
    ByteReader in(bytes, Endian::big);
    while (!in.bad() && !in.at_end()) {
        // Streams written one after the other repeat the header.
        if (in.rest().starts_with(kXerialMagic)) {
            in.skip(kXerialHeaderBytes);
            continue;
        }
        const std::int32_t length = in.i32();
        if (in.bad() || length < 0) break;
        const std::string_view block = in.raw(static_cast<std::size_t>(length));
        if (in.bad()) break;
        MR_TRY_VOID(raw_decompress(block, out));
    }
    if (in.bad() || !in.at_end()) return fail(Code::corrupt, "snappy: truncated xerial stream");
    return {};
}

}  // namespace mr::wire::internal
