// The `millrace` command: parses the command line (cli/commands.h), runs the verb, answers its exit code.
#include <csignal>

#include "base/log.h"
#include "cli/commands.h"

namespace mr::cli {
namespace {

std::atomic<bool> stop_requested{false};

void on_signal(int) {
    stop_requested = true;
}

int run(int argc, char** argv) {
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    std::signal(SIGPIPE, SIG_IGN);
    set_log_level(LogLevel::info);
    Arguments arguments(stop_requested);
    CLI::App app("millrace: a real-time analytics pipeline in one binary", "millrace");
    add_commands(app, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& e) {
        return app.exit(e);
    } catch (const CLI::ParseError& e) {
        const std::vector<std::string> words(argv + 1, argv + argc);
        report(arguments.remote.output, {Code::invalid_argument, explain_usage(app, words, e.what())});
        return Exit::usage;
    }
    return arguments.exit;
}

}  // namespace
}  // namespace mr::cli

int main(int argc, char** argv) {
    return mr::cli::run(argc, argv);
}
