// What ad-hoc SQL may not say, beyond what DuckDB itself refuses (files, settings, extensions: external
// access is off; writes: every query runs in a read-only transaction). A few functions act when they are
// called from a SELECT, or make a value that no memory limit counts; this looks for their names before DuckDB
// sees the text. Thread: any (pure).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mr::warehouse {

/// permission_denied with the place, as DuckDB writes it, for a name that is refused.
Status check_query(std::string_view sql);

/// Macros in front of functions whose result could be larger than memory; run once when the database is
/// opened.
std::string bounded_functions();

}  // namespace mr::warehouse
