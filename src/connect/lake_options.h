// What the node tells the lake's sinks, and what a table's options may say instead. Thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "lake/table.h"
#include "plan/table.h"

namespace mr::connect {

struct LakeOptions {
    std::string directory;          ///< of the lake
    std::int64_t retention_ms = 0;  ///< of hourly snapshots, and of the archive's rows; <= 0: for ever
    lake::CompactionOptions compaction;
};

/// A duration among a table's options ('retention' = '90 d'); `fallback` where it is not there.
Result<std::int64_t> duration_option(const plan::Table& table, std::string_view key, std::int64_t fallback);

}  // namespace mr::connect
