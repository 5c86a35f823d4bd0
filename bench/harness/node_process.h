// A node of its own: `millrace run` on a project, free ports, a fresh data directory. Ends with the object.
// Thread: one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct NodeSettings {
    std::string millrace;  ///< the binary
    std::string project;
    std::string work;                  ///< folder for data, log and ready file; made
    std::vector<std::string> options;  ///< -X each
};

class NodeProcess {
  public:
    /// When it returns, every listener accepts and every pipeline runs. Ends the bench when that does not
    /// happen within a minute.
    explicit NodeProcess(const NodeSettings& settings);
    ~NodeProcess();
    NodeProcess(const NodeProcess&) = delete;
    NodeProcess& operator=(const NodeProcess&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] const std::string& kafka() const { return kafka_; }
    [[nodiscard]] const std::string& http() const { return http_; }
    /// From the start of the process to the ready file.
    [[nodiscard]] double start_ms() const { return start_ms_; }

  private:
    pid_t pid_ = -1;
    std::string kafka_;
    std::string http_;
    double start_ms_ = 0;
};

/// Starts a program; its output goes to `log`.
pid_t spawn(const std::vector<std::string>& command, const std::string& log);
/// SIGTERM, and SIGKILL when it has not ended after `patience_ms`.
void end_process(pid_t pid, int patience_ms = 20'000);

}  // namespace bench
