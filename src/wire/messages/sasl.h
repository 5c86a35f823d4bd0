// SaslHandshake (17) and SaslAuthenticate (36).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/message.h"

namespace mr::wire {

struct SaslHandshakeRequest {
    static constexpr ApiKey kApi = ApiKey::sasl_handshake;
    static constexpr std::int16_t kFlexibleSince = kNeverFlexible;

    std::string mechanism;

    template <class V>
    void fields(V& v) {
        v(mechanism);
    }
};

struct SaslHandshakeResponse {
    static constexpr ApiKey kApi = ApiKey::sasl_handshake;
    static constexpr std::int16_t kFlexibleSince = kNeverFlexible;

    ErrorCode error_code = ErrorCode::none;
    std::vector<std::string> mechanisms;

    template <class V>
    void fields(V& v) {
        v(error_code);
        v(mechanisms);
    }
};

struct SaslAuthenticateRequest {
    static constexpr ApiKey kApi = ApiKey::sasl_authenticate;
    static constexpr std::int16_t kFlexibleSince = 2;

    Bytes auth_bytes;

    template <class V>
    void fields(V& v) {
        v(auth_bytes);
    }
};

struct SaslAuthenticateResponse {
    static constexpr ApiKey kApi = ApiKey::sasl_authenticate;
    static constexpr std::int16_t kFlexibleSince = 2;

    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    Bytes auth_bytes;
    std::int64_t session_lifetime_ms = 0;

    template <class V>
    void fields(V& v) {
        v(error_code);
        v(error_message);
        v(auth_bytes);
        v(session_lifetime_ms, since(1));
    }
};

MR_WIRE_MESSAGE(SaslHandshakeRequest);
MR_WIRE_MESSAGE(SaslHandshakeResponse);
MR_WIRE_MESSAGE(SaslAuthenticateRequest);
MR_WIRE_MESSAGE(SaslAuthenticateResponse);

}  // namespace mr::wire
