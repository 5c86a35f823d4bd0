// A column made of the array a function gave. Of the array nothing is believed that can be checked: lengths,
// numbers of buffers and children, offsets, UTF-8, digits of decimals, years of times. (That a buffer is as
// long as it must be cannot be checked: the interface does not say.) Thread: any (functions of their
// arguments).
#pragma once

#include <millrace/function.h>

#include <vector>

#include "base/result.h"
#include "columnar/column.h"
#include "plan/native_function.h"

namespace mr::native {

/// `failed[row]`: what the array says there does not matter, the row is NULL. A value that is none of `type`
/// is in `errors` and NULL. invalid_argument: the array as a whole is none of that type and length.
Result<ColumnPtr> column_of(const ArrowArray& array, const DataType& type, std::size_t rows,
                            const std::vector<bool>& failed,
                            std::vector<plan::NativeFunction::RowError>& errors);

}  // namespace mr::native
