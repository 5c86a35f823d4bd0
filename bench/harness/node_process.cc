#include "harness/node_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/machine.h"

namespace bench {
namespace {

std::string field_of(const std::string& json, const std::string& name) {
    const auto at = json.find("\"" + name + "\":\"");
    if (at == std::string::npos) return {};
    const auto from = at + name.size() + 4;
    return json.substr(from, json.find('"', from) - from);
}

std::string text_of(const std::string& path) {
    std::stringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
}

}  // namespace

pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const pid_t pid = fork();
    if (pid < 0) die("cannot fork");
    if (pid > 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(out, 1);
    dup2(out, 2);
    execvp(words[0], words.data());
    _exit(127);
}

void end_process(pid_t pid, int patience_ms) {
    if (pid <= 0) return;
    kill(pid, SIGTERM);
    for (int waited = 0; waited < patience_ms; waited += 10) {
        if (waitpid(pid, nullptr, WNOHANG) == pid) return;
        usleep(10'000);
    }
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
}

NodeProcess::NodeProcess(const NodeSettings& s) {
    std::filesystem::create_directories(s.work);
    const std::string ready = s.work + "/ready.json";
    const std::string log = s.work + "/node.log";
    std::vector<std::string> command = {s.millrace,       "run",          s.project, "--data-dir",
                                        s.work + "/data", "--ready-file", ready};
    for (const char* listener : {"kafka", "http", "registry"}) {
        command.insert(command.end(), {"-X", fmt::format("{}.listen=127.0.0.1:0", listener)});
    }
    for (const std::string& option : s.options) command.insert(command.end(), {"-X", option});
    const std::int64_t from = now_ns();
    pid_ = spawn(command, log);
    std::string json;
    while ((json = text_of(ready)).find('}') == std::string::npos) {
        const bool ended = waitpid(pid_, nullptr, WNOHANG) == pid_;
        if (ended || now_ns() - from > 60'000'000'000) {
            die(fmt::format("the node {}:\n{}", ended ? "ended" : "was not ready within 60 s", text_of(log)));
        }
        usleep(2'000);
    }
    start_ms_ = static_cast<double>(now_ns() - from) / 1e6;
    kafka_ = field_of(json, "kafka");
    http_ = field_of(json, "http");
}

NodeProcess::~NodeProcess() {
    end_process(pid_);
}

}  // namespace bench
