#include "node/security_routes.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/suggest.h"
#include "security/crypto.h"

namespace mr::node {
namespace {

using net::HttpResponse;
using security::Acl;
using security::AclFilter;
using security::ScramMechanism;
using Json = nlohmann::json;

constexpr std::size_t kSaltBytes = 20;
constexpr std::uint32_t kIterations = 4'096;
const std::vector<std::string> kMechanisms = {"SCRAM-SHA-256", "SCRAM-SHA-512"};

void audit(const net::HttpRequest& request, std::string_view what, const Status& result) {
    log_info("audit", "HTTP {} {} {}: {}", request.peer, request.method, what,
             result ? "done" : result.error().message);
}

/// "SCRAM-SHA-256" or "sha256".
std::optional<ScramMechanism> parse_scram(std::string_view text) {
    for (const auto mechanism : {ScramMechanism::sha256, ScramMechanism::sha512}) {
        if (text == to_string(mechanism)) return mechanism;
    }
    return std::nullopt;
}

Result<std::vector<ScramMechanism>> mechanisms_of(const Json& body) {
    if (!body.contains("mechanisms")) return std::vector{ScramMechanism::sha256, ScramMechanism::sha512};
    std::vector<ScramMechanism> out;
    if (!body["mechanisms"].is_array()) return fail(Code::invalid_argument, "mechanisms: expected a list");
    for (const Json& one : body["mechanisms"]) {
        const std::string name = one.is_string() ? one.get<std::string>() : one.dump();
        const auto mechanism = parse_scram(name);
        if (!mechanism) {
            return fail(Code::invalid_argument, "unknown mechanism `{}`{}", name,
                        did_you_mean(name, kMechanisms));
        }
        out.push_back(*mechanism);
    }
    if (out.empty()) return fail(Code::invalid_argument, "mechanisms: the list is empty");
    return out;
}

struct NewUser {
    std::string password;
    std::vector<ScramMechanism> mechanisms;
    std::uint32_t iterations = kIterations;
};

Result<NewUser> new_user(const Json& body) {
    NewUser user;
    if (!body.is_object() || !body.contains("password") || !body["password"].is_string())
        return fail(Code::invalid_argument,
                    R"(expected {{"password": …, "mechanisms": […], "iterations": n}})");
    user.password = body["password"].get<std::string>();
    if (user.password.empty() || user.password.size() > security::kPasswordBytesMax) {
        return fail(Code::invalid_argument, "a password of {} bytes: 1 to {} are accepted",
                    user.password.size(), security::kPasswordBytesMax);
    }
    MR_TRY(user.mechanisms, mechanisms_of(body));
    if (!body.contains("iterations")) return user;
    const bool number = body["iterations"].is_number_integer();
    const std::int64_t n = number ? body["iterations"].get<std::int64_t>() : 0;
    if (n < security::kIterationsMin || n > security::kIterationsMax) {
        return fail(Code::invalid_argument, "iterations: expected {} to {}", security::kIterationsMin,
                    security::kIterationsMax);
    }
    user.iterations = static_cast<std::uint32_t>(n);
    return user;
}

/// A word of an ACL, or what is wrong with it.
template <class Enum>
Status read_word(const std::string& text, std::string_view what,
                 std::optional<Enum> (*parse)(std::string_view), std::vector<std::string> words, Enum& to) {
    const auto value = parse(text);
    if (!value) {
        return fail(Code::invalid_argument, "{}: unknown `{}`{}; there are {}", what, text,
                    did_you_mean(text, words), fmt::join(words, ", "));
    }
    to = *value;
    return {};
}

/// The words of an ACL or of a filter: whatever `get(name)` gives.
template <class Get, class To>
Status read_acl_words(Get get, To& to) {
    const auto word = [&](const char* name) { return get(name); };
    if (const auto v = word("type"))
        MR_TRY_VOID(read_word(*v, "type", security::parse_resource_type,
                              {"topic", "group", "cluster", "transactional-id", "delegation-token", "user"},
                              to.type));
    if (const auto v = word("pattern"))
        MR_TRY_VOID(read_word(*v, "pattern", security::parse_pattern_type, {"literal", "prefixed", "match"},
                              to.pattern));
    if (const auto v = word("operation")) {
        MR_TRY_VOID(read_word(*v, "operation", security::parse_operation,
                              {"all", "read", "write", "create", "delete", "alter", "describe",
                               "cluster-action", "describe-configs", "alter-configs", "idempotent-write"},
                              to.operation));
    }
    if (const auto v = word("permission"))
        MR_TRY_VOID(
            read_word(*v, "permission", security::parse_permission, {"allow", "deny"}, to.permission));
    if (const auto v = word("name")) to.name = *v;
    if (const auto v = word("principal")) to.principal = *v;
    if (const auto v = word("host")) to.host = *v;
    return {};
}

Result<Acl> acl_of(const Json& body) {
    Acl acl;
    if (!body.is_object())
        return fail(
            Code::invalid_argument,
            R"(expected {{"principal": "User:…", "operation": …, "type": …, "name": …, "pattern": …}})");
    const auto text = [&](const char* name) -> std::optional<std::string> {
        const auto it = body.find(name);
        if (it == body.end() || it->is_null()) return std::nullopt;
        return it->is_string() ? it->get<std::string>() : it->dump();
    };
    if (!text("operation")) return fail(Code::invalid_argument, "operation: which one is allowed or denied?");
    MR_TRY_VOID(read_acl_words(text, acl));
    if (acl.type == security::ResourceType::cluster && acl.name.empty()) acl.name = security::kClusterName;
    MR_TRY_VOID(security::check_acl(acl));
    return acl;
}

Result<AclFilter> filter_of(const net::HttpRequest& request) {
    AclFilter filter;
    const auto text = [&](const char* name) -> std::optional<std::string> {
        const auto value = request.param(name);
        if (!value || value->empty()) return std::nullopt;
        return std::string(*value);
    };
    MR_TRY_VOID(read_acl_words(text, filter));
    return filter;
}

void append_acl(JsonWriter& w, const Acl& acl) {
    w.begin_object()
        .member("principal", acl.principal)
        .member("permission", to_string(acl.permission))
        .member("operation", to_string(acl.operation))
        .member("type", to_string(acl.type))
        .member("name", acl.name)
        .member("pattern", to_string(acl.pattern))
        .member("host", acl.host)
        .end_object();
}

}  // namespace

void SecurityRoutes::add_to(serve::Router& router) {
    using serve::RouteCall;
    router.add("GET", "/api/v1/security/users",
               [this](const RouteCall&, net::HttpResponder r) { list_users(std::move(r)); });
    router.add("PUT", "/api/v1/security/users/{user}",
               [this](const RouteCall& c, net::HttpResponder r) { put_user(c, std::move(r)); });
    router.add("DELETE", "/api/v1/security/users/{user}",
               [this](const RouteCall& c, net::HttpResponder r) { delete_user(c, std::move(r)); });
    router.add("GET", "/api/v1/security/acls",
               [this](const RouteCall& c, net::HttpResponder r) { list_acls(c, std::move(r)); });
    router.add("POST", "/api/v1/security/acls",
               [this](const RouteCall& c, net::HttpResponder r) { add_acl(c, std::move(r)); });
    router.add("DELETE", "/api/v1/security/acls",
               [this](const RouteCall& c, net::HttpResponder r) { delete_acls(c, std::move(r)); });
}

bool SecurityRoutes::enforced() const {
    return kafka_.security() != nullptr && kafka_.security()->authorizer != nullptr;
}

void SecurityRoutes::list_users(net::HttpResponder responder) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("users").begin_array();
    for (const auto& [name, credentials] : store_.view()->users) {
        std::string mechanisms;
        std::uint32_t iterations = 0;
        for (const auto& [mechanism, credential] : *credentials) {
            mechanisms += fmt::format("{}{}", mechanisms.empty() ? "" : ", ", to_string(mechanism));
            iterations = std::max(iterations, credential.iterations);
        }
        w.begin_object()
            .member("user", name)
            .member("mechanisms", mechanisms)
            .member("iterations", iterations);
        w.end_object();
    }
    w.end_array().end_object();
    responder.respond(HttpResponse::json(200, std::move(out)));
}

