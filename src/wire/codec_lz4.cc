#include <lz4frame.h>

#include <memory>

#include "wire/internal/codecs.h"

namespace mr::wire::internal {
namespace {

struct FreeContext {
    void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

}  // namespace

Status lz4_compress(std::string_view bytes, std::string& out) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockSizeID = LZ4F_max64KB;
    // The Java client refuses frames whose blocks depend on each other.
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;
    const std::size_t begin = out.size();
    out.resize(begin + LZ4F_compressFrameBound(bytes.size(), &preferences));
    const std::size_t size =
        LZ4F_compressFrame(out.data() + begin, out.size() - begin, bytes.data(), bytes.size(), &preferences);
    if (LZ4F_isError(size) != 0) {
        out.resize(begin);
        return fail(Code::internal, "lz4: {}", LZ4F_getErrorName(size));
    }
    out.resize(begin + size);
    return {};
}

Status lz4_decompress(std::string_view bytes, BoundedOutput& out) {
    LZ4F_dctx* raw = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)) != 0) {
        return fail(Code::resource_exhausted, "lz4: cannot allocate");
    }
    const std::unique_ptr<LZ4F_dctx, FreeContext> context(raw);
    while (true) {
        const BoundedOutput::Space space = out.space();
        if (space.size == 0) return out.too_large();
        std::size_t written = space.size;
        std::size_t read = bytes.size();
        const std::size_t hint =
            LZ4F_decompress(context.get(), space.data, &written, bytes.data(), &read, nullptr);
        const bool error = LZ4F_isError(hint) != 0;
        out.used(error ? 0 : written);
        if (error) return fail(Code::corrupt, "lz4: {}", LZ4F_getErrorName(hint));
        if (out.full()) return out.too_large();
        bytes.remove_prefix(read);
        if (hint == 0 && bytes.empty()) return {};
        if (bytes.empty() && written < space.size) return fail(Code::corrupt, "lz4: truncated frame");
    }
}

}  // namespace mr::wire::internal
