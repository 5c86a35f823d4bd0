#include "base/file_system.h"

namespace mr {

Result<std::string> read_file(FileSystem& fs, const std::string& path) {
    MR_TRY(auto file, fs.open(path, FileSystem::Mode::read));
    MR_TRY(const auto size, file->size());
    std::string bytes;
    MR_TRY_VOID(file->read_at(0, static_cast<std::size_t>(size), bytes));
    return bytes;
}

Status write_file_atomic(FileSystem& fs, const std::string& path, std::string_view bytes) {
    const std::string temporary = path + ".tmp";
    {
        MR_TRY(auto file, fs.open(temporary, FileSystem::Mode::open_or_create));
        MR_TRY_VOID(file->truncate(0));
        MR_TRY_VOID(file->write_at(0, bytes));
        MR_TRY_VOID(file->sync());
    }
    MR_TRY_VOID(fs.rename(temporary, path));
    return fs.sync_dir(parent_path(path));
}

std::string join_path(std::string_view directory, std::string_view name) {
    if (directory.empty()) return std::string(name);
    return fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", name);
}

std::string parent_path(std::string_view path) {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return ".";
    return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

}  // namespace mr
