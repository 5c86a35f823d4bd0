#include "cli/commands.h"

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/suggest.h"
#include "node/config.h"

namespace mr::cli {
namespace {

std::string environment(const char* name, std::string fallback) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : std::move(fallback);
}

/// Options that every verb takes, before or after its name.
void add_shared_options(CLI::App& app, Arguments& a) {
    a.remote.url = environment("MILLRACE_URL", a.remote.url);
    a.remote.registry = environment("MILLRACE_REGISTRY", a.remote.registry);
    a.remote.token = environment("MILLRACE_TOKEN", a.remote.token);
    a.remote.ca_file = environment("MILLRACE_CA", a.remote.ca_file);
    app.fallthrough();
    app.set_version_flag("--version", std::string("millrace ") + MILLRACE_VERSION);
    const std::string group = "Everywhere";
    app.add_option("-o,--format", a.format, "table, json, ndjson or csv")
        ->check(CLI::IsMember({"table", "json", "ndjson", "csv"}))
        ->capture_default_str()
        ->group(group);
    app.add_option("--url", a.remote.url, "HTTP address of the node (MILLRACE_URL)")
        ->capture_default_str()
        ->group(group);
    app.add_option("--registry", a.remote.registry, "schema registry (MILLRACE_REGISTRY)")
        ->capture_default_str()
        ->group(group);
    app.add_option("--token", a.remote.token,
                   "bearer token, where the node asks for one (MILLRACE_TOKEN, which other users do not see)")
        ->group(group);
    app.add_option("--ca", a.remote.ca_file, "PEM file of who vouches for an https node (MILLRACE_CA)")
        ->group(group);
    app.add_option("--timeout", a.timeout, "longest wait for an answer")->capture_default_str()->group(group);
    app.add_option("-X", a.local.settings, "key=value: a setting of millrace.yaml; may be repeated")
        ->allow_extra_args(false)
        ->group(group);
    app.add_flag("-y,--yes", a.remote.yes, "do not ask before something is lost")->group(group);
    app.add_flag("-q,--quiet", a.remote.output.quiet, "only data and errors")->group(group);
    app.add_flag("-v,--verbose", a.verbose, "log at debug level")->group(group);
    app.add_flag("--no-color", a.no_color, "no colours (there are none)")->group(group);
}

/// What holds for every verb; an error is a wrong use.
Status settle_options(Arguments& a) {
    const std::map<std::string, Format> formats = {
        {"table", Format::table}, {"json", Format::json}, {"ndjson", Format::ndjson}, {"csv", Format::csv}};
    a.remote.output.format = formats.at(a.format);
    a.local.output = a.remote.output;
    auto timeout = parse_duration_ms(a.timeout);
    if (!timeout) return annotate(timeout.error(), "--timeout");
    a.remote.timeout_ms = *timeout;
    if (a.verbose) set_log_level(LogLevel::debug);
    return {};
}

template <class Run>
int run_verb(Arguments& a, Run run) {
    const Status settled = settle_options(a);
    if (settled) return run(a);
    report(a.remote.output, settled.error());
    return Exit::usage;
}

std::string footer(const std::string& examples) {
    std::string out = "Examples:";
    std::string_view rest = examples;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        out.append("\n  ").append(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out + "\n\nOptions of every verb (--format, --url, --timeout, …): millrace --help";
}

/// A verb that calls `run` with the parsed arguments. `examples` are lines.
template <class Run>
CLI::App* verb(CLI::App& parent, Arguments& a, const std::string& name, const std::string& help,
               const std::string& examples, Run run) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->footer(footer(examples));
    sub->callback([&a, run] { a.exit = run_verb(a, run); });
    return sub;
}

/// A noun with verbs of its own; alone it is `list`.
template <class Run>
CLI::App* noun(CLI::App& parent, Arguments& a, const std::string& name, const std::string& help,
               const std::string& what, const std::string& examples, Run list) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->footer(footer(examples));
    sub->require_subcommand(0, 1);
    sub->callback([sub, &a, list] {
        if (sub->get_subcommands().empty()) a.exit = run_verb(a, list);
    });
    verb(*sub, a, "list", what, "millrace " + name + "\nmillrace " + name + " list --format json", list);
    return sub;
}

