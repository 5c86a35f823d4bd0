#include "node/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <set>

#include "base/quantity.h"
#include "base/suggest.h"
#include "broker/topic_config.h"
#include "net/address.h"
#include "security/principal.h"
#include "security/sasl.h"

namespace mr::node {
namespace {

using Setter = std::function<Status(Config&, std::string_view)>;

struct Known {
    Setting setting;
    Setter set;
};

Status set_bool(bool& to, std::string_view v) {
    if (v != "true" && v != "false")
        return fail(Code::invalid_argument, "expected true or false, found `{}`", v);
    to = v == "true";
    return {};
}

Status set_count(int& to, std::string_view v) {
    int n = 0;
    const auto [end, error] = std::from_chars(v.data(), v.data() + v.size(), n);
    if (error != std::errc() || end != v.data() + v.size() || n < 1) {
        return fail(Code::invalid_argument, "expected a number above 0, found `{}`", v);
    }
    to = n;
    return {};
}

Known text(std::string key, std::string Config::* to, std::string help, std::string form = "text") {
    const std::string fallback = Config{}.*to;
    return {{std::move(key), std::move(form), fallback, std::move(help)},
            [to](Config& c, std::string_view v) -> Status {
                c.*to = v;
                return {};
            }};
}
Known address(std::string key, std::string Config::* to, std::string help) {
    const std::string fallback = Config{}.*to;
    return {{std::move(key), "host:port", fallback, std::move(help)},
            [to](Config& c, std::string_view v) -> Status {
                MR_TRY_VOID(net::parse_host_port(v));
                c.*to = v;
                return {};
            }};
}
Known flag(std::string key, bool Config::* to, std::string help) {
    return {{std::move(key), "true|false", Config{}.*to ? "true" : "false", std::move(help)},
            [to](Config& c, std::string_view v) { return set_bool(c.*to, v); }};
}
Known count(std::string key, int Config::* to, std::string help) {
    return {{std::move(key), "count", std::to_string(Config{}.*to), std::move(help)},
            [to](Config& c, std::string_view v) { return set_count(c.*to, v); }};
}
Known number(std::string key, std::int64_t Config::* to, std::string form, std::string help) {
    const auto parse = form == "bytes" ? parse_bytes : parse_duration_ms;
    return {{std::move(key), std::move(form), std::to_string(Config{}.*to), std::move(help)},
            [to, parse](Config& c, std::string_view v) -> Status {
                MR_TRY(c.*to, parse(v));
                return {};
            }};
}
Known list(std::string key, std::vector<std::string> Config::* to, std::string help) {
    std::string fallback = fmt::format("{}", fmt::join(Config{}.*to, ","));
    return {{std::move(key), "list", std::move(fallback), std::move(help)},
            [to](Config& c, std::string_view v) -> Status {
                (c.*to).clear();
                while (!v.empty()) {
                    const auto comma = std::min(v.find(','), v.size());
                    if (comma > 0) (c.*to).emplace_back(v.substr(0, comma));
                    v.remove_prefix(std::min(comma + 1, v.size()));
                }
                return {};
            }};
}

/// One of a few words.
Known choice(std::string key, std::string Config::* to, std::vector<std::string> words, std::string help) {
    std::string form = fmt::format("{}", fmt::join(words, "|"));
    return {{std::move(key), std::move(form), Config{}.*to, std::move(help)},
            [to, words = std::move(words)](Config& c, std::string_view v) -> Status {
                if (std::ranges::find(words, v) == words.end()) {
                    return fail(Code::invalid_argument, "expected {}, found `{}`{}", fmt::join(words, ", "),
                                v, did_you_mean(v, words));
                }
                c.*to = v;
                return {};
            }};
}
/// As `before`, and then every entry of the list must pass `check`.
template <class Check>
Known checked_list(Known before, std::vector<std::string> Config::* to, Check check) {
    Setter set = std::move(before.set);
    before.set = [to, check, set = std::move(set)](Config& c, std::string_view v) -> Status {
        MR_TRY_VOID(set(c, v));
        for (const std::string& one : c.*to) MR_TRY_VOID(check(one));
        return {};
    };
    return before;
}
template <class Check>
Known checked_text(Known before, Check check) {
    Setter set = std::move(before.set);
    before.set = [check, set = std::move(set)](Config& c, std::string_view v) -> Status {
        MR_TRY_VOID(check(v));
        return set(c, v);
    };
    return before;
}

const std::vector<std::string> kProtocols = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};

Status check_mechanism(const std::string& name) {
    if (security::parse_mechanism(name)) return {};
    const std::vector<std::string> names = security::all_mechanisms();
    return fail(Code::invalid_argument, "unknown SASL mechanism `{}`{}; there are {}", name,
                did_you_mean(name, names), fmt::join(names, ", "));
}

/// Who may connect to the Kafka listeners, and what they may do. docs/security.md
std::vector<Known> security_settings() {
    using C = Config;
    std::vector<Known> all;
    all.push_back(choice("kafka.protocol", &C::kafka_protocol, kProtocols, "What kafka.listen speaks."));
    all.push_back(
        checked_list(list("kafka.listeners", &C::kafka_listeners,
                          "More Kafka listeners, e.g. sasl_ssl://0.0.0.0:9093; one of each protocol."),
                     &C::kafka_listeners, parse_listener));
    all.push_back(
        checked_list(list("kafka.advertised-listeners", &C::kafka_advertised_listeners,
                          "Addresses told to the clients of those, e.g. sasl_ssl://kafka.example:9093."),
                     &C::kafka_advertised_listeners, parse_listener));
    all.push_back(
        text("kafka.tls.certificate", &C::kafka_tls_certificate,
             "Certificate of the ssl and sasl_ssl listeners and its chain, PEM; read again when it changes.",
             "path"));
    all.push_back(
        text("kafka.tls.key", &C::kafka_tls_key, "Its private key, PEM, without a password.", "path"));
    all.push_back(text("kafka.tls.client-ca", &C::kafka_tls_client_ca,
                       "Who vouches for the certificates of clients, PEM.", "path"));
    all.push_back(choice("kafka.tls.client-auth", &C::kafka_tls_client_auth,
                         {"none", "requested", "required"},
                         "Are clients asked for a certificate (ssl.client.auth)?"));
    all.push_back(
        choice("kafka.tls.min-version", &C::kafka_tls_min_version, {"1.2", "1.3"}, "Oldest TLS version."));
    all.push_back(
        checked_text(text("kafka.tls.principal-rules", &C::kafka_tls_principal_rules,
                          "How a certificate's subject becomes a user's name (ssl.principal.mapping.rules)."),
                     [](std::string_view v) { return security::PrincipalMapper::parse(v); }));
    all.push_back(checked_list(list("kafka.sasl.mechanisms", &C::kafka_sasl_mechanisms,
                                    "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER."),
                               &C::kafka_sasl_mechanisms, check_mechanism));
    all.push_back(
        number("kafka.sasl.max-reauth", &C::kafka_sasl_max_reauth_ms, "duration",
               "SASL clients must authenticate again within (connections.max.reauth.ms); 0: never."));
    all.push_back(text("kafka.oauth.keys", &C::kafka_oauth_keys,
                       "Keys that sign OAUTHBEARER tokens, a JWKS file; read again when it changes.",
                       "path"));
    all.push_back(text("kafka.oauth.issuer", &C::kafka_oauth_issuer, "Their iss must be this."));
    all.push_back(list("kafka.oauth.audience", &C::kafka_oauth_audience, "Their aud must be one of these."));
    all.push_back(list("kafka.oauth.scopes", &C::kafka_oauth_scopes, "Their scope must name all of these."));
    all.push_back(text("kafka.oauth.principal-claim", &C::kafka_oauth_principal_claim,
                       "The claim that names the user."));
    all.push_back(
        text("kafka.oauth.scope-claim", &C::kafka_oauth_scope_claim, "The claim that lists scopes."));
    all.push_back(number("kafka.oauth.clock-skew", &C::kafka_oauth_clock_skew_ms, "duration",
                         "How far clocks may be apart when tokens begin and end."));
    all.push_back(
        flag("kafka.acls.enabled", &C::kafka_acls_enabled, "Ask the ACLs before anything is served."));
    all.push_back(flag("kafka.acls.allow-if-none", &C::kafka_acls_allow_if_none,
                       "Where no ACL speaks of a resource, allow (allow.everyone.if.no.acl.found)."));
    all.push_back(checked_text(text("kafka.acls.super-users", &C::kafka_acls_super_users,
                                    "Who may do everything, e.g. User:admin;User:ops (super.users)."),
                               security::parse_principals));
    return all;
}

const std::vector<Known>& known() {
    using C = Config;
    static const std::vector<Known> most = {
        text("name", &C::name, "Name of the project, shown on the dashboard."),
        text("data-dir", &C::data_dir, "Where everything is kept; default .millrace/data in the project."),
        address("kafka.listen", &C::kafka_listen, "Kafka protocol; port 0 takes a free one."),
        text("kafka.advertise", &C::kafka_advertise, "Address told to Kafka clients, if not the bound one.",
             "host:port"),
        flag("kafka.auto-create-topics", &C::kafka_auto_create_topics,
             "Create a topic when a client first asks for it."),
        count("kafka.num-partitions", &C::kafka_num_partitions,
              "Partitions of a topic created without a number."),
        number("kafka.group-initial-delay", &C::kafka_group_initial_delay_ms, "duration",
               "How long a new consumer group waits for more members (group.initial.rebalance.delay.ms)."),
        number("kafka.idle-connection", &C::kafka_idle_connection_ms, "duration",
               "A connection without a request for so long is closed (connections.max.idle.ms)."),
        count("kafka.max-connections", &C::kafka_connections_max,
              "Connections served at a time; more are closed at once (max.connections)."),
        address("http.listen", &C::http_listen, "HTTP API, WebSocket and dashboard."),
        list("http.allowed-hosts", &C::http_allowed_hosts,
             "Names by which browsers may call this node (Host), besides localhost and addresses."),
        list("http.allowed-origins", &C::http_allowed_origins,
             "Pages of other sites that may call the API and the WebSocket, e.g. https://floor.example."),
        text("http.tls.certificate", &C::http_tls_certificate,
             "Certificate of HTTP and the registry and its chain, PEM; read again when it changes.", "path"),
        text("http.tls.key", &C::http_tls_key, "Its private key, PEM, without a password.", "path"),
        flag("http.trust-local", &C::http_trust_local,
             "Callers on this machine need no token, though there are some (when the admin's is lost)."),
        address("registry.listen", &C::registry_listen, "Schema registry (Confluent's REST API)."),
        flag("insecure", &C::insecure, "Allow listening beyond loopback without authentication."),
        number("journal.file-bytes", &C::journal_file_bytes, "bytes", "Size of one journal file."),
        number("journal.checkpoint-bytes", &C::journal_checkpoint_bytes, "bytes",
               "Journal written between checkpoints …"),
        number("journal.checkpoint-interval", &C::journal_checkpoint_interval_ms, "duration",
               "… or time, whichever is first."),
        number("broker.tail-bytes", &C::broker_tail_bytes, "bytes",
               "Newest records kept in memory for readers."),
        number("topics.retention", &C::topics_retention_ms, "duration", "Default retention.ms of topics."),
        flag("pipeline.enabled", &C::pipeline_enabled,
             "Compute. Without it pipelines stand still, and topics keep for them what they have not read."),
        number("pipeline.silence", &C::pipeline_silence_ms, "duration",
               "After this long without a record a source's watermark goes on with the wall clock."),
        flag("lake.enabled", &C::lake_enabled, "Write the Iceberg lake."),
        text("lake.path", &C::lake_path, "Directory of the lake; default lake/ in the data directory.",
             "path"),
        number("lake.commit-interval", &C::lake_commit_interval_ms, "duration",
               "Time between snapshots; a table's 'commit-interval' goes before it."),
        list("lake.archive", &C::lake_archive, "Raw topics to archive; * for all that no pipeline writes."),
        number("lake.retention", &C::lake_retention_ms, "duration",
               "How long archived raw events are kept from their arrival, and hourly snapshots of every lake "
               "table; 0: for ever."),
        flag("lake.compaction", &C::lake_compaction, "Rewrite small data files into large ones."),
        number("lake.compact-after", &C::lake_compact_after_ms, "duration",
               "How long nothing came into an hour before its small files are rewritten."),
        number("lake.file-bytes", &C::lake_file_bytes, "bytes", "Size of a rewritten data file."),
        flag("warehouse.enabled", &C::warehouse_enabled, "Run the embedded DuckDB warehouse."),
        text("warehouse.path", &C::warehouse_path,
             "Database file; default warehouse.duckdb in the data directory.", "path"),
        number("warehouse.memory", &C::warehouse_memory_bytes, "bytes", "Memory limit of DuckDB."),
        number("sql.rows-max", &C::sql_rows_max, "bytes", "Most rows an ad-hoc query returns."),
        number("sql.timeout", &C::sql_timeout_ms, "duration", "Longest an ad-hoc query may run."),
    };
    static const std::vector<Known> all = [] {
        std::vector<Known> out = most;
        const auto after =
            std::ranges::find_if(out, [](const Known& k) { return k.setting.key == "http.listen"; });
        const std::vector<Known> security = security_settings();
        out.insert(after, security.begin(), security.end());
        return out;
    }();
    return all;
}

std::string scalar_text(const YAML::Node& node) {
    if (node.IsScalar()) return node.Scalar();
    std::string out;
    for (const auto& item : node) {
        if (item.IsScalar()) out += (out.empty() ? "" : ",") + item.Scalar();
    }
    return out;
}

std::string place(std::string_view file, const YAML::Node& node) {
    return fmt::format("{}:{}:{}", file, node.Mark().line + 1, node.Mark().column + 1);
}

/// Every key once: the second of two would silently win, or lose.
Status check_duplicates(const YAML::Node& map, std::string_view file) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
        if (!entry.first.IsScalar())
            return fail(Code::invalid_argument, "{}: expected a name", place(file, entry.first));
        if (!seen.insert(entry.first.Scalar()).second) {
            return fail(Code::invalid_argument, "{}: `{}` is there twice", place(file, entry.first),
                        entry.first.Scalar());
        }
    }
    return {};
}

