// The verbs that change what a running node computes: `plan` shows the difference between the project's
// folder and what runs. Each returns an exit code.
#pragma once

#include <string>

#include "cli/local.h"
#include "cli/remote.h"

namespace mr::cli {

struct ChangeOptions {
    std::string against;  ///< a folder to compare with instead of a node
};

/// Operator by operator: kept, rebuilt, changed, added, removed. Changes nothing.
int plan_change(const LocalOptions& local, const RemoteOptions& remote, const ChangeOptions& options);

/// A plan (docs/openapi.yaml, Plan) as people read it.
std::string plan_text(const Json& plan);

}  // namespace mr::cli
