#include "serve/http/status_routes.h"

#include <algorithm>

#include "base/json_writer.h"
#include "serve/http/embedded.h"

namespace mr::serve {

using net::HttpResponder;
using net::HttpResponse;

namespace {

HttpResponse readiness(const StatusOptions& options) {
    const auto parts = options.parts ? options.parts() : std::vector<PartStatus>();
    const bool ready = std::ranges::all_of(parts, [](const PartStatus& part) { return part.ready; });
    std::string out;
    JsonWriter w(out);
    w.begin_object().member("status", ready ? "ready" : "not ready").key("parts").begin_array();
    for (const PartStatus& part : parts) {
        w.begin_object().member("name", part.name).member("ready", part.ready).member("detail", part.detail);
        w.end_object();
    }
    w.end_array().end_object();
    auto response = HttpResponse::json(ready ? 200 : 503, std::move(out)).with("Cache-Control", "no-store");
    return ready ? std::move(response) : std::move(response).with("Retry-After", "1");
}

}  // namespace

void add_status_routes(Router& router, const Metrics& metrics, StatusOptions options) {
    router.add("GET", "/healthz", [](RouteCall, HttpResponder r) {
        r.respond(HttpResponse::json(200, "{\"status\":\"alive\"}").with("Cache-Control", "no-store"));
    });
    std::string version;
    JsonWriter(version)
        .begin_object()
        .member("name", "millrace")
        .member("version", options.version)
        .member("revision", options.revision)
        .end_object();
    router.add("GET", "/version",
               [version](RouteCall, HttpResponder r) { r.respond(HttpResponse::json(200, version)); });
    router.add("GET", "/metrics", [&metrics, collect = options.collect](RouteCall, HttpResponder r) {
        if (collect) collect();
        HttpResponse response;
        response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        response.body = SharedBytes(metrics.text());
        r.respond(std::move(response));
    });
    router.add("GET", "/readyz",
               [options = std::move(options)](RouteCall, HttpResponder r) { r.respond(readiness(options)); });
    router.add("GET", "/api/v1/openapi.yaml", [](RouteCall, HttpResponder r) {
        const EmbeddedFile* file = find_embedded("openapi.yaml");
        if (file == nullptr) {
            r.respond(HttpResponse::error(404, "not_found", "this build carries no API description"));
            return;
        }
        HttpResponse response;
        response.headers.emplace_back("Content-Type", "application/yaml");
        response.body = SharedBytes(std::string(file->bytes));
        r.respond(std::move(response));
    });
}

}  // namespace mr::serve
