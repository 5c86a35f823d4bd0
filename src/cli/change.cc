#include "cli/change.h"

#include <cstdio>

#include "cli/change_json.h"
#include "cli/remote_call.h"
#include "node/change_routes.h"
#include "node/project.h"
#include "plan/change.h"

namespace mr::cli {
namespace {

/// "column total: BIGINT, added", "option 'topic': a, was b"
void append_named(std::string& out, const Json& object, const char* member, std::string_view what) {
    for (const Json& one : list_of(object, member)) {
        const std::string change = text_of(one, "change");
        const std::string now = text_of(one, "now"), before = text_of(one, "before");
        out += fmt::format("    {:<8} {}{}", change, what, text_of(one, "name"));
        if (change == "changed") {
            out += fmt::format(": {}, was {}\n", now, before);
        } else {
            out += fmt::format(": {}\n", change == "removed" ? before : now);
        }
    }
}

void append_operator(std::string& out, const Json& op) {
    const std::string change = text_of(op, "change");
    const std::string indent(static_cast<std::size_t>(op.value("depth", 0)) * 2, ' ');
    out += fmt::format("    {:<8} {}{}({})", change, indent, text_of(op, "operator"),
                       text_of(op, change == "removed" ? "before" : "now"));
    out += op.value("again", false) ? " (see above)\n" : "\n";
    if (change == "changed")
        out += fmt::format("    {:<8} {}  was ({})\n", "", indent, text_of(op, "before"));
}

void append_sinks(std::string& out, const Json& pipeline) {
    for (const Json& sink : list_of(pipeline, "sinks")) {
        out += fmt::format("  {} {}: {}\n", text_of(sink, "kind"), text_of(sink, "name"),
                           text_of(sink, "change"));
        if (text_of(sink, "change") == "changed") append_named(out, sink, "columns", "column ");
        append_named(out, sink, "options", "option ");
        for (const Json& op : list_of(sink, "operators")) append_operator(out, op);
    }
}

/// How much a pipeline that begins anew reads.
void append_inputs(std::string& out, const Json& plan, const std::string& pipeline) {
    for (const Json& input : list_of(plan, "inputs")) {
        if (text_of(input, "pipeline") != pipeline) continue;
        const std::string topic = text_of(input, "topic");
        if (!input.value("exists", false)) {
            out += fmt::format("  reads {}, a new topic\n", topic);
            continue;
        }
        out += fmt::format("  reads {} records of {} anew", input.value("records", std::int64_t{0}), topic);
        const auto gone = input.value("gone", std::int64_t{0});
        out += gone > 0 ? fmt::format("; {} before them are no longer in the log\n", gone) : "\n";
    }
}

std::string summary(const Json& json) {
    std::string out;
    for (const plan::Fate fate : plan::kFates) {
        const std::string_view name = to_string(fate);
        std::size_t count = 0;
        for (const Json& pipeline : list_of(json, "pipelines"))
            count += text_of(pipeline, "change") == name ? 1 : 0;
        if (count > 0) out += fmt::format("{}{} {}", out.empty() ? "pipelines: " : ", ", count, name);
    }
    std::string operators;
    const auto counts = json.find("operators");
    for (const plan::Fate fate : plan::kFates) {
        const std::string_view name = to_string(fate);
        const std::int64_t count =
            counts == json.end() ? 0 : counts->value(std::string(name), std::int64_t{0});
        if (count > 0)
            operators += fmt::format("{}{} {}", operators.empty() ? "; operators: " : ", ", count, name);
    }
    return out.empty() ? "there are no pipelines\n" : out + operators + "\n";
}

Result<Json> ask_for_plan(const LocalOptions& local, const RemoteOptions& remote,
                          const ChangeOptions& options) {
    MR_TRY(const node::Project project, load_for_change(local, local.project));
    if (!options.against.empty()) {
        MR_TRY(const node::Project before, load_for_change(local, options.against));
        return Json::parse(node::plan_json(before.programs, project.programs, nullptr));
    }
    const std::string text = node::to_json(node::ProjectText{project.streams, project.pipelines});
    return call(remote, "POST", remote.url, "/api/v1/plan", Json::parse(text));
}

}  // namespace

std::string text_of(const Json& object, const char* member) {
    const auto at = object.find(member);
    return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

const Json& list_of(const Json& object, const char* member) {
    static const Json kNone = Json::array();
    const auto at = object.find(member);
    return at != object.end() && at->is_array() ? *at : kNone;
}

Result<node::Project> load_for_change(const LocalOptions& options, const std::string& folder) {
    MR_TRY(auto project, node::load_project(folder, options.settings));
    std::fprintf(stderr, "%s", sql::render(project.diagnostics).c_str());
    if (!project.runs) return fail(Code::invalid_argument, "{} has errors: nothing to compare", folder);
    return project;
}

std::string plan_text(const Json& plan) {
    std::string out;
    for (const Json& pipeline : list_of(plan, "pipelines")) {
        const std::string name = text_of(pipeline, "name"), change = text_of(pipeline, "change");
        out += fmt::format("pipeline {}: {}\n", name, change);
        append_inputs(out, plan, name);
        append_named(out, pipeline, "options", "");
        // What stays as it is needs no more words than that.
        if (change != "kept") append_sinks(out, pipeline);
        out += "\n";
    }
    return out + summary(plan);
}

int plan_change(const LocalOptions& local, const RemoteOptions& remote, const ChangeOptions& options) {
    const auto plan = ask_for_plan(local, remote, options);
    if (!plan) return report(remote.output, plan.error());
    if (remote.output.format == Format::table) {
        std::printf("%s", plan_text(*plan).c_str());
    } else {
        print_json(*plan);
    }
    return Exit::done;
}

}  // namespace mr::cli
