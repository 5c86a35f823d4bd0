#include <algorithm>
#include <cctype>

#include "serve/kafka/handler_table.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

struct Feature {
    std::string_view name;
    std::int16_t level;
};
constexpr Feature kFeatures[] = {{"group.version", 1}, {"transaction.version", 2}};

wire::ApiVersionsResponse::Api entry(const Handler& handler) {
    wire::ApiVersionsResponse::Api api;
    api.api_key = static_cast<std::int16_t>(handler.key);
    api.min_version = handler.advertised_min;
    api.max_version = handler.versions.max;
    return api;
}

/// KIP-511: letters and digits, inside also '.' and '-'.
bool is_software_text(const std::string& text) {
    const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    return !text.empty() && plain(text.front()) && plain(text.back()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '.' || c == '-'; });
}

}  // namespace

void handle_api_versions(Service& service, const CallPtr& call, const SharedBytes& body) {
    static_cast<void>(service);
    const Handler& self = *find_handler(static_cast<std::int16_t>(wire::ApiKey::api_versions));
    wire::ApiVersionsResponse response;
    if (!self.versions.contains(call->version())) {
        // The client learns from v0 which version it may use, and asks again.
        response.error_code = ErrorCode::unsupported_version;
        response.api_keys.push_back(entry(self));
        return call->answer_as(response, 0);
    }
    const auto request =
        wire::decode_message<wire::ApiVersionsRequest>(body, call->version(), wire::Trailing::ignore);
    if (!request) return call->refuse(request.error().message);
    if (call->version() >= 3 && (!is_software_text(request->client_software_name) ||
                                 !is_software_text(request->client_software_version))) {
        response.error_code = ErrorCode::invalid_request;
        return call->answer(response);
    }
    for (const Handler& handler : handlers()) response.api_keys.push_back(entry(handler));
    // Clients use transactions v2 (KIP-890) and the groups of KIP-848 where these are finalised.
    for (const Feature& feature : kFeatures) {
        auto& supported = response.supported_features.emplace_back();
        supported.name = feature.name;
        supported.max_version = feature.level;
        auto& finalized = response.finalized_features.emplace_back();
        finalized.name = feature.name;
        finalized.max_version_level = feature.level;
        finalized.min_version_level = feature.level;
    }
    response.finalized_features_epoch = 0;
    call->answer(response);
}

}  // namespace mr::serve::kafka
