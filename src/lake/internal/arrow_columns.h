// Columns to Arrow arrays and back, as Iceberg wants them in Parquet: field ids in the metadata, microseconds
// for times. Only lake/'s Parquet files include this (and so Arrow). Thread: any.
#pragma once

#include <arrow/array/data.h>
#include <arrow/type.h>

#include <memory>

#include "base/result.h"
#include "columnar/column.h"
#include "lake/schema.h"

namespace mr::lake {

std::shared_ptr<arrow::Field> arrow_field(const LakeField& field, const DataType& type);
std::shared_ptr<arrow::ArrayData> to_array(const Column& column,
                                           const std::shared_ptr<arrow::DataType>& type);

/// Appends every value of `array` to `out`: numbers widened, microseconds turned into the column's unit, the
/// fields of a struct found by name. corrupt where the file holds another type.
Status append_array(ColumnBuilder& out, const arrow::ArrayData& array);

}  // namespace mr::lake