/// "604800000" as "7d", "67108864" as "64MiB": the largest unit that divides it.
std::string in_units(const std::string& form, const std::string& number) {
    using Units = std::vector<std::pair<std::int64_t, const char*>>;
    static const Units durations = {
        {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}, {1, "ms"}};
    static const Units sizes = {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, ""}};
    if (form != "duration" && form != "bytes") return number;
    const std::int64_t n = std::atoll(number.c_str());
    for (const auto& [factor, unit] : form == "duration" ? durations : sizes) {
        if (n != 0 && n % factor == 0) return fmt::format("{}{}", n / factor, unit);
    }
    return number;
}

std::string settings_help() {
    std::string out = "\n\nSettings, in millrace.yaml or with -X key=value (default):";
    for (const node::Setting& s : node::settings()) {
        out += fmt::format("\n  {:<30} {}{}", s.key, s.help,
                           s.fallback.empty() ? "" : fmt::format(" ({})", in_units(s.form, s.fallback)));
    }
    return out +
           "\n  topics.NAME                    {partitions: n, any Kafka topic setting}; only in the file.";
}

void add_project_verbs(CLI::App& app, Arguments& a) {
    auto* init = verb(app, a, "init", "Write a project that runs at once.",
                      "millrace init my-pipeline && millrace run my-pipeline",
                      [](Arguments& x) { return init_project(x.local.output, x.local.project); });
    init->add_option("DIR", a.local.project, "folder to create")->required();

    const std::string run_examples =
        "millrace run examples/fulfilment\n"
        "millrace run . -X http.listen=127.0.0.1:0 --ready-file /tmp/ready.json";
    auto* run = verb(app, a, "run", "Start a node with everything the project declares.", run_examples,
                     [](Arguments& x) { return run_node(x.local, x.stop); });
    run->footer(footer(run_examples) + settings_help());
    run->add_option("DIR", a.local.project, "the project's folder")->capture_default_str();
    run->add_option("--data-dir,--data", a.local.data_dir,
                    "where everything is kept (default DIR/.millrace/data)");
    run->add_option("--ready-file", a.local.ready_file,
                    "write the listeners' addresses here, as JSON, once everything runs");
    run->add_flag("--insecure", a.local.insecure, "allow listening beyond loopback without authentication");
    run->add_option("--roles", a.local.roles,
                    "run only these parts, separated by commas: broker (always), pipelines, lake, warehouse")
        ->delimiter(',')
        ->check(CLI::IsMember(run_roles()));

    auto* check = verb(app, a, "check", "Check a project's settings, SQL, dashboards and alerts.",
                       "millrace check examples/fulfilment\nmillrace check . --format json",
                       [](Arguments& x) { return check_project(x.local); });
    check->add_option("DIR", a.local.project, "the project's folder")->capture_default_str();
    check->add_flag("--explain", a.local.explain, "print the plan of every statement");

    auto* test = verb(app, a, "test", "Run the project's .slt tests in process, on a virtual clock.",
                      "millrace test examples/fulfilment\nmillrace test . -k sessions --update",
                      [](Arguments& x) { return test_project(x.local); });
    test->add_option("DIR", a.local.project, "the project's folder, or one .slt file")->capture_default_str();
    test->add_option("-k", a.local.filter, "only tests whose path contains this");
    test->add_flag("--update", a.local.update, "rewrite expectations with what came out");
}

int run_replay(Arguments& a) {
    a.replay.quiet = a.remote.output.quiet;
    const auto gap = parse_duration_ms(a.max_gap);
    if (!gap) {
        report(a.remote.output, {gap.error().code, "--max-gap: " + gap.error().message});
        return Exit::usage;
    }
    a.replay.max_gap_ms = *gap;
    const auto done = replay(a.replay, system_clock(), a.stop);
    if (!done) return report(a.remote.output, done.error());
    if (!a.replay.quiet) {
        fmt::print(stderr, "replayed {} events ({} were there), {} clock records\n", done->events,
                   done->skipped, done->clock_records);
    }
    return a.stop ? Exit::interrupted : Exit::done;
}

