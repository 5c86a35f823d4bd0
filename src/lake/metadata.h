// A table's metadata file (`v<N>.metadata.json`, Iceberg v2). What other writers put there and millrace does
// not use (further refs, statistics, sort orders, old schemas and specs) is carried on unchanged.
// Format: docs/formats/iceberg-mapping.md. Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lake/manifest.h"
#include "lake/schema.h"

namespace mr::lake {

struct Snapshot {
    std::int64_t id = 0;
    std::optional<std::int64_t> parent;
    std::int64_t sequence = 0;
    std::int64_t timestamp_ms = 0;
    std::string manifest_list;
    std::map<std::string, std::string, std::less<>> summary;
    int schema_id = 0;
};

struct TableMetadata {
    std::string uuid;
    std::string location;
    std::int64_t last_sequence = 0;
    std::int64_t last_updated_ms = 0;
    int last_column_id = 0;
    int last_partition_id = PartitionSpec::kFieldId - 1;
    LakeSchema schema;                       ///< the current one
    std::vector<std::string> other_schemas;  ///< JSON
    PartitionSpec spec;                      ///< the default one
    bool spec_is_ours = true;                ///< hour of one column, or none
    std::vector<std::string> other_specs;    ///< JSON
    std::map<std::string, std::string> properties;
    std::optional<std::int64_t> current_snapshot;
    std::vector<Snapshot> snapshots;
    std::vector<std::pair<std::int64_t, std::int64_t>> snapshot_log;  ///< time, snapshot
    std::vector<std::pair<std::int64_t, std::string>> metadata_log;   ///< time, path
    std::vector<std::pair<std::string, std::string>> other_refs;      ///< name, JSON; all but main
    std::vector<std::int64_t> pinned;                                 ///< snapshots of other refs
    std::vector<std::pair<std::string, std::string>> other;           ///< members not listed here, JSON

    [[nodiscard]] const Snapshot* snapshot(std::int64_t id) const;
    [[nodiscard]] const Snapshot* current() const;
    /// The newest snapshot with a summary entry `key`, on the way from the current one to its ancestors.
    [[nodiscard]] const Snapshot* newest_with(std::string_view key) const;
    [[nodiscard]] std::string to_json() const;
    /// corrupt, or unsupported for another format version.
    static Result<TableMetadata> parse(std::string_view json);
};

}  // namespace mr::lake
