#include "node/node.h"

#include <algorithm>
#include <set>

#include "alerts/alert_engine.h"
#include "base/boot_id.h"
#include "base/check.h"
#include "base/log.h"
#include "base/uuid.h"
#include "broker/broker.h"
#include "journal/journal.h"
#include "net/http_server.h"
#include "net/tls.h"
#include "node/alert_routes.h"
#include "node/certificate.h"
#include "node/change_routes.h"
#include "node/explain_analyze.h"
#include "node/group_routes.h"
#include "node/kafka_listeners.h"
#include "node/node_metrics.h"
#include "node/open_files.h"
#include "node/project_routes.h"
#include "node/scans.h"
#include "node/security_routes.h"
#include "node/sinks.h"
#include "node/sinks_open.h"
#include "node/sources.h"
#include "node/sql_routes.h"
#include "node/threads.h"
#include "node/token_routes.h"
#include "node/topic_routes.h"
#include "node/transaction_routes.h"
#include "node/upgrades.h"
#include "node/workers.h"
#include "pipeline/deploy.h"
#include "registry/registry.h"
#include "registry/registry_schemas.h"
#include "registry/service.h"
#include "serve/http/access.h"
#include "serve/http/feature_routes.h"
#include "serve/http/static_files.h"
#include "serve/http/status_routes.h"
#include "serve/http/view_routes.h"
#include "serve/kafka/service.h"
#include "serve/live/live_service.h"
#include "serve/registry/routes.h"
#include "views/view_store.h"
#include "warehouse/warehouse.h"

namespace mr::node {
namespace {

constexpr std::int64_t kIdleWaitMs = 1'000;
constexpr std::int64_t kSettleWaitMs = 50;
constexpr std::int64_t kRetentionEveryNs = 10'000'000'000;
/// Told to WebSocket clients at a planned end: when to come back (docs/formats/live.md).
constexpr const char* kRestart = R"({"retry_ms":500})";
constexpr int kWorkers = 2;
constexpr std::size_t kWorkQueueMax = 256;

std::string or_default(const std::string& value, std::string fallback) {
    return value.empty() ? std::move(fallback) : value;
}

}  // namespace

class Node::Impl {
  public:
    Impl(Project p, NodeOptions o) : project(std::move(p)), options(std::move(o)), loop(clock) {}
    ~Impl() { stop(); }

    Status start() {
        const Config& config = project.config;
        data_dir = or_default(options.data_dir,
                              or_default(config.data_dir, join_path(project.directory, ".millrace/data")));
        MR_TRY_VOID(fs.make_dirs(data_dir));
        auto locked = fs.lock(join_path(data_dir, "LOCK"));
        if (!locked) {
            return fail(locked.error().code,
                        "the data directory {} is in use by another process ({}); stop it or choose another "
                        "--data-dir",
                        data_dir, locked.error().message);
        }
        lock = std::move(*locked);
        MR_TRY_VOID(open_stores());
        start_journal_threads();
        MR_TRY_VOID(deploy_pipelines());
        MR_TRY_VOID(open_print_sinks(sink_context()));
        MR_TRY_VOID(open_file_sinks(sink_context()));
        MR_TRY_VOID(open_warehouse());
        MR_TRY_VOID(open_lake());
        MR_TRY_VOID(listen());
        MR_TRY_VOID(start_alerts());
        for (const auto& runner : runners.all()) {
            if (config.pipeline_enabled) {
                runners.run(*runner);
            } else {
                runner->stop();
            }
        }
        sinks.start();
        if (config.pipeline_enabled) {
            upgrades->start();
            MR_TRY_VOID(open_sources());
            sources.start();
        }
        retention_due_ns = clock.monotonic_ns() + kRetentionEveryNs;
        upkeep.store(true);
        return write_ready_file();
    }

    void run(const std::atomic<bool>& stop_requested) {
        while (!stop_requested && !failed) loop.run_once(100);
        log_info("node", "stopping");
        stop();
    }

