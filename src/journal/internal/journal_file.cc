#include "journal/internal/journal_file.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "base/zeros.h"
#include "journal/internal/entry_codec.h"

namespace mr::journal::internal {
namespace {

constexpr std::string_view kMagic = "MRJOURNL";
constexpr std::size_t kCrcAt = 60;
constexpr std::uint64_t kIndexBytes = 256U << 10;
constexpr std::size_t kSliceBytes = 4U << 20;

Status refuse_without_space(FileSystem& fs, const std::string& directory, std::uint64_t size) {
    MR_TRY(const std::uint64_t free, fs.free_bytes(directory));
    if (free >= size) return {};
    return fail(
        Code::resource_exhausted,
        "the disk of {} is full: the next journal file needs {} bytes, {} are free; make room or move the "
        "data directory",
        directory, size, free);
}

}  // namespace

std::string encode_file_header(const FileHeader& header) {
    std::string bytes;
    bytes.reserve(kFileHeaderBytes);
    ByteWriter out(bytes);
    out.raw(kMagic);
    out.u16(kFileVersion);
    out.u16(0);
    out.u32(0);
    out.u64(header.number);
    out.u64(header.salt);
    out.u64(header.file_bytes);
    out.u64(header.base.value);
    out.u64(header.synced.value);
    out.u32(0);
    MR_CHECK(bytes.size() == kCrcAt);
    out.u32(crc32c(bytes));
    bytes.resize(kFileHeaderBytes, '\0');
    return bytes;
}

Result<FileHeader> decode_file_header(std::string_view bytes, std::string_view path) {
    if (bytes.size() < kFileHeaderBytes || !bytes.starts_with(kMagic)) {
        return fail(Code::corrupt, "{} is not a journal file, or its header is damaged: it starts with {}",
                    path, hex(bytes, 8));
    }
    ByteReader in(bytes.substr(kMagic.size(), kCrcAt + 4 - kMagic.size()));
    const std::uint16_t version = in.u16();
    in.skip(6);
    FileHeader header;
    header.number = in.u64();
    header.salt = in.u64();
    header.file_bytes = in.u64();
    header.base = Seq(in.u64());
    header.synced = Seq(in.u64());
    in.skip(4);
    const std::uint32_t expected = crc32c(bytes.substr(0, kCrcAt));
    if (in.u32() != expected) {
        return fail(Code::corrupt, "the header of {} is damaged: its checksum should be {:08x}", path,
                    expected);
    }
    if (version != kFileVersion) {
        return fail(Code::unsupported,
                    "{} has format version {}; this build reads version {}: start the build that wrote it",
                    path, version, kFileVersion);
    }
    return header;
}

std::string journal_file_name(std::uint64_t number) {
    return fmt::format("{:012}.journal", number);
}
std::string spare_file_name(std::uint64_t number) {
    return fmt::format("{:012}.spare", number);
}

std::optional<std::uint64_t> parse_file_name(std::string_view name, std::string_view suffix) {
    if (!name.ends_with(suffix)) return std::nullopt;
    name.remove_suffix(suffix.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size() || name.empty()) return std::nullopt;
    return number;
}

JournalFile::JournalFile(std::unique_ptr<File> file, std::string path, const FileHeader& header)
    : file_(std::move(file)),
      path_(std::move(path)),
      header_(header),
      seed_(file_seed(header.number, header.salt)),
      first_(header.base.value) {}

void JournalFile::wrote(Seq first, std::uint64_t at, std::uint64_t end) {
    if (first != Seq(0)) {
        std::lock_guard lock(mutex_);
        if (index_.empty() || at - index_.back().offset >= kIndexBytes) index_.push_back({first, at});
    }
    if (first_.load(std::memory_order_relaxed) == 0) first_.store(first.value, std::memory_order_release);
    end_.store(end, std::memory_order_release);
}

Status JournalFile::trim(std::uint64_t end) {
    MR_CHECK(end >= end_.load() && end < header_.file_bytes, "{} {} {}", end, end_.load(),
             header_.file_bytes);
    MR_TRY_VOID(file_->truncate(end));
    header_.file_bytes = end;
    return {};
}

std::uint64_t JournalFile::floor(Seq seq) const {
    std::lock_guard lock(mutex_);
    const auto above = std::ranges::upper_bound(index_, seq, {}, &Point::seq);
    return above == index_.begin() ? kFileHeaderBytes : std::prev(above)->offset;
}

Status write_in_slices(File& file, std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        const std::string_view slice = bytes.substr(0, kSliceBytes);
        MR_TRY_VOID(file.write_at(offset, slice));
        offset += slice.size();
        bytes.remove_prefix(slice.size());
        if (slice.size() == kSliceBytes) MR_TRY_VOID(file.sync());
    }
    return {};
}

Result<std::shared_ptr<JournalFile>> create_journal_file(FileSystem& fs, const std::string& directory,
                                                         const NewFile& wanted) {
    MR_CHECK(kFileHeaderBytes + wanted.contents.size() <= wanted.header.file_bytes);
    const bool recycled = !wanted.spare.empty();
    const std::string path =
        recycled ? wanted.spare : join_path(directory, fmt::format("{:012}.tmp", wanted.header.number));
    const auto build = [&]() -> Result<std::unique_ptr<File>> {
        if (!recycled) MR_TRY_VOID(refuse_without_space(fs, directory, wanted.header.file_bytes));
        MR_TRY(auto file,
               fs.open(path, recycled ? FileSystem::Mode::write : FileSystem::Mode::open_or_create));
        if (!recycled) MR_TRY_VOID(write_zeros(*file, wanted.header.file_bytes));
        if (!wanted.contents.empty()) MR_TRY_VOID(write_in_slices(*file, kFileHeaderBytes, wanted.contents));
        MR_TRY_VOID(file->write_at(0, encode_file_header(wanted.header)));
        MR_TRY_VOID(file->sync());
        return file;
    };
    auto file = build();
    if (!file) {
        // Best effort: what is left is thrown away at the next start.
        if (!recycled) static_cast<void>(fs.remove(path));
        return annotate(file.error(), "cannot prepare a journal file");
    }
    const std::string final_path = join_path(directory, journal_file_name(wanted.header.number));
    MR_TRY_VOID(fs.rename(path, final_path));
    MR_TRY_VOID(fs.sync_dir(directory));
    return std::make_shared<JournalFile>(std::move(*file), final_path, wanted.header);
}

Result<std::shared_ptr<JournalFile>> open_journal_file(FileSystem& fs, const std::string& directory,
                                                       std::uint64_t number) {
    const std::string path = join_path(directory, journal_file_name(number));
    MR_TRY(auto file, fs.open(path, FileSystem::Mode::write));
    std::string block;
    MR_TRY_VOID(file->read_at(0, kFileHeaderBytes, block));
    MR_TRY(FileHeader header, decode_file_header(block, path));
    if (header.number != number) {
        return fail(Code::corrupt, "{} holds journal file number {}: it was renamed or copied", path,
                    header.number);
    }
    MR_TRY(const std::uint64_t size, file->size());
    // What was cut off at the end shows as missing entries, if there were any.
    header.file_bytes = std::min(header.file_bytes, size);
    return std::make_shared<JournalFile>(std::move(file), path, header);
}

}  // namespace mr::journal::internal
