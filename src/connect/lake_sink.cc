#include "connect/lake_sink.h"

#include "connect/lake_position.h"
#include "connect/table_reader.h"

namespace mr::connect {
namespace {

/// The columns the topic holds, all of them optional: as TableReader gives them.
Schema physical_columns(const plan::Table& table) {
    Schema out;
    for (const plan::TableColumn& column : table.columns)
        if (column.kind == plan::ColumnKind::physical)
            out.fields.push_back({.name = column.name, .type = column.type.with_nullable(true)});
    return out;
}

/// The column a table is partitioned by; empty: none.
Result<std::string> time_column(const plan::Table& table, const Schema& columns) {
    if (table.has_option("time-column")) {
        const std::string wanted(table.option("time-column"));
        const int at = columns.find(wanted);
        if (at < 0 || !columns[static_cast<std::size_t>(at)].type.is_timestamp())
            return fail(Code::invalid_argument,
                        "{}:{}: table {}: 'time-column' = '{}' names no TIMESTAMP or TIMESTAMP_LTZ column",
                        table.file, table.line, table.name, wanted);
        return wanted;
    }
    for (const Field& f : columns.fields)
        if (f.type.is_timestamp()) return f.name;
    return std::string();
}

/// Batches one after the other as one set of columns.
std::vector<ColumnPtr> concatenate(const std::vector<std::vector<ColumnPtr>>& parts) {
    if (parts.size() == 1) return parts[0];
    std::vector<ColumnPtr> out;
    for (std::size_t c = 0; c < parts[0].size(); ++c) {
        ColumnBuilder builder(parts[0][c]->type());
        for (const auto& part : parts)
            for (std::size_t row = 0; row < part[c]->size(); ++row) builder.append_from(*part[c], row);
        out.push_back(builder.finish());
    }
    return out;
}

}  // namespace

class LakeSink::Impl {
  public:
    Impl(broker::Broker& broker, FileSystem& fs, Clock& clock, plan::TablePtr table)
        : broker_(broker), fs_(fs), clock_(clock), table_(std::move(table)) {}

    lake::TableSpec spec;
    std::string name;

    Status start() {
        reader_.reset();
        lake_.reset();
        MR_TRY(lake_, lake::Table::open(fs_, clock_, spec));
        MR_TRY(reader_, TableReader::open(broker_, table_, "lake table " + name,
                                          position_of(lake_->position(), broker_, table_->topic())));
        if (wakeup_) reader_->set_wakeup(wakeup_);
        started_ = true;
        return {};
    }

    Result<std::size_t> run() {
        if (!started_) MR_TRY_VOID(start());
        std::size_t total = 0;
        for (int i = 0; i < kLakeCommitsMax; ++i) {
            bool more = true;
            auto rows = commit_once(more);
            if (!rows) {
                // Whether the snapshot is there is read from the table, and the position with it.
                started_ = false;
                return rows;
            }
            total += *rows;
            if (!more) break;
        }
        return total;
    }
    Result<std::shared_ptr<lake::Rewrite>> plan_upkeep() {
        if (!started_) return nullptr;
        auto dropped = lake_->drop_expired();
        if (!dropped) {
            started_ = false;
            return std::unexpected(std::move(dropped).error());
        }
        return lake_->plan_rewrite();
    }
    Status commit_upkeep(lake::Rewrite& job) {
        if (!started_) return fail(Code::not_found, "{} is being opened again", name);
        auto done = lake_->commit_rewrite(job);
        if (!done && done.error().code != Code::not_found) started_ = false;
        return done;
    }
    void set_wakeup(std::function<void()> to) {
        wakeup_ = std::move(to);
        if (reader_ != nullptr) reader_->set_wakeup(wakeup_);
    }

  private:
    Result<std::size_t> commit_once(bool& more) {
        std::vector<std::vector<ColumnPtr>> parts;
        std::set<std::optional<std::int32_t>> hours;
        TopicPosition position;
        std::size_t bytes = 0, rows = 0;
        const int time = spec.time_column.empty() ? -1 : reader_->schema().find(spec.time_column);
        while (bytes < kLakeCommitBytes && hours.size() <= kLakeHoursMax) {
            MR_TRY(TableBatch batch, reader_->read(kLakeReadBytes));
            position = batch.position;
            more = !batch.rows.empty();
            if (!more) break;
            rows += batch.rows.size();
            for (const ColumnPtr& c : batch.rows.columns) bytes += c->memory();
            if (time >= 0) add_hours(*batch.rows.columns[static_cast<std::size_t>(time)], hours);
            parts.push_back(std::move(batch.rows.columns));
        }
        if (rows > 0) {
            MR_TRY_VOID(lake_->append(concatenate(parts), summary_of(position, broker_, table_->topic())));
        }
        reader_->confirm(position);
        return rows;
    }

    broker::Broker& broker_;
    FileSystem& fs_;
    Clock& clock_;
    const plan::TablePtr table_;
    std::function<void()> wakeup_;
    std::unique_ptr<lake::Table> lake_;
    std::unique_ptr<TableReader> reader_;
    bool started_ = false;
};

Result<std::unique_ptr<LakeSink>> LakeSink::open(broker::Broker& broker, FileSystem& fs, Clock& clock,
                                                 const LakeOptions& lake, const plan::TablePtr& table) {
    if (!table->primary_key.empty()) {
        return fail(
            Code::unsupported,
            "{}:{}: table {}: lake tables take rows, not changes: remove the PRIMARY KEY and insert an "
            "append-only query, or use 'connector' = 'warehouse', which keeps the newest row of a key",
            table->file, table->line, table->name);
    }
    auto impl = std::make_unique<Impl>(broker, fs, clock, table);
    const std::string database(table->option("catalog-database", "main"));
    const std::string name(table->option("catalog-table", table->name));
    MR_TRY(impl->spec.directory, lake_table_directory(lake.directory, database, name));
    const Schema columns = physical_columns(*table);
    auto schema = lake::lake_schema(columns, false);
    if (!schema) return annotate(std::move(schema).error(), "table " + table->name);
    impl->spec.columns = std::move(*schema);
    MR_TRY(impl->spec.time_column, time_column(*table, columns));
    MR_TRY(impl->spec.row_retention_ms, duration_option(*table, "retention", 0));
    impl->spec.retention_ms = lake.retention_ms;
    // Snapshots older than the rows' retention would hold on to what must go.
    if (impl->spec.row_retention_ms > 0 &&
        (lake.retention_ms <= 0 || impl->spec.row_retention_ms < lake.retention_ms))
        impl->spec.retention_ms = impl->spec.row_retention_ms;
    impl->spec.compaction = lake.compaction;
    impl->name = database + "." + name;
    MR_TRY_VOID(impl->start());
    return std::make_unique<LakeSink>(std::move(impl));
}

LakeSink::LakeSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LakeSink::~LakeSink() = default;
Result<std::size_t> LakeSink::run_once() {
    return impl_->run();
}
Result<std::shared_ptr<lake::Rewrite>> LakeSink::plan_upkeep() {
    return impl_->plan_upkeep();
}
Status LakeSink::commit_upkeep(lake::Rewrite& job) {
    return impl_->commit_upkeep(job);
}
const std::string& LakeSink::name() const {
    return impl_->name;
}
void LakeSink::set_wakeup(std::function<void()> wakeup) {
    impl_->set_wakeup(std::move(wakeup));
}

}  // namespace mr::connect
