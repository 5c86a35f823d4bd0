// DescribeClientQuotas (48) and AlterClientQuotas (49).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "wire/message.h"

namespace mr::wire {
struct DescribeClientQuotasRequest {
    static constexpr ApiKey kApi = ApiKey::describe_client_quotas;
    static constexpr std::int16_t kFlexibleSince = 1;

    struct Component {
        std::string entity_type;
        std::int8_t match_type = 0;
        std::optional<std::string> match;

        template <class V>
        void fields(V& v) {
            v(entity_type);
            v(match_type);
            v(match);
        }
    };

    std::vector<Component> components;
    bool strict = false;

    template <class V>
    void fields(V& v) {
        v(components);
        v(strict);
    }
};

struct DescribeClientQuotasResponse {
    static constexpr ApiKey kApi = ApiKey::describe_client_quotas;
    static constexpr std::int16_t kFlexibleSince = 1;

    struct Entry {
        struct Entity {
            std::string entity_type;
            std::optional<std::string> entity_name;

            template <class V>
            void fields(V& v) {
                v(entity_type);
                v(entity_name);
            }
        };

        struct Value {
            std::string key;
            double value = 0;

            template <class V>
            void fields(V& v) {
                v(key);
                v(value);
            }
        };

        std::vector<Entity> entity;
        std::vector<Value> values;

        template <class V>
        void fields(V& v) {
            v(entity);
            v(values);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::optional<std::vector<Entry>> entries;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
        v(error_message);
        v(entries);
    }
};

struct AlterClientQuotasRequest {
    static constexpr ApiKey kApi = ApiKey::alter_client_quotas;
    static constexpr std::int16_t kFlexibleSince = 1;

    struct Entry {
        struct Entity {
            std::string entity_type;
            std::optional<std::string> entity_name;

            template <class V>
            void fields(V& v) {
                v(entity_type);
                v(entity_name);
            }
        };

        struct Op {
            std::string key;
            double value = 0;
            bool remove = false;

            template <class V>
            void fields(V& v) {
                v(key);
                v(value);
                v(remove);
            }
        };

        std::vector<Entity> entity;
        std::vector<Op> ops;

        template <class V>
        void fields(V& v) {
            v(entity);
            v(ops);
        }
    };

    std::vector<Entry> entries;
    bool validate_only = false;

    template <class V>
    void fields(V& v) {
        v(entries);
        v(validate_only);
    }
};

struct AlterClientQuotasResponse {
    static constexpr ApiKey kApi = ApiKey::alter_client_quotas;
    static constexpr std::int16_t kFlexibleSince = 1;

    struct Entry {
        struct Entity {
            std::string entity_type;
            std::optional<std::string> entity_name;

            template <class V>
            void fields(V& v) {
                v(entity_type);
                v(entity_name);
            }
        };

        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::vector<Entity> entity;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(error_message);
            v(entity);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<Entry> entries;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(entries);
    }
};

MR_WIRE_MESSAGE(DescribeClientQuotasRequest);
MR_WIRE_MESSAGE(DescribeClientQuotasResponse);
MR_WIRE_MESSAGE(AlterClientQuotasRequest);
MR_WIRE_MESSAGE(AlterClientQuotasResponse);

}  // namespace mr::wire
