// What ad-hoc SQL can read besides the warehouse's own tables: views, declared tables over topics, and any
// topic as it is. Everything at the newest durable state.
//
//   a view's name        its rows
//   a table's name       the topic's records, decoded as the table declares (what cannot be decoded is left
//   out);
//                        'connector' = 'iceberg': the rows of the lake table
//   a topic's name       partition, offset, timestamp, key, value: one row a record, key and value as text
//   "<database>/<table>" a lake table; the warehouse has views database.table for these
//
// Thread: any worker.
#pragma once

#include <memory>

#include "base/file_system.h"
#include "broker/broker.h"
#include "formats/schema_source.h"
#include "plan/table.h"
#include "views/view_store.h"
#include "warehouse/scan.h"

namespace mr::node {

/// Immutable once the node runs.
using TableMap = std::map<std::string, plan::TablePtr, std::less<>>;

class NodeScans final : public warehouse::ScanCatalog {
  public:
    /// `schemas`: for tables whose format needs the registry.
    NodeScans(broker::Broker& broker, views::ViewStore& views, formats::SchemaSource* schemas)
        : broker_(broker), views_(views), schemas_(schemas) {}
    /// Before the first query.
    void set_tables(TableMap tables) { tables_ = std::move(tables); }
    /// Tables of the lake by "<database>/<table>", with their folders; `declared`: by the name in the SQL.
    /// Before the first query.
    void set_lake(FileSystem& fs, std::map<std::string, std::string, std::less<>> folders,
                  std::map<std::string, std::string, std::less<>> declared) {
        lake_fs_ = &fs;
        lake_ = std::move(folders);
        lake_declared_ = std::move(declared);
    }

    std::optional<warehouse::ScanTable> find(std::string_view name) override;
    [[nodiscard]] std::vector<std::string> names() override;

  private:
    broker::Broker& broker_;
    views::ViewStore& views_;
    formats::SchemaSource* const schemas_;
    TableMap tables_;
    FileSystem* lake_fs_ = nullptr;
    std::map<std::string, std::string, std::less<>> lake_, lake_declared_;
};

}  // namespace mr::node
