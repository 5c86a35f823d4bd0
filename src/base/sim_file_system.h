// A file system in memory that forgets what was not synced, for the simulation: deterministic from its seed.
//
// What it may do, all of it allowed by POSIX (base/file_system.h):
//   - at crash(), each 512-byte sector written since the file's last sync() holds any of the contents it
//     had since then, whatever its neighbours hold: writes are lost, torn and reordered; sometimes a sector
//     is torn within;
//   - at crash(), each name created, renamed or removed since the last sync_dir() of its directory may have
//     stayed as it was; a rename happens as a whole or not at all;
//   - a sync() that was told to fail leaves on disk what it likes, while reads go on showing what was
//     written: a second sync() that succeeds means nothing;
//   - a disk with a capacity fills up, in the middle of a write if need be.
// Every fault that really changed something is counted, so that a test can insist that each was there.
// Thread: any (one lock).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace mr {

/// A small seeded generator (splitmix64), the same everywhere.
class SimRandom {
  public:
    explicit SimRandom(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    /// In [0, n). REQUIRES: n > 0.
    std::uint64_t below(std::uint64_t n) { return next() % n; }
    /// True `percent` times in a hundred.
    bool chance(std::uint64_t percent) { return below(100) < percent; }

  private:
    std::uint64_t state_;
};

/// How often each fault was injected and had an effect.
struct SimFaults {
    std::uint64_t power_losses = 0;
    std::uint64_t kills = 0;
    std::uint64_t cut_short = 0;         ///< operations at which crash_after() struck
    std::uint64_t lost_writes = 0;       ///< nothing of an unsynced write survived
    std::uint64_t torn_writes = 0;       ///< a part did
    std::uint64_t reordered_writes = 0;  ///< one survived although an earlier one to that file did not
    std::uint64_t lost_names = 0;        ///< unsynced directory operations undone
    std::uint64_t failed_syncs = 0;
    std::uint64_t full_disks = 0;  ///< writes refused for want of room

    SimFaults& operator+=(const SimFaults& other);
};

class SimFileSystem final : public FileSystem {
  public:
    explicit SimFileSystem(std::uint64_t seed);
    ~SimFileSystem() override;

    Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) override;
    Status make_dirs(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& path) override;
    bool exists(const std::string& path) override;
    Status remove(const std::string& path) override;
    Status remove_all(const std::string& path) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status link(const std::string& from, const std::string& to) override;
    Status sync_dir(const std::string& path) override;
    Result<std::uint64_t> free_bytes(const std::string& path) override;
    Result<std::unique_ptr<File>> lock(const std::string& path) override;

    /// The power fails: what was not synced is at the seed's mercy. Open files and locks are dead; the disk
    /// can be used again at once.
    void crash();
    /// The process dies (kill -9): its files and locks are dead, the page cache lives on.
    void kill();
    /// The `n`th changing operation from now fails half done, and every one after it, until crash() or
    /// kill(). 0 disarms.
    void crash_after(std::uint64_t n);
    [[nodiscard]] bool is_down() const;
    /// The `n`th sync from now fails. 0 disarms.
    void fail_sync_after(std::uint64_t n);
    void set_capacity(std::uint64_t bytes);
    /// sync() and sync_dir() say yes and do nothing: a disk that lies, or a program that forgot to call it.
    void set_ignore_syncs(bool ignore);
    [[nodiscard]] SimFaults faults() const;

    struct Node;  ///< a file or a directory
    class Handle;

  private:
    using NodePtr = std::shared_ptr<Node>;

    // All of these REQUIRE mutex_ held.
    NodePtr find(const std::string& path) const;
    NodePtr find_parent(const std::string& path, std::string& name) const;
    Status begin_change();
    Status write(Node& node, std::uint64_t offset, std::string_view bytes);
    Status sync(Node& node);
    Result<bool> sync_fails();
    std::uint64_t used_bytes() const;
    void lose_unsynced(Node& node);
    void lose_names(Node& directory);
    void crash_tree(const NodePtr& node, std::set<Node*>& seen);
    void end_process();

    mutable std::mutex mutex_;
    SimRandom random_;
    NodePtr root_;
    SimFaults faults_;
    std::uint64_t generation_ = 1;  ///< handles of an older one are dead
    std::uint64_t crash_after_ = 0;
    std::uint64_t fail_sync_after_ = 0;
    std::uint64_t capacity_;
    bool down_ = false;
    bool ignore_syncs_ = false;
    std::set<const Node*> locked_;
};

}  // namespace mr
