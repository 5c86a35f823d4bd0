// Alone in its object file: the simulation links another definition to prove that it notices when this one
// stops depending on the file (tests/sim/stale_tail_mutant.cc).
#include <string>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "journal/internal/entry_codec.h"

namespace mr::journal::internal {

std::uint32_t file_seed(std::uint64_t number, std::uint64_t salt) {
    std::string bytes;
    ByteWriter out(bytes);
    out.u64(number);
    out.u64(salt);
    return crc32c(bytes);
}

}  // namespace mr::journal::internal
