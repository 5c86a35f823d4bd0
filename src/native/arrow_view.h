// Columns and types of ours as structures of the Arrow C data interface: the buffers are those of the
// columns, nothing is copied. The views borrow: they live no longer than what they were made of. Thread: one.
#pragma once

#include <millrace/function.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "columnar/column.h"

namespace mr::native {

/// "g", "d:10,2", "tsm:UTC": the format of a type (plan::is_native_type).
std::string arrow_format(const DataType& type);

class SchemaView {
  public:
    SchemaView(std::string name, const DataType& type);
    SchemaView(const SchemaView&) = delete;
    SchemaView& operator=(const SchemaView&) = delete;
    [[nodiscard]] const ArrowSchema* get() const { return &schema_; }

  private:
    std::string name_;
    std::string format_;
    std::vector<std::unique_ptr<SchemaView>> children_;
    std::vector<ArrowSchema*> pointers_;
    ArrowSchema schema_{};
};

class ArrayView {
  public:
    explicit ArrayView(const Column& column);
    ArrayView(const ArrayView&) = delete;
    ArrayView& operator=(const ArrayView&) = delete;
    [[nodiscard]] const ArrowArray* get() const { return &array_; }

  private:
    std::array<const void*, 3> buffers_{};
    std::vector<std::unique_ptr<ArrayView>> children_;
    std::vector<ArrowArray*> pointers_;
    ArrowArray array_{};
};

}  // namespace mr::native
