// The verbs that change what a running node computes: `plan` shows the difference between the project's
// folder and what runs, `apply` brings it about, `rollback` takes it back. Each returns an exit code.
#pragma once

#include <atomic>
#include <string>

#include "cli/local.h"
#include "cli/remote.h"

namespace mr::cli {

struct ChangeOptions {
    std::string against;  ///< a folder to compare with instead of a node
    bool compare = false;
    bool without_history = false;
    bool no_wait = false;
    std::string pipeline;
};

/// Operator by operator: kept, rebuilt, changed, added, removed. Changes nothing.
int plan_change(const LocalOptions& local, const RemoteOptions& remote, const ChangeOptions& options);

/// Each changed pipeline is built beside the one that serves and takes its place; waits for it. With
/// `compare` it only shows how the rows differ.
int apply_change(const LocalOptions& local, const RemoteOptions& remote, const ChangeOptions& options,
                 const std::atomic<bool>& stop);
/// The version that served before serves again; one that has not served yet is dropped.
int roll_back(const RemoteOptions& remote, const std::string& pipeline, const std::atomic<bool>& stop);
int list_changes(const RemoteOptions& remote);
int compare_versions(const RemoteOptions& remote, const std::string& pipeline);
/// Drops the version that does not serve.
int discard_version(const RemoteOptions& remote, const std::string& pipeline);

/// A plan (docs/openapi.yaml, Plan) as people read it.
std::string plan_text(const Json& plan);

}  // namespace mr::cli
