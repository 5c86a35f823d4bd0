// The one place where inner errors become Kafka's error codes. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/error.h"
#include "wire/api.h"

namespace mr::serve::kafka {

using wire::ErrorCode;

/// The broker speaks the protocol's numbers already.
[[nodiscard]] constexpr ErrorCode to_wire(broker::KafkaError error) {
    return static_cast<ErrorCode>(error);
}

/// What a client may be told about a failure of ours; internal details stay in the log.
[[nodiscard]] ErrorCode to_wire(const Error& error);
/// A batch that wire::validate_batch refused.
[[nodiscard]] ErrorCode batch_error(const Error& error);

/// The error_message field: `detail` where there is one, else Kafka's own sentence, else null. Null for none.
[[nodiscard]] std::optional<std::string> message_of(ErrorCode code, std::string_view detail = {});

}  // namespace mr::serve::kafka
