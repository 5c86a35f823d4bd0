#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/disk_file.h"
#include "base/file_system.h"
#include "base/overwrite.h"

namespace mr {
namespace {

constexpr std::size_t kWriteBehindBytes = 1U << 20;
constexpr std::size_t kGatherMax = 256;  // parts a pwritev

std::unexpected<Error> os_error(std::string_view what, const std::string& path, int error) {
    const Code code = error == ENOENT                      ? Code::not_found
                      : error == EEXIST                    ? Code::already_exists
                      : error == ENOSPC || error == EDQUOT ? Code::resource_exhausted
                      : error == EMFILE || error == ENFILE ? Code::resource_exhausted
                      : error == EACCES || error == EPERM  ? Code::permission_denied
                                                           : Code::io_error;
    const std::string_view remedy = error == EMFILE   ? "; raise the limit (ulimit -n)"
                                    : error == ENOSPC ? "; make room on the disk"
                                    : error == EDQUOT ? "; make room, or raise the quota"
                                                      : "";
    return fail(code, "{} {}: {}{}", what, path, std::generic_category().message(error), remedy);
}

class PosixFile final : public DiskFile {
  public:
    PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    ~PosixFile() override { ::close(fd_); }
    PosixFile(const PosixFile&) = delete;
    PosixFile& operator=(const PosixFile&) = delete;

    Status read_at(std::uint64_t offset, std::size_t length, std::string& out) const override {
        int error = 0;
        // Read into memory that was not cleared first: catching up is mostly this.
        out.clear();
        overwrite(out, length, [&](char* to, std::size_t wanted) {
            std::size_t done = 0;
            while (done < wanted) {
                const ssize_t n = ::pread(fd_, to + done, wanted - done, static_cast<off_t>(offset + done));
                if (n < 0 && errno == EINTR) continue;
                if (n < 0) error = errno;
                if (n <= 0) break;
                done += static_cast<std::size_t>(n);
            }
            return done;
        });
        if (error != 0) return os_error("cannot read", path_, error);
        return {};
    }

    Result<bool> read_cached(std::uint64_t offset, std::size_t length, std::string& out) const override {
        bool waits = false;
        out.clear();
        overwrite(out, length, [&](char* to, std::size_t wanted) {
            std::size_t done = 0;
            while (done < wanted && !waits) {
                const iovec room{to + done, wanted - done};
                const ssize_t n = ::preadv2(fd_, &room, 1, static_cast<off_t>(offset + done), RWF_NOWAIT);
                if (n < 0 && errno == EINTR) continue;
                // Whatever else it is, a file system that cannot do this or damage: the plain read tells.
                if (n < 0) waits = true;
                if (n <= 0) break;
                done += static_cast<std::size_t>(n);
            }
            return done;
        });
        return !waits;
    }

    bool is_cached(std::uint64_t offset, std::size_t length) const override {
        static const auto kPage = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
        const std::uint64_t begin = offset / kPage * kPage;
        const auto mapped = static_cast<std::size_t>(offset + length - begin);
        void* const at = ::mmap(nullptr, mapped, PROT_READ, MAP_SHARED, fd_, static_cast<off_t>(begin));
        if (at == MAP_FAILED) return false;
        std::array<unsigned char, 256> pages;
        bool cached = length > 0;
        for (std::size_t done = 0; done < mapped && cached; done += pages.size() * kPage) {
            const std::size_t part = std::min<std::size_t>(mapped - done, pages.size() * kPage);
            const std::size_t count = (part + kPage - 1) / kPage;
            cached = ::mincore(static_cast<char*>(at) + done, part, pages.data()) == 0 &&
                     std::all_of(pages.begin(), pages.begin() + static_cast<std::ptrdiff_t>(count),
                                 [](unsigned char page) { return (page & 1) != 0; });
        }
        ::munmap(at, mapped);
        return cached;
    }

    void read_no_further() override { static_cast<void>(::posix_fadvise(fd_, 0, 0, POSIX_FADV_RANDOM)); }

