// The `millrace` command: what each verb takes, and where it goes. Verbs that need a running node speak HTTP
// to it (cli/remote.h); `run`, `check` and `test` work on a project folder in this process (cli/local.h).
#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdlib>

#include "base/clock.h"
#include "base/log.h"
#include "cli/generate.h"
#include "cli/local.h"
#include "cli/remote.h"
#include "cli/replay.h"

namespace mr::cli {
namespace {

std::atomic<bool> stop_requested{false};

void on_signal(int) {
    stop_requested = true;
}

std::string environment(const char* name, std::string fallback) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : std::move(fallback);
}

/// Everything the verbs fill in. CLI11 keeps pointers, so it lives as long as the parse.
struct Arguments {
    RemoteOptions remote;
    std::string format = "table";
    bool verbose = false;
    LocalOptions local;
    ReplayOptions replay;
    std::string max_gap = "1h";
    GenerateOptions generate;
    std::string workload = "fulfilment";
    std::string duration;
    std::string text, second, third;
    std::vector<std::string> many;
    int partitions = 1;
    TailOptions tail;
    int exit = Exit::done;
};

void add_format(CLI::App& app, Arguments& a) {
    app.add_option("-o,--format", a.format, "table, json, ndjson or csv")
        ->check(CLI::IsMember({"table", "json", "ndjson", "csv"}))
        ->capture_default_str();
    app.add_flag("-q,--quiet", a.remote.output.quiet, "only data and errors");
    app.add_option("--url", a.remote.url, "HTTP address of the node (MILLRACE_URL)")->capture_default_str();
    app.add_option("--registry", a.remote.registry, "schema registry (MILLRACE_REGISTRY)")
        ->capture_default_str();
}

/// A verb that calls `run` with the parsed arguments.
template <class Run>
CLI::App* verb(CLI::App& parent, Arguments& a, const std::string& name, const std::string& help,
               const std::string& example, Run run) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->footer("Example:\n  " + example);
    sub->callback([&a, run] {
        const std::map<std::string, Format> formats = {{"table", Format::table},
                                                       {"json", Format::json},
                                                       {"ndjson", Format::ndjson},
                                                       {"csv", Format::csv}};
        a.remote.output.format = formats.at(a.format);
        a.local.output = a.remote.output;
        a.exit = run(a);
    });
    return sub;
}

void add_project_verbs(CLI::App& app, Arguments& a) {
    auto* init = verb(app, a, "init", "Write a project that runs at once.",
                      "millrace init my-pipeline && millrace run my-pipeline",
                      [](Arguments& x) { return init_project(x.local.project); });
    init->add_option("DIR", a.local.project, "folder to create")->required();

    auto* run = verb(app, a, "run", "Start a node with everything the project declares.",
                     "millrace run examples/fulfilment -X http.listen=127.0.0.1:0", [](Arguments& x) {
                         if (x.verbose) set_log_level(LogLevel::debug);
                         return run_node(x.local, stop_requested);
                     });
    run->add_option("DIR", a.local.project, "the project's folder")->capture_default_str();
    run->add_option("--data-dir", a.local.data_dir, "where everything is kept (default DIR/.millrace/data)");
    run->add_option("-X", a.local.settings, "key=value: override a setting of millrace.yaml; may be repeated")
        ->allow_extra_args(false);
    run->add_option("--ready-file", a.local.ready_file,
                    "write the listeners' addresses here once everything runs");
    run->add_flag("--insecure", a.local.insecure, "allow listening beyond loopback without authentication");
    run->add_flag("-v,--verbose", a.verbose, "log at debug level");

    auto* check =
        verb(app, a, "check", "Check a project's settings and SQL without starting anything.",
             "millrace check examples/fulfilment", [](Arguments& x) { return check_project(x.local); });
    check->add_option("DIR", a.local.project, "the project's folder")->capture_default_str();
    check->add_option("-o,--format", a.format, "table or json")->check(CLI::IsMember({"table", "json"}));
    check->add_flag("--explain", a.local.explain, "print the plan of every statement");

    auto* test = verb(app, a, "test", "Run the project's .slt tests in process, on a virtual clock.",
                      "millrace test examples/fulfilment -k sessions",
                      [](Arguments& x) { return test_project(x.local); });
    test->add_option("DIR", a.local.project, "the project's folder, or one .slt file")->capture_default_str();
    test->add_option("-k", a.local.filter, "only tests whose path contains this");
    test->add_flag("--update", a.local.update, "rewrite expectations with what came out");
}

