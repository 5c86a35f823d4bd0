// A table with 'connector' = 'warehouse': the rows of its topic in a DuckDB table, upserted by the primary
// key, in one transaction with the position. At most one transaction a second: DuckDB commits cost
// milliseconds. Thread: one worker at a time.
#pragma once

#include <memory>
#include <string>

#include "connect/table_reader.h"
#include "warehouse/warehouse.h"

namespace mr::connect {

class WarehouseSink {
  public:
    /// Creates the DuckDB table where it is missing; goes on at its position.
    static Result<std::unique_ptr<WarehouseSink>> open(broker::Broker& broker,
                                                       warehouse::Warehouse& warehouse,
                                                       const plan::TablePtr& table);

    /// Commits what came; number of rows put or removed. An error is permanent until somebody acts; the
    /// position is kept.
    Result<std::size_t> run_once();
    [[nodiscard]] const std::string& name() const { return table_.name; }

    /// For open().
    WarehouseSink(warehouse::Warehouse& warehouse, warehouse::WarehouseTable table,
                  std::unique_ptr<TableReader> reader)
        : warehouse_(warehouse), table_(std::move(table)), reader_(std::move(reader)) {}

  private:
    [[nodiscard]] warehouse::SinkBatch to_batch(const TableBatch& batch, std::size_t& rows) const;

    warehouse::Warehouse& warehouse_;
    const warehouse::WarehouseTable table_;
    std::unique_ptr<TableReader> reader_;
};

}  // namespace mr::connect