    void stop() {
        if (std::exchange(stopped, true)) return;
        if (kafka_listeners) kafka_listeners->stop_accepting();
        if (http_server) http_server->drain(1012, kRestart);
        if (registry_server) registry_server->drain(1012, kRestart);
        if (kafka) kafka->close();
        for (int i = 0; i < 20; ++i) loop.run_once(5);
        alerts.reset();
        sources.stop();
        runners.stop();
        sinks.stop();
        workers.stop();
        if (journal) {
            journal->stop();
            threads.join();
            while (journal->run_once() || journal->sync_once()) {
            }
        }
        http_server.reset();
        registry_server.reset();
        if (kafka_listeners) kafka_listeners->close();
        kafka.reset();
        kafka_listeners.reset();
        runners.clear();
        for (const auto& v : versions) v->close();
    }

    Project project;
    NodeOptions options;
    NodeAddresses addresses;

  private:
    // --- stores and recovery
    // ---------------------------------------------------------------------------------
    Status open_stores() {
        const Config& config = project.config;
        broker::BrokerOptions broker_options;
        broker_options.directory = join_path(data_dir, "topics");
        broker_options.boot_id = boot_id();
        broker_options.tail_bytes = static_cast<std::size_t>(config.broker_tail_bytes);
        // Only what differs: a default that is Kafka's own is to be told as one.
        if (config.topics_retention_ms != Config{}.topics_retention_ms) {
            broker_options.topic_defaults["retention.ms"] = std::to_string(config.topics_retention_ms);
        }
        MR_TRY(broker, broker::Broker::open(fs, metrics, std::move(broker_options)));
        views::ViewStoreOptions view_options;
        view_options.post = [this](auto work) { loop.post(std::move(work)); };
        views = std::make_unique<views::ViewStore>(clock, metrics, std::move(view_options));
        texts = std::make_unique<ProjectTexts>(fs, join_path(data_dir, "projects"),
                                               join_path(project.directory, "functions"));
        for (const auto& program : project.programs) {
            if (journal::pipeline_of_slot(program->name) != program->name)
                return fail(Code::invalid_argument,
                            "pipelines/{}.sql: a pipeline's name cannot end like this", program->name);
            versions.push_back(std::make_unique<pipeline::Versions>(
                program->name, std::make_unique<pipeline::Participant>(program->name),
                std::make_unique<pipeline::Participant>(journal::other_slot(program->name))));
        }
        std::vector<journal::Participant*> participants = {broker.get(), views.get(), &known_pipelines,
                                                           &schemas, &security};
        for (const auto& v : versions) {
            for (pipeline::Participant* p : v->participants()) participants.push_back(p);
        }
        journal::Options journal_options;
        journal_options.directory = join_path(data_dir, "journal");
        journal_options.checkpoint_directory = join_path(data_dir, "checkpoints");
        journal_options.file_bytes = static_cast<std::uint64_t>(config.journal_file_bytes);
        journal_options.checkpoint_bytes = static_cast<std::uint64_t>(config.journal_checkpoint_bytes);
        journal_options.checkpoint_interval_ms = config.journal_checkpoint_interval_ms;
        journal_options.may_be_gone = pipeline::is_participant_name;
        const std::int64_t from = clock.monotonic_ns();
        log_info("node", "recovery begins");
        MR_TRY(journal, journal::Journal::open(fs, clock, metrics, std::move(journal_options),
                                               std::move(participants)));
        const journal::RecoveryReport& report = journal->recovery();
        log_info("node", "recovery ends: checkpoint at {}, {} entries after it, {} torn bytes dropped, {} ms",
                 report.checkpoint, report.entries, report.torn_bytes,
                 (clock.monotonic_ns() - from) / 1'000'000);
        broker->set_journal(*journal);
        schema_service = std::make_unique<registry::RegistryService>(
            schemas, [this](std::unique_ptr<journal::Proposal> proposal) {
                return journal->try_submit(journal::Lane::control, proposal);
            });
        schema_source = std::make_unique<registry::RegistrySchemas>(schemas, *schema_service);
        for (const auto& v : versions) v->take_states();
        return {};
    }

    void start_journal_threads() {
        threads.start("journal", [this] {
            if (!journal->run_once()) journal->wait_run(kIdleWaitMs);
        });
        threads.start("sync", [this] {
            if (!journal->sync_once()) journal->wait_sync(kIdleWaitMs);
        });
        threads.start("settle", [this] { settle(); });
    }

