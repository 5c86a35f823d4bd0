// A broker alone: test_broker DIRECTORY READY-FILE [PORT [ADVERTISED-PORT]]. Writes "host:port" to the ready
// file once it listens; SIGTERM ends it. For the client tests; the node (src/node) is what people run.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include "base/boot_id.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "broker/broker.h"
#include "journal/journal.h"
#include "net/loop.h"
#include "net/tcp_server.h"
#include "serve/kafka/service.h"

namespace {

mr::net::EventLoop* g_loop = nullptr;

int fail(const mr::Error& error) {
    std::fprintf(stderr, "test_broker: %s\n", error.message.c_str());
    return 1;
}

/// The journal's three threads.
struct Threads {
    mr::journal::Journal& journal;
    mr::broker::Broker& broker;
    std::jthread run{[this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (!journal.run_once()) journal.wait_run(100);
        }
        while (journal.run_once()) {
        }
    }};
    std::jthread sync{[this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (!journal.sync_once()) journal.wait_sync(100);
        }
        while (journal.sync_once()) {
        }
    }};
    std::jthread settle{[this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const auto settled = broker.settle_once();
            const auto compacted = broker.compact_once(mr::system_clock().now());
            const bool more = journal.settle_once() || (settled && *settled) || (compacted && *compacted);
            if (!more) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }};
};

int serve(mr::journal::Journal& journal, mr::broker::Broker& broker, mr::Metrics& metrics, const char* ready,
          std::uint16_t port, std::uint16_t advertised) {
    namespace kafka = mr::serve::kafka;
    mr::Clock& clock = mr::system_clock();
    mr::net::EventLoop loop(clock);
    kafka::Options options;
    options.num_partitions = 1;
    mr::broker::groups::CoordinatorOptions groups;
    groups.initial_rebalance_delay_ms = 200;
    kafka::Service service({loop, clock, broker, journal, metrics, {}, groups}, options);
    journal.set_on_space([&service] { service.journal_has_space(); });
    auto server = mr::net::TcpServer::listen(loop, {.listen = {"127.0.0.1", port}, .name = "kafka"},
                                             service.session_factory());
    if (!server) return fail(server.error());
    mr::net::HostPort told = (*server)->bound();
    if (advertised != 0) told.port = advertised;
    service.set_advertised(told);
    g_loop = &loop;
    std::signal(SIGTERM, [](int) { g_loop->stop(); });
    std::signal(SIGINT, [](int) { g_loop->stop(); });
    {
        const std::string temporary = std::string(ready) + ".tmp";
        std::ofstream(temporary) << (*server)->bound().to_string() << "\n";
        std::rename(temporary.c_str(), ready);
    }
    const Threads threads{journal, broker};
    loop.run();
    service.close();
    for (int i = 0; i < 50; ++i) loop.run_once(1);
    server->reset();
    journal.stop();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return fail({mr::Code::invalid_argument, "usage: test_broker DIRECTORY READY-FILE [PORT]"});
    mr::set_log_level(std::getenv("MILLRACE_DEBUG") != nullptr ? mr::LogLevel::debug : mr::LogLevel::info);
    const std::string directory = argv[1];
    mr::Metrics metrics;
    mr::broker::BrokerOptions state;
    state.directory = directory + "/topics";
    state.boot_id = mr::boot_id();
    state.compaction_check_ms = 1'000;
    auto broker = mr::broker::Broker::open(mr::posix_file_system(), metrics, state);
    if (!broker) return fail(broker.error());
    mr::journal::Options options;
    options.directory = directory + "/journal";
    options.checkpoint_directory = directory + "/checkpoints";
    auto journal = mr::journal::Journal::open(mr::posix_file_system(), mr::system_clock(), metrics, options,
                                              {broker->get()});
    if (!journal) return fail(journal.error());
    (*broker)->set_journal(**journal);
    const auto port = static_cast<std::uint16_t>(argc > 3 ? std::stoi(argv[3]) : 0);
    const auto advertised = static_cast<std::uint16_t>(argc > 4 ? std::stoi(argv[4]) : 0);
    return serve(**journal, **broker, metrics, argv[2], port, advertised);
}
