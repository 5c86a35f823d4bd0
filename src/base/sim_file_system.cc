#include "base/sim_file_system.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/splitmix64.h"

namespace mr {
namespace {

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 50;

std::vector<std::string> split(const std::string& path) {
    std::vector<std::string> parts;
    std::size_t from = 0;
    while (from <= path.size()) {
        const std::size_t slash = std::min(path.find('/', from), path.size());
        const std::string part = path.substr(from, slash - from);
        if (!part.empty() && part != ".") parts.push_back(part);
        from = slash + 1;
    }
    return parts;
}

}  // namespace

std::uint64_t SimRandom::next() {
    return splitmix64(state_);
}

SimFaults& SimFaults::operator+=(const SimFaults& other) {
    power_losses += other.power_losses;
    kills += other.kills;
    cut_short += other.cut_short;
    lost_writes += other.lost_writes;
    torn_writes += other.torn_writes;
    reordered_writes += other.reordered_writes;
    lost_names += other.lost_names;
    failed_syncs += other.failed_syncs;
    full_disks += other.full_disks;
    return *this;
}

struct SimFileSystem::Node {
    /// A change of a file since its last sync; without bytes, a truncation to `offset`.
    struct Change {
        std::uint64_t offset = 0;
        std::string bytes;
        bool is_truncate = false;
    };
    /// A change of a directory since its last sync_dir. `node` null: `name` was removed; `from` not empty: it
    /// was renamed to `name`.
    struct NameChange {
        std::string name;
        std::string from;
        std::shared_ptr<Node> node;
    };
    using Names = std::map<std::string, std::shared_ptr<Node>>;

    static void apply(std::string& image, const Change& change) {
        if (change.is_truncate) {
            image.resize(change.offset, '\0');
            return;
        }
        if (image.size() < change.offset + change.bytes.size()) {
            image.resize(change.offset + change.bytes.size(), '\0');
        }
        std::ranges::copy(change.bytes, image.begin() + static_cast<std::ptrdiff_t>(change.offset));
    }
    static void apply(Names& names, const NameChange& change) {
        if (!change.from.empty()) names.erase(change.from);
        if (change.node) {
            names[change.name] = change.node;
        } else {
            names.erase(change.name);
        }
    }
    void change_name(NameChange change) {
        apply(names, change);
        name_changes.push_back(std::move(change));
    }