Result<TopicSpec> read_topic(const YAML::Node& node, std::string_view file) {
    TopicSpec spec;
    if (node.IsNull()) return spec;
    if (!node.IsMap()) {
        return fail(Code::invalid_argument, "{}: expected {{partitions: n, retention.ms: …}}",
                    place(file, node));
    }
    MR_TRY_VOID(check_duplicates(node, file));
    for (const auto& item : node) {
        const std::string key = item.first.Scalar();
        if (key == "partitions") {
            auto set = set_count(spec.partitions, scalar_text(item.second));
            if (!set) return annotate(set.error(), place(file, item.second));
            continue;
        }
        if (broker::find_config_key(key) == nullptr) {
            std::vector<std::string> names{"partitions"};
            for (const broker::ConfigKey& known : broker::topic_config_keys()) names.emplace_back(known.name);
            return fail(Code::invalid_argument, "{}: unknown topic setting `{}`{}", place(file, item.first),
                        key, did_you_mean(key, names));
        }
        const auto valid = broker::TopicConfig::make({{key, scalar_text(item.second)}});
        if (!valid)
            return fail(Code::invalid_argument, "{}: {}", place(file, item.second), valid.error().message);
        spec.configs[key] = scalar_text(item.second);
    }
    return spec;
}

Status read_topics(Config& config, const YAML::Node& node, std::string_view file) {
    if (!node.IsMap())
        return fail(Code::invalid_argument, "{}: topics: expected a map of topic names", place(file, node));
    MR_TRY_VOID(check_duplicates(node, file));
    for (const auto& entry : node) {
        const std::string name = entry.first.Scalar();
        const Status named = broker::check_topic_name(name);
        if (!named)
            return fail(Code::invalid_argument, "{}: {}", place(file, entry.first), named.error().message);
        MR_TRY(config.topics[name], read_topic(entry.second, file));
    }
    return {};
}