    void settle() {
        bool worked = journal->settle_once();
        const auto settled = broker->settle_once();
        if (!settled) {
            // It is tried again all the time: once is enough to say so.
            if (settling_error != settled.error().message)
                log_error("broker", "settling: {}", settled.error().message);
            settling_error = settled.error().message;
        } else {
            settling_error.clear();
            worked = worked || *settled;
        }
        // Not before everybody who reads has taken his hold.
        if (upkeep.load()) worked = keep_logs_small() || worked;
        if (!worked) std::this_thread::sleep_for(std::chrono::milliseconds(kSettleWaitMs));
    }

    bool keep_logs_small() {
        if (clock.monotonic_ns() >= retention_due_ns) {
            retention_due_ns = clock.monotonic_ns() + kRetentionEveryNs;
            broker->retention_once(
                clock.now(),
                [this](std::unique_ptr<journal::Proposal> proposal) {
                    return journal->try_submit(journal::Lane::control, proposal);
                },
                [this](std::string_view group) { return group_activity->in_use(group, clock.now()); });
        }
        const auto compacted = broker->compact_once(clock.now());
        if (!compacted) log_error("broker", "compaction: {}", compacted.error().message);
        return compacted && *compacted;
    }

    // --- pipelines
    // ---------------------------------------------------------------------------------------------
    pipeline::DeployContext deploy_context() {
        pipeline::RunnerOptions runner_options{.silence_ms = project.config.pipeline_silence_ms};
        runner_options.over_limit = [this](std::string_view name) { return views->over_limit(name); };
        return {*broker, *journal, clock, metrics, std::move(runner_options), {}, schema_source.get()};
    }

    Status deploy_pipelines() {
        const pipeline::DeployContext context = deploy_context();
        std::vector<broker::NewTopic> topics;
        for (const auto& [name, spec] : project.config.topics) {
            broker::NewTopic topic{.name = name, .partitions = spec.partitions, .config = {}};
            for (const auto& [key, value] : spec.configs) topic.config[key] = value;
            topics.push_back(std::move(topic));
        }
        MR_TRY_VOID(pipeline::create_missing_topics(context, std::move(topics)));
        std::vector<std::string> present = {alerts::kAlertsPipeline};
        for (const auto& v : versions) {
            present.push_back(v->pipeline());
            present.push_back(journal::other_slot(v->pipeline()));
        }
        MR_TRY_VOID(pipeline::drop_missing(context, known_pipelines, present));
        std::set<std::uint64_t> texts_used;
        for (std::size_t i = 0; i < versions.size(); ++i) {
            pipeline::Versions& v = *versions[i];
            const auto find = [&](std::uint64_t fingerprint) {
                return texts->find(v.pipeline(), fingerprint);
            };
            const Status started = v.start(context, known_pipelines, *views, project.programs[i], find);
            if (!started) return annotate(started.error(), "pipeline " + v.pipeline());
            runners.add(v.serving());
            texts_used.insert(v.serves().program->fingerprint);
            if (v.beside() == nullptr) continue;
            runners.add(v.beside());
            texts_used.insert(v.changeover()->beside().program->fingerprint);
        }
        texts->keep_only(texts_used);
        return {};
    }

    Status open_sources() {
        MR_TRY_VOID(pipeline::create_missing_topics(deploy_context(), Sources::topics(project)));
        return sources.open(project, *broker, fs, [this](std::unique_ptr<journal::Proposal>& proposal) {
            return journal->try_submit(journal::Lane::bulk, proposal);
        });
    }

    // --- warehouse
    // ---------------------------------------------------------------------------------------------
    Status open_warehouse() {
        const Config& config = project.config;
        scans = std::make_unique<NodeScans>(*broker, *views, schema_source.get());
        scans->set_tables(project.tables);
        if (!config.warehouse_enabled) return {};
        warehouse::WarehouseOptions warehouse_options{
            .path = or_default(config.warehouse_path, join_path(data_dir, "warehouse.duckdb")),
            .memory_bytes = config.warehouse_memory_bytes};
        MR_TRY(warehouse, warehouse::Warehouse::open(warehouse_options, *scans));
        MR_TRY_VOID(open_warehouse_sinks(sink_context(), *warehouse));
        name_dotted_topics();
        return {};
    }

