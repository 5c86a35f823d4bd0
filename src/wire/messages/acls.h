// DescribeAcls (29), CreateAcls (30) and DeleteAcls (31).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/message.h"

namespace mr::wire {

struct DescribeAclsRequest {
    static constexpr ApiKey kApi = ApiKey::describe_acls;
    static constexpr std::int16_t kFlexibleSince = 2;

    std::int8_t resource_type_filter = 0;
    std::optional<std::string> resource_name_filter;
    std::int8_t pattern_type_filter = 3;
    std::optional<std::string> principal_filter;
    std::optional<std::string> host_filter;
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;

    template <class V>
    void fields(V& v) {
        v(resource_type_filter);
        v(resource_name_filter);
        v(pattern_type_filter, since(1));
        v(principal_filter);
        v(host_filter);
        v(operation);
        v(permission_type);
    }
};

struct DescribeAclsResponse {
    static constexpr ApiKey kApi = ApiKey::describe_acls;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Resource {
        struct Acl {
            std::string principal;
            std::string host;
            std::int8_t operation = 0;
            std::int8_t permission_type = 0;

            template <class V>
            void fields(V& v) {
                v(principal);
                v(host);
                v(operation);
                v(permission_type);
            }
        };

        std::int8_t resource_type = 0;
        std::string resource_name;
        std::int8_t pattern_type = 3;
        std::vector<Acl> acls;

        template <class V>
        void fields(V& v) {
            v(resource_type);
            v(resource_name);
            v(pattern_type, since(1));
            v(acls);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Resource> resources;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
        v(error_message);
        v(resources);
    }
};

struct CreateAclsRequest {
    static constexpr ApiKey kApi = ApiKey::create_acls;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Creation {
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::int8_t resource_pattern_type = 3;
        std::string principal;
        std::string host;
        std::int8_t operation = 0;
        std::int8_t permission_type = 0;

        template <class V>
        void fields(V& v) {
            v(resource_type);
            v(resource_name);
            v(resource_pattern_type, since(1));
            v(principal);
            v(host);
            v(operation);
            v(permission_type);
        }
    };

    std::vector<Creation> creations;

    template <class V>
    void fields(V& v) {
        v(creations);
    }
};

struct CreateAclsResponse {
    static constexpr ApiKey kApi = ApiKey::create_acls;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Result {
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(error_message);
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

struct DeleteAclsRequest {
    static constexpr ApiKey kApi = ApiKey::delete_acls;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct Filter {
        std::int8_t resource_type_filter = 0;
        std::optional<std::string> resource_name_filter;
        std::int8_t pattern_type_filter = 3;
        std::optional<std::string> principal_filter;
        std::optional<std::string> host_filter;
        std::int8_t operation = 0;
        std::int8_t permission_type = 0;

        template <class V>
        void fields(V& v) {
            v(resource_type_filter);
            v(resource_name_filter);
            v(pattern_type_filter, since(1));
            v(principal_filter);
            v(host_filter);
            v(operation);
            v(permission_type);
        }
    };

    std::vector<Filter> filters;

    template <class V>
    void fields(V& v) {
        v(filters);
    }
};

struct DeleteAclsResponse {
    static constexpr ApiKey kApi = ApiKey::delete_acls;
    static constexpr std::int16_t kFlexibleSince = 2;

    struct FilterResult {
        struct Matching {
            ErrorCode error_code = ErrorCode::none;
            std::optional<std::string> error_message;
            std::int8_t resource_type = 0;
            std::string resource_name;
            std::int8_t pattern_type = 3;
            std::string principal;
            std::string host;
            std::int8_t operation = 0;
            std::int8_t permission_type = 0;

            template <class V>
            void fields(V& v) {
                v(error_code);
                v(error_message);
                v(resource_type);
                v(resource_name);
                v(pattern_type, since(1));
                v(principal);
                v(host);
                v(operation);
                v(permission_type);
            }
        };

        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::vector<Matching> matching_acls;

        template <class V>
        void fields(V& v) {
            v(error_code);
            v(error_message);
            v(matching_acls);
        }
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<FilterResult> filter_results;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(filter_results);
    }
};

MR_WIRE_MESSAGE(DescribeAclsRequest);
MR_WIRE_MESSAGE(DescribeAclsResponse);
MR_WIRE_MESSAGE(CreateAclsRequest);
MR_WIRE_MESSAGE(CreateAclsResponse);
MR_WIRE_MESSAGE(DeleteAclsRequest);
MR_WIRE_MESSAGE(DeleteAclsResponse);

}  // namespace mr::wire
