// What ad-hoc SQL can read besides the warehouse's own tables: views, declared tables over topics, and any
// topic as it is. Everything at the newest durable state.
//
//   a view's name        its rows
//   a table's name       the topic's records, decoded as the table declares (what cannot be decoded is left
//   out) a topic's name       partition, offset, timestamp, key, value: one row a record, key and value as
//   text
//
// Thread: any worker.
#pragma once

#include <memory>

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

    std::optional<warehouse::ScanTable> find(std::string_view name) override;
    [[nodiscard]] std::vector<std::string> names() override;

  private:
    broker::Broker& broker_;
    views::ViewStore& views_;
    formats::SchemaSource* const schemas_;
    TableMap tables_;
};

}  // namespace mr::node
