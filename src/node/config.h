// The settings of a node: what `millrace.yaml` and `-X key=value` may say, with defaults and meaning.
//
// One table in config.cc lists every key; reading, overriding, `--help` and the documentation come from it.
// An unknown key or a value of the wrong form is an error that names file, line and the nearest known key.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace mr::node {

/// `topics:` of millrace.yaml: created at start where missing. `configs` are Kafka's topic configurations.
struct TopicSpec {
    int partitions = 1;
    std::map<std::string, std::string> configs;
};

struct Config {
    std::string name = "millrace";
    std::string data_dir;  ///< empty: "<project>/.millrace/data"

    std::string kafka_listen = "127.0.0.1:9092";
    std::string kafka_advertise;  ///< host:port told to clients; empty: what is bound
    bool kafka_auto_create_topics = true;
    int kafka_num_partitions = 1;                       ///< of a topic created without a number
    std::int64_t kafka_group_initial_delay_ms = 3'000;  ///< group.initial.rebalance.delay.ms
    std::int64_t kafka_idle_connection_ms = 600'000;    ///< connections.max.idle.ms
    int kafka_connections_max = 4'096;                  ///< max.connections
    std::string kafka_protocol = "plaintext";  ///< of kafka_listen: plaintext, ssl, sasl_plaintext, sasl_ssl
    std::vector<std::string> kafka_listeners;  ///< more of them: "sasl_ssl://0.0.0.0:9093"
    std::vector<std::string> kafka_advertised_listeners;  ///< what clients of those are told, by protocol
    std::string kafka_tls_certificate;                    ///< PEM files; relative to the project's folder
    std::string kafka_tls_key;
    std::string kafka_tls_client_ca;
    std::string kafka_tls_client_auth = "none";         ///< none, requested, required
    std::string kafka_tls_min_version = "1.2";          ///< 1.2, 1.3
    std::string kafka_tls_principal_rules = "DEFAULT";  ///< ssl.principal.mapping.rules
    std::vector<std::string> kafka_sasl_mechanisms = {"SCRAM-SHA-256", "SCRAM-SHA-512"};
    std::int64_t kafka_sasl_max_reauth_ms = 0;  ///< connections.max.reauth.ms
    std::string kafka_oauth_keys;               ///< a JWKS file
    std::string kafka_oauth_issuer;
    std::vector<std::string> kafka_oauth_audience;
    std::vector<std::string> kafka_oauth_scopes;
    std::string kafka_oauth_principal_claim = "sub";
    std::string kafka_oauth_scope_claim = "scope";
    std::int64_t kafka_oauth_clock_skew_ms = 30'000;
    bool kafka_acls_enabled = false;
    bool kafka_acls_allow_if_none = false;  ///< allow.everyone.if.no.acl.found
    std::string kafka_acls_super_users;     ///< "User:admin;User:CN=ops,O=x"
    std::string http_listen = "127.0.0.1:8080";
    std::vector<std::string> http_allowed_hosts;    ///< names besides localhost and addresses
    std::vector<std::string> http_allowed_origins;  ///< "https://floor.example"
    std::string http_tls_certificate;  ///< PEM files, of the registry too; relative to the project's folder
    std::string http_tls_key;
    bool http_trust_local = false;  ///< callers on this machine need no token, though there are some
    std::string registry_listen = "127.0.0.1:8081";
    bool insecure = false;  ///< allow a non-loopback bind without authentication

    std::int64_t journal_file_bytes = 64 << 20;
    std::int64_t journal_checkpoint_bytes = 256 << 20;
    std::int64_t journal_checkpoint_interval_ms = 30'000;
    std::int64_t broker_tail_bytes = 64 << 20;
    std::int64_t topics_retention_ms = 7LL * 24 * 3600 * 1000;

    bool pipeline_enabled = true;
    std::int64_t pipeline_silence_ms = 5'000;

    bool lake_enabled = true;
    std::string lake_path;  ///< empty: "<data_dir>/lake"
    std::int64_t lake_commit_interval_ms = 10'000;
    std::vector<std::string>
        lake_archive;  ///< raw topics to archive; "*" for all that are not made by pipelines
    std::int64_t lake_retention_ms = 90LL * 24 * 3600 * 1000;

    bool lake_compaction = true;
    std::int64_t lake_compact_after_ms = 300'000;
    std::int64_t lake_file_bytes = 128 << 20;

    bool warehouse_enabled = true;
    std::string warehouse_path;  ///< empty: "<data_dir>/warehouse.duckdb"
    std::int64_t warehouse_memory_bytes = 128 << 20;
    std::int64_t sql_rows_max = 10'000;
    std::int64_t sql_timeout_ms = 10'000;

    std::map<std::string, TopicSpec> topics;
};

struct Setting {
    std::string key;       ///< "kafka.listen"
    std::string form;      ///< "host:port", "true|false", "bytes", "duration", "count", "text", "list"
    std::string fallback;  ///< the default, as text
    std::string help;
};
const std::vector<Setting>& settings();

/// `text` is the content of `file` (named in messages only). Keys may be nested maps or dotted.
Result<Config> parse_config(std::string_view text, std::string_view file);
/// One `-X key=value`.
Status set_option(Config& config, std::string_view key, std::string_view value, std::string_view place);

/// "sasl_ssl://0.0.0.0:9093".
struct ListenerSpec {
    std::string protocol;  ///< "sasl_ssl"
    net::HostPort address;
};
Result<ListenerSpec> parse_listener(std::string_view text);

}  // namespace mr::node
