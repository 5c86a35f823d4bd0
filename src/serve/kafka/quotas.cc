#include "serve/kafka/quotas.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace mr::serve::kafka {
namespace {

constexpr std::string_view kUser = "user";
constexpr std::string_view kClientId = "client-id";
constexpr std::string_view kIp = "ip";
constexpr std::string_view kDefault = "<default>";
constexpr std::string_view kProduceRate = "producer_byte_rate";
constexpr std::string_view kConsumeRate = "consumer_byte_rate";
/// Kafka measures over eleven windows of one second, of which ten are over.
constexpr double kBurstSeconds = 10;
constexpr std::int64_t kThrottleMaxMs = 60'000;
constexpr std::size_t kMetersMax = 10'000;

struct Key {
    std::string_view name;
    bool of_ip;
    bool whole;  ///< no fractions
};
constexpr std::array kKeys = {
    Key{kConsumeRate, false, true},
    Key{"connection_creation_rate", true, true},
    Key{"controller_mutation_rate", false, false},
    Key{kProduceRate, false, true},
    Key{"request_percentage", false, false},
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
    table_.clear();
    meters_.clear();
    for (auto it = settings->lower_bound(kQuotaPrefix); it != settings->end(); ++it) {
        if (!it->first.starts_with(kQuotaPrefix)) break;
        auto quota = parse_quota_setting(it->first);
        double value = 0;
        const char* end = it->second.data() + it->second.size();
        if (!quota || std::from_chars(it->second.data(), end, value).ptr != end) continue;
        table_[std::move(quota->first)][std::move(quota->second)] = value;
    }
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

std::int64_t Quotas::count(Kind kind, const Who& who, std::size_t bytes, std::int64_t now_ms) {
    if (table_.empty() || bytes == 0) return 0;
    const auto found = find(kind == Kind::produce ? kProduceRate : kConsumeRate, who);
    if (!found) return 0;
    if (meters_.size() >= kMetersMax && !meters_.contains(found->meter)) meters_.clear();
    Meter& meter = meters_.try_emplace(found->meter, Meter{0, now_ms}).first->second;
    const double passed = static_cast<double>(now_ms - meter.at_ms) / 1'000;
    meter.level = std::max(0.0, meter.level - passed * found->rate) + static_cast<double>(bytes);
    meter.at_ms = now_ms;
    const double above = meter.level - found->rate * kBurstSeconds;
    if (above <= 0) return 0;
    return std::min(kThrottleMaxMs, static_cast<std::int64_t>(std::ceil(above / found->rate * 1'000)));
}

}  // namespace mr::serve::kafka