void SecurityRoutes::put_user(const serve::RouteCall& call, net::HttpResponder responder) {
    const std::string name = call.capture("user");
    auto user = new_user(Json::parse(call.request.body, nullptr, false));
    if (!user) return responder.respond(HttpResponse::error(user.error()));
    if (name.empty() || name.size() > security::kUserBytesMax)
        return responder.respond(
            HttpResponse::error(400, "invalid_argument", "a user's name that cannot be"));
    const bool known = store_.view()->users.contains(name);
    // Hashing takes milliseconds; the change itself is submitted on the loop.
    const bool accepted = workers_.post([this, name, known, user = std::move(*user), request = call.request,
                                         responder, loop = &responder.loop()]() mutable {
        std::vector<security::UserChange> changes;
        for (const ScramMechanism mechanism : user.mechanisms) {
            changes.push_back(
                {name, mechanism,
                 security::make_credential(mechanism, user.password, security::random_bytes(kSaltBytes),
                                           user.iterations)});
        }
        request.body.clear();
        loop->post([this, name, known, request = std::move(request), responder,
                    changes = std::move(changes)]() mutable {
            auto answer = [name, known, request = std::move(request),
                           responder](std::vector<Status> results) {
                for (const Status& result : results) {
                    if (result) continue;
                    audit(request, "user " + name, result);
                    return responder.post(HttpResponse::error(result.error()));
                }
                audit(request, "user " + name, {});
                std::string out;
                JsonWriter(out).begin_object().member("user", name).member("created", !known).end_object();
                responder.post(HttpResponse::json(known ? 200 : 201, std::move(out)));
            };
            kafka_.submit(journal::Lane::control, store_.change_users(std::move(changes), std::move(answer)));
        });
    });
    if (!accepted)
        responder.respond(
            HttpResponse::error(503, "unavailable", "too many requests wait for a worker; try again"));
}

