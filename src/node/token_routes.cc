#include "node/token_routes.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/suggest.h"

namespace mr::node {
namespace {

using net::HttpResponse;
using security::TokenChange;
using Json = nlohmann::json;

void audit(const net::HttpRequest& request, const std::string& name, const Status& result) {
    log_info("audit", "HTTP {} {} token {}: {}", request.peer, request.method, name,
             result ? "done" : result.error().message);
}

void list_tokens(const security::Store& store, const net::HttpResponder& responder) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("tokens").begin_array();
    for (const auto& [digest, token] : store.view()->tokens) {
        w.begin_object()
            .member("name", token.name)
            .member("role", to_string(token.role))
            .member("created_ms", token.created.value)
            .end_object();
    }
    w.end_array().end_object();
    responder.respond(HttpResponse::json(200, std::move(out)));
}

/// The name and role that a body asks for.
Result<TokenChange> wanted(const std::string& text) {
    const Json body = Json::parse(text, nullptr, false);
    const auto word = [&](const char* name) {
        return body.contains(name) && body[name].is_string() ? body[name].get<std::string>() : std::string();
    };
    if (!body.is_object() || word("name").empty() || word("role").empty())
        return fail(Code::invalid_argument, R"(expected {{"name": …, "role": …}})");
    TokenChange change{.name = word("name"), .digest = {}, .role = security::parse_role(word("role"))};
    if (!change.role) {
        return fail(Code::invalid_argument, "unknown role `{}`{}; there are {}", word("role"),
                    did_you_mean(word("role"), security::role_names()),
                    fmt::join(security::role_names(), ", "));
    }
    MR_TRY_VOID(security::check_token_name(change.name));
    return change;
}

}  // namespace

void add_token_routes(serve::Router& router, security::Store& store, serve::kafka::Service& kafka,
                      std::function<void()> changed) {
    router.add("GET", "/api/v1/security/tokens",
               [&store](const serve::RouteCall&, const net::HttpResponder& r) { list_tokens(store, r); });
    router.add("POST", "/api/v1/security/tokens",
               [&store, &kafka, changed](const serve::RouteCall& call, const net::HttpResponder& responder) {
                   auto change = wanted(call.request.body);
                   if (!change) return responder.respond(HttpResponse::error(change.error()));
                   const std::string token = security::new_token();
                   change->digest = security::token_digest(token);
                   auto answer = [request = call.request, responder, changed, token, name = change->name,
                                  role = *change->role](const Status& result) {
                       audit(request, name, result);
                       if (!result) return responder.post(HttpResponse::error(result.error()));
                       changed();
                       std::string out;
                       JsonWriter(out)
                           .begin_object()
                           .member("name", name)
                           .member("role", to_string(role))
                           .member("token", token)
                           .end_object();
                       responder.post(HttpResponse::json(201, std::move(out)));
                   };
                   kafka.submit(journal::Lane::control,
                                store.change_token(std::move(*change), std::move(answer)));
               });
    router.add("DELETE", "/api/v1/security/tokens/{name}",
               [&store, &kafka, changed](const serve::RouteCall& call, const net::HttpResponder& responder) {
                   const std::string name = call.capture("name");
                   std::vector<std::string> names;
                   for (const auto& [digest, token] : store.view()->tokens) names.push_back(token.name);
                   auto answer = [request = call.request, responder, changed, name,
                                  names = std::move(names)](const Status& result) {
                       audit(request, name, result);
                       if (result) {
                           changed();
                           return responder.post(HttpResponse::json(200, R"({"deleted":true})"));
                       }
                       Error error = result.error();
                       if (error.code == Code::not_found) error.message += did_you_mean(name, names);
                       responder.post(HttpResponse::error(error));
                   };
                   kafka.submit(
                       journal::Lane::control,
                       store.change_token({.name = name, .digest = {}, .role = {}}, std::move(answer)));
               });
}

}  // namespace mr::node