    /// To SQL, rejected.orders is the table orders of the schema rejected: so the topic of that name is one.
    /// (Lake tables come later and win.)
    void name_dotted_topics() {
        static const std::set<std::string, std::less<>> taken = {"main", "temp", "system",
                                                                 "information_schema"};
        for (const auto& [name, topic] : broker->topics()->by_name) {
            const auto dot = name.find('.');
            if (dot == 0 || dot >= name.size() - 1 || name.find('.', dot + 1) != std::string::npos) continue;
            const std::string schema = name.substr(0, dot);
            if (taken.contains(schema) || schema.starts_with("pg_")) continue;
            const Status made = warehouse->create_scan_view(schema, name.substr(dot + 1), name);
            if (!made)
                log_warn("node", "SQL knows topic {} only as \"{}\": {}", name, name, made.error().message);
        }
    }

    // --- lake
    Status open_lake() {
        const Config& config = project.config;
        if (!config.lake_enabled) return {};
        const std::string lake = or_default(config.lake_path, join_path(data_dir, "lake"));
        return open_lake_sinks(sink_context(), lake, archived_topics(), *scans, warehouse.get());
    }
    SinkContext sink_context() { return {project, *broker, fs, clock, sinks}; }

    /// `lake.archive`; "*" stands for every topic of the project that no pipeline writes.
    std::vector<std::string> archived_topics() {
        std::set<std::string> topics, written;
        for (const auto& runner : runners.all()) {
            for (const std::string& name : runner->output_topics()) written.insert(name);
        }
        for (const std::string& name : project.config.lake_archive) {
            if (name != "*") {
                topics.insert(name);
                continue;
            }
            for (const auto& [topic, spec] : project.config.topics) topics.insert(topic);
            for (const auto& runner : runners.all())
                topics.insert(runner->input_topics().begin(), runner->input_topics().end());
        }
        std::vector<std::string> out;
        for (const std::string& t : topics) {
            if (!written.contains(t)) out.push_back(t);
        }
        return out;
    }

    // --- listeners
    // ---------------------------------------------------------------------------------------------
    Result<net::HostPort> listen_address(const std::string& setting, const std::string& text) {
        MR_TRY(auto address, net::parse_host_port(text));
        if (!net::is_loopback(address.host) && !project.config.insecure && security.view()->tokens.empty()) {
            return fail(
                Code::permission_denied,
                "{} = {} listens beyond this machine without authentication; use a loopback address, "
                "add a token there first (millrace token add NAME --role admin), or say --insecure if "
                "the network is trusted",
                setting, text);
        }
        if (!net::is_loopback(address.host) && project.config.http_tls_certificate.empty()) {
            log_warn("http",
                     "{} = {}: what is sent there, tokens too, crosses the network as it is; http.tls "
                     "encrypts it",
                     setting, text);
        }
        return address;
    }

    /// Of HTTP and registry: certificate and key, read again when they change.
    Status open_http_tls() {
        const Config& config = project.config;
        if (config.http_tls_certificate.empty() && config.http_tls_key.empty()) return {};
        const auto at = [&](const std::string& file) {
            return file.starts_with('/') ? file : join_path(project.directory, file);
        };
        auto loaded = net::TlsContext::load(
            fs, {.certificate = at(config.http_tls_certificate), .key = at(config.http_tls_key)});
        if (!loaded) return annotate(loaded.error(), "http.tls");
        http_tls = std::move(*loaded);
        log_info("http", "TLS certificate: {}", http_tls->describe());
        watch_http_tls();
        return {};
    }
    void watch_http_tls() {
        tls_watch = loop.after(kWatchFilesMs, [this] {
            renew(*http_tls, "http");
            watch_http_tls();
        });
    }

