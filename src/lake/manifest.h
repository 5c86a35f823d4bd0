// Iceberg v2 manifests (which data files there are) and manifest lists (which manifests a snapshot has).
// Both are Avro files read by field id, so those of other writers can be read and carried on.
// Format: docs/formats/iceberg-mapping.md. Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/schema.h"

namespace mr::lake {

/// How a table is partitioned: by the hour of one column, or not at all.
struct PartitionSpec {
    int id = 0;
    int source_id = 0;  ///< field id of the column; 0: unpartitioned
    std::string name;   ///< "<column>_hour"

    static constexpr int kFieldId = 1000;
    [[nodiscard]] bool is_partitioned() const { return source_id != 0; }
    [[nodiscard]] std::string to_json() const;
    [[nodiscard]] std::string fields_json() const;
};

/// Hours since 1970-01-01T00:00Z of an instant in microseconds, rounded down.
std::int32_t hour_of(std::int64_t micros);
/// "2026-05-28-20"; "null" of nothing.
std::string hour_text(std::optional<std::int32_t> hour);

struct DataFile {
    std::string path;
    std::optional<std::int32_t> hour;  ///< the partition
    std::int64_t record_count = 0;
    std::int64_t bytes = 0;
    std::map<int, std::int64_t> column_sizes;  ///< by field id, as all of these
    std::map<int, std::int64_t> value_counts;
    std::map<int, std::int64_t> null_counts;
    std::map<int, std::int64_t> nan_counts = {};
    std::map<int, std::string> lower_bounds;  ///< single-value form
    std::map<int, std::string> upper_bounds;
    std::vector<std::int64_t> split_offsets;
};

enum class EntryStatus : std::uint8_t { existing = 0, added = 1, deleted = 2 };

struct ManifestEntry {
    EntryStatus status = EntryStatus::added;
    std::int64_t snapshot_id = 0;
    std::optional<std::int64_t> sequence;       ///< nothing: the manifest's (inherited)
    std::optional<std::int64_t> file_sequence;  ///< likewise
    DataFile file;
};

/// One line of a manifest list.
struct ManifestFile {
    std::string path;
    std::int64_t bytes = 0;
    int spec_id = 0;
    int content = 0;  ///< 0 data, 1 deletes
    std::int64_t sequence = 0;
    std::int64_t min_sequence = 0;
    std::int64_t snapshot_id = 0;
    std::int64_t added_files = 0, existing_files = 0, deleted_files = 0;
    std::int64_t added_rows = 0, existing_rows = 0, deleted_rows = 0;
    struct FieldSummary {
        bool contains_null = false;
        std::optional<std::string> lower, upper;
    };
    std::vector<FieldSummary> partitions;
};

/// The bytes of a manifest, and its line for the list but for path, sequence and snapshot id.
std::string encode_manifest(const LakeSchema& schema, const PartitionSpec& spec,
                            const std::vector<ManifestEntry>& entries, ManifestFile& line);
/// Entries with inherited sequence numbers filled in from `line`; deleted ones included.
Result<std::vector<ManifestEntry>> decode_manifest(std::string_view bytes, const ManifestFile& line);

struct SnapshotIds {
    std::int64_t id = 0;
    std::optional<std::int64_t> parent;
    std::int64_t sequence = 0;
};
std::string encode_manifest_list(const SnapshotIds& snapshot, const std::vector<ManifestFile>& manifests);
Result<std::vector<ManifestFile>> decode_manifest_list(std::string_view bytes);

}  // namespace mr::lake
