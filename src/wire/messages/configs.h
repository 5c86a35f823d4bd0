// DescribeConfigs (32), AlterConfigs (33) and IncrementalAlterConfigs (44).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
/// Resource types: 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
struct DescribeConfigsRequest {
    static constexpr ApiKey kApi = ApiKey::describe_configs;
    static constexpr std::int16_t kFlexibleSince = 4;

    struct Resource {
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::optional<std::vector<std::string>> configuration_keys;

        template <class V>
        void fields(V& v) {
            v(resource_type);
            v(resource_name);
            v(configuration_keys);
        }
    };

    std::vector<Resource> resources;
    bool include_synonyms = false;
    bool include_documentation = false;

    template <class V>
    void fields(V& v) {
        v(resources);
        v(include_synonyms, since(1));
        v(include_documentation, since(3));
    }
};

struct DescribeConfigsResponse {
    static constexpr ApiKey kApi = ApiKey::describe_configs;
    static constexpr std::int16_t kFlexibleSince = 4;

    struct Synonym {
        std::string name;
        std::optional<std::string> value;
        std::int8_t source = 0;

        template <class V>
        void fields(V& v) {
            v(name);
            v(value);
            v(source);
        }
    };

    struct Config {
        std::string name;
        std::optional<std::string> value;
        bool read_only = false;
        std::int8_t config_source = -1;
        bool is_sensitive = false;
        std::vector<Synonym> synonyms;
        std::int8_t config_type = 0;
        std::optional<std::string> documentation;

        template <class V>
        void fields(V& v) {
            v(name);
            v(value);
            v(read_only);
            v(config_source, since(1));
            v(is_sensitive);
            v(synonyms, since(1));
            v(config_type, since(3));
            v(documentation, since(3));
        }
    };

    struct Result {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::vector<Config> configs;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(error_message);
            v(resource_type);
            v(resource_name);
            v(configs);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Result> results;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(results);
    }
};

struct AlterConfigsRequest {
    static constexpr ApiKey kApi = ApiKey::alter_configs;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Config {
        std::string name;
        std::optional<std::string> value;

        template <class V>
        void fields(V& v) {
            v(name);
            v(value);
        }
    };

    struct Resource {
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::vector<Config> configs;

        template <class V>
        void fields(V& v) {
            v(resource_type);
            v(resource_name);
            v(configs);
        }
    };

    std::vector<Resource> resources;
    bool validate_only = false;

    template <class V>
    void fields(V& v) {
        v(resources);
        v(validate_only);
    }
};

struct AlterConfigsResponse {
    static constexpr ApiKey kApi = ApiKey::alter_configs;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Result {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::int8_t resource_type = 0;
        std::string resource_name;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(error_message);
            v(resource_type);
            v(resource_name);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Result> responses;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(responses);
    }
};

/// Operations: 0 set, 1 delete, 2 append, 3 subtract.
struct IncrementalAlterConfigsRequest {
    static constexpr ApiKey kApi = ApiKey::incremental_alter_configs;
    static constexpr std::int16_t kFlexibleSince = 1;

    struct Config {
        std::string name;
        std::int8_t config_operation = 0;
        std::optional<std::string> value;

        template <class V>
        void fields(V& v) {
            v(name);
            v(config_operation);
            v(value);
        }
    };

    struct Resource {
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::vector<Config> configs;

        template <class V>
        void fields(V& v) {
            v(resource_type);
            v(resource_name);
            v(configs);
        }
    };

    std::vector<Resource> resources;
    bool validate_only = false;

    template <class V>
    void fields(V& v) {
        v(resources);
        v(validate_only);
    }
};

struct IncrementalAlterConfigsResponse {
    static constexpr ApiKey kApi = ApiKey::incremental_alter_configs;
    static constexpr std::int16_t kFlexibleSince = 1;

    struct Result {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::int8_t resource_type = 0;
        std::string resource_name;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(error_message);
            v(resource_type);
            v(resource_name);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Result> responses;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(responses);
    }
};

MR_WIRE_MESSAGE(DescribeConfigsRequest);
MR_WIRE_MESSAGE(DescribeConfigsResponse);
MR_WIRE_MESSAGE(AlterConfigsRequest);
MR_WIRE_MESSAGE(AlterConfigsResponse);
MR_WIRE_MESSAGE(IncrementalAlterConfigsRequest);
MR_WIRE_MESSAGE(IncrementalAlterConfigsResponse);

}  // namespace mr::wire
