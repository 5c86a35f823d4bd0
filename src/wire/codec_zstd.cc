#include <zstd.h>

#include <memory>

#include "wire/internal/codecs.h"

namespace mr::wire::internal {
namespace {

constexpr int kLevel = 3;
/// 128 MiB, the most the zstd tool itself accepts without being told.
constexpr int kWindowLogMax = 27;

struct FreeContext {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

Status zstd_compress(std::string_view bytes, std::string& out) {
    const std::size_t begin = out.size();
    out.resize(begin + ZSTD_compressBound(bytes.size()));
    const std::size_t size =
        ZSTD_compress(out.data() + begin, out.size() - begin, bytes.data(), bytes.size(), kLevel);
    if (ZSTD_isError(size) != 0) {
        out.resize(begin);
        return fail(Code::internal, "zstd: {}", ZSTD_getErrorName(size));
    }
    out.resize(begin + size);
    return {};
}

Status zstd_decompress(std::string_view bytes, BoundedOutput& out) {
    const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
    if (!context) return fail(Code::resource_exhausted, "zstd: cannot allocate");
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kWindowLogMax);
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    while (true) {
        const BoundedOutput::Space space = out.space();
        if (space.size == 0) return out.too_large();
        ZSTD_outBuffer output{space.data, space.size, 0};
        const std::size_t hint = ZSTD_decompressStream(context.get(), &output, &input);
        const bool error = ZSTD_isError(hint) != 0;
        out.used(error ? 0 : output.pos);
        if (error) return fail(Code::corrupt, "zstd: {}", ZSTD_getErrorName(hint));
        if (out.full()) return out.too_large();
        const bool input_used = input.pos == input.size;
        if (hint == 0 && input_used) return {};
        if (input_used && output.pos < output.size) return fail(Code::corrupt, "zstd: truncated frame");
    }
}

}  // namespace mr::wire::internal
