// FindCoordinator (10) and InitProducerId (22).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
/// Key types: 0 group, 1 transaction, 2 share group.
struct FindCoordinatorRequest {
    static constexpr ApiKey kApi = ApiKey::find_coordinator;
    static constexpr std::int16_t kFlexibleSince = 3;

    std::string key;
    std::int8_t key_type = 0;
    std::vector<std::string> coordinator_keys;

    template <class V>
    void fields(V& v) {
        v(key, until(3));
        v(key_type, since(1));
        v(coordinator_keys, since(4));
    }
};

struct FindCoordinatorResponse {
    static constexpr ApiKey kApi = ApiKey::find_coordinator;
    static constexpr std::int16_t kFlexibleSince = 3;

    struct Coordinator {
        std::string key;
        std::int32_t node_id = 0;
        std::string host;
        std::int32_t port = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        template <class V>
        void fields(V& v) {
            v(key);
            v(node_id);
            v(host);
            v(port);
            v(error_code);
            v(error_message);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::int32_t node_id = -1;
    std::string host;
    std::int32_t port = -1;
    std::vector<Coordinator> coordinators;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms, since(1));
        v(error_code, until(3));
        v(error_message, between(1, 3));
        v(node_id, until(3));
        v(host, until(3));
        v(port, until(3));
        v(coordinators, since(4));
    }
};

struct InitProducerIdRequest {
    static constexpr ApiKey kApi = ApiKey::init_producer_id;
    static constexpr std::int16_t kFlexibleSince = 2;

    std::optional<std::string> transactional_id;
    std::int32_t transaction_timeout_ms = 0;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;

    template <class V>
    void fields(V& v) {
        v(transactional_id);
        v(transaction_timeout_ms);
        v(producer_id, since(3));
        v(producer_epoch, since(3));
    }
};

struct InitProducerIdResponse {
    static constexpr ApiKey kApi = ApiKey::init_producer_id;
    static constexpr std::int16_t kFlexibleSince = 2;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
        v(producer_id);
        v(producer_epoch);
    }
};

MR_WIRE_MESSAGE(FindCoordinatorRequest);
MR_WIRE_MESSAGE(FindCoordinatorResponse);
MR_WIRE_MESSAGE(InitProducerIdRequest);
MR_WIRE_MESSAGE(InitProducerIdResponse);

}  // namespace mr::wire
