#include "node/upgrades.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/suggest.h"
#include "broker/partition_log.h"
#include "native/libraries.h"
#include "node/change_status.h"

namespace mr::node {
namespace {

using net::HttpResponse;
using pipeline::Changeover;

constexpr std::int64_t kTurnMs = 20;
constexpr std::size_t kExamples = 20;

}  // namespace

/// POST /api/v1/apply, compiled.
struct Upgrades::Request {
    ProjectText text;
    std::vector<plan::ProgramPtr> programs;
    bool swap = true;              ///< "compare": false
    bool without_history = false;  ///< also where a topic no longer holds its beginning
};

Upgrades::Upgrades(Parts parts) : parts_(std::move(parts)) {}

void Upgrades::add_to(serve::Router& router) {
    router.add("POST", "/api/v1/apply",
               [this](const serve::RouteCall& call, const net::HttpResponder& r) { apply(call, r); });
    router.add("GET", "/api/v1/changes", [this](const serve::RouteCall&, const net::HttpResponder& r) {
        r.respond(HttpResponse::json(200, list()));
    });
    router.add("POST", "/api/v1/changes/{pipeline}/swap",
               [this](const serve::RouteCall& call, const net::HttpResponder& r) {
                   pipeline::Versions* versions = changing(call.capture("pipeline"), r);
                   if (versions == nullptr) return;
                   versions->changeover()->ask(Changeover::Wish::swap);
                   r.respond(HttpResponse::json(202, list()));
               });
    router.add("POST", "/api/v1/changes/{pipeline}/compare",
               [this](const serve::RouteCall& call, const net::HttpResponder& r) {
                   pipeline::Versions* versions = changing(call.capture("pipeline"), r);
                   if (versions == nullptr) return;
                   versions->changeover()->ask(Changeover::Wish::compare);
                   changes_[versions->pipeline()].comparers.push_back(r);
               });
    router.add("DELETE", "/api/v1/changes/{pipeline}",
               [this](const serve::RouteCall& call, const net::HttpResponder& r) {
                   discard(call.capture("pipeline"), r);
               });
}

void Upgrades::start() {
    turn();
}

void Upgrades::turn() {
    for (const auto& versions : parts_.versions) {
        Change& change = changes_[versions->pipeline()];
        if (change.busy || versions->changeover() == nullptr) continue;
        versions->run_once();
        const std::int64_t now_ns = parts_.loop.clock().monotonic_ns();
        if (change.rate.due(now_ns)) {
            const bool caught_up = versions->changeover()->status().caught_up;
            change.rate.note(now_ns, progress_of(versions->beside()->status(), caught_up).read);
        }
        if (auto views = versions->changeover()->take_compared()) {
            compare(*versions, std::move(*views));
        } else if (versions->changeover()->status().wish != Changeover::Wish::compare) {
            refuse_comparers(change);
        }
    }
    timer_ = parts_.loop.after(kTurnMs, [this] { turn(); });
}

std::vector<plan::ProgramPtr> Upgrades::serving() const {
    std::vector<plan::ProgramPtr> out;
    for (const auto& versions : parts_.versions) {
        const auto at = changes_.find(versions->pipeline());
        const bool busy = at != changes_.end() && at->second.busy;
        out.push_back(busy ? at->second.serves : versions->serves().program);
    }
    return out;
}

void Upgrades::make_busy(const pipeline::Versions& versions) {
    Change& change = changes_[versions.pipeline()];
    change.busy = true;
    change.error.clear();
    change.rate = {};
    change.serves = versions.serves().program;
    refuse_comparers(change);
}

/// Whom nothing can be shown any more.
void Upgrades::refuse_comparers(Change& change) {
    for (const net::HttpResponder& responder : std::exchange(change.comparers, {})) {
        responder.respond(HttpResponse::error(409, "conflict", "the versions could not be compared",
                                              "GET /api/v1/changes shows what they do"));
    }
}

pipeline::Versions* Upgrades::find(const std::string& pipeline) {
    const auto at =
        std::ranges::find_if(parts_.versions, [&](const auto& one) { return one->pipeline() == pipeline; });
    return at == parts_.versions.end() ? nullptr : at->get();
}

pipeline::Versions* Upgrades::changing(const std::string& pipeline, const net::HttpResponder& responder) {
    pipeline::Versions* versions = find(pipeline);
    if (versions == nullptr) {
        std::vector<std::string> names;
        for (const auto& one : parts_.versions) names.push_back(one->pipeline());
        responder.respond(HttpResponse::error(
            404, "not_found", fmt::format("no pipeline `{}`{}", pipeline, did_you_mean(pipeline, names)),
            "GET /api/v1/pipelines lists them"));
        return nullptr;
    }
    if (changes_[pipeline].busy) {
        responder.respond(HttpResponse::error(409, "conflict",
                                              fmt::format("pipeline {} is just being changed", pipeline),
                                              "GET /api/v1/changes shows when it is done"));
        return nullptr;
    }
    if (versions->changeover() == nullptr) {
        responder.respond(HttpResponse::error(
            409, "conflict", fmt::format("pipeline {} has no other version", pipeline),
            "`millrace apply` makes one; it is kept until the next change or until it is dropped"));
        return nullptr;
    }
    return versions;
}

std::vector<std::string> Upgrades::cut_topics(const plan::Program& program) const {
    std::set<std::string> out;
    for (const plan::NodePtr& source : program.sources) {
        const auto topic =
            parts_.broker.topics()->find(std::get<plan::SourceNode>(source->op).table->source_topic());
        if (topic == nullptr) continue;
        for (const auto& log : topic->partitions) {
            if (log->durable()->log_start.value > 0) out.insert(topic->name);
        }
    }
    return {out.begin(), out.end()};
}

void Upgrades::apply(const serve::RouteCall& call, const net::HttpResponder& responder) {
    if (!parts_.computes) {
        return responder.respond(HttpResponse::error(409, "conflict", "this node runs without pipelines",
                                                     "start it with the role pipelines"));
    }
    auto text = parse_project_text(call.request.body);
    if (!text) return responder.respond(HttpResponse::error(text.error()));
    const auto body = nlohmann::json::parse(call.request.body, nullptr, false);
    const auto flag = [&body](const char* name) {
        const auto at = body.find(name);
        return at != body.end() && at->is_boolean() && at->get<bool>();
    };
    auto request = std::make_shared<Request>();
    request->text = std::move(*text);
    request->swap = !flag("compare");
    request->without_history = flag("without_history");
    const bool accepted = parts_.workers.post([this, request, responder] {
        native::Libraries libraries(parts_.functions);
        sql::ProjectCompilation compiled =
            sql::compile_project(request->text.streams, request->text.pipelines, &libraries);
        if (sql::has_errors(compiled.diagnostics)) {
            return responder.post(HttpResponse::error(400, "invalid_argument",
                                                      sql::render(compiled.diagnostics),
                                                      "`millrace check` shows the same without a node"));
        }
        for (plan::Program& program : compiled.programs)
            request->programs.push_back(std::make_shared<const plan::Program>(std::move(program)));
        parts_.loop.post([this, request, responder] { begin(*request, responder); });
    });
    if (!accepted)
        responder.respond(HttpResponse::error(503, "unavailable", "too much work is waiting; try again"));
}

void Upgrades::begin(const Request& request, const net::HttpResponder& responder) {
    std::vector<std::pair<pipeline::Versions*, plan::ProgramPtr>> changed;
    std::vector<std::string> waiting;  // for the next start
    for (const plan::ProgramPtr& program : request.programs) {
        pipeline::Versions* versions = find(program->name);
        if (versions == nullptr) {
            waiting.push_back(program->name);
            continue;
        }
        if (changes_[program->name].busy) {
            return responder.respond(HttpResponse::error(
                409, "conflict", fmt::format("pipeline {} is just being changed", program->name),
                "GET /api/v1/changes shows when it is done"));
        }
        if (versions->serves().program->fingerprint == program->fingerprint) continue;
        const auto cut = cut_topics(*program);
        if (!cut.empty() && !request.without_history) {
            return responder.respond(HttpResponse::error(
                409, "conflict",
                fmt::format("pipeline {} would be built from what is left in the log, and {} no longer holds "
                            "its beginning",
                            program->name, fmt::join(cut, ", ")),
                "say --without-history if that is enough; `millrace plan` says how much is gone"));
        }
        changed.emplace_back(versions, program);
    }
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("changes").begin_array();
    for (const auto& [versions, program] : changed) {
        w.begin_object().member("pipeline", program->name);
        w.member("fingerprint", fmt::format("{:016x}", program->fingerprint)).end_object();
        Change& change = changes_[program->name];
        change.error.clear();
        Changeover* const known = versions->changeover();
        if (known != nullptr && known->beside().program->fingerprint == program->fingerprint) {
            // It runs already, or was what served before.
            if (request.swap) known->ask(Changeover::Wish::swap);
            continue;
        }
        make_busy(*versions);
        const bool accepted = parts_.workers.post([this, versions, program, request] {
            Status status = replace(*versions, program, request);
            parts_.loop.post([this, versions, status = std::move(status), swap = request.swap] {
                replaced(*versions, status, swap);
            });
        });
        if (!accepted) {
            change.busy = false;
            change.error = "too much work is waiting; try again";
        }
    }
    w.end_array().key("next_start").begin_array();
    for (const std::string& name : waiting) w.value(name);
    w.end_array().end_object();
    responder.respond(HttpResponse::json(202, std::move(out)));
}

Status Upgrades::replace(pipeline::Versions& versions, const plan::ProgramPtr& program,
                         const Request& request) {
    const pipeline::DeployContext context = parts_.context();
    MR_TRY_VOID(versions.discard(context, [this](pipeline::Runner& runner) { parts_.runners.end(runner); }));
    // Both texts: which of them the project's folder will hold at the next start is not known.
    const std::uint64_t serves = versions.serves().program->fingerprint;
    MR_TRY_VOID(parts_.texts.save(serves, parts_.running));
    MR_TRY_VOID(parts_.texts.save(program->fingerprint, request.text));
    return versions.add(context, parts_.views, program);
}

void Upgrades::replaced(pipeline::Versions& versions, const Status& status, bool swap) {
    Change& change = changes_[versions.pipeline()];
    change.busy = false;
    if (!status) {
        change.error = status.error().message;
        log_error("pipeline", "{} is not changed: {}", versions.pipeline(), change.error);
        return;
    }
    const auto runner = versions.beside();
    parts_.runners.add(runner);
    parts_.runners.run(*runner);
    if (swap) versions.changeover()->ask(Changeover::Wish::swap);
    log_info("pipeline", "{}: a new version is built beside the one that serves", versions.pipeline());
}

void Upgrades::discard(const std::string& pipeline, const net::HttpResponder& responder) {
    pipeline::Versions* versions = changing(pipeline, responder);
    if (versions == nullptr) return;
    make_busy(*versions);
    const bool accepted = parts_.workers.post([this, versions, responder] {
        const Status status = versions->discard(
            parts_.context(), [this](pipeline::Runner& runner) { parts_.runners.end(runner); });
        parts_.loop.post([this, versions, responder, status] {
            changes_[versions->pipeline()].busy = false;
            if (!status) return responder.respond(HttpResponse::error(status.error()));
            responder.respond(HttpResponse::json(200, R"({"dropped":true})"));
        });
    });
    if (accepted) return;
    changes_[pipeline].busy = false;
    responder.respond(HttpResponse::error(503, "unavailable", "too much work is waiting; try again"));
}

void Upgrades::compare(pipeline::Versions& versions, std::vector<Changeover::Compared> views) {
    auto waiting = std::exchange(changes_[versions.pipeline()].comparers, {});
    if (waiting.empty()) return;
    const bool accepted =
        parts_.workers.post([waiting, views = std::move(views), name = versions.pipeline()] {
            std::string out;
            JsonWriter w(out);
            w.begin_object().member("pipeline", name).key("views").begin_array();
            for (const Changeover::Compared& one : views) {
                if (one.before == nullptr && one.now == nullptr) continue;
                w.raw(to_json(pipeline::compare_views(one.view, one.before, one.now, kExamples)));
            }
            w.end_array().end_object();
            for (const net::HttpResponder& responder : waiting) responder.post(HttpResponse::json(200, out));
        });
    if (accepted) return;
    for (const net::HttpResponder& responder : waiting)
        responder.respond(HttpResponse::error(503, "unavailable", "too much work is waiting; try again"));
}

std::string Upgrades::list() const {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("changes").begin_array();
    for (const auto& versions : parts_.versions) {
        const auto at = changes_.find(versions->pipeline());
        const bool busy = at != changes_.end() && at->second.busy;
        const std::string error = at == changes_.end() ? std::string() : at->second.error;
        const Changeover* changeover = busy ? nullptr : versions->changeover();
        if (!busy && changeover == nullptr && error.empty()) continue;
        w.begin_object().member("pipeline", versions->pipeline());
        if (changeover == nullptr) {
            w.member("state", busy ? "deploying" : "failed").member("error", error).end_object();
            continue;
        }
        const Changeover::Status& status = changeover->status();
        w.member("state", to_string(status.phase)).member("caught_up", status.caught_up);
        w.member("waits_to_swap", status.wish == Changeover::Wish::swap).member("swaps", status.swaps);
        // Which of the two is the newer one: what rolling back would bring.
        w.member("beside_is_older", changeover->beside().created < changeover->serves().created);
        w.member("error", status.error.empty() ? error : status.error).key("serving");
        append_version(w, changeover->serves(), true);
        w.key("beside");
        append_version(w, changeover->beside(), status.caught_up,
                       at == changes_.end() ? nullptr : &at->second.rate);
        w.end_object();
    }
    w.end_array().end_object();
    return out;
}

}  // namespace mr::node