int run_generate(Arguments& a) {
    a.generate.quiet = a.remote.output.quiet;
    const auto sent = generate_fulfilment(a.generate, system_clock(), a.stop);
    if (!sent) return report(a.remote.output, sent.error());
    if (!a.generate.quiet) fmt::print(stderr, "{} events acknowledged\n", *sent);
    return a.stop ? Exit::interrupted : Exit::done;
}

/// As Kafka's own tools have them.
void add_kafka_options(CLI::App& app, KafkaClientOptions& kafka) {
    app.add_option("--bootstrap,--bootstrap-server", kafka.bootstrap, "Kafka address")->capture_default_str();
    app.add_option("--command-config", kafka.config_file,
                   "file of client settings, KEY=VALUE a line: security.protocol, sasl.mechanism, "
                   "sasl.username, sasl.password, ssl.ca.location, …");
    app.add_option("--command-property", kafka.properties, "KEY=VALUE: one such setting; may be repeated")
        ->allow_extra_args(false);
}

void add_load_verbs(CLI::App& app, Arguments& a) {
    auto* replay_verb =
        verb(app, a, "replay", "Produce a JSON-lines event log at the pace of its event times.",
             "millrace replay input/events.jsonl --topic logistics.events --clock clock --speed 3600\n"
             "millrace replay input/events.jsonl --topic logistics.events --speed 0 --resume",
             run_replay);
    replay_verb->add_option("FILE", a.replay.file, "one JSON object a line, in time order")->required();
    replay_verb->add_option("--topic", a.replay.topic, "where to")->required();
    add_kafka_options(*replay_verb, a.replay.kafka);
    replay_verb->add_option("--clock", a.replay.clock_topic,
                            "also write one record a simulated minute to this topic");
    replay_verb->add_option("--time-field", a.replay.time_field, "field with the event time")
        ->capture_default_str();
    replay_verb->add_option("--key-field", a.replay.key_field, "field to use as the record key");
    replay_verb->add_option("--speed", a.replay.speed, "simulated seconds a second; 0: as fast as possible")
        ->check(CLI::Range(0.0, 1e9))
        ->capture_default_str();
    replay_verb->add_option("--max-gap", a.max_gap, "jump over quiet stretches longer than this (simulated)")
        ->capture_default_str();
    replay_verb->add_option("--limit", a.replay.limit, "stop after so many events");
    replay_verb->add_flag("--resume", a.replay.resume, "skip what the topic holds already");

    auto* generate = verb(app, a, "generate", "Produce a generated load.",
                          "millrace generate fulfilment --rate 14 --burst 120\n"
                          "millrace generate fulfilment --rate 1000 --burst-every 0 --limit 60000",
                          run_generate);
    generate->add_option("WORKLOAD", a.workload, "fulfilment")->check(CLI::IsMember({"fulfilment"}));
    add_kafka_options(*generate, a.generate.kafka);
    generate->add_option("--rate", a.generate.rate, "events a second")
        ->check(CLI::Range(0.001, 1e7))
        ->capture_default_str();
    generate->add_option("--burst", a.generate.burst_rate, "events a second at a shift change")
        ->check(CLI::Range(0.001, 1e7))
        ->capture_default_str();
    generate->add_option("--burst-every", a.generate.burst_every_ms, "milliseconds; 0: never")
        ->capture_default_str();
    generate->add_option("--burst-length", a.generate.burst_length_ms, "milliseconds")->capture_default_str();
    generate->add_option("--seed", a.generate.seed, "the same seed gives the same events")
        ->capture_default_str();
    generate->add_option("--limit", a.generate.limit, "stop after so many events");
}

