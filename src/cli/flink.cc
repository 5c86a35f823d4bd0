#include "cli/flink.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>
#include <thread>

#include "base/file_system.h"
#include "base/quantity.h"
#include "base/suggest.h"
#include "cli/flink_gateway.h"
#include "emit/flink.h"
#include "native/libraries.h"
#include "node/project.h"
#include "sql/outline.h"

namespace mr::cli {
namespace {

using emit::FlinkScript;
using emit::FlinkStatement;

struct Prepared {
    node::Project project;
    emit::FlinkOptions options;
    FlinkScript script;
};

/// --savepoint PIPELINE=PATH, for pipelines there are.
Status take_savepoints(const FlinkCommand& command, Prepared& out) {
    std::vector<std::string> names;
    for (const auto& p : out.project.programs) names.push_back(p->name);
    for (const std::string& text : command.savepoints) {
        const auto equals = text.find('=');
        if (equals == std::string::npos)
            return fail(Code::invalid_argument, "--savepoint {}: expected PIPELINE=PATH", text);
        const std::string name = text.substr(0, equals);
        if (std::ranges::find(names, name) == names.end()) {
            return fail(Code::invalid_argument, "--savepoint {}: there is no pipeline \"{}\"{}", text, name,
                        did_you_mean(name, names));
        }
        out.options.savepoints[name] = text.substr(equals + 1);
    }
    return {};
}

Result<Prepared> prepare(const LocalOptions& local, const FlinkCommand& command) {
    Prepared out;
    MR_TRY(out.project, node::load_project(local.project, local.settings));
    const node::Config& config = out.project.config;
    out.options.project = config.name;
    out.options.bootstrap = command.bootstrap;
    if (command.bootstrap.empty())
        out.options.bootstrap = config.kafka_advertise.empty() ? config.kafka_listen : config.kafka_advertise;
    out.options.registry = "http://" + config.registry_listen;
    out.options.exactly_once = command.guarantee == "exactly-once";
    out.options.silence_ms = config.pipeline_silence_ms;
    out.options.lake = command.lake;
    auto checkpoint = parse_duration_ms(command.checkpoint);
    if (!checkpoint) return annotate(checkpoint.error(), "--checkpoint");
    out.options.checkpoint_ms = *checkpoint;
    MR_TRY_VOID(take_savepoints(command, out));
    native::Libraries libraries(join_path(local.project, "functions"));
    out.script = emit::emit_flink(out.project.streams, out.project.pipelines, out.options, &libraries);
    return out;
}

/// Errors and warnings to stderr; with an error the exit code.
std::optional<int> refused(const Output& output, const Prepared& prepared) {
    if (!prepared.project.settings_ok) {
        std::fprintf(stderr, "%s", sql::render(prepared.project.diagnostics).c_str());
        return Exit::usage;
    }
    if (output.format == Format::json) {
        if (!prepared.script.ok()) fmt::print(stderr, "{}\n", sql::to_json(prepared.script.diagnostics));
    } else if (!output.quiet || !prepared.script.ok()) {
        std::fprintf(stderr, "%s", sql::render(prepared.script.diagnostics).c_str());
    }
    if (!prepared.script.ok()) return Exit::failed;
    if (prepared.script.statements.empty() || prepared.project.programs.empty()) {
        return report(output, {Code::not_found, with_help("the project has no pipelines",
                                                          "a pipeline is a file below pipelines/")});
    }
    return std::nullopt;
}

/// Shows and changes the project's jobs on a cluster.
class Deployment {
  public:
    Deployment(const Output& output, const Prepared& prepared, const FlinkCommand& command,
               std::int64_t timeout_ms, const std::atomic<bool>& stop)
        : output_(output),
          prepared_(prepared),
          command_(command),
          timeout_ms_(timeout_ms),
          stop_(stop),
          gateway_(command.gateway, std::max<std::int64_t>(timeout_ms, kLeastWaitMs), stop) {}

    int run() {
        if (const Status opened = gateway_.open(); !opened) return report(output_, opened.error());
        if (command_.status) return show_status();
        if (command_.stop) return stop_jobs();
        if (command_.dry_run) return dry_run();
        return submit();
    }

  private:
    /// Planning a job takes Flink seconds, on a busy machine many.
    static constexpr std::int64_t kLeastWaitMs = 120'000;

    struct Job {
        std::string pipeline;
        std::string id;
        std::string state;
        std::string started;
    };

    [[nodiscard]] static bool is_active(const std::string& state) {
        static const std::set<std::string> kOver = {"FINISHED", "FAILED", "CANCELED"};
        return !kOver.contains(state);
    }

