#include "serve/kafka/quotas.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace mr::serve::kafka {
namespace {

constexpr std::string_view kUser = "user";
constexpr std::string_view kClientId = "client-id";
constexpr std::string_view kIp = "ip";
constexpr std::string_view kDefault = "<default>";
constexpr std::string_view kProduceRate = "producer_byte_rate";
constexpr std::string_view kConsumeRate = "consumer_byte_rate";
constexpr std::string_view kRequestPercentage = "request_percentage";
constexpr std::string_view kMutationRate = "controller_mutation_rate";
constexpr std::string_view kConnectionRate = "connection_creation_rate";
constexpr std::size_t kMetersMax = 10'000;

struct Rule {
    std::string_view key;
    double unit;               ///< what is counted, in one of the quota's
    double burst_seconds;      ///< Kafka's windows of one second: eleven, of which ten are over
    std::int64_t wait_ms_max;  ///< Kafka's: one window, or none
};
constexpr Rule rule_of(Quotas::Kind kind) {
    switch (kind) {
        case Quotas::Kind::produce:
            return {kProduceRate, 1, 10, 60'000};
        case Quotas::Kind::consume:
            return {kConsumeRate, 1, 10, 60'000};
        case Quotas::Kind::request:
            return {kRequestPercentage, 1e7, 10, 1'000};
        case Quotas::Kind::mutation:
            return {kMutationRate, 1, 11, std::numeric_limits<std::int32_t>::max()};
        case Quotas::Kind::connection:
            break;
    }
    return {kConnectionRate, 1, 10, 1'000};
}

struct Key {
    std::string_view name;
    bool of_ip;
    bool whole;  ///< no fractions
};
constexpr std::array kKeys = {
    Key{kConsumeRate, false, true}, Key{kConnectionRate, true, true},      Key{kMutationRate, false, false},
    Key{kProduceRate, false, true}, Key{kRequestPercentage, false, false},
};

bool plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
}

std::string encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (plain(c)) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

std::optional<std::string> decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned value = 0;
        const char* end = text.data() + std::min(i + 3, text.size());
        if (i + 2 >= text.size() || std::from_chars(text.data() + i + 1, end, value, 16).ptr != end)
            return std::nullopt;
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

std::string entity_text(const QuotaEntity& entity) {
    std::string out;
    for (const auto& [type, name] : entity) {
        out += fmt::format("{}{}={}", out.empty() ? "" : "&", type,
                           name ? encode(*name) : std::string(kDefault));
    }
    return out;
}

}  // namespace

std::string quota_setting(const QuotaEntity& entity, std::string_view key) {
    return fmt::format("{}{}/{}", kQuotaPrefix, entity_text(entity), key);
}

std::optional<std::pair<QuotaEntity, std::string>> parse_quota_setting(std::string_view name) {
    if (!name.starts_with(kQuotaPrefix)) return std::nullopt;
    name.remove_prefix(kQuotaPrefix.size());
    const std::size_t slash = name.rfind('/');
    if (slash == std::string_view::npos) return std::nullopt;
    std::string_view parts = name.substr(0, slash);
    QuotaEntity entity;
    while (!parts.empty()) {
        const std::string_view part = parts.substr(0, parts.find('&'));
        parts.remove_prefix(std::min(part.size() + 1, parts.size()));
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const std::string_view value = part.substr(equals + 1);
        auto& to = entity[std::string(part.substr(0, equals))];
        if (value == kDefault) continue;
        to = decode(value);
        if (!to) return std::nullopt;
    }
    return std::pair(std::move(entity), std::string(name.substr(slash + 1)));
}

Status check_quota_entity(const QuotaEntity& entity) {
    if (entity.empty()) return fail(Code::invalid_argument, "Invalid empty client quota entity");
    for (const auto& [type, name] : entity) {
        if (type != kUser && type != kClientId && type != kIp) {
            return fail(Code::invalid_argument, "Unhandled client quota entity type: {}", type);
        }
        if (name && name->empty()) return fail(Code::invalid_argument, "Empty {} not supported", type);
    }
    if (entity.contains(kIp) && entity.size() > 1) {
        return fail(
            Code::invalid_argument,
            "Invalid quota entity combination, IP entity should not be used with user or client ID entity.");
    }
    return {};
}

Status check_quota_value(const QuotaEntity& entity, std::string_view key, std::optional<double> value) {
    const auto* known = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& k) { return k.name == key; });
    if (known == kKeys.end() || known->of_ip != entity.contains(kIp)) {
        return fail(Code::invalid_argument, "Invalid configuration key {}", key);
    }
    if (!value) return {};
    if (!(*value > 0) || !std::isfinite(*value)) {
        return fail(Code::invalid_argument, "Quota {} must be greater than 0", key);
    }
    if (known->whole && std::trunc(*value) != *value) {
        return fail(Code::invalid_argument, "Quota {} must be a whole number, not {}", key, *value);
    }
    return {};
}

void Quotas::refresh(const std::shared_ptr<const broker::ClusterSettings>& settings) {
    if (settings == seen_) return;
    seen_ = settings;
    std::map<QuotaEntity, QuotaValues> table;
    for (auto it = settings->lower_bound(kQuotaPrefix); it != settings->end(); ++it) {
        if (!it->first.starts_with(kQuotaPrefix)) break;
        auto quota = parse_quota_setting(it->first);
        double value = 0;
        const char* end = it->second.data() + it->second.size();
        if (!quota || std::from_chars(it->second.data(), end, value).ptr != end) continue;
        table[std::move(quota->first)][std::move(quota->second)] = value;
    }
    if (table == table_) return;
    table_ = std::move(table);
    meters_.clear();
}

/// The most specific entity that has the key, in Kafka's order.
std::optional<Quotas::Found> Quotas::find(std::string_view key, const Who& who) const {
    using Part = std::optional<std::optional<std::string>>;  // not named; default; a name
    const Part none;
    const Part any{std::optional<std::string>()};
    const Part user{std::optional<std::string>(std::string(who.user))};
    const Part client{std::optional<std::string>(std::string(who.client_id))};
    const std::array<std::pair<Part, Part>, 8> order = {std::pair{user, client}, {user, any}, {user, none},
                                                        {any, client},           {any, any},  {any, none},
                                                        {none, client},          {none, any}};
    for (const auto& [user_part, client_part] : order) {
        QuotaEntity entity;
        if (user_part) entity.emplace(kUser, *user_part);
        if (client_part) entity.emplace(kClientId, *client_part);
        const auto it = table_.find(entity);
        if (it == table_.end()) continue;
        const auto value = it->second.find(key);
        if (value == it->second.end()) continue;
        // A quota of clients counts each client by itself, one of users all their clients together.
        return Found{value->second, fmt::format("{}/{}/{}", key, user_part ? who.user : "",
                                                client_part ? who.client_id : "")};
    }
    return std::nullopt;
}

/// Of the address, or of all that have none of their own: each counts by itself.
std::optional<Quotas::Found> Quotas::find_ip(std::string_view key, std::string_view ip) const {
    for (const auto& name : {std::optional<std::string>(std::string(ip)), std::optional<std::string>()}) {
        const auto it = table_.find({{std::string(kIp), name}});
        if (it == table_.end()) continue;
        const auto value = it->second.find(key);
        if (value != it->second.end()) return Found{value->second, fmt::format("{}/{}", key, ip)};
    }
    return std::nullopt;
}

/// What is owed beyond the burst, in the time it takes to pay it off.
std::int64_t Quotas::add(Kind kind, const Found& found, double amount, std::int64_t now_ms) {
    if (meters_.size() >= kMetersMax && !meters_.contains(found.meter)) meters_.clear();
    const Rule rule = rule_of(kind);
    const double rate = found.rate * rule.unit;
    Meter& meter = meters_.try_emplace(found.meter, Meter{0, now_ms}).first->second;
    const double passed = static_cast<double>(now_ms - meter.at_ms) / 1'000;
    meter.level = std::max(0.0, meter.level - passed * rate) + amount;
    meter.at_ms = now_ms;
    const double above = meter.level - rate * rule.burst_seconds;
    if (above <= 0) return 0;
    const double wait_ms = std::round(above / rate * 1'000);
    return static_cast<std::int64_t>(std::min(wait_ms, static_cast<double>(rule.wait_ms_max)));
}

std::int64_t Quotas::count(Kind kind, const Who& who, std::size_t amount, std::int64_t now_ms) {
    if (table_.empty() || amount == 0) return 0;
    const auto found = find(rule_of(kind).key, who);
    return found ? add(kind, *found, static_cast<double>(amount), now_ms) : 0;
}

std::int64_t Quotas::owed_ms(Kind kind, const Who& who, std::int64_t now_ms) {
    if (table_.empty()) return 0;
    const auto found = find(rule_of(kind).key, who);
    return found ? add(kind, *found, 0, now_ms) : 0;
}

std::int64_t Quotas::count_connection(std::string_view ip, std::int64_t now_ms) {
    const auto found = table_.empty() ? std::nullopt : find_ip(kConnectionRate, ip);
    if (!found) return 0;
    const std::int64_t early = add(Kind::connection, *found, 1, now_ms);
    // One that is refused takes nothing from those to come.
    if (early > 0) add(Kind::connection, *found, -1, now_ms);
    return early;
}

}  // namespace mr::serve::kafka
