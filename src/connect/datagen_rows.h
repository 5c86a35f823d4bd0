// Makes the rows of a 'datagen' table. Row n is always the same but for times of day, whatever was made
// before. Thread: one.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "columnar/column.h"
#include "plan/datagen.h"

namespace mr::connect {

/// Rows [first, first + count) of the spec's fields.
std::vector<ColumnPtr> datagen_rows(const plan::DatagenSpec& spec, std::int64_t first, std::size_t count,
                                    TimestampMs now);

}  // namespace mr::connect
