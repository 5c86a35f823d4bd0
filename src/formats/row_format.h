// What every format is to the rest: bytes of a record's key or value to columns, and back. Which format a
// table has is decided in engine/table_format.h. Thread: one each.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "columnar/column.h"

namespace mr::formats {

class RowDecoder {
  public:
    virtual ~RowDecoder() = default;
    /// Appends one value to each builder, or, on an error, none. `at` is the journal entry the bytes came
    /// with: only schemas registered before it are known.
    virtual Status decode(std::string_view bytes, Seq at, std::span<ColumnBuilder> builders) = 0;
};

class RowEncoder {
  public:
    virtual ~RowEncoder() = default;
    /// Appends the bytes of row `row`; false, and nothing is appended: it is a record without value. On an
    /// error (a value the format cannot say) `out` is as before.
    virtual Result<bool> encode(std::span<const ColumnPtr> columns, std::size_t row, std::string& out) = 0;
};

}  // namespace mr::formats