    Status listen() {
        const Config& config = project.config;
        MR_TRY(kafka_listeners, KafkaListeners::open(fs, config, project.directory, security));
        MR_TRY(const auto http_address, listen_address("http.listen", config.http_listen));
        MR_TRY_VOID(open_http_tls());
        serve::kafka::Options kafka_options;
        kafka_options.auto_create_topics = config.kafka_auto_create_topics;
        kafka_options.num_partitions = config.kafka_num_partitions;
        kafka_options.log_directory = data_dir;
        kafka_options.idle_connection_ms = config.kafka_idle_connection_ms;
        kafka_options.connections_max = static_cast<std::size_t>(config.kafka_connections_max);
        kafka_options.advertise = kafka_listeners->main_advertise();
        serve::kafka::Service::Parts parts{loop,    clock, *broker, *journal,
                                           metrics, {},    {},      &kafka_listeners->security()};
        parts.groups.initial_rebalance_delay_ms = static_cast<std::int32_t>(
            std::clamp<std::int64_t>(config.kafka_group_initial_delay_ms, 0, INT32_MAX));
        parts.run_elsewhere = [this](serve::kafka::Service::Work work) {
            if (!workers.post(std::move(work))) log_warn("node", "the worker queue is full");
        };
        kafka = std::make_unique<serve::kafka::Service>(std::move(parts), std::move(kafka_options));
        group_activity = kafka->group_activity();
        journal->set_on_space([this] { kafka->journal_has_space(); });
        const std::size_t files = raise_open_files_limit();
        const std::size_t kafka_connections =
            connections_allowed(files, kafka->options().connections_max, 60);
        http_connections_max = connections_allowed(files, kafka_connections, 30);
        MR_TRY_VOID(kafka_listeners->listen(loop, *kafka, kafka_connections));
        addresses.kafka = kafka_listeners->bound().to_string();
        addresses.kafka_listeners = kafka_listeners->addresses();
        return listen_http(http_address);
    }

    Status listen_http(const net::HostPort& address) {
        view_routes = std::make_unique<serve::ViewRoutes>(
            loop, *views, serve::ViewRoutesOptions{.offload = [this](std::move_only_function<void()> work) {
                if (!workers.post(std::move(work))) log_warn("node", "the worker queue is full");
            }});
        view_routes->add_to(router);
        features = std::make_unique<serve::FeatureRoutes>(*views);
        features->add_to(router);
        node_metrics = std::make_unique<NodeMetrics>(metrics, clock, options.version);
        serve::add_status_routes(
            router, metrics,
            {.version = options.version,
             .revision = {},
             .parts = [this] { return parts_status(); },
             .collect = [this] { node_metrics->collect(runners.all(), *broker, *kafka, *views); }});
        topic_routes = std::make_unique<TopicRoutes>(*broker, *kafka, *schema_source, workers);
        topic_routes->add_to(router);
        group_routes = std::make_unique<GroupRoutes>(*broker, *kafka, workers);
        group_routes->add_to(router);
        transaction_routes = std::make_unique<TransactionRoutes>(*broker, *kafka);
        transaction_routes->add_to(router);
        security_routes = std::make_unique<SecurityRoutes>(security, *kafka, workers);
        security_routes->add_to(router);
        add_token_routes(router, security, *kafka, [this] { loop.post([this] { access.close_refused(); }); });
        if (warehouse) {
            sql_routes = std::make_unique<SqlRoutes>(
                loop, *warehouse, workers, metrics, runners,
                warehouse::QueryLimits{.rows_max = static_cast<std::size_t>(project.config.sql_rows_max),
                                       .timeout_ms = project.config.sql_timeout_ms});
            sql_routes->add_to(router);
        }
        add_dashboard_routes(router, project.dashboards);
        add_pipeline_routes(router, runners);
        upgrades =
            std::make_unique<Upgrades>(Upgrades::Parts{.loop = loop,
                                                       .workers = workers,
                                                       .broker = *broker,
                                                       .views = *views,
                                                       .runners = runners,
                                                       .versions = versions,
                                                       .texts = *texts,
                                                       .context = [this] { return deploy_context(); },
                                                       .running = {project.streams, project.pipelines},
                                                       .functions = join_path(project.directory, "functions"),
                                                       .computes = project.config.pipeline_enabled});
        upgrades->add_to(router);
        add_plan_route(router, *broker, workers, project.directory, [this] { return upgrades->serving(); });
        add_explain_routes(router, runners);
        add_alert_routes(router, *views, alerts);
        add_sink_routes(router, sinks);
        static_files.add_to(router);
        guard_routes();
        live = std::make_unique<serve::LiveService>(loop, *views, metrics);
        net::HttpServerOptions http_options;
        http_options.tcp.listen = address;
        http_options.guard.allowed_hosts = project.config.http_allowed_hosts;
        http_options.guard.allowed_origins = project.config.http_allowed_origins;
        http_options.tcp.connections_max = http_connections_max;
        http_options.tls = http_tls;
        http_options.websockets.push_back(access.guard(live->route()));
        MR_TRY(http_server, net::HttpServer::listen(loop, metrics, std::move(http_options),
                                                    [this](net::HttpRequest request, net::HttpResponder r) {
                                                        router.handle(std::move(request), std::move(r));
                                                    }));
        addresses.http = http_server->bound().to_string();
        return listen_registry();
    }

