#include "node/sql_routes.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "columnar/json_value.h"

namespace mr::node {

using net::HttpResponse;

std::string to_json(const warehouse::QueryResult& result) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("columns").begin_array();
    for (const Field& f : result.schema.fields)
        w.begin_object().member("name", f.name).member("type", f.type.to_string()).end_object();
    w.end_array().key("rows").begin_array();
    for (std::size_t row = 0; row < result.rows; ++row) {
        w.begin_object();
        for (std::size_t i = 0; i < result.columns.size(); ++i) {
            w.key(result.schema[i].name);
            append_json_value(w.next(), result.schema[i].type, result.columns[i]->value(row));
        }
        w.end_object();
    }
    w.end_array().member("truncated", result.truncated).end_object();
    return out;
}

SqlRoutes::SqlRoutes(warehouse::Warehouse& warehouse, Workers& workers, Metrics& metrics,
                     warehouse::QueryLimits limits)
    : warehouse_(warehouse),
      workers_(workers),
      seconds_(metrics.histogram("millrace_query_seconds", "Ad-hoc SQL queries.", "kind=\"sql\"")),
      limits_(limits) {}

void SqlRoutes::add_to(serve::Router& router) {
    router.add("POST", "/api/v1/sql",
               [this](serve::RouteCall c, net::HttpResponder r) { query(c, std::move(r)); });
}

void SqlRoutes::query(const serve::RouteCall& call, net::HttpResponder responder) {
    const auto body = nlohmann::json::parse(call.request.body, nullptr, false);
    if (!body.is_object() || !body.contains("sql") || !body["sql"].is_string()) {
        return responder.respond(
            HttpResponse::error(400, "invalid_argument", R"(expected {"sql": "SELECT …"})"));
    }
    const bool accepted = workers_.post([this, sql = body["sql"].get<std::string>(), responder] {
        const auto from = std::chrono::steady_clock::now();
        const auto result = warehouse_.query(sql, limits_);
        seconds_.record_ns(std::chrono::nanoseconds(std::chrono::steady_clock::now() - from).count());
        if (!result)
            return responder.post(HttpResponse::error(
                result.error(), "`millrace view list` and `millrace topic list` show what there is"));
        responder.post(HttpResponse::json(200, to_json(*result)));
    });
    if (!accepted)
        responder.respond(HttpResponse::error(503, "unavailable", "too many queries are waiting; try again"));
}

}  // namespace mr::node