void SecurityRoutes::delete_user(const serve::RouteCall& call, net::HttpResponder responder) {
    const std::string name = call.capture("user");
    const auto view = store_.view();
    const auto known = view->users.find(name);
    if (known == view->users.end()) {
        std::vector<std::string> names;
        for (const auto& [other, credentials] : view->users) names.push_back(other);
        return responder.respond(HttpResponse::error(
            404, "not_found", fmt::format("no user `{}`{}", name, did_you_mean(name, names)),
            "`millrace user list` shows who there is"));
    }
    std::vector<security::UserChange> changes;
    for (const auto& [mechanism, credential] : *known->second) changes.push_back({name, mechanism, {}});
    auto answer = [name, request = call.request, responder](const std::vector<Status>&) {
        audit(request, "user " + name, {});
        responder.post(HttpResponse::json(200, R"({"deleted":true})"));
    };
    kafka_.submit(journal::Lane::control, store_.change_users(std::move(changes), std::move(answer)));
}

void SecurityRoutes::list_acls(const serve::RouteCall& call, net::HttpResponder responder) {
    const auto filter = filter_of(call.request);
    if (!filter) return responder.respond(HttpResponse::error(filter.error()));
    std::string out;
    JsonWriter w(out);
    w.begin_object().member("enforced", enforced()).key("acls").begin_array();
    for (const Acl& acl : store_.view()->acls.find(*filter)) append_acl(w, acl);
    w.end_array().end_object();
    responder.respond(HttpResponse::json(200, std::move(out)));
}

void SecurityRoutes::add_acl(const serve::RouteCall& call, net::HttpResponder responder) {
    auto acl = acl_of(Json::parse(call.request.body, nullptr, false));
    if (!acl) return responder.respond(HttpResponse::error(acl.error()));
    auto answer = [acl = *acl, request = call.request, responder,
                   enforced = enforced()](const Status& result) {
        audit(request, "acl " + acl.text(), result);
        if (!result) return responder.post(HttpResponse::error(result.error()));
        std::string out;
        JsonWriter w(out);
        w.begin_object().member("enforced", enforced).key("acl");
        append_acl(w, acl);
        w.end_object();
        responder.post(HttpResponse::json(201, std::move(out)));
    };
    kafka_.submit(journal::Lane::control, store_.add_acls({std::move(*acl)}, std::move(answer)));
}

void SecurityRoutes::delete_acls(const serve::RouteCall& call, net::HttpResponder responder) {
    auto filter = filter_of(call.request);
    if (!filter) return responder.respond(HttpResponse::error(filter.error()));
    auto answer = [request = call.request, responder](const std::vector<std::vector<Acl>>& removed) {
        std::string out;
        JsonWriter w(out);
        w.begin_object().key("deleted").begin_array();
        for (const Acl& acl : removed.front()) {
            audit(request, "acl " + acl.text(), {});
            append_acl(w, acl);
        }
        w.end_array().end_object();
        responder.post(HttpResponse::json(200, std::move(out)));
    };
    kafka_.submit(journal::Lane::control, store_.remove_acls({std::move(*filter)}, std::move(answer)));
}

}  // namespace mr::node