/// `http: 5`: a group of settings where a value was written.
Status check_group(const std::string& key, const YAML::Node& node, std::string_view file) {
    std::string members;
    for (const Known& k : known()) {
        if (k.setting.key.starts_with(key + "."))
            members += (members.empty() ? "" : ", ") + k.setting.key.substr(key.size() + 1);
    }
    if (members.empty()) return {};
    return fail(Code::invalid_argument, "{}: `{}` is a group of settings: {}", place(file, node), key,
                members);
}

Status read_map(Config& config, const YAML::Node& node, const std::string& prefix, std::string_view file) {
    MR_TRY_VOID(check_duplicates(node, file));
    for (const auto& entry : node) {
        const std::string key = prefix + entry.first.Scalar();
        const bool setting =
            std::ranges::any_of(known(), [&](const Known& k) { return k.setting.key == key; });
        if (key == "topics") {
            MR_TRY_VOID(read_topics(config, entry.second, file));
        } else if (setting && entry.second.IsMap()) {
            return fail(Code::invalid_argument, "{}: `{}` is one value, not a map", place(file, entry.second),
                        key);
        } else if (entry.second.IsMap()) {
            MR_TRY_VOID(read_map(config, entry.second, key + ".", file));
        } else {
            if (!setting) MR_TRY_VOID(check_group(key, entry.first, file));
            // An unknown name is shown at the name, a wrong value at the value.
            MR_TRY_VOID(set_option(config, key, scalar_text(entry.second),
                                   place(file, setting ? entry.second : entry.first)));
        }
    }
    return {};
}

}  // namespace