void add_topic_verbs(CLI::App& app, Arguments& a) {
    CLI::App* topic =
        noun(app, a, "topic", "Topics: list, describe, tail, create, alter, delete, delete-records.",
             "All topics.",
             "millrace topic\nmillrace topic describe orders\n"
             "millrace topic tail rejected.orders --limit 5 --format ndjson",
             [](Arguments& x) { return list_topics(x.remote); });
    auto* describe =
        verb(*topic, a, "describe", "One topic, its partitions and settings.",
             "millrace topic describe orders", [](Arguments& x) { return describe_topic(x.remote, x.text); });
    auto* tail = verb(*topic, a, "tail", "The newest records, or those from an offset.",
                      "millrace topic tail orders --limit 5\n"
                      "millrace topic tail orders --partition 0 --offset 1200 --format ndjson",
                      [](Arguments& x) {
                          x.tail.topic = x.text;
                          return tail_topic(x.remote, x.tail);
                      });
    tail->add_option("--partition", a.tail.partition, "one partition (default: all)");
    tail->add_option("--offset", a.tail.offset, "from this offset; -N: the last N of each partition")
        ->capture_default_str();
    tail->add_option("--limit", a.tail.limit, "at most so many records of each partition")
        ->check(CLI::Range(1, 1'000))
        ->capture_default_str();
    auto* create = verb(*topic, a, "create", "Create a topic.",
                        "millrace topic create orders --partitions 3 --config retention.ms=86400000",
                        [](Arguments& x) { return create_topic(x.remote, x.text, x.partitions, x.many); });
    create->add_option("--partitions", a.partitions, "how many")->capture_default_str();
    create->add_option("--config", a.many, "key=value; may be repeated")->allow_extra_args(false);
    auto* remove =
        verb(*topic, a, "delete", "Delete a topic and its records.", "millrace topic delete orders --yes",
             [](Arguments& x) { return delete_topic(x.remote, x.text); });
    auto* alter = verb(*topic, a, "alter", "Change settings, or add partitions.",
                       "millrace topic alter orders --config retention.ms=86400000\n"
                       "millrace topic alter orders --config retention.ms     (back to the default)\n"
                       "millrace topic alter orders --partitions 6",
                       [](Arguments& x) { return alter_topic(x.remote, x.text, x.more_partitions, x.many); });
    alter->add_option("--partitions", a.more_partitions, "the new number, larger than now");
    alter->add_option("--config", a.many, "key=value, or key alone; may be repeated")
        ->allow_extra_args(false);
    auto* trim =
        verb(*topic, a, "delete-records", "Delete the oldest records of a partition.",
             "millrace topic delete-records orders --partition 0 --before 1200 --yes",
             [](Arguments& x) { return delete_records(x.remote, x.text, x.tail.partition, x.before); });
    trim->add_option("--partition", a.tail.partition, "which one")->required();
    trim->add_option("--before", a.before, "the first offset that stays; -1: none does")->required();
    for (CLI::App* sub : {describe, tail, create, remove, alter, trim})
        sub->add_option("TOPIC", a.text, "its name")->required();
}

void add_schema_verbs(CLI::App& app, Arguments& a) {
    CLI::App* schema = noun(app, a, "schema", "Schema registry: list, show, register.", "All subjects.",
                            "millrace schema\nmillrace schema show orders-value\n"
                            "millrace schema register orders-value order.avsc",
                            [](Arguments& x) { return list_subjects(x.remote); });
    auto* show = verb(
        *schema, a, "show", "One schema.",
        "millrace schema show orders-value\nmillrace schema show orders-value 3",
        [](Arguments& x) { return show_schema(x.remote, x.text, x.second.empty() ? "latest" : x.second); });
    show->add_option("SUBJECT", a.text, "e.g. orders-value")->required();
    show->add_option("VERSION", a.second, "a number, or latest");
    auto* add =
        verb(*schema, a, "register", "Register a schema.",
             "millrace schema register orders-value order.avsc\n"
             "millrace schema register orders-value order.json --type JSON",
             [](Arguments& x) {
                 return register_schema(x.remote, x.text, x.second, x.third.empty() ? "AVRO" : x.third);
             });
    add->add_option("SUBJECT", a.text, "e.g. orders-value")->required();
    add->add_option("FILE", a.second, "the schema")->required();
    add->add_option("--type", a.third, "AVRO, JSON or PROTOBUF");
}

void add_group_verbs(CLI::App& app, Arguments& a) {
    CLI::App* group = noun(app, a, "group", "Consumer groups: list, describe, reset, delete.",
                           "Groups, their members and lag.",
                           "millrace group\nmillrace group describe billing\n"
                           "millrace group reset billing --to earliest --dry-run",
                           [](Arguments& x) { return list_groups(x.remote); });
    auto* describe = verb(*group, a, "describe", "One group: its members and where it is.",
                          "millrace group describe billing",
                          [](Arguments& x) { return describe_group(x.remote, x.text); });
    auto* reset = verb(*group, a, "reset", "Put a group without members elsewhere.",
                       "millrace group reset billing --to earliest --dry-run\n"
                       "millrace group reset billing --to 2026-11-23T05:00:00Z --topic orders\n"
                       "millrace group reset billing --to=-100",
                       [](Arguments& x) {
                           x.reset.group = x.text;
                           return reset_group(x.remote, x.reset);
                       });
    reset->add_option("--to", a.reset.to, "earliest, latest, an offset, +N, -N, or an instant")->required();
    reset
        ->add_option("--topic", a.reset.topics,
                     "only this one; may be repeated (default: where it has offsets)")
        ->allow_extra_args(false);
    reset->add_flag("--dry-run", a.reset.dry_run, "show it, change nothing");
    auto* remove = verb(*group, a, "delete", "Forget a group without members and its offsets.",
                        "millrace group delete billing --yes",
                        [](Arguments& x) { return delete_group(x.remote, x.text); });
    for (CLI::App* sub : {describe, reset, remove}) sub->add_option("GROUP", a.text, "its name")->required();
}

void add_transaction_verbs(CLI::App& app, Arguments& a) {
    CLI::App* txn = noun(app, a, "txn", "Transactions: list, describe, abort.", "All transactional ids.",
                         "millrace txn\nmillrace txn describe billing-1\nmillrace txn abort billing-1",
                         [](Arguments& x) { return list_transactions(x.remote); });
    auto* describe = verb(*txn, a, "describe", "One transactional id, and the partitions of what is open.",
                          "millrace txn describe billing-1",
                          [](Arguments& x) { return describe_transaction(x.remote, x.text); });
    auto* abort = verb(*txn, a, "abort", "Abort a transaction that hangs: consumers wait for its end.",
                       "millrace txn abort billing-1 --yes",
                       [](Arguments& x) { return abort_transaction(x.remote, x.text); });
    for (CLI::App* sub : {describe, abort}) sub->add_option("ID", a.text, "the transactional id")->required();
}

void add_user_verbs(CLI::App& app, Arguments& a) {
    CLI::App* user = noun(app, a, "user", "Users of the Kafka listeners: list, create, password, delete.",
                          "Who may log in by SASL.",
                          "millrace user\nmillrace user create alice\n"
                          "echo secret | millrace user create alice --password-file -",
                          [](Arguments& x) { return list_users(x.remote); });
    auto* create =
        verb(*user, a, "create", "Create a user, or give one another password.",
             "millrace user create alice\nmillrace user create alice --password-file alice.password",
             [](Arguments& x) { return set_user(x.remote, x.user); });
    auto* password =
        verb(*user, a, "password", "Give a user another password.", "millrace user password alice",
             [](Arguments& x) { return set_user(x.remote, x.user); });
    auto* remove = verb(*user, a, "delete", "Delete a user.", "millrace user delete alice --yes",
                        [](Arguments& x) { return delete_user(x.remote, x.user.user); });
    for (CLI::App* sub : {create, password}) {
        sub->add_option("--password-file", a.user.password_file,
                        "its first line is the password; -: standard input (default: asks)");
        sub->add_option("--mechanism", a.user.mechanisms,
                        "SCRAM-SHA-256 or SCRAM-SHA-512; may be repeated (default: both)")
            ->allow_extra_args(false);
        sub->add_option("--iterations", a.user.iterations, "how slow guessing is made")
            ->check(CLI::Range(4'096, 16'384))
            ->capture_default_str();
    }
    for (CLI::App* sub : {create, password, remove})
        sub->add_option("USER", a.user.user, "his name")->required();
}

void add_acl_verbs(CLI::App& app, Arguments& a) {
    CLI::App* acl =
        noun(app, a, "acl", "Access control lists: list, create, delete.", "All ACLs, or some.",
             "millrace acl\n"
             "millrace acl create --principal User:alice --operation read --type topic --name orders\n"
             "millrace acl delete --principal User:alice --yes",
             [](Arguments& x) { return list_acls(x.remote, x.acl); });
    auto* create = verb(
        *acl, a, "create", "Allow (or deny) somebody something.",
        "millrace acl create --principal User:alice --operation read --type topic --name orders\n"
        "millrace acl create --principal User:etl --operation write --operation create --type topic --name "
        "raw. "
        "--pattern prefixed\n"
        "millrace acl create --principal 'User:*' --operation all --type group --name '*' --permission deny "
        "--host 10.0.0.9",
        [](Arguments& x) { return create_acls(x.remote, x.acl); });
    auto* remove = verb(*acl, a, "delete", "Delete the ACLs that are like this.",
                        "millrace acl delete --principal User:alice\n"
                        "millrace acl delete --type topic --name orders --yes",
                        [](Arguments& x) { return delete_acls(x.remote, x.acl); });
    CLI::App* list = acl->get_subcommand("list");
    for (CLI::App* sub : {list, create, remove}) {
        auto* principal = sub->add_option("--principal", a.acl.principal, "User:NAME, or 'User:*'");
        auto* operation =
            sub->add_option("--operation", a.acl.operations,
                            "read, write, create, delete, alter, describe, describe-configs, "
                            "alter-configs, cluster-action, idempotent-write, all; may be repeated")
                ->allow_extra_args(false);
        sub->add_option("--type", a.acl.type, "topic, group, cluster, transactional-id");
        sub->add_option("--name", a.acl.name, "the resource; '*': all of that type");
        sub->add_option("--pattern", a.acl.pattern,
                        "literal, prefixed (and match, to find what speaks of a name)");
        sub->add_option("--host", a.acl.host, "an address; '*': any");
        sub->add_option("--permission", a.acl.permission, "allow or deny");
        if (sub != create) continue;
        principal->required();
        operation->required();
    }
}

void add_token_verbs(CLI::App& app, Arguments& a) {
    CLI::App* token =
        noun(app, a, "token", "Bearer tokens of HTTP, WebSocket and registry: list, add, delete.",
             "All tokens and their roles.",
             "millrace token\nmillrace token add ops --role admin\n"
             "millrace token delete ops --yes",
             [](Arguments& x) { return list_tokens(x.remote); });
    auto* add =
        verb(*token, a, "add", "Make a token and print it, once. With the first one HTTP asks for them.",
             "millrace token add ops --role admin\n"
             "MILLRACE_TOKEN=mr_… millrace token add grafana --role viewer",
             [](Arguments& x) { return add_token(x.remote, x.token); });
    add->add_option(
           "--role", a.token.role,
           "viewer (sees), operator (alerts, groups, transactions), engineer (topics, schemas), admin")
        ->capture_default_str();
    auto* remove = verb(*token, a, "delete", "Delete a token: who shows it is refused from now on.",
                        "millrace token delete grafana --yes",
                        [](Arguments& x) { return delete_token(x.remote, x.token.name); });
    for (CLI::App* sub : {add, remove}) sub->add_option("NAME", a.token.name, "whose it is")->required();
}

void add_node_verbs(CLI::App& app, Arguments& a) {
    auto* sql =
        verb(app, a, "sql", "Query views, topics, lake and warehouse tables (DuckDB's SQL, read-only).",
             "millrace sql \"SELECT event_type, events FROM events_by_type ORDER BY events DESC\"\n"
             "millrace sql \"SELECT * FROM orders LIMIT 5\" --format csv",
             [](Arguments& x) { return run_sql(x.remote, x.text); });
    sql->add_option("SQL", a.text, "one statement")->required();
    add_topic_verbs(app, a);

    add_group_verbs(app, a);
    add_transaction_verbs(app, a);
    add_schema_verbs(app, a);
    add_user_verbs(app, a);
    add_acl_verbs(app, a);
    add_token_verbs(app, a);

    CLI::App* view = noun(app, a, "view", "Materialised views: list, show.", "All views.",
                          "millrace view\nmillrace view show events_by_type order=events:desc limit=5",
                          [](Arguments& x) { return list_views(x.remote); });
    auto* rows = verb(*view, a, "show", "Rows of a view.",
                      "millrace view show events_by_type order=events:desc limit=5\n"
                      "millrace view show orders_by_site site=LYON --format json",
                      [](Arguments& x) { return show_view(x.remote, x.text, x.many); });
    rows->add_option("VIEW", a.text, "its name")->required();
    rows->add_option("FILTERS", a.many, "column=value, order=column:desc, limit=n");

    CLI::App* pipeline = noun(app, a, "pipeline", "Running pipelines: list, describe, explain, resume.",
                              "State, counts, lag and watermark of each.",
                              "millrace pipeline\nmillrace pipeline describe operational\n"
                              "millrace pipeline resume operational",
                              [](Arguments& x) { return list_pipelines(x.remote); });
    verb(*pipeline, a, "describe", "One pipeline: its counts, lag by partition and state.",
         "millrace pipeline describe operational",
         [](Arguments& x) { return describe_pipeline(x.remote, x.text); })
        ->add_option("PIPELINE", a.text, "its name: the file's, without .sql")
        ->required();
    verb(*pipeline, a, "explain", "The plan at work: rows, time, state and watermark of each operator.",
         "millrace pipeline explain operational\nmillrace pipeline explain orders_by_status",
         [](Arguments& x) { return explain_pipeline(x.remote, x.text); })
        ->add_option("NAME", a.text, "a pipeline, or a view or table that one writes")
        ->required();
    verb(*pipeline, a, "resume", "Let a paused pipeline go on, whatever its views hold.",
         "millrace pipeline resume operational",
         [](Arguments& x) { return resume_pipeline(x.remote, x.text); })
        ->add_option("PIPELINE", a.text, "its name: the file's, without .sql")
        ->required();

    verb(app, a, "version", "Version of this binary.", "millrace version --format json", [](Arguments& x) {
        if (x.remote.output.format == Format::json) {
            print_json({{"name", "millrace"}, {"version", MILLRACE_VERSION}});
        } else {
            fmt::print("millrace {}\n", MILLRACE_VERSION);
        }
        return static_cast<int>(Exit::done);
    });
}

std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
        for (const CLI::Option* option : at->get_options()) {
            for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        }
    }
    return names;
}

}  // namespace

