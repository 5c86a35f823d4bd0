// Which fields of a source's ROW columns a program reads: the others need not be decoded (a filter and a
// projection of an event of three large parts often want three numbers of one). Thread: any.
#pragma once

#include <cstddef>
#include <vector>

#include "formats/fields_read.h"
#include "plan/program.h"

namespace mr::engine {

/// By column of the source's table. Followed through filters to projections; what any other operator gets is
/// read as a whole.
std::vector<formats::FieldsRead> fields_read(const plan::Program& program, std::size_t source);

}  // namespace mr::engine
