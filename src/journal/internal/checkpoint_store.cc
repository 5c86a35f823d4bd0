#include "journal/internal/checkpoint_store.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "journal/internal/journal_file.h"

namespace mr::journal::internal {
namespace {

constexpr std::string_view kManifestMagic = "MRCHKPNT";
constexpr std::string_view kSnapshotMagic = "MRSNAPSH";
// Magic, version, reserved; then the checksum of everything after it.
constexpr std::size_t kCrcAt = 12;
constexpr std::size_t kPreambleBytes = 16;
constexpr std::size_t kSnapshotRefBytesMin = 1 + 8 + 1 + 8 + 4;

std::string manifest_name(std::uint64_t id) {
    return fmt::format("{:012}.manifest", id);
}

void put_preamble(ByteWriter& out, std::string_view magic, std::uint16_t version) {
    out.raw(magic);
    out.u16(version);
    out.u16(0);
    out.u32(0);
}

void seal(std::string& bytes) {
    ByteWriter(bytes).patch(kCrcAt, crc32c(std::string_view(bytes).substr(kPreambleBytes)));
}

/// A reader behind the preamble, which is checked.
Result<ByteReader> open_preamble(std::string_view bytes, std::string_view magic, std::uint16_t version,
                                 std::string_view path) {
    ByteReader in(bytes);
    if (in.raw(magic.size()) != magic) {
        return fail(Code::corrupt, "{} is damaged: it starts with {}", path, hex(bytes, 8));
    }
    const std::uint16_t found = in.u16();
    in.skip(2);
    const std::uint32_t crc = in.u32();
    MR_TRY_VOID(in.status(path));
    // Version first: a newer one may lay out what follows in another way.
    if (found != version) {
        return fail(Code::unsupported,
                    "{} has format version {}; this build reads version {}: start the build that wrote it",
                    path, found, version);
    }
    if (crc != crc32c(bytes.substr(kPreambleBytes))) {
        return fail(Code::corrupt, "{} is damaged: its checksum does not match", path);
    }
    return in;
}

}  // namespace

const SnapshotRef* Manifest::find(std::string_view participant) const {
    const auto it = std::ranges::find(snapshots, participant, &SnapshotRef::participant);
    return it == snapshots.end() ? nullptr : &*it;
}

Seq Manifest::highest() const {
    Seq highest = journal_from;
    for (const SnapshotRef& ref : snapshots) highest = std::max(highest, ref.through);
    return highest;
}

std::string encode_manifest(const Manifest& manifest) {
    std::string bytes;
    ByteWriter out(bytes);
    put_preamble(out, kManifestMagic, kManifestVersion);
    out.u64(manifest.id);
    out.i64(manifest.written.value);
    out.u64(manifest.journal_from.value);
    out.uvarint(manifest.snapshots.size());
    for (const SnapshotRef& ref : manifest.snapshots) {
        out.sized(ref.participant);
        out.u64(ref.through.value);
        out.sized(ref.file);
        out.u64(ref.bytes);
        out.u32(ref.crc);
    }
    seal(bytes);
    return bytes;
}

Result<Manifest> decode_manifest(std::string_view bytes, std::string_view path) {
    MR_TRY(ByteReader in, open_preamble(bytes, kManifestMagic, kManifestVersion, path));
    Manifest manifest;
    manifest.id = in.u64();
    manifest.written = TimestampMs(in.i64());
    manifest.journal_from = Seq(in.u64());
    const std::uint64_t count = in.uvarint();
    if (count > in.remaining() / kSnapshotRefBytesMin) in.set_bad();
    for (std::uint64_t i = 0; i < count && !in.bad(); ++i) {
        SnapshotRef ref;
        ref.participant = in.sized();
        ref.through = Seq(in.u64());
        ref.file = in.sized();
        ref.bytes = in.u64();
        ref.crc = in.u32();
        manifest.snapshots.push_back(std::move(ref));
    }
    MR_TRY_VOID(in.finish(path));
    return manifest;
}

std::string encode_snapshot(const SnapshotRef& ref, std::string_view body) {
    std::string bytes;
    bytes.reserve(kPreambleBytes + 32 + ref.participant.size() + body.size());
    ByteWriter out(bytes);
    put_preamble(out, kSnapshotMagic, kSnapshotVersion);
    out.u64(ref.through.value);
    out.sized(ref.participant);
    out.u64(body.size());
    out.raw(body);
    seal(bytes);
    return bytes;
}

Result<std::string> decode_snapshot(std::string_view bytes, const SnapshotRef& ref, std::string_view path) {
    MR_TRY(ByteReader in, open_preamble(bytes, kSnapshotMagic, kSnapshotVersion, path));
    const Seq through(in.u64());
    const std::string_view participant = in.sized();
    const std::uint64_t size = in.u64();
    MR_TRY_VOID(in.status(path));
    const std::string_view body = in.rest();
    if (through != ref.through || participant != ref.participant || size != body.size() ||
        size != ref.bytes || crc32c(body) != ref.crc) {
        return fail(Code::corrupt, "{} is not the snapshot of `{}` through entry {} that the manifest names",
                    path, ref.participant, ref.through);
    }
    return std::string(body);
}

Result<CheckpointStore> CheckpointStore::open(FileSystem& fs, const std::string& directory) {
    CheckpointStore store(fs, directory);
    // After kill -9 a manifest can be seen whose name is not on disk yet; what follows relies on it for good.
    MR_TRY_VOID(fs.sync_dir(directory));
    MR_TRY(const auto names, fs.list(directory));
    std::optional<std::uint64_t> newest;
    for (const std::string& name : names) {
        if (const auto id = parse_file_name(name, ".manifest")) newest = std::max(newest.value_or(0), *id);
    }
    if (newest) {
        const std::string path = join_path(directory, manifest_name(*newest));
        MR_TRY(const std::string bytes, read_file(fs, path));
        MR_TRY(store.latest_, decode_manifest(bytes, path));
        if (store.latest_->id != *newest) {
            return fail(Code::corrupt, "{} holds checkpoint {}: it was renamed or copied", path,
                        store.latest_->id);
        }
    }
    MR_TRY_VOID(store.remove_obsolete());
    return store;
}

Result<std::string> CheckpointStore::load(const SnapshotRef& ref) const {
    const std::string path = join_path(directory_, ref.file);
    MR_TRY(const std::string bytes, read_file(*fs_, path));
    return decode_snapshot(bytes, ref, path);
}

Status CheckpointStore::write_snapshot(SnapshotRef& ref, std::string_view body) {
    ref.file = fmt::format("{:012}-{}.snapshot", next_id(), ref.participant);
    ref.bytes = body.size();
    ref.crc = crc32c(body);
    MR_TRY(auto file, fs_->open(join_path(directory_, ref.file), FileSystem::Mode::open_or_create));
    MR_TRY_VOID(file->truncate(0));
    MR_TRY_VOID(write_in_slices(*file, 0, encode_snapshot(ref, body)));
    return file->sync();
}

Status CheckpointStore::publish(Manifest manifest) {
    // The snapshots' names before the manifest's: it must never name what a crash can still take away.
    MR_TRY_VOID(fs_->sync_dir(directory_));
    MR_TRY_VOID(write_file_atomic(*fs_, join_path(directory_, manifest_name(manifest.id)),
                                  encode_manifest(manifest)));
    latest_ = std::move(manifest);
    return {};
}

Status CheckpointStore::remove_obsolete() {
    MR_TRY(const auto names, fs_->list(directory_));
    for (const std::string& name : names) {
        const bool ours =
            name.ends_with(".manifest") || name.ends_with(".snapshot") || name.ends_with(".tmp");
        const bool wanted = latest_ && (name == manifest_name(latest_->id) ||
                                        std::ranges::find(latest_->snapshots, name, &SnapshotRef::file) !=
                                            latest_->snapshots.end());
        if (ours && !wanted) MR_TRY_VOID(fs_->remove(join_path(directory_, name)));
    }
    return {};
}

}  // namespace mr::journal::internal
