// DescribeUserScramCredentials (50) and AlterUserScramCredentials (51).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/message.h"

namespace mr::wire {

struct DescribeUserScramCredentialsRequest {
    static constexpr ApiKey kApi = ApiKey::describe_user_scram_credentials;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct User {
        std::string name;

        template <class V>
        void fields(V& v) {
            v(name);
        }
    };

    std::optional<std::vector<User>> users;

    template <class V>
    void fields(V& v) {
        v(users);
    }
};

struct DescribeUserScramCredentialsResponse {
    static constexpr ApiKey kApi = ApiKey::describe_user_scram_credentials;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Result {
        struct CredentialInfo {
            std::int8_t mechanism = 0;
            std::int32_t iterations = 0;

            template <class V>
            void fields(V& v) {
                v(mechanism);
                v(iterations);
            }
        };

        std::string user;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::vector<CredentialInfo> credential_infos;

        template <class V>
        void fields(V& v) {
            v(user);
            v(error_code);
            v(error_message);
            v(credential_infos);
        }
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::vector<Result> results;

    template <class V>
    void fields(V& v) {
        v(throttle_time_ms);
        v(error_code);
        v(error_message);
        v(results);
    }
};

struct AlterUserScramCredentialsRequest {
    static constexpr ApiKey kApi = ApiKey::alter_user_scram_credentials;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Deletion {
        std::string name;
        std::int8_t mechanism = 0;

        template <class V>
        void fields(V& v) {
            v(name);
            v(mechanism);
        }
    };

    struct Upsertion {
        std::string name;
        std::int8_t mechanism = 0;
        std::int32_t iterations = 0;
        Bytes salt;
        Bytes salted_password;

        template <class V>
        void fields(V& v) {
            v(name);
            v(mechanism);
            v(iterations);
            v(salt);
            v(salted_password);
        }
    };

    std::vector<Deletion> deletions;
    std::vector<Upsertion> upsertions;

    template <class V>
    void fields(V& v) {
        v(deletions);
        v(upsertions);
    }
};

struct AlterUserScramCredentialsResponse {
    static constexpr ApiKey kApi = ApiKey::alter_user_scram_credentials;
    static constexpr std::int16_t kFlexibleSince = 0;

    struct Result {
        std::string user;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        template <class V>
        void fields(V& v) {
            v(user);
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

MR_WIRE_MESSAGE(DescribeUserScramCredentialsRequest);
MR_WIRE_MESSAGE(DescribeUserScramCredentialsResponse);
MR_WIRE_MESSAGE(AlterUserScramCredentialsRequest);
MR_WIRE_MESSAGE(AlterUserScramCredentialsResponse);

}  // namespace mr::wire