    /// The newest job of each pipeline that ever had one.
    Result<std::vector<Job>> jobs() {
        MR_TRY(const auto answer, gateway_.run("SHOW JOBS"));
        std::map<std::string, Job> newest;
        for (std::size_t i = 0; i < answer.rows.size(); ++i) {
            const std::string name = answer.cell(i, "job name");
            const std::string prefix = prepared_.options.project + ".";
            if (!name.starts_with(prefix)) continue;
            Job job{name.substr(prefix.size()), answer.cell(i, "job id"), answer.cell(i, "status"),
                    answer.cell(i, "start time")};
            const auto it = newest.find(job.pipeline);
            if (it == newest.end() || it->second.started < job.started) newest[job.pipeline] = job;
        }
        std::vector<Job> out;
        for (auto& [name, job] : newest) out.push_back(std::move(job));
        return out;
    }

    void print(const std::vector<Job>& jobs) const {
        Json rows = Json::array();
        for (const Job& j : jobs)
            rows.push_back(
                {{"pipeline", j.pipeline}, {"job", j.id}, {"state", j.state}, {"started", j.started}});
        print_rows(output_, {"pipeline", "job", "state", "started"}, rows);
    }

    int show_status() {
        const auto found = jobs();
        if (!found) return report(output_, found.error());
        print(*found);
        return Exit::done;
    }

    /// An error of Flink's at the line of the user's text it belongs to.
    void show_error(const std::string& file, int line, const Error& error) const {
        const sql::SourceText* source = nullptr;
        for (const auto* sources : {&prepared_.project.streams, &prepared_.project.pipelines}) {
            for (const sql::SourceText& s : *sources) {
                if (s.path == file) source = &s;
            }
        }
        if (source == nullptr || error.code == Code::unavailable) {
            report(output_, error);
            return;
        }
        std::uint32_t begin = 0;
        for (int at = 1; at < line; ++at) {
            const auto end = source->text.find('\n', begin);
            if (end == std::string::npos) break;
            begin = static_cast<std::uint32_t>(end + 1);
        }
        const auto end =
            static_cast<std::uint32_t>(std::min(source->text.find('\n', begin), source->text.size()));
        const sql::Diagnostic shown =
            sql::diagnostic_at(*source, {begin, end}, sql::Severity::error, "M6003",
                               "Flink refuses this statement: " + error.message,
                               "millrace compile --target flink shows what Flink is given");
        if (output_.format == Format::json) {
            fmt::print(stderr, "{}\n", sql::to_json(shown));
        } else {
            std::fprintf(stderr, "%s", sql::render(shown).c_str());
        }
    }

    /// Which INSERT of a job Flink cannot plan; how many.
    int explain_job(const FlinkStatement& job) {
        int bad = 0;
        for (const emit::FlinkInsert& insert : job.inserts) {
            const auto planned = gateway_.run("EXPLAIN " + insert.sql);
            if (planned) continue;
            ++bad;
            show_error(insert.file, insert.line, planned.error());
            if (planned.error().code == Code::unavailable) break;
        }
        return bad;
    }

    int dry_run() {
        int bad = 0;
        int inserts = 0;
        for (const FlinkStatement& s : prepared_.script.statements) {
            if (stop_) return Exit::interrupted;
            if (s.kind == FlinkStatement::Kind::job) {
                inserts += static_cast<int>(s.inserts.size());
                bad += explain_job(s);
                continue;
            }
            const auto done = gateway_.run(s.sql);
            if (done) continue;
            ++bad;
            show_error(s.file, s.line, done.error());
            if (done.error().code == Code::unavailable) return Exit::unreachable;
        }
        if (bad == 0 && !output_.quiet)
            fmt::print("Flink accepts all: {} inserts planned, nothing runs\n", inserts);
        if (bad > 0) fmt::print(stderr, "Flink refuses {} statement{}\n", bad, bad == 1 ? "" : "s");
        return bad == 0 ? Exit::done : Exit::failed;
    }

    int submit() {
        const auto before = jobs();
        if (!before) return report(output_, before.error());
        for (const Job& j : *before) {
            if (!is_active(j.state)) continue;
            return report(
                output_, {Code::already_exists,
                          with_help(fmt::format("{}.{} runs already: job {} is {}", prepared_.options.project,
                                                j.pipeline, j.id, j.state),
                                    "--stop stops the project's jobs with savepoints, --status shows them")});
        }
        std::set<std::string> submitted;
        for (const FlinkStatement& s : prepared_.script.statements) {
            if (stop_) return Exit::interrupted;
            const auto done = gateway_.run(s.sql);
            if (!done) return submit_failed(s, done.error(), submitted);
            if (s.kind != FlinkStatement::Kind::job) continue;
            submitted.insert(s.pipeline);
            const std::string id = done->rows.empty() ? "" : done->cell(0, "job id");
            if (!output_.quiet) fmt::print(stderr, "{}: job {}\n", s.pipeline, id);
        }
        return wait_until_running(submitted);
    }