    bool is_directory = false;
    std::string live;
    std::string durable;
    std::vector<Change> changes;
    Names names;
    Names durable_names;
    std::vector<NameChange> name_changes;
};

/// An open file of one life of the process.
class SimFileSystem::Handle final : public File {
  public:
    Handle(SimFileSystem& fs, NodePtr node, bool writable, bool is_lock)
        : fs_(fs),
          node_(std::move(node)),
          generation_(fs.generation_),
          writable_(writable),
          is_lock_(is_lock) {}
    ~Handle() override {
        const std::lock_guard lock(fs_.mutex_);
        if (is_lock_ && generation_ == fs_.generation_) fs_.locked_.erase(node_.get());
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    Status read_at(std::uint64_t offset, std::size_t length, std::string& out) const override {
        const std::lock_guard lock(fs_.mutex_);
        MR_TRY_VOID(usable());
        out = offset < node_->live.size() ? node_->live.substr(offset, length) : std::string();
        return {};
    }
    Status write_at(std::uint64_t offset, std::string_view bytes) override {
        const std::lock_guard lock(fs_.mutex_);
        MR_TRY_VOID(usable());
        if (!writable_) return fail(Code::io_error, "file was opened for reading");
        return fs_.write(*node_, offset, bytes);
    }
    Status sync() override {
        const std::lock_guard lock(fs_.mutex_);
        MR_TRY_VOID(usable());
        MR_TRY_VOID(fs_.begin_change());
        return fs_.sync(*node_);
    }
    Status truncate(std::uint64_t size) override {
        const std::lock_guard lock(fs_.mutex_);
        MR_TRY_VOID(usable());
        MR_TRY_VOID(fs_.begin_change());
        if (size == node_->live.size()) return {};
        node_->changes.push_back({.offset = size, .bytes = {}, .is_truncate = true});
        Node::apply(node_->live, node_->changes.back());
        return {};
    }
    [[nodiscard]] Result<std::uint64_t> size() const override {
        const std::lock_guard lock(fs_.mutex_);
        MR_TRY_VOID(usable());
        return node_->live.size();
    }

  private:
    [[nodiscard]] Status usable() const {
        if (generation_ != fs_.generation_) return fail(Code::io_error, "file of a process that is gone");
        if (fs_.down_) return fail(Code::io_error, "the machine is down");
        return {};
    }

    SimFileSystem& fs_;
    const NodePtr node_;
    const std::uint64_t generation_;
    const bool writable_;
    const bool is_lock_;
};

SimFileSystem::SimFileSystem(std::uint64_t seed)
    : random_(seed), root_(std::make_shared<Node>()), capacity_(kUnlimited) {
    root_->is_directory = true;
}

SimFileSystem::~SimFileSystem() = default;

SimFileSystem::NodePtr SimFileSystem::find(const std::string& path) const {
    NodePtr node = root_;
    for (const std::string& part : split(path)) {
        const auto it = node->names.find(part);
        if (!node->is_directory || it == node->names.end()) return nullptr;
        node = it->second;
    }
    return node;
}

SimFileSystem::NodePtr SimFileSystem::find_parent(const std::string& path, std::string& name) const {
    std::vector<std::string> parts = split(path);
    if (parts.empty()) return nullptr;
    name = parts.back();
    NodePtr node = find(parent_path(path));
    return node && node->is_directory ? node : nullptr;
}

Status SimFileSystem::begin_change() {
    if (down_) return fail(Code::io_error, "the machine is down");
    if (crash_after_ > 0 && --crash_after_ == 0) {
        down_ = true;
        ++faults_.cut_short;
        return fail(Code::io_error, "the machine went down");
    }
    return {};
}

Result<std::unique_ptr<File>> SimFileSystem::open(const std::string& path, Mode mode) {
    const std::lock_guard lock(mutex_);
    if (down_) return fail(Code::io_error, "the machine is down");
    NodePtr node = find(path);
    if (node && node->is_directory) return fail(Code::io_error, "cannot open {}: it is a directory", path);
    if (node && mode == Mode::create) return fail(Code::already_exists, "cannot open {}: it exists", path);
    if (!node) {
        if (mode == Mode::read || mode == Mode::write)
            return fail(Code::not_found, "cannot open {}: no such file", path);
        std::string name;
        const NodePtr parent = find_parent(path, name);
        if (!parent) return fail(Code::not_found, "cannot open {}: no such directory", path);
        MR_TRY_VOID(begin_change());
        node = std::make_shared<Node>();
        parent->change_name({name, "", node});
    }
    return std::make_unique<Handle>(*this, node, mode != Mode::read, false);
}

Status SimFileSystem::make_dirs(const std::string& path) {
    const std::lock_guard lock(mutex_);
    NodePtr node = root_;
    for (const std::string& part : split(path)) {
        const auto it = node->names.find(part);
        if (it != node->names.end()) {
            if (!it->second->is_directory) {
                return fail(Code::io_error, "cannot create directory {}: a file is there", path);
            }
            node = it->second;
            continue;
        }
        MR_TRY_VOID(begin_change());
        auto made = std::make_shared<Node>();
        made->is_directory = true;
        node->change_name({part, "", made});
        node = made;
    }
    return {};
}

Result<std::vector<std::string>> SimFileSystem::list(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (down_) return fail(Code::io_error, "the machine is down");
    const NodePtr node = find(path);
    if (!node || !node->is_directory) return fail(Code::not_found, "cannot list {}: no such directory", path);
    std::vector<std::string> names;
    for (const auto& [name, child] : node->names) names.push_back(name);
    return names;
}

bool SimFileSystem::exists(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return !down_ && find(path) != nullptr;
}

Status SimFileSystem::remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::string name;
    const NodePtr parent = find_parent(path, name);
    if (!parent || !parent->names.contains(name)) {
        return fail(Code::not_found, "cannot remove {}: no such file", path);
    }
    const NodePtr& node = parent->names[name];
    if (node->is_directory && !node->names.empty()) return fail(Code::io_error, "{} is not empty", path);
    MR_TRY_VOID(begin_change());
    parent->change_name({name, "", nullptr});
    return {};
}

Status SimFileSystem::remove_all(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::string name;
    const NodePtr parent = find_parent(path, name);
    if (!parent || !parent->names.contains(name)) return {};
    // The whole tree in one operation: a crash in between shows as the tree still being there.
    MR_TRY_VOID(begin_change());
    parent->change_name({name, "", nullptr});
    return {};
}

Status SimFileSystem::rename(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    std::string from_name;
    std::string to_name;
    const NodePtr from_parent = find_parent(from, from_name);
    const NodePtr to_parent = find_parent(to, to_name);
    if (!from_parent || !to_parent || !from_parent->names.contains(from_name)) {
        return fail(Code::not_found, "cannot rename {} to {}: no such file", from, to);
    }
    if (from_parent != to_parent) {
        return fail(Code::unsupported, "cannot rename {} to {}: the simulation renames within a directory",
                    from, to);
    }
    MR_TRY_VOID(begin_change());
    const NodePtr node = from_parent->names[from_name];
    if (from_name != to_name) from_parent->change_name({to_name, from_name, node});
    return {};
}

Status SimFileSystem::link(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    const NodePtr node = find(from);
    std::string name;
    const NodePtr parent = find_parent(to, name);
    if (!node || node->is_directory || !parent)
        return fail(Code::not_found, "cannot link {} to {}", from, to);
    if (parent->names.contains(name)) return fail(Code::already_exists, "cannot link {}: it exists", to);
    MR_TRY_VOID(begin_change());
    parent->change_name({name, "", node});
    return {};
}

Status SimFileSystem::sync_dir(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const NodePtr node = find(path);
    if (!node || !node->is_directory) return fail(Code::not_found, "cannot sync {}: no such directory", path);
    MR_TRY_VOID(begin_change());
    MR_TRY(const bool fails, sync_fails());
    if (fails) {
        lose_names(*node);
        return fail(Code::io_error, "cannot sync directory {}: injected", path);
    }
    if (ignore_syncs_) return {};
    node->durable_names = node->names;
    node->name_changes.clear();
    return {};
}

Result<std::uint64_t> SimFileSystem::free_bytes(const std::string&) {
    const std::lock_guard lock(mutex_);
    if (down_) return fail(Code::io_error, "the machine is down");
    const std::uint64_t used = used_bytes();
    // Others write to the disk, too: what was free a moment ago may be gone when it is needed.
    return capacity_ > used ? capacity_ - used + random_.below(32'768) : 0;
}

Result<std::unique_ptr<File>> SimFileSystem::lock(const std::string& path) {
    MR_TRY(auto file, open(path, Mode::open_or_create));
    const std::lock_guard guard(mutex_);
    const NodePtr node = find(path);
    MR_CHECK(node != nullptr);
    if (!locked_.insert(node.get()).second) {
        return fail(Code::unavailable, "{} is locked by another process", path);
    }
    return std::make_unique<Handle>(*this, node, true, true);
}

Status SimFileSystem::write(Node& node, std::uint64_t offset, std::string_view bytes) {
    const auto begun = begin_change();
    // The write during which the machine goes down may have come some way.
    if (!begun && crash_after_ == 0 && !bytes.empty()) bytes = bytes.substr(0, random_.below(bytes.size()));
    if (begun && capacity_ != kUnlimited) {
        const std::uint64_t end = offset + bytes.size();
        const std::uint64_t grows = end > node.live.size() ? end - node.live.size() : 0;
        const std::uint64_t used = used_bytes();
        if (grows > 0 && used + grows > capacity_) {
            ++faults_.full_disks;
            const std::uint64_t fits = std::min<std::uint64_t>(
                bytes.size() - std::min<std::uint64_t>(grows, bytes.size()), bytes.size());
            if (fits > 0) {
                node.changes.push_back({.offset = offset, .bytes = std::string(bytes.substr(0, fits))});
                Node::apply(node.live, node.changes.back());
            }
            return fail(Code::resource_exhausted, "cannot write: no space left on device");
        }
    }
    if (!bytes.empty()) {
        node.changes.push_back({.offset = offset, .bytes = std::string(bytes)});
        Node::apply(node.live, node.changes.back());
    }
    return begun;
}

Result<bool> SimFileSystem::sync_fails() {
    if (fail_sync_after_ == 0 || --fail_sync_after_ > 0) return false;
    ++faults_.failed_syncs;
    return true;
}

Status SimFileSystem::sync(Node& node) {
    MR_TRY(const bool fails, sync_fails());
    if (fails) {
        // Some of it is on disk, and what is not has been forgotten: it still reads well until the crash.
        const std::string shown = node.live;
        lose_unsynced(node);
        node.live = shown;
        return fail(Code::io_error, "cannot sync: injected");
    }
    if (ignore_syncs_) return {};
    // Only what came since: a large file is synced often. (After a failed sync live and durable differ for
    // good.)
    for (const Node::Change& change : node.changes) Node::apply(node.durable, change);
    node.changes.clear();
    return {};
}

std::uint64_t SimFileSystem::used_bytes() const {
    std::uint64_t sum = 0;
    std::vector<const Node*> open{root_.get()};
    std::set<const Node*> seen;
    while (!open.empty()) {
        const Node* node = open.back();
        open.pop_back();
        if (!seen.insert(node).second) continue;
        sum += node->live.size();
        for (const auto& [name, child] : node->names) open.push_back(child.get());
    }
    return sum;
}

/// Decides what of a file's unsynced changes is on disk; afterwards the disk's content is all there is.
void SimFileSystem::lose_unsynced(Node& node) {
    enum class Mood : std::uint8_t { keep_all, lose_all, keep_prefix, by_sector, torn_sectors };
    std::vector<Node::Change>& changes = node.changes;
    std::string image = node.durable;
    // Truncations are metadata: kept in order up to some point.
    std::size_t first = 0;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (!changes[i].is_truncate) continue;
        if (random_.chance(50)) {
            changes.resize(i);
            break;
        }
        for (std::size_t j = first; j <= i; ++j) Node::apply(image, changes[j]);
        first = i + 1;
    }
    const std::size_t count = changes.size() - first;
    const auto mood = static_cast<Mood>(random_.below(5));
    const std::size_t prefix = count > 0 ? random_.below(count + 1) : 0;
    // How many of the changes to one sector, in order, are on disk.
    std::map<std::uint64_t, std::vector<std::size_t>> touching;
    for (std::size_t i = first; i < changes.size(); ++i) {
        const std::uint64_t last = (changes[i].offset + changes[i].bytes.size() - 1) / kSectorBytes;
        for (std::uint64_t s = changes[i].offset / kSectorBytes; s <= last; ++s) touching[s].push_back(i);
    }
    std::vector<std::uint64_t> kept(changes.size(), 0);
    std::vector<std::uint64_t> parts(changes.size(), 0);
    for (const auto& [sector, writes] : touching) {
        std::size_t keep = 0;
        switch (mood) {
            case Mood::keep_all:
                keep = writes.size();
                break;
            case Mood::lose_all:
                break;
            case Mood::keep_prefix:
                keep = static_cast<std::size_t>(
                    std::ranges::count_if(writes, [&](std::size_t i) { return i - first < prefix; }));
                break;
            case Mood::by_sector:
            case Mood::torn_sectors:
                keep = random_.below(writes.size() + 1);
                break;
        }
        for (std::size_t n = 0; n < writes.size(); ++n) {
            const Node::Change& change = changes[writes[n]];
            ++parts[writes[n]];
            if (n >= keep) continue;
            const std::uint64_t from = std::max(change.offset, sector * kSectorBytes);
            std::uint64_t to = std::min(change.offset + change.bytes.size(), (sector + 1) * kSectorBytes);
            const bool whole = mood != Mood::torn_sectors || n + 1 < keep || random_.chance(50);
            if (!whole) to = from + random_.below(to - from);
            if (whole) ++kept[writes[n]];
            if (to > from)
                Node::apply(image,
                            {.offset = from, .bytes = change.bytes.substr(from - change.offset, to - from)});
        }
    }
    bool earlier_lost = false;
    for (std::size_t i = first; i < changes.size(); ++i) {
        if (kept[i] == 0) ++faults_.lost_writes;
        if (kept[i] > 0 && kept[i] < parts[i]) ++faults_.torn_writes;
        if (kept[i] > 0 && earlier_lost) ++faults_.reordered_writes;
        if (kept[i] == 0) earlier_lost = true;
    }
    node.durable = image;
    node.live = std::move(image);
    changes.clear();
}

/// As lose_unsynced, for the names of a directory; live names are left to the caller.
void SimFileSystem::lose_names(Node& directory) {
    const bool as_prefix = random_.chance(50);
    const std::size_t count = directory.name_changes.size();
    const std::size_t prefix = random_.below(count + 1);
    const std::uint64_t keep_percent = random_.below(3) * 50;
    for (std::size_t i = 0; i < count; ++i) {
        const bool keep = as_prefix ? i < prefix : random_.chance(keep_percent);
        if (keep) {
            Node::apply(directory.durable_names, directory.name_changes[i]);
        } else {
            ++faults_.lost_names;
        }
    }
    directory.name_changes.clear();
}

void SimFileSystem::crash_tree(const NodePtr& node, std::set<Node*>& seen) {
    if (!seen.insert(node.get()).second) return;
    if (!node->is_directory) {
        // After a failed sync reads showed more than the disk had.
        lose_unsynced(*node);
        return;
    }
    lose_names(*node);
    node->names = node->durable_names;
    for (const auto& [name, child] : node->names) crash_tree(child, seen);
}

void SimFileSystem::end_process() {
    ++generation_;
    locked_.clear();
    down_ = false;
    crash_after_ = 0;
    fail_sync_after_ = 0;
}

void SimFileSystem::crash() {
    const std::lock_guard lock(mutex_);
    ++faults_.power_losses;
    end_process();
    std::set<Node*> seen;
    crash_tree(root_, seen);
}

void SimFileSystem::kill() {
    const std::lock_guard lock(mutex_);
    ++faults_.kills;
    end_process();
}

void SimFileSystem::crash_after(std::uint64_t n) {
    const std::lock_guard lock(mutex_);
    crash_after_ = n;
}

bool SimFileSystem::is_down() const {
    const std::lock_guard lock(mutex_);
    return down_;
}

void SimFileSystem::fail_sync_after(std::uint64_t n) {
    const std::lock_guard lock(mutex_);
    fail_sync_after_ = n;
}

void SimFileSystem::set_capacity(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    capacity_ = bytes == 0 ? kUnlimited : bytes;
}

void SimFileSystem::set_ignore_syncs(bool ignore) {
    const std::lock_guard lock(mutex_);
    ignore_syncs_ = ignore;
}

SimFaults SimFileSystem::faults() const {
    const std::lock_guard lock(mutex_);
    return faults_;
}

}  // namespace mr