    void guard_routes() {
        for (const std::string& route : router.routes())
            MR_CHECK(serve::role_of_route(route), "nobody said who may use {}", route);
        router.set_gate([this](const net::HttpRequest& request, std::string_view route) {
            return access.refuse_route(request, route);
        });
    }

    Status listen_registry() {
        MR_TRY(const auto address, listen_address("registry.listen", project.config.registry_listen));
        schema_routes = std::make_unique<serve::RegistryRoutes>(*schema_service);
        net::HttpServerOptions registry_options = serve::RegistryRoutes::server_options();
        registry_options.tcp.listen = address;
        registry_options.tcp.name = "registry";
        registry_options.tls = http_tls;
        registry_options.guard.allowed_hosts = project.config.http_allowed_hosts;
        registry_options.guard.allowed_origins = project.config.http_allowed_origins;
        MR_TRY(registry_server,
               net::HttpServer::listen(loop, metrics, std::move(registry_options),
                                       [this](net::HttpRequest request, const net::HttpResponder& r) {
                                           if (const auto refusal = access.refuse_registry(request))
                                               return r.respond(*refusal);
                                           schema_routes->handle(std::move(request), r);
                                       }));
        addresses.registry = registry_server->bound().to_string();
        return {};
    }

    std::vector<serve::PartStatus> parts_status() {
        std::vector<serve::PartStatus> parts;
        for (const auto& runner : runners.all()) {
            // A version that is tried is no part of what has to work.
            if (runner->beside()) continue;
            const pipeline::RunnerStatus status = runner->status();
            const bool as_wanted = status.state == pipeline::RunnerStatus::State::running ||
                                   (!project.config.pipeline_enabled && status.error.empty());
            parts.push_back({"pipeline " + runner->shown_name(), as_wanted, status.error});
        }
        for (const SourceStatus& source : sources.status())
            parts.push_back({source.kind + " " + source.name, source.error.empty(), source.error});
        for (const SinkStatus& sink : sinks.status())
            parts.push_back({sink.kind + " " + sink.name, sink.error.empty(), sink.error});
        return parts;
    }

    // --- alerts
    // --------------------------------------------------------------------------------------------------
    Status start_alerts() {
        std::vector<alerts::Rule> rules;
        for (const YamlFile& file : project.alerts) {
            MR_TRY(auto parsed, alerts::parse_rules(file.text, file.path));
            for (alerts::Rule& rule : parsed) rules.push_back(std::move(rule));
        }
        const auto known = known_pipelines.pipelines().find(alerts::kAlertsPipeline);
        InstanceEpoch epoch(1);
        if (known != known_pipelines.pipelines().end()) {
            epoch = known->second;
        } else {
            MR_TRY_VOID(pipeline::append_instance(
                deploy_context(),
                alerts::alerts_instance(epoch, Uuid::random().to_string().substr(0, 8), clock.now())));
        }
        alerts = std::make_unique<alerts::AlertEngine>(
            *views, clock, metrics, std::move(rules), epoch,
            [this](std::unique_ptr<journal::Proposal> step) {
                kafka->submit(journal::Lane::control, std::move(step));
            },
            [this](std::move_only_function<void()> work) { loop.post(std::move(work)); });
        // The views of new pipelines come with their entries, through the loop.
        while (views->drain()) {
        }
        alerts->evaluate_all();
        return {};
    }

