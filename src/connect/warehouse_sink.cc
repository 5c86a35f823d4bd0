#include "connect/warehouse_sink.h"

#include "engine/consolidate.h"

namespace mr::connect {
namespace {

/// The journal position is kept beside the partitions' offsets, under a number no partition has.
constexpr std::int32_t kThrough = -1;
constexpr std::size_t kBytesMax = 4U << 20;

}  // namespace

Result<std::unique_ptr<WarehouseSink>> WarehouseSink::open(broker::Broker& broker,
                                                           warehouse::Warehouse& warehouse,
                                                           const plan::TablePtr& table) {
    const std::string name(table->option("table-name", table->name));
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
    MR_TRY_VOID(warehouse.create_table(target));
    return std::make_unique<WarehouseSink>(warehouse, std::move(target), std::move(reader));
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
