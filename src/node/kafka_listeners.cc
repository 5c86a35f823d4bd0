#include "node/kafka_listeners.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "node/certificate.h"
#include "security/crypto.h"

namespace mr::node {
namespace {

constexpr std::string_view kLog = "node";
constexpr std::size_t kDecoySecretBytes = 32;

std::string upper(std::string text) {
    for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

std::string path_in(const std::string& directory, const std::string& path) {
    return path.empty() || path.starts_with('/') ? path : join_path(directory, path);
}

bool has_mechanism(const Config& config, std::string_view name) {
    return std::ranges::find(config.kafka_sasl_mechanisms, name) != config.kafka_sasl_mechanisms.end();
}

}  // namespace

Result<std::unique_ptr<KafkaListeners>> KafkaListeners::open(FileSystem& fs, const Config& config,
                                                             const std::string& directory,
                                                             security::Store& store) {
    auto all = std::make_unique<KafkaListeners>();
    MR_TRY(const auto main, net::parse_host_port(config.kafka_listen));
    MR_TRY_VOID(
        all->add_port(config, "kafka.listen = " + config.kafka_listen, {config.kafka_protocol, main}));
    for (const std::string& text : config.kafka_listeners) {
        MR_TRY(const ListenerSpec spec, parse_listener(text));
        MR_TRY_VOID(all->add_port(config, "kafka.listeners: " + text, spec));
    }
    if (!config.kafka_advertise.empty()) {
        MR_TRY(all->ports_.front().listener->advertise, net::parse_host_port(config.kafka_advertise));
    }
    for (const std::string& text : config.kafka_advertised_listeners) {
        MR_TRY(const ListenerSpec spec, parse_listener(text));
        const auto port = std::ranges::find_if(
            all->ports_, [&](const Port& p) { return p.listener->protocol == upper(spec.protocol); });
        if (port == all->ports_.end()) {
            return fail(Code::invalid_argument, "kafka.advertised-listeners: {}: there is no {} listener",
                        text, spec.protocol);
        }
        port->listener->advertise = spec.address;
    }
    for (const Port& port : all->ports_) {
        const std::string& host = port.listener->advertise.host;
        const bool anywhere = host.empty() || host == "0.0.0.0" || host == "::";
        if (!anywhere || port.listener->protocol == "PLAINTEXT") continue;
        return fail(Code::invalid_argument,
                    "the {} listener takes connections at every address; kafka.advertised-listeners must say "
                    "which one "
                    "clients are told, e.g. {}://kafka.example:9093",
                    port.listener->protocol, port.listener->protocol);
    }
    all->security_.store = &store;
    MR_TRY_VOID(all->open_tls(fs, config, directory));
    MR_TRY_VOID(all->open_sasl(fs, config, directory));
    MR_TRY_VOID(all->open_acls(config, store));
    return all;
}

Status KafkaListeners::add_port(const Config& config, const std::string& setting, const ListenerSpec& spec) {
    Port port;
    port.listen = spec.address;
    port.listener = std::make_shared<serve::kafka::Listener>();
    port.listener->protocol = upper(spec.protocol);
    port.listener->sasl = spec.protocol.starts_with("sasl_");
    port.listener->advertise = {spec.address.host, 0};
    port.tls = spec.protocol.ends_with("ssl");
    for (const Port& other : ports_) {
        if (other.listener->protocol == port.listener->protocol) {
            return fail(Code::invalid_argument, "{}: there is another {} listener already", setting,
                        spec.protocol);
        }
    }
    const bool authenticated =
        port.listener->sasl || (port.tls && config.kafka_tls_client_auth == "required");
    if (!net::is_loopback(spec.address.host) && !authenticated && !config.insecure) {
        return fail(Code::permission_denied,
                    "{} listens beyond this machine without authentication; use a loopback address, sasl_ssl "
                    "(docs/security.md), or --insecure if the network is trusted",
                    setting);
    }
    if (!net::is_loopback(spec.address.host) && port.listener->sasl && !port.tls &&
        has_mechanism(config, "PLAIN"))
        log_warn(kLog, "{}: passwords of PLAIN cross the network as they are; sasl_ssl encrypts them",
                 setting);
    ports_.push_back(std::move(port));
    return {};
}

Status KafkaListeners::open_tls(FileSystem& fs, const Config& config, const std::string& directory) {
    MR_TRY(mapper_, security::PrincipalMapper::parse(config.kafka_tls_principal_rules));
    security_.mapper = &*mapper_;
    const bool wanted = std::ranges::any_of(ports_, [](const Port& p) { return p.tls; });
    if (!wanted) return {};
    net::TlsFiles files{.certificate = path_in(directory, config.kafka_tls_certificate),
                        .key = path_in(directory, config.kafka_tls_key),
                        .client_ca = path_in(directory, config.kafka_tls_client_ca),
                        .tls13_only = config.kafka_tls_min_version == "1.3"};
    if (config.kafka_tls_client_auth == "requested") files.client_auth = net::ClientAuth::requested;
    if (config.kafka_tls_client_auth == "required") files.client_auth = net::ClientAuth::required;
    if (files.certificate.empty() || files.key.empty()) {
        return fail(
            Code::invalid_argument,
            "an ssl or sasl_ssl listener needs kafka.tls.certificate and kafka.tls.key (docs/security.md)");
    }
    if (files.client_auth != net::ClientAuth::none && files.client_ca.empty()) {
        return fail(Code::invalid_argument, "kafka.tls.client-auth = {} needs kafka.tls.client-ca",
                    config.kafka_tls_client_auth);
    }
    MR_TRY(tls_, net::TlsContext::load(fs, std::move(files)));
    log_info(kLog, "TLS certificate: {}", tls_->describe());
    return {};
}

Status KafkaListeners::open_sasl(FileSystem& fs, const Config& config, const std::string& directory) {
    const bool wanted = std::ranges::any_of(ports_, [](const Port& p) { return p.listener->sasl; });
    if (!wanted) return {};
    for (const std::string& name : config.kafka_sasl_mechanisms) {
        if (const auto mechanism = security::parse_mechanism(name))
            security_.mechanisms.push_back(*mechanism);
    }
    if (security_.mechanisms.empty())
        return fail(Code::invalid_argument, "a SASL listener needs kafka.sasl.mechanisms");
    security_.reauthenticate_ms = config.kafka_sasl_max_reauth_ms;
    security_.decoy_secret = security::random_bytes(kDecoySecretBytes);
    security_.jwt = {.issuer = config.kafka_oauth_issuer,
                     .audience = config.kafka_oauth_audience,
                     .scopes = config.kafka_oauth_scopes,
                     .principal_claim = config.kafka_oauth_principal_claim,
                     .scope_claim = config.kafka_oauth_scope_claim,
                     .clock_skew_ms = config.kafka_oauth_clock_skew_ms};
    if (!has_mechanism(config, "OAUTHBEARER")) return {};
    if (config.kafka_oauth_keys.empty()) {
        return fail(Code::invalid_argument,
                    "OAUTHBEARER needs kafka.oauth.keys, the JWKS file of who signs tokens");
    }
    auto keys = security::KeyFile::open(fs, path_in(directory, config.kafka_oauth_keys));
    if (!keys) return annotate(keys.error(), "kafka.oauth.keys");
    keys_ = std::move(*keys);
    security_.keys = [this] { return keys_->keys(); };
    return {};
}

Status KafkaListeners::open_acls(const Config& config, security::Store& store) {
    security::AuthorizerOptions options;
    MR_TRY(options.super_users, security::parse_principals(config.kafka_acls_super_users));
    options.allow_if_none = config.kafka_acls_allow_if_none;
    security_.audit = config.kafka_acls_enabled || tls_ != nullptr || !security_.mechanisms.empty();
    if (!config.kafka_acls_enabled) return {};
    authorizer_.emplace(store, options);
    security_.authorizer = &*authorizer_;
    if (options.super_users.empty() && !options.allow_if_none && store.view()->acls.size() == 0) {
        log_warn(kLog,
                 "ACLs are enabled, there are none and no super users: nobody may do anything; `millrace acl "
                 "create` "
                 "makes some");
    }
    return {};
}

Status KafkaListeners::listen(net::EventLoop& loop, serve::kafka::Service& service,
                              std::size_t connections_max) {
    for (Port& port : ports_) {
        const bool main = &port == &ports_.front();
        const std::string name = main ? "kafka" : "kafka-" + port.listener->protocol;
        net::SessionFactory factory = service.session_factory(port.listener);
        if (port.tls) factory = net::tls_factory(loop, tls_, std::move(factory), name);
        net::TcpServerOptions options{.listen = port.listen, .name = name};
        options.connections_max = connections_max;
        MR_TRY(port.server, net::TcpServer::listen(loop, std::move(options), std::move(factory)));
        net::HostPort& advertise = port.listener->advertise;
        if (advertise.port == 0) advertise.port = port.server->bound().port;
        if (main) service.set_advertised(advertise);
    }
    if (tls_ != nullptr || keys_) watch_files(loop);
    return {};
}

void KafkaListeners::watch_files(net::EventLoop& loop) {
    watch_ = loop.after(kWatchFilesMs, [this, &loop] {
        if (tls_ != nullptr) renew(*tls_, kLog);
        if (keys_) {
            const auto changed = keys_->refresh();
            if (!changed) log_error(kLog, "OAUTHBEARER keys not reloaded: {}", changed.error().message);
            if (changed && *changed)
                log_info(kLog, "OAUTHBEARER keys reloaded: {} keys", keys_->keys()->size());
        }
        watch_files(loop);
    });
}

std::vector<std::string> KafkaListeners::addresses() const {
    std::vector<std::string> out;
    for (const Port& port : ports_)
        out.push_back(fmt::format("{}://{}", port.listener->protocol, port.server->bound().to_string()));
    return out;
}

void KafkaListeners::close() {
    watch_.cancel();
    for (Port& port : ports_) port.server.reset();
}

void KafkaListeners::stop_accepting() {
    for (Port& port : ports_) {
        if (port.server) port.server->stop_accepting();
    }
}

}  // namespace mr::node