const std::vector<Setting>& settings() {
    static const std::vector<Setting> all = [] {
        std::vector<Setting> out;
        for (const Known& k : known()) out.push_back(k.setting);
        return out;
    }();
    return all;
}

Status set_option(Config& config, std::string_view key, std::string_view value, std::string_view where) {
    std::vector<std::string> names = {"topics"};
    for (const Known& k : known()) {
        names.push_back(k.setting.key);
        if (k.setting.key != key) continue;
        auto set = k.set(config, value);
        if (!set) return annotate(set.error(), fmt::format("{}: {}", where, key));
        return {};
    }
    return fail(Code::invalid_argument, "{}: unknown setting `{}`{}", where, key, did_you_mean(key, names));
}

Result<Config> parse_config(std::string_view text, std::string_view file) {
    Config config;
    YAML::Node root;
    try {
        root = YAML::Load(std::string(text));
        if (root.IsNull()) return config;
        if (!root.IsMap()) return fail(Code::invalid_argument, "{}:1:1: expected a map of settings", file);
        MR_TRY_VOID(read_map(config, root, "", file));
    } catch (const YAML::Exception& e) {
        return fail(Code::invalid_argument, "{}:{}:{}: {}", file, e.mark.line + 1, e.mark.column + 1, e.msg);
    }
    return config;
}

Result<ListenerSpec> parse_listener(std::string_view text) {
    const auto slashes = text.find("://");
    if (slashes == std::string_view::npos)
        return fail(Code::invalid_argument, "expected something like sasl_ssl://0.0.0.0:9093, found `{}`",
                    text);
    ListenerSpec spec;
    for (const char c : text.substr(0, slashes))
        spec.protocol += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (std::ranges::find(kProtocols, spec.protocol) == kProtocols.end()) {
        return fail(Code::invalid_argument, "unknown protocol `{}`{}; there are {}", spec.protocol,
                    did_you_mean(spec.protocol, kProtocols), fmt::join(kProtocols, ", "));
    }
    MR_TRY(spec.address, net::parse_host_port(text.substr(slashes + 3)));
    return spec;
}

}  // namespace mr::node
