// Is this a whole shared library for this machine? The system's loader takes a library's headers at their
// word: of a file that was copied half-way it would die, and the node with it. Thread: any.
#pragma once

#include <string_view>

#include "base/result.h"

namespace mr::native {

/// invalid_argument: what it is instead, as "no ELF file"; "it is cut off: …".
Status check_elf(std::string_view bytes);

}  // namespace mr::native
