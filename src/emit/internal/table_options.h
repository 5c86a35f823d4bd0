// The options of a table's WITH (…) as Flink's connectors take them. Thread: any (functions).
#pragma once

#include <string>
#include <vector>

#include "emit/flink.h"
#include "emit/internal/project.h"

namespace mr::emit {

/// What a table is for, which decides which options it needs.
struct TableRole {
    std::string name;
    bool source = false;
    bool sink = false;
    bool watermark = false;
    bool primary_key = false;
};

struct MappedOptions {
    TextOptions options;
    std::vector<std::string> notes;  ///< for a comment above the table
    std::string error;               ///< cannot be said; empty: it can
    std::string help;
    std::string elsewhere;  ///< a warning: rows go elsewhere than here
};

MappedOptions map_options(const TextOptions& ours, const TableRole& role, const FlinkOptions& options);
/// "WITH ('connector' = 'kafka', …)", an option a line.
std::string with_clause(const TextOptions& options);

}  // namespace mr::emit
