// One Iceberg table in a folder, appended to by millrace. A commit writes data files, a manifest, a manifest
// list and `v<N+1>.metadata.json`, each synced before the next names it; the last is put in place by link(2),
// which refuses a version that exists. Format: docs/formats/iceberg-mapping.md
//
// Promises
//   1. After append() returned, its rows and its summary are one durable snapshot; if it failed, the table is
//      as before, or has the whole snapshot (reload() tells which).
//   2. Commits of other writers are kept: a lost race is rebuilt on the parent's manifest list. Another
//      writer of *our* summary in between is `fenced`.
//   3. Files are deleted only after the metadata that stopped naming them is durable; files that a crash left
//      behind unnamed are removed at open().
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "columnar/column.h"
#include "lake/folder.h"
#include "lake/metadata.h"
#include "lake/parquet.h"

namespace mr::lake {

/// Summary entries are text: the source position of a snapshot lies in them.
using Summary = std::map<std::string, std::string, std::less<>>;

/// The entry that marks a snapshot as ours, and names the commit.
inline constexpr std::string_view kCommitId = "millrace.commit-id";

struct TableSpec {
    std::string directory;    ///< absolute
    LakeSchema columns;       ///< lake_schema(); ids are given by the table
    std::string time_column;  ///< partitioned by its hour; empty: unpartitioned
    ParquetOptions parquet;
    std::int64_t retention_ms = 0;  ///< of hourly snapshots; <= 0: for ever
    bool lock = true;               ///< refuse a second millrace on the same folder
};

class Table {
  public:
    /// Creates the table or adds the columns it lacks. unavailable: another process writes it.
    static Result<std::unique_ptr<Table>> open(FileSystem& fs, Clock& clock, TableSpec spec);

    /// Reads the newest metadata again; after a failed append() this tells what became of it.
    Status reload();
    /// Summary of the newest snapshot of ours; empty: there is none.
    [[nodiscard]] Summary position() const;

    /// Appends rows, one snapshot. `columns` as in the spec, of equal length, at least one row.
    Status append(const std::vector<ColumnPtr>& columns, Summary summary);

    [[nodiscard]] const TableMetadata& metadata() const { return metadata_; }
    [[nodiscard]] std::int64_t version() const { return version_; }

    Table(FileSystem& fs, Clock& clock, TableSpec spec)
        : clock_(clock), spec_(std::move(spec)), folder_(fs, spec_.directory) {}

  private:
    struct Commit;

    Status create();
    Status adopt_schema();
    Status remove_orphans();
    Status write_data(const std::vector<ColumnPtr>& columns, Commit& commit);
    Status write_file(const std::vector<ColumnPtr>& columns, std::optional<std::int32_t> hour,
                      Commit& commit);
    Result<std::vector<ManifestFile>> manifests_of(const Snapshot& snapshot) const;
    Status merge_manifests(std::vector<ManifestFile>& manifests, Commit& commit);
    Result<Snapshot> build_snapshot(Commit& commit);
    Status commit_once(Commit& commit, bool& conflict);
    Status commit_metadata(TableMetadata next, bool& conflict);
    void delete_dropped(const TableMetadata& before, const std::vector<Snapshot>& dropped);

    Clock& clock_;
    TableSpec spec_;
    Folder folder_;
    std::unique_ptr<File> lock_;
    std::vector<LakeField> fields_;  ///< of the table, one a column of the spec
    TableMetadata metadata_;
    std::int64_t version_ = 0;
    std::string our_commit_;  ///< the newest of ours that we know
};

}  // namespace mr::lake
