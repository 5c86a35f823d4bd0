#include "lake/folder.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"

namespace mr::lake {
namespace {

constexpr std::string_view kVersionEnd = ".metadata.json";
constexpr std::string_view kTemporary = "mr-tmp-";

/// The number at the start of `text`, followed by `end`; -1 where it is none.
std::int64_t leading_number(std::string_view text, std::string_view end, bool whole) {
    std::int64_t out = -1;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || out < 0) return -1;
    const std::string_view rest = text.substr(static_cast<std::size_t>(at - text.data()));
    return whole ? (rest == end ? out : -1) : (rest.starts_with(end) ? out : -1);
}

std::string_view file_name(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

std::string our_name(std::int64_t version, std::string_view commit, std::string_view what) {
    return fmt::format("mr-{}-{}-{}", version, commit, what);
}

std::string temporary_name(std::string_view what) {
    return fmt::format("{}{}", kTemporary, what);
}

std::int64_t version_in_name(std::string_view path) {
    std::string_view name = file_name(path);
    if (!name.starts_with("mr-")) return -1;
    return leading_number(name.substr(3), "-", false);
}

std::string Folder::version_path(std::int64_t version) const {
    return join_path(metadata_directory(), fmt::format("v{}{}", version, kVersionEnd));
}

Status Folder::prepare() {
    for (const std::string& directory : {metadata_directory(), join_path(directory_, "data")}) {
        MR_TRY_VOID(fs_.make_dirs(directory));
        MR_TRY_VOID(fs_.sync_dir(directory));
        known_directories_.insert(directory);
    }
    // The table's folder, its database's and the lake's may be new as well.
    std::string at = directory_;
    for (int level = 0; level < 4; ++level) {
        MR_TRY_VOID(fs_.sync_dir(at));
        const std::string parent = parent_path(at);
        if (parent.empty() || parent == at) break;
        at = parent;
    }
    return {};
}

Result<std::int64_t> Folder::newest_version() const {
    MR_TRY(const auto names, fs_.list(metadata_directory()));
    std::int64_t newest = 0;
    for (const std::string& name : names)
        if (name.starts_with("v"))
            newest = std::max(newest, leading_number(std::string_view(name).substr(1), kVersionEnd, true));
    return newest;
}

Status Folder::write_new(const std::string& path, std::string_view bytes, bool sync_directory) {
    const std::string directory = parent_path(path);
    if (!known_directories_.contains(directory)) {
        MR_TRY_VOID(fs_.make_dirs(directory));
        MR_TRY_VOID(fs_.sync_dir(parent_path(directory)));
        known_directories_.insert(directory);
    }
    {
        MR_TRY(const auto file, fs_.open(path, FileSystem::Mode::create));
        MR_TRY_VOID(file->write_at(0, bytes));
        MR_TRY_VOID(file->sync());
    }
    return sync_directory ? fs_.sync_dir(directory) : Status();
}

Status Folder::commit_version(std::int64_t version, std::string_view json, std::string_view unique) {
    const std::string hint = join_path(metadata_directory(), "version-hint.text");
    // A version may be missing because it was cleaned up long ago: then we are far behind.
    if (fs_.exists(hint)) {
        MR_TRY(const std::string text, read_file(fs_, hint));
        if (leading_number(text, "", false) >= version)
            return fail(Code::already_exists, "version {} of {}", version, directory_);
    }
    const std::string temporary = join_path(metadata_directory(), our_name(version, unique, "metadata.tmp"));
    auto status = write_new(temporary, json, false);
    if (status) status = fs_.link(temporary, version_path(version));
    static_cast<void>(fs_.remove(temporary));
    MR_TRY_VOID(std::move(status));
    MR_TRY_VOID(fs_.sync_dir(metadata_directory()));
    // Readers look beyond the hint; that it is not written is no reason to call the commit failed.
    if (const auto written = write_file_atomic(fs_, hint, std::to_string(version)); !written)
        log_warn("lake", "{}: {}", hint, written.error().message);
    return {};
}

Result<std::string> Folder::local(std::string_view path) const {
    if (path.starts_with("file:")) {
        path.remove_prefix(5);
        while (path.starts_with("//")) path.remove_prefix(1);
    }
    const bool inside = path.starts_with(directory_) && path.size() > directory_.size() &&
                        path[directory_.size()] == '/' && path.find("/../") == std::string_view::npos;
    if (!inside) return fail(Code::not_found, "{} lies outside the table's folder {}", path, directory_);
    return std::string(path);
}

Result<std::string> Folder::read(std::string_view path) const {
    MR_TRY(const std::string file, local(path));
    return read_file(fs_, file);
}

void Folder::remove(std::string_view path) const {
    const auto file = local(path);
    if (!file || !fs_.exists(*file)) return;
    if (const auto removed = fs_.remove(*file); !removed)
        log_warn("lake", "cannot remove {}: {}", *file, removed.error().message);
}

void Folder::remove_data(const std::set<std::string>& paths) {
    std::set<std::string> directories;
    for (const std::string& path : paths) {
        remove(path);
        if (const auto file = local(path)) directories.insert(parent_path(*file));
    }
    for (const std::string& directory : directories) {
        const auto names = fs_.list(directory);
        if (!names || !names->empty() || file_name(directory).find('=') == std::string_view::npos) continue;
        known_directories_.erase(directory);
        static_cast<void>(fs_.remove_all(directory));
    }
}

template <class F>
Result<std::vector<std::string>> Folder::files_below_data(F&& wanted) const {
    std::vector<std::string> out;
    const auto add = [&](const std::string& directory) -> Status {
        MR_TRY(const auto names, fs_.list(directory));
        for (const std::string& name : names)
            if (wanted(name)) out.push_back(join_path(directory, name));
        return {};
    };
    const std::string data = join_path(directory_, "data");
    MR_TRY_VOID(add(data));
    MR_TRY(const auto hours, fs_.list(data));
    for (const std::string& hour : hours)
        if (hour.find('=') != std::string::npos) MR_TRY_VOID(add(join_path(data, hour)));
    return out;
}

Result<std::vector<std::string>> Folder::our_files() const {
    MR_TRY(auto out, files_below_data([](std::string_view name) { return version_in_name(name) >= 0; }));
    MR_TRY(const auto names, fs_.list(metadata_directory()));
    for (const std::string& name : names)
        if (version_in_name(name) >= 0) out.push_back(join_path(metadata_directory(), name));
    return out;
}

Result<std::vector<std::string>> Folder::temporary_files() const {
    return files_below_data([](std::string_view name) { return name.starts_with(kTemporary); });
}

}  // namespace mr::lake
