// A table with 'connector' = 'warehouse': the rows of its topic in a DuckDB table, upserted by the primary
// key, in one transaction with the position. At most one transaction a second: DuckDB commits cost
// milliseconds.
//
// Options: 'table' (default the table's name; queries know it by both), 'retention' (rows whose 'time-column'
// is that much older than the table's newest, or than now if that is earlier, are dropped; so a table of old
// events keeps its newest span, and a date in the future drops nothing). 'time-column' defaults to the first
// timestamp column.
//
// Thread: one worker at a time.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "connect/table_reader.h"
#include "warehouse/warehouse.h"

namespace mr::connect {

class WarehouseSink {
  public:
    /// Creates the DuckDB table where it is missing; goes on at its position.
    static Result<std::unique_ptr<WarehouseSink>> open(broker::Broker& broker, Clock& clock,
                                                       warehouse::Warehouse& warehouse,
                                                       const plan::TablePtr& table);

    /// Commits what came; number of rows put or removed. An error is permanent until somebody acts; the
    /// position is kept.
    Result<std::size_t> run_once();
    /// Drops what is older than the retention; number of rows. Call it now and then.
    Result<std::int64_t> expire();
    [[nodiscard]] const std::string& name() const { return table_.name; }

    struct Retention {
        std::string column;
        std::int64_t ms = 0;  ///< <= 0: for ever
    };
    /// For open().
    WarehouseSink(Clock& clock, warehouse::Warehouse& warehouse, warehouse::WarehouseTable table,
                  Retention retention, std::unique_ptr<TableReader> reader)
        : clock_(clock),
          warehouse_(warehouse),
          table_(std::move(table)),
          retention_(std::move(retention)),
          reader_(std::move(reader)) {}

  private:
    [[nodiscard]] warehouse::SinkBatch to_batch(const TableBatch& batch, std::size_t& rows) const;

    Clock& clock_;
    warehouse::Warehouse& warehouse_;
    const warehouse::WarehouseTable table_;
    const Retention retention_;
    std::unique_ptr<TableReader> reader_;
};

}  // namespace mr::connect
