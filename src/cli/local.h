// The verbs that work on a project folder in this process: init, run, check, test. Each returns an exit code.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "node/config.h"

namespace mr::cli {

struct LocalOptions {
    std::string project = ".";
    std::string data_dir;
    std::vector<std::string> settings;  ///< -X key=value
    std::string ready_file;
    bool insecure = false;
    std::vector<std::string> roles;  ///< which parts run; empty: all that the settings name
    bool explain = false;
    std::string filter;
    bool update = false;
    Output output;
};

/// What --roles may name.
[[nodiscard]] std::vector<std::string> run_roles();

int init_project(const Output& output, const std::string& directory);
/// Runs until `stop` turns true (SIGTERM, SIGINT) or the node fails; drains and returns 0.
int run_node(const LocalOptions& options, const std::atomic<bool>& stop);
int check_project(const LocalOptions& options);
int test_project(const LocalOptions& options);

}  // namespace mr::cli
