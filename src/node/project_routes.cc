#include "node/project_routes.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "base/log.h"
#include "columnar/value.h"

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
        case pipeline::RunnerStatus::State::failed:
            return "failed";
        case pipeline::RunnerStatus::State::fenced:
            return "fenced";
        case pipeline::RunnerStatus::State::stopped:
            return "stopped";
    }
    return "unknown";
}

void append_pipeline(JsonWriter& w, const pipeline::Runner& runner, bool tables) {
    const pipeline::RunnerStatus s = runner.status();
    w.begin_object().member("name", runner.name()).member("state", state_name(s.state));
    w.member("in", s.counts.in).member("accepted", s.counts.accepted).member("rejected", s.counts.rejected);
    w.member("late", s.counts.late).member("out", s.counts.out).member("steps", s.steps);
    w.member("caught_up", s.caught_up)
        .member("state_bytes", s.state_bytes)
        .member("position", s.progress.consumed.value);
    w.key("watermark");
    if (s.watermark_ms == kNoWatermark || s.watermark_ms == kMaxWatermark) {
        w.null();
    } else {
        std::string text = timestamp_to_string(s.watermark_ms, 1000, 3) + "Z";
        text[10] = 'T';
        w.value(text);
    }
    w.member("error", s.error);
    if (tables) {
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

void add_pipeline_routes(serve::Router& router, const RunnerList& runners) {
    router.add("GET", "/api/v1/pipelines",
               [&runners](const serve::RouteCall&, const net::HttpResponder& responder) {
                   std::string out;
                   JsonWriter w(out);
                   w.begin_object().key("pipelines").begin_array();
                   for (const auto& runner : runners) append_pipeline(w, *runner, false);
                   w.end_array().end_object();
                   responder.respond(HttpResponse::json(200, std::move(out)));
               });
    router.add("GET", "/api/v1/pipelines/{name}",
               [&runners](const serve::RouteCall& call, const net::HttpResponder& responder) {
                   const auto runner = std::ranges::find_if(
                       runners, [&](const auto& r) { return r->name() == call.capture("name"); });
                   if (runner == runners.end()) {
                       return responder.respond(HttpResponse::error(
                           404, "not_found", fmt::format("no pipeline `{}`", call.capture("name"))));
                   }
                   std::string out;
                   JsonWriter w(out);
                   append_pipeline(w, **runner, true);
                   responder.respond(HttpResponse::json(200, std::move(out)));
               });
}

}  // namespace mr::node
