// `millrace compile --target flink` and `millrace deploy flink`: a project as Flink SQL, printed or run. What
// the SQL is: emit/flink.h; how a gateway is spoken to: cli/flink_gateway.h. Each returns an exit code.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/local.h"

namespace mr::cli {

struct FlinkCommand {
    std::string target;
    std::string output;
    std::string bootstrap;
    std::string lake;
    std::string guarantee = "exactly-once";
    std::string checkpoint = "1s";
    std::vector<std::string> savepoints;  ///< PIPELINE=PATH
    std::string gateway;
    bool status = false;
    bool stop = false;
    bool dry_run = false;
    std::string savepoint_dir;
};

int compile_flink(const LocalOptions& local, const FlinkCommand& command);
/// `timeout_ms`: of one statement, and for jobs to run once all are submitted.
int deploy_flink(const LocalOptions& local, const FlinkCommand& command, std::int64_t timeout_ms,
                 const std::atomic<bool>& stop);

}  // namespace mr::cli
