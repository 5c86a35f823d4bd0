#include "node/sinks_open.h"

#include <algorithm>
#include <cstdio>

#include "base/log.h"
#include "connect/archive_sink.h"
#include "connect/file_sink.h"
#include "connect/lake_position.h"
#include "connect/lake_sink.h"
#include "connect/print_sink.h"
#include "connect/warehouse_sink.h"

namespace mr::node {
namespace {

constexpr std::int64_t kWarehouseEveryMs = 1'000;
constexpr std::int64_t kPrintEveryMs = 100;
constexpr std::int64_t kFilesEveryMs = 1'000;
constexpr std::int64_t kExpireEveryMs = 60'000;
/// A table may ask for less, but a snapshot costs some 20 ms and three files.
constexpr std::int64_t kCommitIntervalMin = 100;

connect::LakeOptions lake_options(const Config& config, const std::string& lake) {
    connect::LakeOptions out{.directory = lake, .retention_ms = config.lake_retention_ms, .compaction = {}};
    out.compaction.enabled = config.lake_compaction;
    out.compaction.quiet_ms = config.lake_compact_after_ms;
    out.compaction.target_bytes = config.lake_file_bytes;
    return out;
}

/// What SQL calls the tables of the lake.
struct LakeNames {
    std::map<std::string, std::string, std::less<>> folders, declared;
    std::vector<std::pair<std::string, std::string>> tables;

    Status add(const std::string& lake, const std::string& database, const std::string& table,
               const std::string& in_sql) {
        MR_TRY(const std::string folder, connect::lake_table_directory(lake, database, table));
        folders[database + "/" + table] = folder;
        if (!in_sql.empty()) declared[in_sql] = folder;
        tables.emplace_back(database, table);
        return {};
    }
};

Upkeep upkeep_of(const std::shared_ptr<connect::LakeWriter>& sink, const Config& config) {
    return {.interval_ms = std::clamp<std::int64_t>(config.lake_compact_after_ms / 4, 500, 10'000),
            .plan = [sink] { return sink->plan_upkeep(); },
            .commit = [sink](lake::Rewrite& job) { return sink->commit_upkeep(job); }};
}

}  // namespace

Status open_print_sinks(const SinkContext& context) {
    const auto write = [](std::string_view text, bool error) {
        std::FILE* out = error ? stderr : stdout;
        static_cast<void>(std::fwrite(text.data(), 1, text.size(), out));
        static_cast<void>(std::fflush(out));
    };
    for (const plan::TablePtr& table : context.project.sinks("print")) {
        MR_TRY(auto sink, connect::PrintSink::open(context.broker, table, write));
        const std::shared_ptr<connect::PrintSink> shared = std::move(sink);
        context.sinks.add("print", table->name, kPrintEveryMs, [shared] { return shared->run_once(); });
    }
    return {};
}

Status open_file_sinks(const SinkContext& context) {
    for (const plan::TablePtr& table : context.project.sinks("filesystem")) {
        MR_TRY(auto sink, connect::FileSink::open(context.broker, context.clock, context.fs, table,
                                                  context.project.directory));
        const std::shared_ptr<connect::FileSink> shared = std::move(sink);
        context.sinks.add("filesystem", table->name, kFilesEveryMs, [shared] { return shared->run_once(); });
    }
    return {};
}

Status open_warehouse_sinks(const SinkContext& context, warehouse::Warehouse& warehouse) {
    for (const plan::TablePtr& table : context.project.sinks("warehouse")) {
        MR_TRY(auto sink, connect::WarehouseSink::open(context.broker, context.clock, warehouse, table));
        const std::shared_ptr<connect::WarehouseSink> shared = std::move(sink);
        const Upkeep upkeep{.interval_ms = kExpireEveryMs,
                            .plan = [shared]() -> Result<std::shared_ptr<lake::Rewrite>> {
                                MR_TRY_VOID(shared->expire());
                                return nullptr;
                            },
                            .commit = {}};
        context.sinks.add(
            "warehouse", shared->name(), kWarehouseEveryMs, [shared] { return shared->run_once(); }, upkeep);
    }
    return {};
}

Status open_lake_sinks(const SinkContext& context, const std::string& lake,
                       const std::vector<std::string>& archived, NodeScans& scans,
                       warehouse::Warehouse* warehouse) {
    LakeNames names;
    const Config& config = context.project.config;
    const connect::LakeOptions options = lake_options(config, lake);
    for (const plan::TablePtr& table : context.project.sinks("iceberg")) {
        MR_TRY(auto sink, connect::open_lake_sink(context.broker, context.fs, context.clock, options, table));
        const std::shared_ptr<connect::LakeWriter> shared = std::move(sink);
        MR_TRY_VOID(names.add(lake, std::string(table->option("catalog-database", "main")),
                              std::string(table->option("catalog-table", table->name)), table->name));
        MR_TRY(const std::int64_t interval,
               connect::duration_option(*table, "commit-interval", config.lake_commit_interval_ms));
        context.sinks.add(
            "lake", shared->name(), std::max(interval, kCommitIntervalMin),
            [shared] { return shared->run_once(); }, upkeep_of(shared, config));
    }
    for (const std::string& topic : archived) {
        auto sink = connect::open_archive_sink(context.broker, context.fs, context.clock, options, topic);
        if (!sink) return annotate(sink.error(), "lake.archive");
        const std::shared_ptr<connect::LakeWriter> shared = std::move(*sink);
        MR_TRY_VOID(names.add(lake, "raw", topic, ""));
        context.sinks.add(
            "archive", shared->name(), std::max(config.lake_commit_interval_ms, kCommitIntervalMin),
            [shared] { return shared->run_once(); }, upkeep_of(shared, config));
    }
    scans.set_lake(context.fs, names.folders, names.declared);
    if (warehouse == nullptr) return {};
    for (const auto& [database, table] : names.tables) {
        // A name the warehouse cannot take is no reason not to start: the lake table is there all the same.
        const Status made = warehouse->create_scan_view(database, table, database + "/" + table);
        if (!made) log_warn("lake", "SQL will not know {}.{}: {}", database, table, made.error().message);
    }
    return {};
}

}  // namespace mr::node
