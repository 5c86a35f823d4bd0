#include "node/project_routes.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/suggest.h"
#include "columnar/temporal.h"

namespace mr::node {
namespace {

using Json = nlohmann::ordered_json;
using net::HttpResponse;

constexpr int kDepthMax = 32;

Json scalar(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    // A quoted scalar has the tag "!": it is text whatever it looks like.
    if (node.Tag() == "!") return text;
    const Json parsed = Json::parse(text, nullptr, false);
    if (parsed.is_number() || parsed.is_boolean() || parsed.is_null()) return parsed;
    return text;
}

Json convert(const YAML::Node& node, int depth) {
    if (depth > kDepthMax) return nullptr;
    if (node.IsMap()) {
        Json out = Json::object();
        for (const auto& entry : node) out[entry.first.Scalar()] = convert(entry.second, depth + 1);
        return out;
    }
    if (node.IsSequence()) {
        Json out = Json::array();
        for (const auto& item : node) out.push_back(convert(item, depth + 1));
        return out;
    }
    return node.IsScalar() ? scalar(node) : Json(nullptr);
}

Result<Json> parse_yaml(std::string_view text, std::string_view file) {
    try {
        return convert(YAML::Load(std::string(text)), 0);
    } catch (const YAML::Exception& e) {
        return fail(Code::invalid_argument, "{}:{}:{}: {}", file, e.mark.line + 1, e.mark.column + 1, e.msg);
    }
}

std::string_view state_name(pipeline::RunnerStatus::State state) {
    switch (state) {
        case pipeline::RunnerStatus::State::running:
            return "running";
        case pipeline::RunnerStatus::State::paused:
            return "paused";
        case pipeline::RunnerStatus::State::failed:
            return "failed";
        case pipeline::RunnerStatus::State::fenced:
            return "fenced";
        case pipeline::RunnerStatus::State::stopped:
            return "stopped";
    }
    return "unknown";
}

/// Records not read yet; nothing while the start of a partition is not known.
std::optional<std::int64_t> lag_of(const pipeline::RunnerStatus& status,
                                   const pipeline::InputPosition& input) {
    if (input.next >= 0) return std::max<std::int64_t>(0, input.end - input.next);
    return status.caught_up ? std::optional<std::int64_t>(0) : std::nullopt;
}

void append_inputs(JsonWriter& w, const pipeline::RunnerStatus& s) {
    w.key("sources").begin_array();
    for (const auto& source : s.profile.sources) {
        w.begin_object().member("table", source.table).member("in", source.counts.in);
        w.member("accepted", source.counts.accepted).member("rejected", source.counts.rejected).end_object();
    }
    w.end_array().key("inputs").begin_array();
    for (const pipeline::InputPosition& input : s.inputs) {
        w.begin_object().member("topic", input.topic).member("partition", input.partition.value);
        const auto lag = lag_of(s, input);
        w.key("read");
        if (lag) {
            w.value(input.end - *lag);
        } else {
            w.null();
        }
        w.member("end", input.end).key("lag");
        if (lag) {
            w.value(*lag);
        } else {
            w.null();
        }
        w.end_object();
    }
    w.end_array();
}

void append_pipeline(JsonWriter& w, const pipeline::Runner& runner, bool tables) {
    const pipeline::RunnerStatus s = runner.status();
    std::int64_t lag = 0;
    for (const pipeline::InputPosition& input : s.inputs) lag += lag_of(s, input).value_or(0);
    w.begin_object().member("name", runner.shown_name()).member("state", state_name(s.state));
    w.member("beside", runner.beside());
    w.member("in", s.counts.in).member("accepted", s.counts.accepted).member("rejected", s.counts.rejected);
    w.member("late", s.counts.late).member("out", s.counts.out).member("steps", s.steps);
    w.member("lag", lag).key("p99_ms");
    if (s.latency_p99_ns == 0) {
        w.null();
    } else {
        w.value(static_cast<double>(s.latency_p99_ns / 10'000) / 100);
    }
    w.member("caught_up", s.caught_up)
        .member("state_bytes", s.state_bytes)
        .member("position", s.progress.consumed.value);
    w.key("watermark");
    if (s.watermark_ms == kNoWatermark || s.watermark_ms == kMaxWatermark) {
        w.null();
    } else {
        w.value(instant_to_string(s.watermark_ms));
    }
    w.member("error", s.error);
    if (tables) {
        append_inputs(w, s);
        w.key("tables").begin_array();
        for (const auto& t : s.tables) {
            w.begin_object()
                .member("name", t.name)
                .member("keys", t.keys)
                .member("bytes", t.bytes)
                .end_object();
        }
        w.end_array();
    }
    w.end_object();
}

}  // namespace

Result<std::string> yaml_to_json(std::string_view text, std::string_view file) {
    MR_TRY(const Json json, parse_yaml(text, file));
    return json.dump();
}

void add_dashboard_routes(serve::Router& router, const std::vector<YamlFile>& files) {
    struct Page {
        std::string name;
        std::string title;
        double order = 0;
        std::string json;
    };
    auto pages = std::make_shared<std::vector<Page>>();
    for (const YamlFile& file : files) {
        const auto json = parse_yaml(file.text, file.path);
        if (!json) {
            log_error("dashboard", "{}", json.error().message);
            continue;
        }
        Page page{.name = file.name, .title = file.name, .order = 0, .json = json->dump()};
        if (json->contains("title") && (*json)["title"].is_string())
            page.title = (*json)["title"].get<std::string>();
        if (json->contains("order") && (*json)["order"].is_number())
            page.order = (*json)["order"].get<double>();
        pages->push_back(std::move(page));
    }
    std::ranges::stable_sort(*pages, [](const Page& a, const Page& b) {
        return std::tie(a.order, a.name) < std::tie(b.order, b.name);
    });
    router.add("GET", "/api/v1/dashboards",
               [pages](const serve::RouteCall&, const net::HttpResponder& responder) {
                   std::string out;
                   JsonWriter w(out);
                   w.begin_object().key("dashboards").begin_array();
                   for (const Page& page : *pages)
                       w.begin_object().member("name", page.name).member("title", page.title).end_object();
                   w.end_array().end_object();
                   responder.respond(HttpResponse::json(200, std::move(out)));
               });
    router.add("GET", "/api/v1/dashboards/{name}",
               [pages](const serve::RouteCall& call, const net::HttpResponder& responder) {
                   const auto page = std::ranges::find(*pages, call.capture("name"), &Page::name);
                   if (page == pages->end()) {
                       return responder.respond(HttpResponse::error(
                           404, "not_found", fmt::format("no dashboard `{}`", call.capture("name"))));
                   }
                   responder.respond(HttpResponse::json(200, page->json));
               });
}

void add_pipeline_routes(serve::Router& router, const Runners& runners) {
    router.add("GET", "/api/v1/pipelines",
               [&runners](const serve::RouteCall&, const net::HttpResponder& responder) {
                   std::string out;
                   JsonWriter w(out);
                   w.begin_object().key("pipelines").begin_array();
                   for (const auto& runner : runners.all()) append_pipeline(w, *runner, false);
                   w.end_array().end_object();
                   responder.respond(HttpResponse::json(200, std::move(out)));
               });
    const auto find = [&runners](const std::string& name,
                                 const net::HttpResponder& responder) -> std::shared_ptr<pipeline::Runner> {
        std::vector<std::string> names;
        for (const auto& runner : runners.all()) {
            if (runner->shown_name() == name) return runner;
            names.push_back(runner->shown_name());
        }
        responder.respond(HttpResponse::error(
            404, "not_found", fmt::format("no pipeline `{}`{}", name, did_you_mean(name, names)),
            "GET /api/v1/pipelines lists them"));
        return nullptr;
    };
    router.add("GET", "/api/v1/pipelines/{name}",
               [find](const serve::RouteCall& call, const net::HttpResponder& responder) {
                   const auto runner = find(call.capture("name"), responder);
                   if (runner == nullptr) return;
                   std::string out;
                   JsonWriter w(out);
                   append_pipeline(w, *runner, true);
                   responder.respond(HttpResponse::json(200, std::move(out)));
               });
    router.add("POST", "/api/v1/pipelines/{name}/resume",
               [find](const serve::RouteCall& call, const net::HttpResponder& responder) {
                   const auto runner = find(call.capture("name"), responder);
                   if (runner == nullptr) return;
                   if (runner->resume())
                       return responder.respond(HttpResponse::json(200, "{\"resumed\":true}"));
                   responder.respond(
                       HttpResponse::error(409, "conflict",
                                           fmt::format("pipeline {} is {}, not paused", runner->shown_name(),
                                                       state_name(runner->status().state))));
               });
}

}  // namespace mr::node
