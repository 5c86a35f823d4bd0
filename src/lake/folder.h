// The folder of a table as a catalog (Iceberg's "Hadoop tables"): names, versions, and the one step that
// commits. Everything written is synced, and so are the directories that name it.
// Format: docs/formats/iceberg-mapping.md. Thread: one at a time.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"

namespace mr::lake {

class Folder {
  public:
    Folder(FileSystem& fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}

    [[nodiscard]] FileSystem& fs() const { return fs_; }
    [[nodiscard]] const std::string& directory() const { return directory_; }
    [[nodiscard]] std::string metadata_directory() const { return join_path(directory_, "metadata"); }
    [[nodiscard]] std::string version_path(std::int64_t version) const;
    /// Makes `metadata/` and `data/`, and syncs the way to them.
    Status prepare();

    /// The newest version there is, whatever the hint says; 0: no table.
    Result<std::int64_t> newest_version() const;
    /// A new file, synced; its directory too if `sync_directory`, else the caller does. Directories are made
    /// below the table's.
    Status write_new(const std::string& path, std::string_view bytes, bool sync_directory);
    /// Puts metadata in place as `version`; already_exists: somebody else did. Durable when it returns.
    Status commit_version(std::int64_t version, std::string_view json, std::string_view unique);

    /// The file behind a path of the metadata: "file:" is understood; not_found outside the table's folder,
    /// so that foreign metadata cannot make us read or delete elsewhere.
    Result<std::string> local(std::string_view path) const;
    Result<std::string> read(std::string_view path) const;
    /// Best effort: what stays costs room and nothing else.
    void remove(std::string_view path) const;
    /// Removes data files, and the folders of partitions that are empty then. Best effort.
    void remove_data(const std::set<std::string>& paths);

    /// Files of ours (see our_name) below data/ and in metadata/, with their directories, as paths.
    Result<std::vector<std::string>> our_files() const;
    /// Data files of a rewrite that was not committed (see temporary_name).
    Result<std::vector<std::string>> temporary_files() const;

  private:
    template <class F>
    Result<std::vector<std::string>> files_below_data(F&& wanted) const;

    FileSystem& fs_;
    std::string directory_;
    std::set<std::string> known_directories_;
};

/// "mr-<version>-<commit>-<what>": files name the version they were written for.
std::string our_name(std::int64_t version, std::string_view commit, std::string_view what);
/// "mr-tmp-<what>": a data file that nothing may name yet.
std::string temporary_name(std::string_view what);
/// The version in a name (the last part of a path), or -1 if it is not of ours.
std::int64_t version_in_name(std::string_view path);

}  // namespace mr::lake
