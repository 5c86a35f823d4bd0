// What one commit of a Table has made so far, and how its files tell when their rows arrived.
// Format: docs/formats/iceberg-mapping.md ("Folders"). Thread: the table's.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "lake/folder.h"
#include "lake/table.h"

namespace mr::lake {

/// A UUID of version 7: its first 48 bits are `now_ms`, so that retention can read arrival off a file's name.
Uuid timed_uuid(std::int64_t now_ms);
/// The time in the name of a data file of ours; nothing in others'.
std::optional<std::int64_t> arrival_in_name(std::string_view path);

/// Whether a manifest may name files of these hours; true where it does not tell.
bool may_hold(const ManifestFile& m, const std::set<std::optional<std::int32_t>>& hours);

struct Table::Commit {
    /// `arrived_ms`: of the newest row; it is in the names of the commit's files.
    Commit(std::int64_t arrived_ms, std::int64_t version, std::string what, Summary with);

    std::string id;
    std::int64_t snapshot_id = 0;
    std::int64_t named_for = 0;  ///< the version in the names of its files
    std::string operation;       ///< "append", "replace" or "delete"
    Summary summary;
    std::vector<ManifestEntry> entries;  ///< files added
    std::set<std::string> removed;       ///< data files the table loses
    std::set<std::optional<std::int32_t>> removed_hours;
    std::int64_t removed_rows = 0, removed_bytes = 0;  ///< counted by every attempt
    std::optional<ManifestFile> manifest;
    std::vector<std::string> written;
    int files = 0;
    bool named = false;  ///< metadata that name its files may be in place

    std::string next_name(std::string_view end) {
        return our_name(named_for, id, fmt::format("{}{}", ++files, end));
    }
};

}  // namespace mr::lake
