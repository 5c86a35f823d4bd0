#include "node/open_files.h"

#include <sys/resource.h>

#include <algorithm>

#include "base/log.h"

namespace mr::node {
namespace {

/// Journal, checkpoints, segments being written or read, lake, DuckDB: about 40 in a small project.
constexpr std::size_t kOwnFiles = 64;
constexpr std::size_t kFewFiles = 1'024;
/// Whatever the limit, or nobody could look what is wrong.
constexpr std::size_t kConnectionsMin = 8;

}  // namespace

std::size_t raise_open_files_limit() {
    struct rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFewFiles;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = limit;
        raised.rlim_cur = limit.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    if (limit.rlim_cur < kFewFiles) {
        log_warn("node",
                 "only {} files may be open at once, sockets included: raise the limit (ulimit -n), or few "
                 "clients will fit",
                 limit.rlim_cur);
    }
    return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1U << 20));
}

std::size_t connections_allowed(std::size_t limit, std::size_t wanted, std::size_t share) {
    const std::size_t own = std::max(kOwnFiles, limit / 4);
    const std::size_t rest = limit > own ? limit - own : 0;
    return std::min(wanted, std::max(kConnectionsMin, rest * share / 100));
}

}  // namespace mr::node
