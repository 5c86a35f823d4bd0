#include "node/alert_routes.h"

#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "columnar/codec.h"
#include "views/query.h"

namespace mr::node {
namespace {

using net::HttpResponse;

/// The alert's row as JSON, or nothing.
std::string alert_json(views::ViewStore& views, const std::string& id) {
    views::View* view = views.find(alerts::kAlertsView);
    if (view == nullptr) return {};
    std::string key;
    append_key(key, DataType::string(), Value::of(id));
    const views::RowPtr row = view->find(key);
    if (row == nullptr) return {};
    std::string out;
    views::RowJson(view->definition()).append_row(out, *row);
    return out;
}

void list(views::ViewStore& views, const net::HttpRequest& request, const net::HttpResponder& responder) {
    const views::SnapshotPtr view = views.snapshot(alerts::kAlertsView);
    std::string out = R"({"alerts":[)";
    if (view != nullptr) {
        views::ViewQuery query;
        if (const auto state = request.param("state")) {
            auto filter = views::parse_filter(*view->definition, "state", std::string(*state));
            if (!filter) return responder.respond(HttpResponse::error(filter.error()));
            query.filters.push_back(std::move(*filter));
        }
        const views::RowJson json(*view->definition);
        bool comma = false;
        for (const views::RowPtr& row : views::run_query(*view, query).rows) {
            if (std::exchange(comma, true)) out.push_back(',');
            json.append_row(out, *row);
        }
    }
    responder.respond(HttpResponse::json(200, out + "]}"));
}

}  // namespace

void add_alert_routes(serve::Router& router, views::ViewStore& views,
                      const std::unique_ptr<alerts::AlertEngine>& engine) {
    router.add("GET", "/api/v1/alerts", [&views](const serve::RouteCall& call, const net::HttpResponder& r) {
        list(views, call.request, r);
    });
    router.add(
        "POST", "/api/v1/alerts/{id}/ack",
        [&views, &engine](const serve::RouteCall& call, const net::HttpResponder& responder) {
            const auto body =
                nlohmann::json::parse(call.request.body.empty() ? "{}" : call.request.body, nullptr, false);
            if (!body.is_object())
                return responder.respond(
                    HttpResponse::error(400, "invalid_argument", R"(expected {"by": …, "note": …})"));
            const auto text = [&](const char* name) {
                return body.contains(name) && body[name].is_string() ? body[name].get<std::string>() : "";
            };
            if (engine == nullptr)
                return responder.respond(
                    HttpResponse::error(503, "unavailable", "the node is starting or stopping"));
            const std::string id = call.capture("id");
            engine->acknowledge(
                id, text("by"), text("note"), [&views, responder, id](alerts::AlertEngine::AckResult result) {
                    using enum alerts::AlertEngine::AckResult;
                    if (result == not_found)
                        return responder.respond(
                            HttpResponse::error(404, "not_found", fmt::format("no alert {}", id)));
                    const std::string row = alert_json(views, id);
                    if (result == done)
                        return responder.respond(HttpResponse::json(200, row.empty() ? "{}" : row));
                    const auto json = nlohmann::json::parse(row, nullptr, false);
                    const std::string by = json.is_object() && json["acked_by"].is_string()
                                               ? " by " + json["acked_by"].get<std::string>()
                                               : "";
                    const std::string state = json.is_object() ? json.value("state", "closed") : "closed";
                    responder.respond(HttpResponse::error(
                        409, "conflict", fmt::format("the alert is already {}{}", state, by)));
                });
        });
}

void add_sink_routes(serve::Router& router, const Sinks& sinks) {
    router.add("GET", "/api/v1/sinks",
               [&sinks](const serve::RouteCall&, const net::HttpResponder& responder) {
                   std::string out;
                   JsonWriter w(out);
                   w.begin_object().key("sinks").begin_array();
                   for (const SinkStatus& s : sinks.status()) {
                       w.begin_object()
                           .member("name", s.name)
                           .member("kind", s.kind)
                           .member("rows", s.rows)
                           .member("commits", s.commits);
                       w.member("last_commit_ms", s.last_commit_ms).member("error", s.error).end_object();
                   }
                   w.end_array().end_object();
                   responder.respond(HttpResponse::json(200, std::move(out)));
               });
}

}  // namespace mr::node
