// The Kafka listeners of a node as its settings want them: what each speaks, who may come and what he may do.
// docs/security.md. Thread: loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "net/tls.h"
#include "node/config.h"
#include "security/authorizer.h"
#include "security/key_file.h"
#include "security/store.h"
#include "serve/kafka/security.h"
#include "serve/kafka/service.h"

namespace mr::node {

class KafkaListeners {
  public:
    /// Settings that do not fit together, and files that are missing or wrong, are errors that name them.
    /// `directory`: what relative paths start from.
    static Result<std::unique_ptr<KafkaListeners>> open(FileSystem& fs, const Config& config,
                                                        const std::string& directory, security::Store& store);

    [[nodiscard]] const serve::kafka::Security& security() const { return security_; }
    /// What the first of them tells its clients, as far as it is known before it is bound.
    [[nodiscard]] net::HostPort main_advertise() const { return ports_.front().listener->advertise; }
    /// Binds them all. REQUIRES: the service was made with security(), and outlives this; this outlives the
    /// loop's work.
    Status listen(net::EventLoop& loop, serve::kafka::Service& service, std::size_t connections_max);
    /// Of the first; and all, "SASL_SSL://0.0.0.0:9093".
    [[nodiscard]] const net::HostPort& bound() const { return ports_.front().server->bound(); }
    [[nodiscard]] std::vector<std::string> addresses() const;
    void stop_accepting();
    /// Every connection ends. To be called before the service goes, which asks security() until then.
    void close();

    KafkaListeners() = default;

  private:
    struct Port {
        std::shared_ptr<serve::kafka::Listener> listener;
        net::HostPort listen;
        bool tls = false;
        std::unique_ptr<net::TcpServer> server{};
    };
    Status add_port(const Config& config, const std::string& setting, const ListenerSpec& spec);
    Status open_tls(FileSystem& fs, const Config& config, const std::string& directory);
    Status open_sasl(FileSystem& fs, const Config& config, const std::string& directory);
    Status open_acls(const Config& config, security::Store& store);
    /// Files that changed are used from now on.
    void watch_files(net::EventLoop& loop);

    std::vector<Port> ports_;
    std::shared_ptr<net::TlsContext> tls_;
    std::optional<security::KeyFile> keys_;
    std::optional<security::PrincipalMapper> mapper_;
    std::optional<security::Authorizer> authorizer_;
    serve::kafka::Security security_;
    net::Timer watch_;
};

}  // namespace mr::node
