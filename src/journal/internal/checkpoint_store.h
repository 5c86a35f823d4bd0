// Checkpoints on disk: one snapshot file a participant, and a manifest that names those that belong together.
// Format: docs/formats/checkpoint.md
//
// A manifest appears under its name only when it and every snapshot it names are synced; the one before it
// goes away only after that. Thread: the starting thread, then the settle thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"

namespace mr::journal::internal {

inline constexpr std::uint16_t kManifestVersion = 1;
inline constexpr std::uint16_t kSnapshotVersion = 1;

struct SnapshotRef {
    std::string participant;
    Seq through;
    std::string file;         ///< name within the checkpoint directory
    std::uint64_t bytes = 0;  ///< of the body
    std::uint32_t crc = 0;    ///< of the body
    bool operator==(const SnapshotRef&) const = default;
};

struct Manifest {
    std::uint64_t id = 0;
    TimestampMs written;
    Seq journal_from;  ///< entries up to here are no longer needed, and may be gone
    std::vector<SnapshotRef> snapshots;

    [[nodiscard]] const SnapshotRef* find(std::string_view participant) const;
    /// The furthest position any snapshot stands for: the journal must reach it.
    [[nodiscard]] Seq highest() const;
    bool operator==(const Manifest&) const = default;
};

std::string encode_manifest(const Manifest& manifest);
Result<Manifest> decode_manifest(std::string_view bytes, std::string_view path);
std::string encode_snapshot(const SnapshotRef& ref, std::string_view body);
/// The body; checked against what the manifest says.
Result<std::string> decode_snapshot(std::string_view bytes, const SnapshotRef& ref, std::string_view path);

class CheckpointStore {
  public:
    /// Finds the newest manifest and removes what older or unfinished checkpoints left behind.
    static Result<CheckpointStore> open(FileSystem& fs, const std::string& directory);

    /// The checkpoint to start from; nothing if there never was one.
    [[nodiscard]] const std::optional<Manifest>& latest() const { return latest_; }
    Result<std::string> load(const SnapshotRef& ref) const;

    [[nodiscard]] std::uint64_t next_id() const { return latest_ ? latest_->id + 1 : 1; }
    /// Writes and syncs one snapshot of checkpoint next_id(). `ref` needs participant and through; the rest
    /// is set.
    Status write_snapshot(SnapshotRef& ref, std::string_view body);
    /// Makes `manifest` the checkpoint to start from, durably.
    Status publish(Manifest manifest);
    /// Removes every file that latest() does not name.
    Status remove_obsolete();

  private:
    CheckpointStore(FileSystem& fs, std::string directory) : fs_(&fs), directory_(std::move(directory)) {}

    FileSystem* fs_;
    std::string directory_;
    std::optional<Manifest> latest_;
};

}  // namespace mr::journal::internal
