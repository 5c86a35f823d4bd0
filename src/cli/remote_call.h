// One HTTP call to a running node, and what is made of its answer: for the verbs of cli/remote*.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/remote.h"
#include "cli/terminal.h"

namespace mr::cli {

/// Percent-encoded for a path or a query.
std::string encode(std::string_view text);
/// `base` is options.url or options.registry. An answer that is no success is an error with the server's
/// words.
Result<Json> call(const RemoteOptions& options, const std::string& method, const std::string& base,
                  const std::string& path, const Json& body = {});
/// Prints the array under `member` of the answer.
int list(const RemoteOptions& options, const std::string& path, const std::string& member,
         const std::vector<std::string>& columns);
/// Asks on a terminal; no without one.
bool confirm(const std::string& question);

}  // namespace mr::cli
