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

class LakeSink final : public LakeWriter {
  public:
    LakeSink(broker::Broker& broker, FileSystem& fs, Clock& clock, std::string name, lake::TableSpec spec,
             plan::TablePtr table)
        : LakeWriter(fs, clock, std::move(name), std::move(spec)),
          broker_(broker),
          table_(std::move(table)) {}

  private:
    Status open_reader(const lake::Summary& position) override {
        MR_TRY(reader_, TableReader::open(broker_, table_, "lake table " + name(),
                                          position_of(position, broker_, table_->topic())));
        return {};
    }
    void close_reader() override { reader_.reset(); }
    void wake_on_more(const std::function<void()>& wakeup) override { reader_->set_wakeup(wakeup); }

    Result<std::size_t> commit_once(bool& more) override {
        std::vector<std::vector<ColumnPtr>> parts;
        std::set<std::optional<std::int32_t>> hours;
        TopicPosition position;
        std::size_t bytes = 0, rows = 0;
        const int time = spec().time_column.empty() ? -1 : reader_->schema().find(spec().time_column);
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
            MR_TRY_VOID(table().append(concatenate(parts), summary_of(position, broker_, table_->topic())));
        }
        reader_->confirm(position);
        return rows;
    }

    broker::Broker& broker_;
    const plan::TablePtr table_;
    std::unique_ptr<TableReader> reader_;
};

}  // namespace

Result<std::unique_ptr<LakeWriter>> open_lake_sink(broker::Broker& broker, FileSystem& fs, Clock& clock,
                                                   const LakeOptions& lake, const plan::TablePtr& table) {
    if (!table->primary_key.empty()) {
        return fail(
            Code::unsupported,
            "{}:{}: table {}: lake tables take rows, not changes: remove the PRIMARY KEY and insert an "
            "append-only query, or use 'connector' = 'warehouse', which keeps the newest row of a key",
            table->file, table->line, table->name);
    }
    lake::TableSpec spec;
    const std::string database(table->option("catalog-database", "main"));
    const std::string name(table->option("catalog-table", table->name));
    MR_TRY(spec.directory, lake_table_directory(lake.directory, database, name));
    const Schema columns = physical_columns(*table);
    auto schema = lake::lake_schema(columns, false);
    if (!schema) return annotate(std::move(schema).error(), "table " + table->name);
    spec.columns = std::move(*schema);
    MR_TRY(spec.time_column, time_column(*table, columns));
    MR_TRY(spec.row_retention_ms, duration_option(*table, "retention", 0));
    spec.retention_ms = lake.retention_ms;
    // Snapshots older than the rows' retention would hold on to what must go.
    if (spec.row_retention_ms > 0 && (lake.retention_ms <= 0 || spec.row_retention_ms < lake.retention_ms))
        spec.retention_ms = spec.row_retention_ms;
    spec.compaction = lake.compaction;
    auto sink = std::make_unique<LakeSink>(broker, fs, clock, database + "." + name, std::move(spec), table);
    MR_TRY_VOID(sink->start());
    return sink;
}

}  // namespace mr::connect
