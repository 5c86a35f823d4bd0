#include "net/gzip.h"

#include <zlib.h>

#include <array>

#include "base/check.h"

namespace mr::net {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib.h, deflateInit2: 16 more asks for the gzip wrapper

}  // namespace

std::string gzip_compress(std::string_view bytes, int level) {
    z_stream stream{};
    MR_CHECK(deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())) + 32, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int result = deflate(&stream, Z_FINISH);
    MR_CHECK(result == Z_STREAM_END, "deflate: {}", result);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

Result<std::string> gzip_decompress(std::string_view bytes, std::size_t bytes_max) {
    z_stream stream{};
    MR_CHECK(inflateInit2(&stream, kGzipWindow) == Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string out;
    std::array<char, 16384> buffer{};
    int result = Z_OK;
    while (result == Z_OK && out.size() <= bytes_max) {
        stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream.avail_out = static_cast<uInt>(buffer.size());
        result = inflate(&stream, Z_NO_FLUSH);
        out.append(buffer.data(), buffer.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    if (out.size() > bytes_max) {
        return fail(Code::resource_exhausted, "gzip data unpacks to more than {} bytes", bytes_max);
    }
    if (result != Z_STREAM_END) return fail(Code::corrupt, "broken gzip data");
    return out;
}

}  // namespace mr::net
