#include <zlib.h>

#include <memory>

#include "wire/internal/codecs.h"

namespace mr::wire::internal {
namespace {

/// 15 bits of window, plus 16: a gzip header and trailer instead of zlib's.
constexpr int kGzipWindow = 15 + 16;

struct InflateEnd {
    void operator()(z_stream* stream) const { inflateEnd(stream); }
};
struct DeflateEnd {
    void operator()(z_stream* stream) const { deflateEnd(stream); }
};

void set_input(z_stream& stream, std::string_view bytes) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
}

}  // namespace

Status gzip_compress(std::string_view bytes, std::string& out) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        return fail(Code::resource_exhausted, "gzip: cannot allocate");
    }
    const std::unique_ptr<z_stream, DeflateEnd> guard(&stream);
    const std::size_t begin = out.size();
    out.resize(begin + deflateBound(&stream, bytes.size()));
    set_input(stream, bytes);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + begin);
    stream.avail_out = static_cast<uInt>(out.size() - begin);
    const int done = deflate(&stream, Z_FINISH);
    out.resize(begin + stream.total_out);
    if (done != Z_STREAM_END) return fail(Code::internal, "gzip: deflate answered {}", done);
    return {};
}

Status gzip_decompress(std::string_view bytes, BoundedOutput& out) {
    z_stream stream{};
    if (inflateInit2(&stream, kGzipWindow) != Z_OK) {
        return fail(Code::resource_exhausted, "gzip: cannot allocate");
    }
    const std::unique_ptr<z_stream, InflateEnd> guard(&stream);
    set_input(stream, bytes);
    while (true) {
        const BoundedOutput::Space space = out.space();
        if (space.size == 0) return out.too_large();
        stream.next_out = reinterpret_cast<Bytef*>(space.data);
        stream.avail_out = static_cast<uInt>(space.size);
        const int state = inflate(&stream, Z_NO_FLUSH);
        out.used(space.size - stream.avail_out);
        if (out.full()) return out.too_large();
        if (state == Z_STREAM_END) {
            if (stream.avail_in == 0) return {};
            // Several members one after the other are one stream.
            if (inflateReset(&stream) != Z_OK) return fail(Code::internal, "gzip: cannot reset");
            continue;
        }
        const bool starved = stream.avail_in == 0 && stream.avail_out != 0;
        if ((state != Z_OK && state != Z_BUF_ERROR) || starved) {
            return fail(Code::corrupt, "gzip: {}", starved ? "truncated" : "not a gzip stream");
        }
    }
}

}  // namespace mr::wire::internal
