#include "serve/registry/routes.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "net/query_string.h"

namespace mr::serve {
namespace {

using registry::Answer;
using registry::ListOptions;
using registry::Outcome;
using registry::RegisterRequest;
using registry::RegistryService;
using registry::ServiceError;
using Json = nlohmann::json;

constexpr std::string_view kContentType = "application/vnd.schemaregistry.v1+json";

net::HttpResponse respond(const Outcome<std::string>& outcome) {
    int status = 200;
    std::string body;
    if (outcome) {
        body = *outcome;
    } else {
        const std::int32_t code = outcome.error().code;
        status = static_cast<int>(code >= 10'000 ? code / 100 : code);
        JsonWriter(body)
            .begin_object()
            .member("error_code", code)
            .member("message", outcome.error().message)
            .end_object();
    }
    net::HttpResponse response;
    response.status = status;
    response.headers.emplace_back("Content-Type", std::string(kContentType));
    response.body = SharedBytes(std::move(body));
    return response;
}

std::unexpected<ServiceError> refuse(std::int32_t code, std::string message) {
    return std::unexpected(ServiceError{code, std::move(message)});
}

/// One request, taken apart.
struct Call {
    std::string method;
    std::vector<std::string> path;
    const net::HttpRequest* request = nullptr;
    const net::HttpResponder* responder = nullptr;
    RegistryService* service = nullptr;

    [[nodiscard]] bool flag(std::string_view name) const {
        const auto value = request->param(name);
        return value && (*value == "true" || value->empty());
    }
    [[nodiscard]] bool is(std::string_view wanted, std::size_t parts) const {
        return method == wanted && path.size() == parts;
    }
    [[nodiscard]] ListOptions list() const {
        ListOptions options;
        options.prefix = std::string(request->param("subjectPrefix").value_or(""));
        options.deleted = flag("deleted");
        options.deleted_only = flag("deletedOnly");
        const auto number = [&](std::string_view name) -> std::optional<std::size_t> {
            const auto text = request->param(name);
            std::size_t value = 0;
            if (!text) return std::nullopt;
            const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
            return error == std::errc() && end == text->data() + text->size() ? std::optional(value)
                                                                              : std::nullopt;
        };
        options.offset = number("offset").value_or(0);
        options.limit = number("limit");  // -1, "no limit", is not a number here
        return options;
    }
    void answer(const Outcome<std::string>& outcome) const {
        responder->respond(mr::serve::respond(outcome));
    }
    /// For changes, which answer from the sync thread.
    [[nodiscard]] Answer later() const {
        return
            [to = *responder](const Outcome<std::string>& outcome) { to.post(mr::serve::respond(outcome)); };
    }
};

std::string text_member(const Json& json, const char* name) {
    const auto it = json.find(name);
    return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::int32_t int_member(const Json& json, const char* name) {
    const auto it = json.find(name);
    if (it == json.end() || !it->is_number_integer()) return 0;
    const auto value = it->get<std::int64_t>();
    return value >= -1 && value <= INT32_MAX ? static_cast<std::int32_t>(value) : 0;
}

Outcome<Json> body_of(const Call& call) {
    Json json = Json::parse(call.request->body, nullptr, false);
    if (!json.is_object()) return refuse(400, "Unrecognized request body: expected a JSON object");
    return json;
}

Outcome<RegisterRequest> schema_of(const Call& call, const std::string& subject) {
    auto json = body_of(call);
    if (!json) return std::unexpected(std::move(json).error());
    RegisterRequest request;
    request.subject = subject;
    const auto type = registry::parse_schema_type(text_member(*json, "schemaType"));
    if (!type) {
        return refuse(42201, fmt::format("Invalid schema type {}: known are AVRO, JSON and PROTOBUF",
                                         text_member(*json, "schemaType")));
    }
    request.type = *type;
    request.text = text_member(*json, "schema");
    request.id = int_member(*json, "id") > 0 ? int_member(*json, "id") : 0;
    request.version = int_member(*json, "version") > 0 ? int_member(*json, "version") : 0;
    if (const auto it = json->find("references"); it != json->end() && it->is_array()) {
        for (const auto& item : *it) {
            if (!item.is_object()) return refuse(42201, "Invalid schema: a reference must be an object");
            request.references.push_back(
                {text_member(item, "name"), text_member(item, "subject"), int_member(item, "version")});
        }
    }
    return request;
}

Outcome<std::int32_t> id_of(const std::string& text) {
    std::int32_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size()) return refuse(404, "HTTP 404 Not Found");
    return id;
}

// Each returns false when the path is not one of its own.

bool subjects(const Call& call) {
    RegistryService& service = *call.service;
    const auto& path = call.path;
    if (call.is("GET", 1)) return call.answer(service.subjects(call.list())), true;
    if (call.is("POST", 2)) {
        auto request = schema_of(call, path[1]);
        call.answer(request ? service.lookup(*request, call.flag("deleted"))
                            : std::unexpected(request.error()));
        return true;
    }
    if (call.is("DELETE", 2))
        return service.delete_subject(path[1], call.flag("permanent"), call.later()), true;
    if (path.size() < 3 || path[2] != "versions") return false;
    if (call.is("GET", 3)) return call.answer(service.versions(path[1], call.list())), true;
    if (call.is("POST", 3)) {
        auto request = schema_of(call, path[1]);
        if (!request) return call.answer(std::unexpected(request.error())), true;
        return service.register_schema(std::move(*request), call.later()), true;
    }
    if (call.is("GET", 4))
        return call.answer(service.version(path[1], path[3], call.flag("deleted"), false)), true;
    if (call.is("DELETE", 4))
        return service.delete_version(path[1], path[3], call.flag("permanent"), call.later()), true;
    if (call.is("GET", 5) && path[4] == "schema") {
        return call.answer(service.version(path[1], path[3], call.flag("deleted"), true)), true;
    }
    if (call.is("GET", 5) && path[4] == "referencedby") {
        return call.answer(service.referenced_by(path[1], path[3])), true;
    }
    return false;
}

bool schemas(const Call& call) {
    RegistryService& service = *call.service;
    const auto& path = call.path;
    if (call.is("GET", 1)) return call.answer(service.schemas(call.list(), call.flag("latestOnly"))), true;
    if (call.is("GET", 2) && path[1] == "types") return call.answer(R"(["AVRO","JSON","PROTOBUF"])"), true;
    if (path.size() < 3 || path[1] != "ids" || call.method != "GET") return false;
    const auto id = id_of(path[2]);
    if (!id) return call.answer(std::unexpected(id.error())), true;
    if (path.size() == 3) return call.answer(service.schema_by_id(*id, false, call.flag("fetchMaxId"))), true;
    if (path.size() != 4) return false;
    if (path[3] == "schema") return call.answer(service.schema_by_id(*id, true, false)), true;
    if (path[3] == "subjects") return call.answer(service.subjects_of_id(*id, call.flag("deleted"))), true;
    if (path[3] == "versions") return call.answer(service.versions_of_id(*id, call.flag("deleted"))), true;
    return false;
}

bool compatibility(const Call& call) {
    const auto& path = call.path;
    if (call.method != "POST" || path.size() < 4 || path[1] != "subjects" || path[3] != "versions" ||
        path.size() > 5) {
        return false;
    }
    auto request = schema_of(call, path[2]);
    if (!request) return call.answer(std::unexpected(request.error())), true;
    const auto version = path.size() == 5 ? std::optional(path[4]) : std::nullopt;
    return call.answer(call.service->test_compatibility(*request, version, call.flag("verbose"))), true;
}

bool config(const Call& call) {
    RegistryService& service = *call.service;
    if (call.path.size() > 2) return false;
    const std::string subject = call.path.size() == 2 ? call.path[1] : std::string();
    if (call.method == "GET") return call.answer(service.config(subject, call.flag("defaultToGlobal"))), true;
    if (call.method == "DELETE") return service.delete_config(subject, call.later()), true;
    if (call.method != "PUT") return false;
    const auto json = body_of(call);
    if (!json) return call.answer(std::unexpected(json.error())), true;
    registry::Rules rules;
    if (json->contains("compatibility")) {
        rules.compatibility = registry::parse_compatibility(text_member(*json, "compatibility"));
        if (!rules.compatibility) {
            call.answer(refuse(42203,
                               "Invalid compatibility level. Valid values are none, backward, forward, full, "
                               "backward_transitive, forward_transitive, and full_transitive"));
            return true;
        }
    }
    if (const auto it = json->find("normalize"); it != json->end() && it->is_boolean()) {
        rules.normalize = it->get<bool>();
    }
    return service.set_config(subject, rules, call.later()), true;
}

bool mode(const Call& call) {
    RegistryService& service = *call.service;
    if (call.path.size() > 2) return false;
    const std::string subject = call.path.size() == 2 ? call.path[1] : std::string();
    if (call.method == "GET") return call.answer(service.mode(subject, call.flag("defaultToGlobal"))), true;
    if (call.method == "DELETE") return service.delete_mode(subject, call.later()), true;
    if (call.method != "PUT") return false;
    const auto json = body_of(call);
    if (!json) return call.answer(std::unexpected(json.error())), true;
    const auto wanted = registry::parse_mode(text_member(*json, "mode"));
    if (!wanted) {
        call.answer(refuse(
            42204, "Invalid mode. Valid values are READWRITE, READONLY, READONLY_OVERRIDE, and IMPORT"));
        return true;
    }
    return service.set_mode(subject, *wanted, call.flag("force"), call.later()), true;
}

bool dispatch(const Call& call) {
    if (call.path.empty()) return call.answer("{}"), true;
    const std::string& first = call.path[0];
    if (first == "subjects") return subjects(call);
    if (first == "schemas") return schemas(call);
    if (first == "compatibility") return compatibility(call);
    if (first == "config") return config(call);
    if (first == "mode") return mode(call);
    if (first == "contexts" && call.is("GET", 1)) return call.answer(R"(["."])"), true;
    if (first == "v1" && call.is("GET", 3) && call.path[1] == "metadata" && call.path[2] == "id") {
        return call.answer(R"({"scope":{"path":[],"clusters":{}},"id":"millrace"})"), true;
    }
    if (first == "v1" && call.is("GET", 3) && call.path[1] == "metadata" && call.path[2] == "version") {
        return call.answer(R"({"version":"7.9.0","commitId":"millrace"})"), true;
    }
    return false;
}

}  // namespace

net::HttpServerOptions RegistryRoutes::server_options() {
    net::HttpServerOptions options;
    options.tcp.name = "registry";
    return options;
}

void RegistryRoutes::handle(net::HttpRequest request, const net::HttpResponder& responder) {
    Call call{.method = request.method,
              .path = {},
              .request = &request,
              .responder = &responder,
              .service = &service_};
    std::string_view rest = request.path;
    while (!rest.empty()) {
        const std::size_t end = rest.find('/');
        auto part = net::percent_decode(rest.substr(0, end));
        if (!part) return call.answer(refuse(400, part.error().message));
        if (!part->empty()) call.path.push_back(std::move(*part));
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    if (!dispatch(call)) call.answer(refuse(404, "HTTP 404 Not Found"));
}

}  // namespace mr::serve
