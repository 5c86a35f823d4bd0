// Client quotas (KIP-13, KIP-124, KIP-219, KIP-546, KIP-599, KIP-612): who may have how much, and how long to
// wait if it was more.
//
// They are cluster settings of the broker ("quota.<entity>/<key>", an entity being its parts, sorted, joined
// by '&': "client-id=loader&user=<default>", names percent-encoded), so they outlive the node.
//
//   producer_byte_rate, consumer_byte_rate   bytes a second of Produce and Fetch
//   request_percentage                       time on the loop, of one core: 50 is half of it
//   controller_mutation_rate                 partitions created and deleted a second
//   connection_creation_rate                 new connections of an address a second
//
// An answer goes out at once and says how long the client must wait, and so long its connection is not
// served. A connection too many is closed after its wait. Thread: loop.
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
    enum class Kind : std::uint8_t { produce, consume, request, mutation, connection };

    /// To be called when the settings may have changed; cheap when they have not.
    void refresh(const std::shared_ptr<const broker::ClusterSettings>& settings);
    [[nodiscard]] const std::map<QuotaEntity, QuotaValues>& all() const { return table_; }

    /// `amount` has gone (bytes; nanoseconds of a request; partitions); how many milliseconds the client must
    /// wait.
    struct Who {
        std::string_view user;
        std::string_view client_id;
    };
    std::int64_t count(Kind kind, const Who& who, std::size_t amount, std::int64_t now_ms);
    /// How long until nothing is owed any more; counts nothing.
    [[nodiscard]] std::int64_t owed_ms(Kind kind, const Who& who, std::int64_t now_ms);
    /// One more connection from `ip`; how many milliseconds it came too early, and then it is not counted.
    std::int64_t count_connection(std::string_view ip, std::int64_t now_ms);
    [[nodiscard]] bool any() const { return !table_.empty(); }

  private:
    struct Found {
        double rate = 0;
        std::string meter;  ///< whom to count together
    };
    struct Meter {
        double level = 0;  ///< what is not yet paid off by time
        std::int64_t at_ms = 0;
    };
    [[nodiscard]] std::optional<Found> find(std::string_view key, const Who& who) const;
    [[nodiscard]] std::optional<Found> find_ip(std::string_view key, std::string_view ip) const;
    std::int64_t add(Kind kind, const Found& found, double amount, std::int64_t now_ms);

    std::shared_ptr<const broker::ClusterSettings> seen_;
    std::map<QuotaEntity, QuotaValues> table_;
    std::map<std::string, Meter, std::less<>> meters_;
};

}  // namespace mr::serve::kafka
