// What a project says that Flink has no words for. Thread: any (a function).
#pragma once

#include <vector>

#include "emit/internal/project.h"

namespace mr::emit {

/// Errors of one file, each with its place and a remedy. `pipeline`: nullptr for a file of streams/.
/// `compiled`: what the compiler said of the whole project.
std::vector<sql::Diagnostic> check_for_flink(const Project& project, const Pipeline* pipeline,
                                             const sql::Outline& file,
                                             const std::vector<sql::Diagnostic>& compiled);

}  // namespace mr::emit
