// Names the current run of the operating system: what was written with write(2) under the same name is still
// there, whatever became of the process that wrote it. Thread: any.
#pragma once

#include <string>

namespace mr {

/// Linux's random boot id; empty where there is none.
std::string boot_id();

}  // namespace mr
