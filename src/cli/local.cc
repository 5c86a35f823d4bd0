#include "cli/local.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "base/file_system.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "cli/slt.h"
#include "cli/template.h"
#include "node/node.h"
#include "node/project.h"

namespace mr::cli {
namespace {

/// Errors and warnings of the project's SQL to stderr; false if there is an error.
bool show_diagnostics(const node::Project& project) {
    std::fprintf(stderr, "%s", sql::render(project.diagnostics).c_str());
    return project.ok();
}

/// Each role but the broker, which everything stands on, is a setting.
struct Role {
    std::string_view name;
    std::string_view setting;
};
constexpr std::array kRoles = {Role{"pipelines", "pipeline.enabled"}, Role{"lake", "lake.enabled"},
                               Role{"warehouse", "warehouse.enabled"}};

std::string plural(std::size_t n, const char* noun) {
    return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

/// What EXPLAIN statements ask for, and with --explain every plan.
void show_plans(const node::Project& project, bool all) {
    for (const sql::Explanation& e : project.explanations)
        fmt::print("-- {}:{}\n{}\n", e.file, e.line, e.text);
    if (!all) return;
    for (const auto& program : project.programs)
        fmt::print("-- {}\n{}\n", program->name, sql::explain(*program));
}

/// {"diagnostics": [...], "pipelines": [{"name", "sinks": [{"name", "nodes": [...]}]}]}
std::string with_plans(const node::Project& project, const std::string& diagnostics) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("diagnostics").raw(diagnostics).key("pipelines").begin_array();
    for (const auto& program : project.programs) json.raw(sql::explain_json(*program));
    json.end_array().end_object();
    return out;
}

}  // namespace

std::vector<std::string> run_roles() {
    std::vector<std::string> names = {"broker"};
    for (const Role& role : kRoles) names.emplace_back(role.name);
    return names;
}

int init_project(const Output& output, const std::string& directory) {
    FileSystem& fs = posix_file_system();
    if (fs.exists(join_path(directory, "millrace.yaml"))) {
        return report(
            output,
            {Code::already_exists,
             with_help(fmt::format("{} holds a project already", directory),
                       fmt::format("start it with `millrace run {}`, or choose another folder", directory))});
    }
    for (const auto& [path, text] : project_template()) {
        const std::string full = join_path(directory, path);
        Status status = fs.make_dirs(parent_path(full));
        if (status) status = write_file_atomic(fs, full, text);
        if (!status) return report(output, status.error());
    }
    if (!output.quiet) fmt::print("wrote {}; next:\n  millrace run {}\n", directory, directory);
    return Exit::done;
}

int run_node(const LocalOptions& options, const std::atomic<bool>& stop) {
    std::vector<std::string> settings = options.settings;
    if (options.insecure) settings.emplace_back("insecure=true");
    for (const Role& role : kRoles) {
        const bool left_out =
            !options.roles.empty() && std::ranges::find(options.roles, role.name) == options.roles.end();
        if (left_out) settings.push_back(fmt::format("{}=false", role.setting));
    }
    auto project = node::load_project(options.project, settings);
    if (!project) {
        report(options.output, project.error());
        return Exit::usage;
    }
    show_diagnostics(*project);
    if (!project->runs) return project->settings_ok ? Exit::failed : Exit::usage;
    auto started = node::Node::start(
        std::move(*project),
        {.data_dir = options.data_dir, .ready_file = options.ready_file, .version = MILLRACE_VERSION});
    if (!started) return report(options.output, started.error()), Exit::failed;
    (*started)->run(stop);
    return Exit::done;
}

int check_project(const LocalOptions& options) {
    const auto project = node::load_project(options.project, options.settings);
    if (!project) {
        report(options.output, project.error());
        return Exit::usage;
    }
    if (options.output.format == Format::json) {
        const std::string found = sql::to_json(project->diagnostics);
        fmt::print("{}\n", options.explain ? with_plans(*project, found) : found);
    } else {
        show_diagnostics(*project);
        show_plans(*project, options.explain);
    }
    if (project->ok() && options.output.format != Format::json) {
        fmt::print("{} and {}: no errors\n", plural(project->programs.size(), "pipeline"),
                   plural(project->tables.size(), "table"));
    }
    if (!project->settings_ok) return Exit::usage;
    return project->ok() ? Exit::done : Exit::failed;
}

int test_project(const LocalOptions& options) {
    const auto report_of =
        run_slt({.path = options.project, .filter = options.filter, .update = options.update});
    if (!report_of) return report(options.output, report_of.error());
    if (report_of->passed + report_of->failed == 0) {
        return report(options.output,
                      {Code::not_found, with_help("no test matches",
                                                  "tests are the project's tests/*.slt; -k "
                                                  "TEXT takes those whose path contains it")});
    }
    if (options.output.format == Format::json) {
        print_json({{"passed", report_of->passed}, {"failed", report_of->failed}});
    } else {
        fmt::print("{} passed, {} failed\n", report_of->passed, report_of->failed);
    }
    return report_of->failed == 0 ? Exit::done : Exit::failed;
}

}  // namespace mr::cli
