// SaslHandshake, SaslAuthenticate. What they mean for a connection is in authentication.h.
#include <utility>

#include "serve/kafka/authentication.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {

void handle_sasl_handshake(Service& service, const CallPtr& call, wire::SaslHandshakeRequest request) {
    wire::SaslHandshakeResponse response;
    Authentication* authentication = call->authentication();
    if (authentication == nullptr) {
        response.error_code = ErrorCode::illegal_sasl_state;
        return call->answer(response);
    }
    for (const security::Mechanism mechanism : service.security()->mechanisms)
        response.mechanisms.emplace_back(to_string(mechanism));
    response.error_code = authentication->handshake(request.mechanism, call->version() == 0);
    if (response.error_code != ErrorCode::none) call->close_after();
    call->answer(response);
}

void handle_sasl_authenticate(Service& service, const CallPtr& call, wire::SaslAuthenticateRequest request) {
    static_cast<void>(service);
    Authentication* authentication = call->authentication();
    if (authentication == nullptr) {
        wire::SaslAuthenticateResponse response;
        response.error_code = ErrorCode::illegal_sasl_state;
        response.error_message = "SaslAuthenticate request received on a listener without SASL";
        return call->answer(response);
    }
    authentication->step(std::move(request.auth_bytes.data), call->peer(),
                         [call](Authentication::Result result) {
                             wire::SaslAuthenticateResponse response;
                             response.error_code = result.error;
                             if (result.error != ErrorCode::none) {
                                 response.error_message = std::move(result.message);
                                 call->close_after();
                             }
                             response.auth_bytes.data = std::move(result.token);
                             response.session_lifetime_ms = result.lifetime_ms;
                             call->answer(response);
                         });
}

void handle_bare_token(const CallPtr& call, std::string token) {
    Authentication* authentication = call->authentication();
    authentication->step(std::move(token), call->peer(), [call](Authentication::Result result) {
        if (result.error != ErrorCode::none) return call->refuse("the authentication failed");
        call->answer_bare(result.token);
    });
}

}  // namespace mr::serve::kafka