    Status write_parts(std::uint64_t offset, std::span<const std::string_view> parts) override {
        std::array<iovec, kGatherMax> gathered;
        while (!parts.empty()) {
            const std::size_t count = std::min(parts.size(), gathered.size());
            std::size_t bytes = 0;
            for (std::size_t i = 0; i < count; ++i) {
                gathered[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
                bytes += parts[i].size();
            }
            const ssize_t n =
                ::pwritev(fd_, gathered.data(), static_cast<int>(count), static_cast<off_t>(offset));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return os_error("cannot write", path_, errno);
            wrote(static_cast<std::size_t>(n));
            if (static_cast<std::size_t>(n) < bytes) {
                // Cut short: the rest one by one, which tells why.
                MR_TRY_VOID(write_rest(offset, static_cast<std::size_t>(n), parts.first(count)));
            }
            offset += bytes;
            parts = parts.subspan(count);
        }
        return {};
    }

    [[nodiscard]] int descriptor() const override { return fd_; }

    Status write_at(std::uint64_t offset, std::string_view bytes) override {
        while (!bytes.empty()) {
            const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return os_error("cannot write", path_, errno);
            offset += static_cast<std::uint64_t>(n);
            bytes.remove_prefix(static_cast<std::size_t>(n));
            wrote(static_cast<std::size_t>(n));
        }
        return {};
    }

    Status sync() override {
        unsent_.store(0, std::memory_order_relaxed);
        if (::fdatasync(fd_) != 0) return os_error("cannot sync", path_, errno);
        return {};
    }

    Status truncate(std::uint64_t size) override {
        if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return os_error("cannot truncate", path_, errno);
        return {};
    }

    [[nodiscard]] Result<std::uint64_t> size() const override {
        struct stat info{};
        if (::fstat(fd_, &info) != 0) return os_error("cannot stat", path_, errno);
        return static_cast<std::uint64_t>(info.st_size);
    }

  private:
    /// What is left of `parts` after their first `done` bytes; they begin at `offset`.
    Status write_rest(std::uint64_t offset, std::size_t done, std::span<const std::string_view> parts) {
        for (const std::string_view part : parts) {
            const std::size_t skip = std::min(done, part.size());
            done -= skip;
            MR_TRY_VOID(write_at(offset + skip, part.substr(skip)));
            offset += part.size();
        }
        return {};
    }

    /// Sends what was written to the disk bit by bit. Left to the kernel it would collect for half a minute,
    /// and a sync of the journal that comes just then waits for all of it.
    void wrote(std::size_t bytes) {
        if (unsent_.fetch_add(bytes, std::memory_order_relaxed) + bytes < kWriteBehindBytes) return;
        unsent_.store(0, std::memory_order_relaxed);
        // Only starts the writing. A failure is told by sync().
        static_cast<void>(::sync_file_range(fd_, 0, 0, SYNC_FILE_RANGE_WRITE));
    }

    const int fd_;
    const std::string path_;
    std::atomic<std::size_t> unsent_{0};  ///< written and not yet sent; a hint, so races are harmless
};

class PosixFileSystem final : public FileSystem {
  public:
    Result<std::unique_ptr<File>> open(const std::string& path, Mode mode) override {
        int flags = O_CLOEXEC;
        switch (mode) {
            case Mode::read:
                flags |= O_RDONLY;
                break;
            case Mode::write:
                flags |= O_RDWR;
                break;
            case Mode::create:
                flags |= O_RDWR | O_CREAT | O_EXCL;
                break;
            case Mode::open_or_create:
                flags |= O_RDWR | O_CREAT;
                break;
        }
        const int fd = ::open(path.c_str(), flags, 0644);
        if (fd < 0) return os_error("cannot open", path, errno);
        return std::make_unique<PosixFile>(fd, path);
    }

    Status make_dirs(const std::string& path) override {
        std::error_code error;
        std::filesystem::create_directories(path, error);
        if (error) return os_error("cannot create directory", path, error.value());
        return {};
    }

    Result<std::vector<std::string>> list(const std::string& path) override {
        DIR* dir = ::opendir(path.c_str());
        if (dir == nullptr) return os_error("cannot list", path, errno);
        std::vector<std::string> names;
        while (const dirent* entry = ::readdir(dir)) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") names.push_back(name);
        }
        ::closedir(dir);
        std::ranges::sort(names);
        return names;
    }

    bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

    Status remove(const std::string& path) override {
        if (::unlink(path.c_str()) != 0) return os_error("cannot remove", path, errno);
        return {};
    }

    Status remove_all(const std::string& path) override {
        std::error_code error;
        std::filesystem::remove_all(path, error);
        if (error) return os_error("cannot remove", path, error.value());
        return {};
    }

    Status rename(const std::string& from, const std::string& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) return os_error("cannot rename to", to, errno);
        return {};
    }

    Status link(const std::string& from, const std::string& to) override {
        if (::link(from.c_str(), to.c_str()) != 0) return os_error("cannot link", to, errno);
        return {};
    }

    Status sync_dir(const std::string& path) override {
        const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) return os_error("cannot open directory", path, errno);
        const int failed = ::fsync(fd) != 0 ? errno : 0;
        ::close(fd);
        if (failed != 0) return os_error("cannot sync directory", path, failed);
        return {};
    }

    Result<std::uint64_t> free_bytes(const std::string& path) override {
        struct statvfs info{};
        if (::statvfs(path.c_str(), &info) != 0) return os_error("cannot stat", path, errno);
        return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
    }

    Result<std::unique_ptr<File>> lock(const std::string& path) override {
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0) return os_error("cannot open", path, errno);
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
            const int error = errno;
            ::close(fd);
            if (error == EWOULDBLOCK) return fail(Code::unavailable, "{} is locked by another process", path);
            return os_error("cannot lock", path, error);
        }
        return std::make_unique<PosixFile>(fd, path);
    }
};

}  // namespace

FileSystem& posix_file_system() {
    static PosixFileSystem fs;
    return fs;
}

}  // namespace mr