    int submit_failed(const FlinkStatement& s, const Error& error, const std::set<std::string>& submitted) {
        const bool job = s.kind == FlinkStatement::Kind::job && error.code != Code::unavailable;
        if (!job || explain_job(s) == 0) show_error(s.file, s.line, error);
        if (!submitted.empty()) {
            fmt::print(stderr, "help: {} run{}; --stop stops what runs\n", fmt::join(submitted, ", "),
                       submitted.size() == 1 ? "s" : "");
        }
        return error.code == Code::unavailable ? Exit::unreachable : Exit::failed;
    }

    int wait_until_running(const std::set<std::string>& wanted) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms_);
        while (true) {
            auto now = jobs();
            if (!now) return report(output_, now.error());
            std::erase_if(*now, [&](const Job& j) { return !wanted.contains(j.pipeline); });
            const bool all = now->size() == wanted.size() && std::ranges::all_of(*now, [](const Job& j) {
                                 return j.state == "RUNNING" || j.state == "FINISHED";
                             });
            const bool failed = std::ranges::any_of(*now, [](const Job& j) { return j.state == "FAILED"; });
            const bool late = std::chrono::steady_clock::now() > end || stop_;
            if (!all && !failed && !late) {
                std::this_thread::sleep_for(std::chrono::milliseconds(500));
                continue;
            }
            print(*now);
            if (all) return Exit::done;
            fmt::print(stderr, "help: Flink's page of a job says why it does not run (Exceptions)\n");
            return Exit::failed;
        }
    }

    int stop_jobs() {
        auto found = jobs();
        if (!found) return report(output_, found.error());
        std::erase_if(*found, [](const Job& j) { return !is_active(j.state); });
        if (found->empty()) {
            return report(output_,
                          {Code::not_found, fmt::format("no job of {} runs", prepared_.options.project)});
        }
        if (!command_.savepoint_dir.empty()) {
            std::string path;
            for (const char c : command_.savepoint_dir) path.append(c == '\'' ? 2 : 1, c);
            const auto set =
                gateway_.run(fmt::format("SET 'execution.checkpointing.savepoint-dir' = '{}'", path));
            if (!set) return report(output_, set.error());
        }
        Json rows = Json::array();
        int code = Exit::done;
        for (const Job& j : *found) {
            const auto stopped = gateway_.run(fmt::format("STOP JOB '{}' WITH SAVEPOINT", j.id));
            if (!stopped) {
                code = report(output_, annotate(stopped.error(), j.pipeline).error());
                continue;
            }
            rows.push_back({{"pipeline", j.pipeline},
                            {"job", j.id},
                            {"savepoint", stopped->rows.empty() ? "" : stopped->cell(0, "savepoint path")}});
        }
        print_rows(output_, {"pipeline", "job", "savepoint"}, rows);
        return code;
    }

    const Output& output_;
    const Prepared& prepared_;
    const FlinkCommand& command_;
    std::int64_t timeout_ms_;
    const std::atomic<bool>& stop_;
    FlinkGateway gateway_;
};

}  // namespace

int compile_flink(const LocalOptions& local, const FlinkCommand& command) {
    const auto prepared = prepare(local, command);
    if (!prepared) return report(local.output, prepared.error()), Exit::usage;
    if (const auto code = refused(local.output, *prepared)) return *code;
    const std::string text = prepared->script.text();
    if (command.output.empty() || command.output == "-") {
        std::fwrite(text.data(), 1, text.size(), stdout);
        return Exit::done;
    }
    const Status written = write_file_atomic(posix_file_system(), command.output, text);
    return written ? Exit::done : report(local.output, written.error());
}

int deploy_flink(const LocalOptions& local, const FlinkCommand& command, std::int64_t timeout_ms,
                 const std::atomic<bool>& stop) {
    const auto prepared = prepare(local, command);
    if (!prepared) return report(local.output, prepared.error()), Exit::usage;
    // Jobs can be looked at and stopped whatever the texts say now.
    if (!command.status && !command.stop) {
        if (const auto code = refused(local.output, *prepared)) return *code;
    }
    return Deployment(local.output, *prepared, command, timeout_ms, stop).run();
}

}  // namespace mr::cli
