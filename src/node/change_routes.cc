#include "node/change_routes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file_system.h"
#include "base/json_writer.h"
#include "broker/partition_log.h"
#include "native/libraries.h"

namespace mr::node {
namespace {

using net::HttpResponse;

constexpr std::string_view kExpected =
    R"(expected {"streams":[{"path","text"}],"pipelines":[{"path","text"}]}: the project's SQL files)";

Result<std::vector<sql::SourceText>> files(const nlohmann::json& json, const char* member) {
    std::vector<sql::SourceText> out;
    const auto list = json.find(member);
    if (list == json.end()) return out;
    if (!list->is_array()) return fail(Code::invalid_argument, "{}", kExpected);
    for (const auto& file : *list) {
        const auto text_of = [&file](const char* name) -> const std::string* {
            if (!file.is_object()) return nullptr;
            const auto at = file.find(name);
            return at == file.end() ? nullptr : at->get_ptr<const std::string*>();
        };
        const std::string* path = text_of("path");
        const std::string* text = text_of("text");
        if (path == nullptr || text == nullptr) return fail(Code::invalid_argument, "{}", kExpected);
        out.push_back({*path, *text});
    }
    return out;
}

void append_files(JsonWriter& w, std::string_view member, const std::vector<sql::SourceText>& texts) {
    w.key(member).begin_array();
    for (const sql::SourceText& file : texts)
        w.begin_object().member("path", file.path).member("text", file.text).end_object();
    w.end_array();
}

/// What a pipeline that begins anew reads: all the log holds of its topics. What retention has taken is not
/// among it.
void append_input(JsonWriter& w, const std::string& pipeline, const std::string& topic,
                  const broker::Broker& broker) {
    std::int64_t records = 0, gone = 0;
    const auto view = broker.topics()->find(topic);
    w.begin_object().member("pipeline", pipeline).member("topic", topic).member("exists", view != nullptr);
    if (view != nullptr) {
        for (const auto& log : view->partitions) {
            const auto partition = log->durable();
            records += partition->log_end.value - partition->log_start.value;
            gone += partition->log_start.value;
        }
    }
    w.member("records", records).member("gone", gone).end_object();
}

void append_inputs(JsonWriter& w, std::span<const plan::PipelineChange> changes,
                   const std::vector<plan::ProgramPtr>& now, const broker::Broker& broker) {
    w.key("inputs").begin_array();
    for (const plan::ProgramPtr& program : now) {
        const auto change = std::ranges::find(changes, program->name, &plan::PipelineChange::name);
        if (change == changes.end() || change->fate == plan::Fate::kept) continue;
        std::set<std::string> topics;
        for (const plan::NodePtr& source : program->sources)
            topics.insert(std::get<plan::SourceNode>(source->op).table->source_topic());
        for (const std::string& topic : topics) append_input(w, program->name, topic, broker);
    }
    w.end_array();
}

/// Worker thread.
HttpResponse answer(const ProjectText& text, const std::vector<plan::ProgramPtr>& running,
                    const broker::Broker& broker, const std::string& directory) {
    // As they lie there now, not as they were when the node started.
    native::Libraries libraries(join_path(directory, "functions"));
    sql::ProjectCompilation compiled = sql::compile_project(text.streams, text.pipelines, &libraries);
    if (sql::has_errors(compiled.diagnostics))
        return HttpResponse::error(400, "invalid_argument", sql::render(compiled.diagnostics),
                                   "`millrace check` shows the same without a node");
    std::vector<plan::ProgramPtr> now;
    for (plan::Program& program : compiled.programs)
        now.push_back(std::make_shared<const plan::Program>(std::move(program)));
    return HttpResponse::json(200, plan_json(running, now, &broker));
}

}  // namespace

Result<ProjectText> parse_project_text(std::string_view json) {
    const auto body = nlohmann::json::parse(json, nullptr, false);
    if (!body.is_object()) return fail(Code::invalid_argument, "{}", kExpected);
    ProjectText out;
    MR_TRY(out.streams, files(body, "streams"));
    MR_TRY(out.pipelines, files(body, "pipelines"));
    return out;
}

std::string to_json(const ProjectText& text) {
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    append_files(w, "streams", text.streams);
    append_files(w, "pipelines", text.pipelines);
    w.end_object();
    return out;
}

std::string plan_json(const std::vector<plan::ProgramPtr>& before, const std::vector<plan::ProgramPtr>& now,
                      const broker::Broker* broker) {
    const std::vector<plan::PipelineChange> changes = plan::compare(before, now);
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    plan::append_json(w, changes);
    if (broker != nullptr) append_inputs(w, changes, now, *broker);
    w.end_object();
    return out;
}

void add_plan_route(serve::Router& router, const broker::Broker& broker, Workers& workers,
                    const std::string& directory, std::function<std::vector<plan::ProgramPtr>()> running) {
    router.add("POST", "/api/v1/plan",
               [&broker, &workers, directory, running = std::move(running)](
                   const serve::RouteCall& call, const net::HttpResponder& responder) {
                   auto text = parse_project_text(call.request.body);
                   if (!text) return responder.respond(HttpResponse::error(text.error()));
                   const bool accepted = workers.post(
                       [&broker, directory, text = std::move(*text), programs = running(),
                        responder]() mutable { responder.post(answer(text, programs, broker, directory)); });
                   if (!accepted)
                       responder.respond(
                           HttpResponse::error(503, "unavailable", "too much work is waiting; try again"));
               });
}

}  // namespace mr::node
