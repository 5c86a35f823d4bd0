// Questions about encoded rows (columnar/codec.h) that need not make anything to be answered. Thread: any.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/column.h"

namespace mr {

/// Would append_row() write the same bytes for rows `a` and `b`?
[[nodiscard]] bool same_row(const std::vector<ColumnPtr>& columns, std::size_t a, std::size_t b);

/// Is read_row() going to succeed?
Status check_row(std::string_view bytes, const Schema& schema);

}  // namespace mr