void add_load_verbs(CLI::App& app, Arguments& a) {
    auto* replay_verb =
        verb(app, a, "replay", "Produce a JSON-lines event log at the pace of its event times.",
             "millrace replay input/events.jsonl --topic logistics.events --clock clock --speed 3600",
             [](Arguments& x) {
                 x.replay.quiet = x.remote.output.quiet;
                 const auto gap = node::parse_duration_ms(x.max_gap);
                 if (!gap) return report(gap.error());
                 x.replay.max_gap_ms = *gap;
                 const auto done = replay(x.replay, system_clock(), stop_requested);
                 if (!done) return report(done.error());
                 if (!x.replay.quiet) {
                     fmt::print(stderr, "replayed {} events ({} were there), {} clock records\n",
                                done->events, done->skipped, done->clock_records);
                 }
                 return static_cast<int>(Exit::done);
             });
    replay_verb->add_option("FILE", a.replay.file, "one JSON object a line, in time order")->required();
    replay_verb->add_option("--topic", a.replay.topic, "where to")->required();
    replay_verb->add_option("--bootstrap", a.replay.bootstrap, "Kafka address")->capture_default_str();
    replay_verb->add_option("--clock", a.replay.clock_topic,
                            "also write one record a simulated minute to this topic");
    replay_verb->add_option("--time-field", a.replay.time_field, "field with the event time")
        ->capture_default_str();
    replay_verb->add_option("--key-field", a.replay.key_field, "field to use as the record key");
    replay_verb->add_option("--speed", a.replay.speed, "simulated seconds a second; 0: as fast as possible")
        ->capture_default_str();
    replay_verb->add_option("--max-gap", a.max_gap, "jump over quiet stretches longer than this (simulated)")
        ->capture_default_str();
    replay_verb->add_option("--limit", a.replay.limit, "stop after so many events");
    replay_verb->add_flag("--resume", a.replay.resume, "skip what the topic holds already");
    replay_verb->add_flag("-q,--quiet", a.remote.output.quiet, "no progress");

    auto* generate = verb(app, a, "generate", "Produce a generated load.",
                          "millrace generate fulfilment --rate 14 --burst 120", [](Arguments& x) {
                              x.generate.quiet = x.remote.output.quiet;
                              const auto sent =
                                  generate_fulfilment(x.generate, system_clock(), stop_requested);
                              if (!sent) return report(sent.error());
                              if (!x.generate.quiet) fmt::print(stderr, "{} events acknowledged\n", *sent);
                              return static_cast<int>(Exit::done);
                          });
    generate->add_option("WORKLOAD", a.workload, "fulfilment")->check(CLI::IsMember({"fulfilment"}));
    generate->add_option("--bootstrap", a.generate.bootstrap, "Kafka address")->capture_default_str();
    generate->add_option("--rate", a.generate.rate, "events a second")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    generate->add_option("--burst", a.generate.burst_rate, "events a second at a shift change")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    generate->add_option("--burst-every", a.generate.burst_every_ms, "milliseconds; 0: never")
        ->capture_default_str();
    generate->add_option("--burst-length", a.generate.burst_length_ms, "milliseconds")->capture_default_str();
    generate->add_option("--seed", a.generate.seed, "the same seed gives the same events")
        ->capture_default_str();
    generate->add_option("--limit", a.generate.limit, "stop after so many events");
    generate->add_flag("-q,--quiet", a.remote.output.quiet, "no progress");
}

void add_topic_verbs(CLI::App& app, Arguments& a) {
    CLI::App* topic = app.add_subcommand("topic", "Topics: list, describe, tail, create, delete.");
    topic->require_subcommand(1);
    add_format(*verb(*topic, a, "list", "All topics.", "millrace topic list",
                     [](Arguments& x) { return list_topics(x.remote); }),
               a);
    auto* describe =
        verb(*topic, a, "describe", "One topic, its partitions and settings.",
             "millrace topic describe orders", [](Arguments& x) { return describe_topic(x.remote, x.text); });
    auto* tail = verb(*topic, a, "tail", "The newest records, or those from an offset.",
                      "millrace topic tail orders --limit 5", [](Arguments& x) {
                          x.tail.topic = x.text;
                          return tail_topic(x.remote, x.tail);
                      });
    tail->add_option("--partition", a.tail.partition, "one partition (default: all)");
    tail->add_option("--offset", a.tail.offset, "from this offset; -N: the last N of each partition")
        ->capture_default_str();
    tail->add_option("--limit", a.tail.limit, "at most so many records")->capture_default_str();
    auto* create = verb(*topic, a, "create", "Create a topic.",
                        "millrace topic create orders --partitions 3 --config retention.ms=86400000",
                        [](Arguments& x) { return create_topic(x.remote, x.text, x.partitions, x.many); });
    create->add_option("--partitions", a.partitions, "how many")->capture_default_str();
    create->add_option("--config", a.many, "key=value; may be repeated")->allow_extra_args(false);
    auto* remove =
        verb(*topic, a, "delete", "Delete a topic and its records.", "millrace topic delete orders",
             [](Arguments& x) { return delete_topic(x.remote, x.text); });
    for (CLI::App* sub : {describe, tail, create, remove}) {
        sub->add_option("TOPIC", a.text, "its name")->required();
        add_format(*sub, a);
    }
}

