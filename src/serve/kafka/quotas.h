// Client quotas (KIP-13, KIP-219, KIP-546): who may write and read how fast, and how long to wait if faster.
//
// They are cluster settings of the broker ("quota.<entity>/<key>", an entity being its parts, sorted, joined
// by
// '&': "client-id=loader&user=<default>", names percent-encoded), so they outlive the node.
// producer_byte_rate and consumer_byte_rate are enforced: an answer goes out at once and says how long the
// client must wait, and so long its connection is not served. The other keys are kept and shown. Thread:
// loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "broker/cluster_settings.h"

namespace mr::serve::kafka {

/// Without authentication everybody is this user.
inline constexpr std::string_view kAnonymousUser = "ANONYMOUS";
inline constexpr std::string_view kQuotaPrefix = "quota.";

/// Parts by type ("user", "client-id", "ip"); nullopt is the default of that type.
using QuotaEntity = std::map<std::string, std::optional<std::string>, std::less<>>;
using QuotaValues = std::map<std::string, double, std::less<>>;

/// "quota.client-id=a%26b&user=<default>/producer_byte_rate".
std::string quota_setting(const QuotaEntity& entity, std::string_view key);
/// Nothing for a setting that is no quota.
std::optional<std::pair<QuotaEntity, std::string>> parse_quota_setting(std::string_view name);
/// What Kafka says of entities and values that cannot be.
Status check_quota_entity(const QuotaEntity& entity);
Status check_quota_value(const QuotaEntity& entity, std::string_view key, std::optional<double> value);

class Quotas {
  public:
    enum class Kind : std::uint8_t { produce, consume };

    /// To be called when the settings may have changed; cheap when they have not.
    void refresh(const std::shared_ptr<const broker::ClusterSettings>& settings);
    [[nodiscard]] const std::map<QuotaEntity, QuotaValues>& all() const { return table_; }

    /// `bytes` have gone; how many milliseconds the client must wait.
    struct Who {
        std::string_view user;
        std::string_view client_id;
    };
    std::int64_t count(Kind kind, const Who& who, std::size_t bytes, std::int64_t now_ms);
    [[nodiscard]] bool any() const { return !table_.empty(); }

  private:
    struct Found {
        double rate = 0;
        std::string meter;  ///< whom to count together
    };
    struct Meter {
        double level = 0;  ///< bytes not yet paid off by time
        std::int64_t at_ms = 0;
    };
    [[nodiscard]] std::optional<Found> find(std::string_view key, const Who& who) const;

    std::shared_ptr<const broker::ClusterSettings> seen_;
    std::map<QuotaEntity, QuotaValues> table_;
    std::map<std::string, Meter, std::less<>> meters_;
};

}  // namespace mr::serve::kafka