void add_commands(CLI::App& app, Arguments& arguments) {
    add_shared_options(app, arguments);
    app.require_subcommand(1);
    app.footer("Start here:  millrace run examples/fulfilment   then open http://127.0.0.1:8080/");
    add_project_verbs(app, arguments);
    const AddVerb add_verb = [&](CLI::App& parent, const std::string& name, const std::string& help,
                                 const std::string& examples, std::function<int(Arguments&)> run) {
        return verb(parent, arguments, name, help, examples, std::move(run));
    };
    add_change_verbs(app, arguments, add_verb);
    add_flink_verbs(app, arguments, add_verb);
    add_load_verbs(app, arguments);
    add_node_verbs(app, arguments);
    add_version_verbs(*app.get_subcommand("pipeline"), arguments, add_verb);
}

std::string explain_usage(const CLI::App& app, const std::vector<std::string>& words,
                          const std::string& why) {
    const CLI::App* at = &app;
    std::string path = "millrace";
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word.starts_with("-")) {
            const std::string name = word.substr(0, word.find('='));
            const CLI::Option* known = nullptr;
            for (const CLI::App* in = at; in != nullptr && known == nullptr; in = in->get_parent())
                known = in->get_option_no_throw(name);
            if (known == nullptr && word.starts_with("--")) {
                return with_help(
                    fmt::format("`{}` has no option {}{}", path, name, did_you_mean(name, option_names(*at))),
                    path + " --help shows what there is");
            }
            // Its value is no verb.
            if (known != nullptr && known->get_expected_min() > 0 && word.find('=') == std::string::npos) ++i;
            continue;
        }
        std::vector<std::string> verbs;
        const CLI::App* next = nullptr;
        for (const CLI::App* sub : at->get_subcommands([](const CLI::App*) { return true; })) {
            verbs.push_back(sub->get_name());
            if (sub->get_name() == word) next = sub;
        }
        if (verbs.empty()) break;
        if (next == nullptr) {
            return with_help(fmt::format("`{}` has no verb `{}`{}", path, word, did_you_mean(word, verbs)),
                             fmt::format("there are {}", fmt::join(verbs, ", ")));
        }
        at = next;
        path += " " + word;
    }
    return with_help(why, path + " --help shows how it is used");
}

}  // namespace mr::cli
