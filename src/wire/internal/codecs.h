// The compression libraries behind wire/compression.h, one pair of functions each, and the bounded output
// they write to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mr::wire::internal {

/// Grows a string towards a bound: space() hands out room, used() says how much of it was filled.
class BoundedOutput {
  public:
    BoundedOutput(std::string& out, std::size_t bytes_max)
        : out_(out), begin_(out.size()), bytes_max_(bytes_max) {}

    struct Space {
        char* data;
        std::size_t size;
    };
    /// Room for more, at least `wanted` bytes where the bound allows; one byte beyond the bound is handed out
    /// so that exactly `bytes_max` can be told from too much. Size 0 once the bound was passed.
    Space space(std::size_t wanted = 1) {
        const std::size_t filled = size();
        if (filled > bytes_max_) return {nullptr, 0};
        const std::size_t grow = std::max({wanted, filled, kChunk});
        const std::size_t room = std::min(grow, bytes_max_ + 1 - filled);
        out_.resize(begin_ + filled + room);
        filled_ = filled;
        return {out_.data() + begin_ + filled, room};
    }
    void used(std::size_t bytes) {
        out_.resize(begin_ + filled_ + bytes);
        filled_ += bytes;
    }
    [[nodiscard]] std::size_t size() const { return out_.size() - begin_; }
    [[nodiscard]] std::size_t left() const { return bytes_max_ - std::min(bytes_max_, size()); }
    [[nodiscard]] bool full() const { return size() > bytes_max_; }
    [[nodiscard]] std::unexpected<Error> too_large() const {
        return fail(Code::resource_exhausted, "compressed records grow beyond {} bytes", bytes_max_);
    }

  private:
    static constexpr std::size_t kChunk = 16U << 10;
    std::string& out_;
    const std::size_t begin_;
    const std::size_t bytes_max_;
    std::size_t filled_ = 0;
};

Status gzip_compress(std::string_view bytes, std::string& out);
Status gzip_decompress(std::string_view bytes, BoundedOutput& out);
Status snappy_compress(std::string_view bytes, std::string& out);
Status snappy_decompress(std::string_view bytes, BoundedOutput& out);
Status lz4_compress(std::string_view bytes, std::string& out);
Status lz4_decompress(std::string_view bytes, BoundedOutput& out);
Status zstd_compress(std::string_view bytes, std::string& out);
Status zstd_decompress(std::string_view bytes, BoundedOutput& out);

}  // namespace mr::wire::internal
