#include "node/sql_routes.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "columnar/json_value.h"
#include "node/explain_analyze.h"

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

namespace {

/// How often a waiting query's client is looked for.
constexpr std::int64_t kLookEveryMs = 200;

/// A text as rows of one column, as EXPLAIN answers.
std::string lines_as_rows(std::string_view text) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("columns").begin_array();
    w.begin_object().member("name", "plan").member("type", "STRING").end_object();
    w.end_array().key("rows").begin_array();
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        w.begin_object().member("plan", text.substr(0, end)).end_object();
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    w.end_array().member("truncated", false).end_object();
    return out;
}

}  // namespace

SqlRoutes::SqlRoutes(net::EventLoop& loop, warehouse::Warehouse& warehouse, Workers& workers,
                     Metrics& metrics, const Runners& runners, warehouse::QueryLimits limits)
    : loop_(loop),
      warehouse_(warehouse),
      workers_(workers),
      runners_(runners),
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
    if (const auto name = parse_explain_analyze(body["sql"].get_ref<const std::string&>())) {
        const auto target = find_explained(runners_.all(), *name);
        if (!target)
            return responder.respond(
                HttpResponse::error(target.error(), "`millrace pipeline list` shows what runs"));
        return responder.respond(HttpResponse::json(200, lines_as_rows(explain_text(*target))));
    }
    const auto cancelled = std::make_shared<std::atomic<bool>>(false);
    const bool accepted = workers_.post([this, sql = body["sql"].get<std::string>(), responder, cancelled] {
        if (cancelled->load()) return;
        const auto from = std::chrono::steady_clock::now();
        warehouse::QueryLimits limits = limits_;
        limits.cancelled = cancelled;
        const auto result = warehouse_.query(sql, limits);
        seconds_.record_ns(std::chrono::nanoseconds(std::chrono::steady_clock::now() - from).count());
        if (!result)
            return responder.post(HttpResponse::error(
                result.error(), "`millrace view list` and `millrace topic list` show what there is"));
        responder.post(HttpResponse::json(200, to_json(*result)));
    });
    if (!accepted)
        return responder.respond(
            HttpResponse::error(503, "unavailable", "too many queries are waiting; try again"));
    running_.push_back({responder, cancelled});
    if (!look_.pending()) look_ = loop_.after(kLookEveryMs, [this] { look_for_the_gone(); });
}

void SqlRoutes::look_for_the_gone() {
    // Answered or gone: for one that was answered the mark means nothing any more.
    std::erase_if(running_, [](const Running& r) {
        if (r.asked_by.wanted()) return false;
        r.cancelled->store(true);
        return true;
    });
    if (!running_.empty()) look_ = loop_.after(kLookEveryMs, [this] { look_for_the_gone(); });
}

}  // namespace mr::node
