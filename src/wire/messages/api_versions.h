// ApiVersions (18): what this broker speaks. The response always has header v0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
struct ApiVersionsRequest {
    static constexpr ApiKey kApi = ApiKey::api_versions;
    static constexpr std::int16_t kFlexibleSince = 3;

    std::string client_software_name;
    std::string client_software_version;

    template <class V>
    void fields(V& v) {
        v(client_software_name, since(3));
        v(client_software_version, since(3));
    }
};

struct ApiVersionsResponse {
    static constexpr ApiKey kApi = ApiKey::api_versions;
    static constexpr std::int16_t kFlexibleSince = 3;

    struct Api {
        std::int16_t api_key = 0;
        std::int16_t min_version = 0;
        std::int16_t max_version = 0;

        template <class V>
        void fields(V& v) {
            v(api_key);
            v(min_version);
            v(max_version);
        }
    };

    struct SupportedFeature {
        std::string name;
        std::int16_t min_version = 0;
        std::int16_t max_version = 0;

        template <class V>
        void fields(V& v) {
            v(name, since(3));
            v(min_version, since(3));
            v(max_version, since(3));
        }
        bool operator==(const SupportedFeature&) const = default;
    };

    struct FinalizedFeature {
        std::string name;
        std::int16_t max_version_level = 0;
        std::int16_t min_version_level = 0;

        template <class V>
        void fields(V& v) {
            v(name, since(3));
            v(max_version_level, since(3));
            v(min_version_level, since(3));
        }
        bool operator==(const FinalizedFeature&) const = default;
    };

    ErrorCode error_code = ErrorCode::none;
    std::vector<Api> api_keys;
    std::int32_t throttle_time_ms = 0;
    std::vector<SupportedFeature> supported_features;
    std::int64_t finalized_features_epoch = -1;
    std::vector<FinalizedFeature> finalized_features;
    bool zk_migration_ready = false;

    template <class V>
    void fields(V& v) {
        v(error_code);
        v(api_keys);
        v(throttle_time_ms, since(1));
        v.tagged(supported_features, 0, {}, since(3));
        v.tagged(finalized_features_epoch, 1, std::int64_t{-1}, since(3));
        v.tagged(finalized_features, 2, {}, since(3));
        v.tagged(zk_migration_ready, 3, false, since(3));
    }
};

MR_WIRE_MESSAGE(ApiVersionsRequest);
MR_WIRE_MESSAGE(ApiVersionsResponse);

}  // namespace mr::wire
