#include "connect/warehouse_sink.h"

#include "connect/lake_options.h"
#include "engine/consolidate.h"

namespace mr::connect {
namespace {

/// The journal position is kept beside the partitions' offsets, under a number no partition has.
constexpr std::int32_t kThrough = -1;
constexpr std::size_t kBytesMax = 4U << 20;

Result<WarehouseSink::Retention> retention_of(const plan::Table& table, const Schema& schema) {
    WarehouseSink::Retention out;
    MR_TRY(out.ms, duration_option(table, "retention", 0));
    if (out.ms <= 0) return out;
    out.column = table.option("time-column");
    for (const Field& f : schema.fields)
        if (out.column.empty() && f.type.is_timestamp()) out.column = f.name;
    const int at = schema.find(out.column);
    if (at < 0 || !schema[static_cast<std::size_t>(at)].type.is_timestamp())
        return fail(
            Code::invalid_argument,
            "{}:{}: table {}: 'retention' needs a TIMESTAMP or TIMESTAMP_LTZ column to count on: name it "
            "by 'time-column'",
            table.file, table.line, table.name);
    return out;
}

}  // namespace

Result<std::unique_ptr<WarehouseSink>> WarehouseSink::open(broker::Broker& broker, Clock& clock,
                                                           warehouse::Warehouse& warehouse,
                                                           const plan::TablePtr& table) {
    const std::string name(table->option("table", table->name));
    MR_TRY(const auto stored, warehouse.positions(name));
    TopicPosition from;
    for (const warehouse::SinkPosition& p : stored) {
        if (p.partition == kThrough) {
            from.through = Seq(static_cast<std::uint64_t>(p.next_offset));
        } else {
            from.next_offset[p.partition] = p.next_offset;
        }
    }
    MR_TRY(auto reader, TableReader::open(broker, table, "warehouse table " + name, std::move(from)));
    warehouse::WarehouseTable target{.name = name, .schema = reader->schema(), .key = reader->key()};
    MR_TRY(Retention retention, retention_of(*table, target.schema));
    MR_TRY_VOID(warehouse.create_table(target));
    if (name != table->name) MR_TRY_VOID(warehouse.create_alias(table->name, name));
    return std::make_unique<WarehouseSink>(clock, warehouse, std::move(target), std::move(retention),
                                           std::move(reader));
}

Result<std::int64_t> WarehouseSink::expire() {
    if (retention_.ms <= 0) return 0;
    return warehouse_.expire(table_.name, retention_.column, clock_.now().value * 1'000,
                             retention_.ms * 1'000);
}

warehouse::SinkBatch WarehouseSink::to_batch(const TableBatch& batch, std::size_t& rows) const {
    warehouse::SinkBatch out;
    std::vector<std::uint32_t> put, removed;
    if (table_.key.empty()) {
        out.rows = batch.rows.columns;
        rows = batch.rows.size();
    } else {
        for (const engine::KeyChange& change :
             engine::key_changes(batch.rows, table_.key, plan::Mode::upsert)) {
            (change.row >= 0 ? put : removed)
                .push_back(change.row >= 0 ? static_cast<std::uint32_t>(change.row) : change.last);
        }
        rows = put.size() + removed.size();
        for (const ColumnPtr& c : batch.rows.columns) out.rows.push_back(Column::take(c, put));
        for (const int k : table_.key)
            out.deleted.push_back(Column::take(batch.rows.columns[static_cast<std::size_t>(k)], removed));
    }
    for (const auto& [partition, next] : batch.position.next_offset)
        out.positions.push_back({partition, next});
    out.positions.push_back({kThrough, static_cast<std::int64_t>(batch.position.through.value)});
    return out;
}

Result<std::size_t> WarehouseSink::run_once() {
    MR_TRY(const TableBatch batch, reader_->read(kBytesMax));
    if (batch.rows.empty()) return 0;
    std::size_t rows = 0;
    MR_TRY_VOID(warehouse_.commit(table_, to_batch(batch, rows)));
    reader_->confirm(batch.position);
    return rows;
}

}  // namespace mr::connect
