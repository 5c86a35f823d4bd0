// Reading answers about changes, for change.cc and change_apply.cc.
#pragma once

#include <string>

#include "cli/local.h"
#include "cli/terminal.h"
#include "node/project.h"

namespace mr::cli {

/// A text member; empty where there is none.
std::string text_of(const Json& object, const char* member);
/// A list member; empty where there is none.
const Json& list_of(const Json& object, const char* member);
/// Its diagnostics go to stderr; one that cannot run is an error.
Result<node::Project> load_for_change(const LocalOptions& options, const std::string& folder);

}  // namespace mr::cli