    Status write_ready_file() {
        log_info("node", "ready: Kafka {}, HTTP {}, registry {}", fmt::join(addresses.kafka_listeners, " "),
                 addresses.http, addresses.registry);
        if (options.ready_file.empty()) return {};
        return write_file_atomic(fs, options.ready_file,
                                 fmt::format("{{\"kafka\":\"{}\",\"http\":\"{}\",\"registry\":\"{}\","
                                             "\"kafka_listeners\":[\"{}\"]}}\n",
                                             addresses.kafka, addresses.http, addresses.registry,
                                             fmt::join(addresses.kafka_listeners, "\",\"")));
    }

    FileSystem& fs = posix_file_system();
    Clock& clock = system_clock();
    Metrics metrics;
    std::string data_dir;
    std::unique_ptr<File> lock;
    net::EventLoop loop;

    std::unique_ptr<broker::Broker> broker;
    std::unique_ptr<views::ViewStore> views;
    pipeline::Registry known_pipelines;
    registry::Registry schemas;
    security::Store security;
    VersionsList versions;
    std::unique_ptr<ProjectTexts> texts;
    std::unique_ptr<journal::Journal> journal;
    Runners runners;
    std::unique_ptr<NodeScans> scans;
    std::unique_ptr<warehouse::Warehouse> warehouse;
    Workers workers{kWorkers, kWorkQueueMax};
    Sinks sinks{clock, metrics};
    Sources sources{clock};

    serve::Access access{
        security, {.insecure = project.config.insecure, .trust_local = project.config.http_trust_local}};
    serve::Router router;
    serve::StaticFiles static_files;
    std::unique_ptr<serve::ViewRoutes> view_routes;
    std::unique_ptr<serve::FeatureRoutes> features;
    std::unique_ptr<TopicRoutes> topic_routes;
    std::unique_ptr<GroupRoutes> group_routes;
    std::unique_ptr<TransactionRoutes> transaction_routes;
    std::unique_ptr<SecurityRoutes> security_routes;
    std::unique_ptr<SqlRoutes> sql_routes;
    std::unique_ptr<Upgrades> upgrades;
    std::unique_ptr<NodeMetrics> node_metrics;
    std::unique_ptr<serve::LiveService> live;
    std::unique_ptr<alerts::AlertEngine> alerts;
    std::unique_ptr<serve::kafka::Service> kafka;
    std::unique_ptr<KafkaListeners> kafka_listeners;
    std::unique_ptr<net::HttpServer> http_server;
    std::unique_ptr<registry::RegistryService> schema_service;
    std::unique_ptr<registry::RegistrySchemas> schema_source;
    std::unique_ptr<serve::RegistryRoutes> schema_routes;
    std::unique_ptr<net::HttpServer> registry_server;

    std::int64_t retention_due_ns = 0;  ///< settle thread, once upkeep is set
    std::string settling_error;         ///< settle thread; empty: fine
    std::size_t http_connections_max = 0;
    std::shared_ptr<net::TlsContext> http_tls;  ///< nothing: HTTP is not encrypted
    net::Timer tls_watch;
    std::shared_ptr<const serve::kafka::GroupActivity> group_activity;
    std::atomic<bool> upkeep{false};  ///< every reader has taken its hold
    std::atomic<bool> failed{false};
    bool stopped = false;
    Threads threads;
};

Result<std::unique_ptr<Node>> Node::start(Project project, NodeOptions options) {
    auto impl = std::make_unique<Impl>(std::move(project), std::move(options));
    MR_TRY_VOID(impl->start());
    return std::make_unique<Node>(std::move(impl));
}

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Node::~Node() = default;
const NodeAddresses& Node::addresses() const {
    return impl_->addresses;
}
void Node::run(const std::atomic<bool>& stop) {
    impl_->run(stop);
}

}  // namespace mr::node
