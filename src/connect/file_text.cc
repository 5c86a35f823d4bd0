#include "connect/file_text.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cctype>

namespace mr::connect {
namespace {

constexpr std::size_t kReadBytes = 1U << 20;
/// zlib's largest window, plus 32: the header says whether it is gzip's or zlib's.
constexpr int kAnyWindow = 15 + 32;
/// 128 MiB, the most the zstd tool itself accepts without being told.
constexpr int kZstdWindowLogMax = 27;

/// As it lies there.
class PlainText final : public FileText {
  public:
    PlainText(std::unique_ptr<File> file, std::uint64_t from) : file_(std::move(file)), at_(from) {}

    Status next(std::string& out) override {
        std::string more;
        MR_TRY_VOID(file_->read_at(at_, kReadBytes, more));
        at_ += more.size();
        out += more;
        return {};
    }

  private:
    const std::unique_ptr<File> file_;
    std::uint64_t at_;
};

/// The compressed bytes for whoever undoes it.
class Input {
  public:
    Input(std::unique_ptr<File> file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

    /// Reads on where nothing is left; false at the end of the file.
    Result<bool> fill() {
        if (used < bytes.size()) return true;
        MR_TRY_VOID(file_->read_at(at_, kReadBytes, bytes));
        at_ += bytes.size();
        used = 0;
        return !bytes.empty();
    }
    [[nodiscard]] std::unexpected<Error> wrong(std::string_view what) const {
        return fail(Code::corrupt, "{}: {} before byte {}: write the file again, or take it away", path_,
                    what, at_ - (bytes.size() - used));
    }
    [[nodiscard]] std::unexpected<Error> breaks_off() const {
        return fail(Code::corrupt,
                    "{}: the file breaks off at byte {}: copy it again, or move it here once it is complete",
                    path_, at_);
    }

    std::string bytes;
    std::size_t used = 0;

  private:
    std::unique_ptr<File> file_;
    std::string path_;
    std::uint64_t at_ = 0;
};

class InflatedText final : public FileText {
  public:
    explicit InflatedText(Input input) : input_(std::move(input)) {}
    ~InflatedText() override {
        if (open_) inflateEnd(&stream_);
    }

    Status open() {
        if (inflateInit2(&stream_, kAnyWindow) != Z_OK)
            return fail(Code::resource_exhausted, "zlib: cannot allocate");
        open_ = true;
        return {};
    }

    Status next(std::string& out) override {
        const std::size_t begin = out.size();
        out.resize(begin + kReadBytes);
        const Status read = fill(out, begin);
        out.resize(begin + (read ? kReadBytes - stream_.avail_out : 0));
        return read;
    }

  private:
    Status fill(std::string& out, std::size_t begin) {
        stream_.next_out = reinterpret_cast<Bytef*>(out.data() + begin);
        stream_.avail_out = kReadBytes;
        while (stream_.avail_out > 0) {
            MR_TRY(const bool more, input_.fill());
            // Nothing at all is an empty text, too.
            if (!more && !inside_) return {};
            // Zeros behind the last member fill up a block, and begin none.
            if (!inside_ && begun_ && input_.bytes[input_.used] == 0) {
                ++input_.used;
                continue;
            }
            if (!inside_ && begun_ && inflateReset(&stream_) != Z_OK)
                return fail(Code::internal, "zlib: cannot reset");
            inside_ = begun_ = true;
            stream_.next_in = reinterpret_cast<Bytef*>(input_.bytes.data() + input_.used);
            stream_.avail_in = static_cast<uInt>(input_.bytes.size() - input_.used);
            const uInt room = stream_.avail_out;
            const int state = inflate(&stream_, Z_NO_FLUSH);
            input_.used = input_.bytes.size() - stream_.avail_in;
            if (state == Z_STREAM_END) {
                inside_ = false;
            } else if (state != Z_OK && state != Z_BUF_ERROR) {
                return input_.wrong("no gzip or zlib data, or damaged");
            } else if (!more && stream_.avail_out == room) {
                // Nor was there anything left inside.
                return input_.breaks_off();
            }
        }
        return {};
    }

    Input input_;
    z_stream stream_{};
    bool open_ = false;
    bool begun_ = false;
    bool inside_ = false;  ///< a member that has begun and not ended
};

class ZstdText final : public FileText {
  public:
    explicit ZstdText(Input input) : input_(std::move(input)), context_(ZSTD_createDCtx()) {}

    Status open() {
        if (context_ == nullptr) return fail(Code::resource_exhausted, "zstd: cannot allocate");
        ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
        return {};
    }

    Status next(std::string& out) override {
        const std::size_t begin = out.size();
        out.resize(begin + kReadBytes);
        ZSTD_outBuffer to{out.data() + begin, kReadBytes, 0};
        const Status read = fill(to);
        out.resize(begin + (read ? to.pos : 0));
        return read;
    }

  private:
    struct FreeContext {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };

    Status fill(ZSTD_outBuffer& to) {
        while (to.pos < to.size) {
            MR_TRY(const bool more, input_.fill());
            if (!more && !inside_) return {};
            ZSTD_inBuffer from{input_.bytes.data(), input_.bytes.size(), input_.used};
            const std::size_t before = to.pos;
            const std::size_t hint = ZSTD_decompressStream(context_.get(), &to, &from);
            input_.used = from.pos;
            if (ZSTD_isError(hint) != 0) return input_.wrong(ZSTD_getErrorName(hint));
            inside_ = hint != 0;
            if (!more && inside_ && to.pos == before) return input_.breaks_off();
        }
        return {};
    }

    Input input_;
    const std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
    bool inside_ = false;  ///< a frame that has begun and not ended
};

/// The end of a piece, and what comes after it.
class Behind final : public FileText {
  public:
    Behind(std::unique_ptr<FileText> rest, std::string first)
        : rest_(std::move(rest)), first_(std::move(first)) {}

    Status next(std::string& out) override {
        if (first_.empty()) return rest_->next(out);
        out += first_;
        first_.clear();
        return {};
    }

  private:
    const std::unique_ptr<FileText> rest_;
    std::string first_;
};

template <class T>
Result<std::unique_ptr<FileText>> unpacked(std::unique_ptr<File> file, const std::string& path,
                                           std::int64_t from) {
    auto text = std::make_unique<T>(Input(std::move(file), path));
    MR_TRY_VOID(text->open());
    // There is no way into the middle: what was read before is undone again.
    std::string piece;
    for (auto left = static_cast<std::uint64_t>(from); left > 0;) {
        piece.clear();
        MR_TRY_VOID(text->next(piece));
        if (piece.empty()) break;
        if (piece.size() > left) {
            return std::make_unique<Behind>(std::move(text), piece.substr(left));
        }
        left -= piece.size();
    }
    return text;
}

}  // namespace

Result<std::unique_ptr<FileText>> FileText::open(FileSystem& fs, const std::string& path, std::int64_t from) {
    std::string end = path.substr(std::min(path.rfind('.'), path.size()));
    std::ranges::transform(end, end.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (end == ".bz2" || end == ".xz") {
        return fail(Code::unsupported, "{}: files ending in {} are not read: compress with gzip or zstd",
                    path, end);
    }
    MR_TRY(auto file, fs.open(path, FileSystem::Mode::read));
    if (end == ".gz" || end == ".gzip" || end == ".deflate")
        return unpacked<InflatedText>(std::move(file), path, from);
    if (end == ".zst" || end == ".zstd") return unpacked<ZstdText>(std::move(file), path, from);
    return std::make_unique<PlainText>(std::move(file), static_cast<std::uint64_t>(from));
}

}  // namespace mr::connect
