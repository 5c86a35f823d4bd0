// Drops what nobody reads: columns of sources are not decoded, calls not computed, ranks not numbered.
// Thread: one.
#pragma once

#include <vector>

#include "plan/program.h"
#include "sql/internal/builder.h"

namespace mr::sql {

/// The same sinks over narrower plans. `reads[i]`: the root columns sink i reads.
void prune(Builder& builder, std::vector<plan::Sink>& sinks);

}  // namespace mr::sql
