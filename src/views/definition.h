// What a materialised view is: columns, key, bounds. From the `pipeline` entry that created its instance.
// Thread: any (immutable).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "columnar/type.h"
#include "journal/pipeline_entry.h"

namespace mr::views {

struct ViewDefinition {
    std::string name;
    Schema schema;
    std::vector<std::size_t> key;            ///< columns of the key, in key order; never empty
    std::optional<std::size_t> time_column;  ///< what `retention_ms` counts on
    std::int64_t retention_ms = 0;           ///< behind the view's own newest time; 0: kept for ever
    std::uint64_t rows_max = 1'000'000;
    std::uint64_t bytes_max = 256U << 20;
    /// As written, kept for the snapshot.
    std::vector<std::pair<std::string, std::string>> options;

    /// Knows 'view.retention', 'view.time-column', 'view.max-rows', 'view.max-bytes'; ignores what others
    /// read. Without 'view.time-column' it is window_end, else the first time column of the key, else the
    /// first one.
    static Result<ViewDefinition> from_entry(const journal::PipelineEntry::View& view);
};

}  // namespace mr::views
