#include "wire/compression.h"

#include <array>
#include <string>
#include <vector>

#include "base/suggest.h"
#include "wire/internal/codecs.h"

namespace mr::wire {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"none", "gzip", "snappy", "lz4", "zstd"};

}  // namespace

std::string_view to_string(Compression compression) {
    const auto index = static_cast<std::size_t>(compression);
    return index < kNames.size() ? kNames[index] : "unknown";
}

Result<Compression> parse_compression(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == name) return static_cast<Compression>(i);
    }
    const std::vector<std::string> known(kNames.begin(), kNames.end());
    return fail(Code::invalid_argument, "unknown compression `{}`: none, gzip, snappy, lz4 or zstd{}", name,
                did_you_mean(name, known));
}

Status compress(Compression compression, std::string_view bytes, std::string& out) {
    switch (compression) {
        case Compression::none:
            out.append(bytes);
            return {};
        case Compression::gzip:
            return internal::gzip_compress(bytes, out);
        case Compression::snappy:
            return internal::snappy_compress(bytes, out);
        case Compression::lz4:
            return internal::lz4_compress(bytes, out);
        case Compression::zstd:
            return internal::zstd_compress(bytes, out);
    }
    return fail(Code::unsupported, "unknown compression {}", static_cast<int>(compression));
}

Status decompress(Compression compression, std::string_view bytes, std::size_t bytes_max, std::string& out) {
    internal::BoundedOutput sink(out, bytes_max);
    switch (compression) {
        case Compression::none:
            if (bytes.size() > bytes_max) return sink.too_large();
            out.append(bytes);
            return {};
        case Compression::gzip:
            return internal::gzip_decompress(bytes, sink);
        case Compression::snappy:
            return internal::snappy_decompress(bytes, sink);
        case Compression::lz4:
            return internal::lz4_decompress(bytes, sink);
        case Compression::zstd:
            return internal::zstd_decompress(bytes, sink);
    }
    return fail(Code::unsupported, "unknown compression {}", static_cast<int>(compression));
}

}  // namespace mr::wire