void add_remote_verbs(CLI::App& app, Arguments& a) {
    auto* sql =
        verb(app, a, "sql", "Query views, topics, lake and warehouse tables (DuckDB's SQL, read-only).",
             "millrace sql \"SELECT event_type, events FROM events_by_type ORDER BY events DESC\"",
             [](Arguments& x) { return run_sql(x.remote, x.text); });
    sql->add_option("SQL", a.text, "one statement")->required();
    add_format(*sql, a);

    add_topic_verbs(app, a);

    CLI::App* group = app.add_subcommand("group", "Consumer groups.");
    group->require_subcommand(1);
    add_format(*verb(*group, a, "list", "Groups, their members and lag.", "millrace group list",
                     [](Arguments& x) { return list_groups(x.remote); }),
               a);

    CLI::App* schema = app.add_subcommand("schema", "Schema registry.");
    schema->require_subcommand(1);
    add_format(*verb(*schema, a, "list", "Subjects.", "millrace schema list",
                     [](Arguments& x) { return list_subjects(x.remote); }),
               a);
    auto* show = verb(
        *schema, a, "show", "One schema.", "millrace schema show orders-value",
        [](Arguments& x) { return show_schema(x.remote, x.text, x.second.empty() ? "latest" : x.second); });
    show->add_option("SUBJECT", a.text)->required();
    show->add_option("VERSION", a.second, "a number, or latest");
    add_format(*show, a);
    auto* add =
        verb(*schema, a, "register", "Register a schema.", "millrace schema register orders-value order.avsc",
             [](Arguments& x) {
                 return register_schema(x.remote, x.text, x.second, x.third.empty() ? "AVRO" : x.third);
             });
    add->add_option("SUBJECT", a.text)->required();
    add->add_option("FILE", a.second)->required();
    add->add_option("--type", a.third, "AVRO, JSON or PROTOBUF");
    add_format(*add, a);

    CLI::App* view = app.add_subcommand("view", "Materialised views.");
    view->require_subcommand(1);
    add_format(*verb(*view, a, "list", "All views.", "millrace view list",
                     [](Arguments& x) { return list_views(x.remote); }),
               a);
    auto* rows = verb(*view, a, "show", "Rows of a view.",
                      "millrace view show events_by_type order=events:desc limit=5",
                      [](Arguments& x) { return show_view(x.remote, x.text, x.many); });
    rows->add_option("VIEW", a.text)->required();
    rows->add_option("FILTERS", a.many, "column=value, order=column:desc, limit=n");
    add_format(*rows, a);

    CLI::App* pipeline = app.add_subcommand("pipeline", "Running pipelines.");
    pipeline->require_subcommand(1);
    add_format(*verb(*pipeline, a, "list", "State, counts, lag and watermark of each.",
                     "millrace pipeline list", [](Arguments& x) { return list_pipelines(x.remote); }),
               a);
    verb(app, a, "version", "Version of this binary.", "millrace version", [](Arguments&) {
        fmt::print("millrace {}\n", MILLRACE_VERSION);
        return static_cast<int>(Exit::done);
    });
}

int run(int argc, char** argv) {
    Arguments a;
    a.remote.url = environment("MILLRACE_URL", a.remote.url);
    a.remote.registry = environment("MILLRACE_REGISTRY", a.remote.registry);
    CLI::App app("millrace: a real-time analytics pipeline in one binary", "millrace");
    app.require_subcommand(1);
    app.footer("Start here:  millrace run examples/fulfilment   then open http://127.0.0.1:8080/");
    add_project_verbs(app, a);
    add_load_verbs(app, a);
    add_remote_verbs(app, a);
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    std::signal(SIGPIPE, SIG_IGN);
    set_log_level(LogLevel::info);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& e) {
        return app.exit(e);
    } catch (const CLI::ParseError& e) {
        app.exit(e);
        return Exit::usage;
    }
    return a.exit;
}

}  // namespace
}  // namespace mr::cli

int main(int argc, char** argv) {
    return mr::cli::run(argc, argv);
}
