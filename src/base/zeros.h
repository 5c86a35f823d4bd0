// Making a file of zeros. Thread: the one that makes the file.
#pragma once

#include <cstdint>

#include "base/file_system.h"
#include "base/result.h"

namespace mr {

/// Writes `size` zeros from the beginning of a new file and syncs them in slices of a few megabytes, so that
/// a sync of another file on the same disk never waits for all of them. Where it can it writes past the page
/// cache: the copy into pages that nobody will read costs more than the disk.
Status write_zeros(File& file, std::uint64_t size);

}  // namespace mr
