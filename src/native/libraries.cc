#include "native/libraries.h"

#include <sys/stat.h>

#include <filesystem>
#include <vector>

#include "base/file_system.h"
#include "base/suggest.h"

namespace mr::native {
namespace {

namespace files = std::filesystem;

constexpr std::uint64_t kLargest = 256U << 20;

/// A name that stays below the folder by its letters.
bool stays_below(std::string_view name) {
    const files::path path(name);
    if (name.empty() || path.is_absolute() || name.find('\0') != std::string_view::npos) return false;
    for (const files::path& part : path) {
        if (part == ".." || part == ".") return false;
    }
    return true;
}

}  // namespace

Result<plan::NativeFunctionPtr> Libraries::find(std::string_view library, std::string_view function) {
    auto known = loaded_.find(library);
    if (known == loaded_.end()) known = loaded_.emplace(library, load(std::string(library))).first;
    if (!known->second) return std::unexpected(known->second.error());
    return (*known->second)->find(function);
}

std::unexpected<Error> Libraries::missing(const std::string& name) const {
    std::vector<std::string> there;
    if (auto names = posix_file_system().list(folder_)) {
        for (const std::string& n : *names) {
            if (n.ends_with(".so")) there.push_back(n);
        }
    }
    return fail(Code::not_found, "there is no library functions/{}{}; {}", name, did_you_mean(name, there),
                there.empty() ? "libraries lie in the folder functions/ of the project, built beforehand"
                              : fmt::format("functions/ has {}", fmt::join(there, ", ")));
}

Result<std::shared_ptr<const Library>> Libraries::load(const std::string& name) const {
    if (!stays_below(name))
        return fail(
            Code::invalid_argument,
            "library {} is not below the project's folder functions/; copy it there and name it from there",
            name);
    std::error_code error;
    const files::path root = files::canonical(folder_, error);
    if (error) return missing(name);
    const files::path path = files::canonical(root / name, error);
    if (error) return missing(name);
    if (const files::path inside = path.lexically_relative(root); inside.empty() || *inside.begin() == "..")
        return fail(Code::permission_denied, "library {} is a link out of functions/; copy the file there",
                    name);
    struct stat about{};
    if (stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode))
        return fail(Code::invalid_argument, "library {} is no file; name the file of the library", name);
    // Whoever may write it runs what they like with the node's rights.
    if ((about.st_mode & S_IWOTH) != 0)
        return fail(Code::permission_denied, "library {} may be written by everyone; chmod o-w it", name);
    if (static_cast<std::uint64_t>(about.st_size) > kLargest)
        return fail(Code::invalid_argument, "library {} has {} MiB, at most {} are loaded; strip it", name,
                    about.st_size >> 20, kLargest >> 20);
    MR_TRY(const std::string bytes, read_file(posix_file_system(), path.string()));
    return Library::load(name, bytes);
}

}  // namespace mr::native
