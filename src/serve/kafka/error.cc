#include "serve/kafka/error.h"

namespace mr::serve::kafka {

ErrorCode to_wire(const Error& error) {
    switch (error.code) {
        case Code::invalid_argument:
            return ErrorCode::invalid_request;
        case Code::not_found:
            return ErrorCode::unknown_topic_or_partition;
        case Code::already_exists:
            return ErrorCode::topic_already_exists;
        case Code::out_of_range:
            return ErrorCode::offset_out_of_range;
        case Code::corrupt:
            return ErrorCode::corrupt_message;
        case Code::unavailable:
            return ErrorCode::coordinator_not_available;
        case Code::resource_exhausted:
            return ErrorCode::policy_violation;
        case Code::fenced:
            return ErrorCode::invalid_producer_epoch;
        case Code::permission_denied:
            return ErrorCode::cluster_authorization_failed;
        case Code::unsupported:
            return ErrorCode::unsupported_version;
        case Code::io_error:
            return ErrorCode::kafka_storage_error;
        case Code::internal:
            return ErrorCode::unknown_server_error;
    }
    return ErrorCode::unknown_server_error;
}

ErrorCode batch_error(const Error& error) {
    switch (error.code) {
        case Code::corrupt:
            return ErrorCode::corrupt_message;
        case Code::resource_exhausted:
            return ErrorCode::message_too_large;
        case Code::unsupported:
            return ErrorCode::unsupported_compression_type;
        default:
            return ErrorCode::invalid_record;
    }
}

std::optional<std::string> message_of(ErrorCode code, std::string_view detail) {
    if (code == ErrorCode::none) return std::nullopt;
    if (!detail.empty()) return std::string(detail);
    const std::string_view known = broker::message_of(static_cast<broker::KafkaError>(code));
    if (known.empty()) return std::nullopt;
    return std::string(known);
}

}  // namespace mr::serve::kafka
