// One Iceberg table in a folder, appended to by millrace. A commit writes data files, a manifest, a manifest
// list and `v<N+1>.metadata.json`, each synced before the next names it; the last is put in place by link(2),
// which refuses a version that exists. Format: docs/formats/iceberg-mapping.md
//
// Promises
//   1. After append() returned, its rows and its summary are one durable snapshot; if it failed, the table is
//      as before, or has the whole snapshot (reload() tells which).
//   2. Commits of other writers are kept: a lost race is rebuilt on the parent's manifest list. Another
//      writer of *our* summary in between is `fenced`.
//   3. Files are deleted only after the metadata that stopped naming them is durable, and only when no
//   snapshot
//      that is kept names them; files that a crash left behind unnamed are removed at open().
//   4. Upkeep (rewriting small files, dropping old rows) makes snapshots of its own, with the position of the
//      newest of ours; rows stay there exactly once.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
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
#include "lake/rewrite.h"

namespace mr::lake {

/// Summary entries are text: the source position of a snapshot lies in them.
using Summary = std::map<std::string, std::string, std::less<>>;

/// The entry that marks a snapshot as ours, and names the commit.
inline constexpr std::string_view kCommitId = "millrace.commit-id";

/// When small files of a partition become one. A partition is left alone while rows come into it.
struct CompactionOptions {
    bool enabled = true;
    std::int64_t target_bytes = 128 << 20;  ///< of a data file; one below three quarters of it is small
    std::int64_t quiet_ms = 300'000;        ///< nothing came into the partition for so long …
    std::size_t busy_files = 200;           ///< … or it has so many small files
};

struct TableSpec {
    std::string directory;    ///< absolute
    LakeSchema columns;       ///< lake_schema(); ids are given by the table
    std::string time_column;  ///< partitioned by its hour; empty: unpartitioned
    ParquetOptions parquet;
    std::int64_t retention_ms = 0;      ///< of hourly snapshots; <= 0: for ever
    std::int64_t row_retention_ms = 0;  ///< rows leave so long after they arrived; <= 0: never
    CompactionOptions compaction;
    bool lock = true;  ///< refuse a second millrace on the same folder
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

    /// A partition whose small files are worth rewriting, as a job that runs elsewhere; nullptr: none. Short:
    /// reads the manifests it has not seen.
    Result<std::unique_ptr<Rewrite>> plan_rewrite();
    /// Puts a finished job's files in the place of those it read: one `replace` snapshot with the position of
    /// the newest of ours. not_found: they are no longer in the table, and the job's work is thrown away.
    Status commit_rewrite(Rewrite& rewrite);
    /// Drops the files whose newest row arrived longer ago than `row_retention_ms`: one `delete` snapshot.
    /// Number of rows dropped.
    Result<std::int64_t> drop_expired();

    [[nodiscard]] const TableMetadata& metadata() const { return metadata_; }
    [[nodiscard]] std::int64_t version() const { return version_; }

    Table(FileSystem& fs, Clock& clock, TableSpec spec)
        : clock_(clock), spec_(std::move(spec)), folder_(fs, spec_.directory) {}

  private:
    struct Commit;
    /// What upkeep wants to know of a data file.
    struct FileFacts {
        std::optional<std::int32_t> hour;
        std::int64_t bytes = 0;
        std::int64_t arrived_ms = 0;
    };

    Status create();
    Status adopt_schema();
    Status remove_orphans();
    Status write_data(const std::vector<ColumnPtr>& columns, Commit& commit);
    Status write_file(const std::vector<ColumnPtr>& columns, std::optional<std::int32_t> hour,
                      Commit& commit);
    Status run_commit(Commit& commit, const Status& written);
    Result<std::vector<ManifestFile>> manifests_of(const Snapshot& snapshot) const;
    Result<std::vector<ManifestEntry>> entries_of_manifest(const ManifestFile& manifest) const;
    Status write_manifest(std::vector<ManifestEntry>& entries, Commit& commit,
                          std::vector<ManifestFile>& out);
    Status merge_manifests(std::vector<ManifestFile>& manifests, Commit& commit);
    Status remove_from_manifests(std::vector<ManifestFile>& manifests, Commit& commit);
    Status write_added(Commit& commit);
    void summarise(const Commit& commit, const std::vector<ManifestFile>& manifests, Snapshot& out) const;
    Result<Snapshot> build_snapshot(Commit& commit);
    Status commit_once(Commit& commit, bool& conflict);
    Status commit_metadata(TableMetadata next, bool& conflict);
    void delete_dropped(const TableMetadata& before, const std::vector<Snapshot>& dropped);

    Result<std::set<std::string>> unnamed_files(const std::map<std::string, ManifestFile>& needed,
                                                const std::map<std::string, ManifestFile>& unneeded) const;
    [[nodiscard]] std::string data_directory(std::optional<std::int32_t> hour) const;

    Result<bool> refresh_facts(std::vector<ManifestFile>& manifests);
    [[nodiscard]] std::int64_t arrival_of(const ManifestEntry& entry) const;
    [[nodiscard]] Summary carried_position() const;
    Result<std::vector<ManifestEntry>> inputs_of(const std::vector<ManifestFile>& manifests,
                                                 std::optional<std::int32_t> hour,
                                                 std::int64_t bytes_max) const;

    Clock& clock_;
    TableSpec spec_;
    Folder folder_;
    std::unique_ptr<File> lock_;
    std::vector<LakeField> fields_;  ///< of the table, one a column of the spec
    TableMetadata metadata_;
    std::int64_t version_ = 0;
    std::string our_commit_;                               ///< the newest of ours that we know
    std::map<std::string, std::vector<FileFacts>> facts_;  ///< live files by manifest
    bool cannot_rewrite_ = false;                          ///< said once
};

}  // namespace mr::lake
