// The verbs that hand a project to Apache Flink.
#include "cli/commands.h"

namespace mr::cli {
namespace {

/// What both verbs take: how the project is said in Flink's SQL.
void add_emission_options(CLI::App& verb, FlinkCommand& f, LocalOptions& local) {
    verb.add_option("DIR", local.project, "the project's folder")->capture_default_str();
    verb.add_option("--bootstrap", f.bootstrap, "Kafka of tables that name none (default: kafka.listen)");
    verb.add_option(
        "--lake", f.lake,
        "where an Iceberg catalog (hadoop) lies; without it rows of 'iceberg' tables go to topics");
    verb.add_option("--guarantee", f.guarantee, "what sinks promise")
        ->check(CLI::IsMember({"exactly-once", "at-least-once"}))
        ->capture_default_str();
    verb.add_option("--checkpoint", f.checkpoint,
                    "how often Flink takes a checkpoint: exactly-once results show then")
        ->capture_default_str();
    verb.add_option("--savepoint", f.savepoints, "PIPELINE=PATH: its job begins there; may be repeated")
        ->allow_extra_args(false);
}

}  // namespace

void add_flink_verbs(CLI::App& app, Arguments& a, const AddVerb& add_verb) {
    CLI::App* compile = add_verb(app, "compile", "Print the project in another engine's SQL.",
                                 "millrace compile --target flink examples/fulfilment -o fulfilment.sql\n"
                                 "millrace compile --target flink . --bootstrap kafka-1:9092,kafka-2:9092",
                                 [](Arguments& x) { return compile_flink(x.local, x.flink); });
    compile->add_option("--target", a.flink.target, "flink: Apache Flink SQL 2.2")
        ->check(CLI::IsMember({"flink"}))
        ->required();
    compile->add_option("-o,--output", a.flink.output, "where to write it (default: standard output)");
    add_emission_options(*compile, a.flink, a.local);

    CLI::App* deploy = app.add_subcommand("deploy", "Run the project on another engine.");
    deploy->require_subcommand(1);
    CLI::App* flink = add_verb(
        *deploy, "flink", "Run the project on Apache Flink, through its SQL Gateway: a job each pipeline.",
        "millrace deploy flink --gateway http://flink:8083 . --bootstrap kafka-1:9092\n"
        "millrace deploy flink --gateway http://flink:8083 . --dry-run\n"
        "millrace deploy flink --gateway http://flink:8083 . --status\n"
        "millrace deploy flink --gateway http://flink:8083 . --stop --savepoint-dir s3://ops/savepoints\n"
        "millrace deploy flink --gateway http://flink:8083 . --savepoint "
        "storage=s3://ops/savepoints/savepoint-4f2",
        [](Arguments& x) { return deploy_flink(x.local, x.flink, x.remote.timeout_ms, x.stop); });
    flink->add_option("--gateway", a.flink.gateway, "the SQL Gateway's address")->required();
    auto* status = flink->add_flag("--status", a.flink.status, "show the project's jobs, change nothing");
    auto* stop = flink->add_flag("--stop", a.flink.stop, "stop the project's jobs, each with a savepoint");
    auto* dry = flink->add_flag("--dry-run", a.flink.dry_run,
                                "let Flink plan every statement, run none: all it refuses is shown");
    status->excludes(stop)->excludes(dry);
    stop->excludes(dry);
    flink->add_option("--savepoint-dir", a.flink.savepoint_dir,
                      "where savepoints go (default: Flink's execution.checkpointing.savepoint-dir)");
    add_emission_options(*flink, a.flink, a.local);
}

}  // namespace mr::cli
