// The quota of partitions created and deleted (KIP-599), of one request. Thread: loop.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "serve/kafka/call.h"
#include "serve/kafka/quotas.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {

/// A client that knows the error THROTTLING_QUOTA_EXCEEDED (`strict`) is refused once its quota is used up,
/// and waits then; others are served, and wait for what they took.
class MutationQuota {
  public:
    MutationQuota(Service& service, const Call& call, bool strict)
        : quotas_(service.quotas()),
          user_(call.user()),
          client_(call.client_id()),
          now_ms_(service.now_ms()),
          strict_(strict) {}

    /// False: not now.
    [[nodiscard]] bool take(std::int64_t partitions) {
        const Quotas::Who who{user_, client_};
        const std::int64_t owed = strict_ ? quotas_.owed_ms(Quotas::Kind::mutation, who, now_ms_) : 0;
        wait_ms_ = std::max(wait_ms_, owed);
        if (owed > 0) return false;
        const auto count = static_cast<std::size_t>(std::max<std::int64_t>(partitions, 0));
        const std::int64_t wait = quotas_.count(Quotas::Kind::mutation, who, count, now_ms_);
        if (!strict_) wait_ms_ = std::max(wait_ms_, wait);
        return true;
    }
    /// What to tell the client.
    [[nodiscard]] std::int64_t wait_ms() const { return wait_ms_; }

  private:
    Quotas& quotas_;
    const std::string user_;
    const std::string client_;
    const std::int64_t now_ms_;
    const bool strict_;
    std::int64_t wait_ms_ = 0;
};

}  // namespace mr::serve::kafka
