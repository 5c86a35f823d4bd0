// What `millrace init` writes: a small project that runs at once. Thread: any.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace mr::cli {

/// Path within the project and content.
std::vector<std::pair<std::string, std::string>> project_template();

}  // namespace mr::cli
