// The verbs of `millrace` and what each takes. Verbs that need a running node speak HTTP to it
// (cli/remote.h); `init`, `run`, `check` and `test` work on a project folder in this process (cli/local.h).
#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "cli/change.h"
#include "cli/flink.h"
#include "cli/generate.h"
#include "cli/local.h"
#include "cli/remote.h"
#include "cli/remote_security.h"
#include "cli/replay.h"

namespace mr::cli {

/// Everything the verbs fill in. CLI11 keeps pointers, so it lives as long as the parse.
struct Arguments {
    explicit Arguments(const std::atomic<bool>& stop_requested) : stop(stop_requested) {}

    const std::atomic<bool>& stop;  ///< SIGINT or SIGTERM came
    RemoteOptions remote;
    std::string format = "table";
    std::string timeout = "30s";
    bool verbose = false;
    bool no_color = false;  ///< accepted for habit: nothing is coloured
    LocalOptions local;
    ReplayOptions replay;
    std::string max_gap = "1h";
    GenerateOptions generate;
    std::string workload = "fulfilment";
    std::string text, second, third;
    std::vector<std::string> many;
    int partitions = 1;
    int more_partitions = 0;
    std::int64_t before = 0;
    TailOptions tail;
    ResetOptions reset;
    UserOptions user;
    ChangeOptions change;
    FlinkCommand flink;
    AclOptions acl;
    TokenOptions token;
    int exit = Exit::done;
};

/// Adds every verb and the options they share.
void add_commands(CLI::App& app, Arguments& arguments);

/// `compile` and `deploy`. `add_verb` makes one: parent, name, help, examples, what it does.
using AddVerb = std::function<CLI::App*(CLI::App&, const std::string&, const std::string&, const std::string&,
                                        std::function<int(Arguments&)>)>;
void add_flink_verbs(CLI::App& app, Arguments& arguments, const AddVerb& add_verb);
/// `plan`, `apply` and `rollback`; of `pipeline`: what is about versions.
void add_change_verbs(CLI::App& app, Arguments& arguments, const AddVerb& add_verb);
void add_version_verbs(CLI::App& pipeline, Arguments& arguments, const AddVerb& add_verb);

/// What is wrong with a command line that could not be parsed, with the nearest known verb or option.
std::string explain_usage(const CLI::App& app, const std::vector<std::string>& words, const std::string& why);

}  // namespace mr::cli
