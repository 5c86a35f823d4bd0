// Reads the topic behind a sink table (connector 'warehouse' or 'iceberg') back as rows: what was made
// durable, in journal order. Every sink is one of these beside a writer that commits rows and position
// together.
//
// Thread: one worker at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "broker/log_reader.h"
#include "columnar/delta.h"
#include "plan/table.h"

namespace mr::connect {

/// How far a sink has read its topic. The sequence says where to read on, the offsets make it exact whatever
/// was replayed.
struct TopicPosition {
    Seq through;
    std::map<std::int32_t, std::int64_t> next_offset;  ///< by partition
};

struct TableBatch {
    Delta rows;              ///< of schema(); weight -1: the key was removed (other columns are NULL)
    TopicPosition position;  ///< after these rows
};

class TableReader {
  public:
    /// REQUIRES: the topic exists. `name` names the hold on retention, for people.
    static Result<std::unique_ptr<TableReader>> open(broker::Broker& broker, const plan::TablePtr& table,
                                                     std::string name, TopicPosition from);
    ~TableReader();

    /// The table's physical columns.
    [[nodiscard]] const Schema& schema() const;
    /// Columns of the primary key in schema(); empty: append-only.
    [[nodiscard]] const std::vector<int>& key() const;

    /// What came since the last call, at most about `bytes_max`; no rows: nothing more for now.
    Result<TableBatch> read(std::size_t bytes_max);
    /// Rows up to this position are committed outside: retention may go on.
    void confirm(const TopicPosition& position);
    /// Called once after a read() that gave nothing, when there is more. Short.
    void set_wakeup(std::function<void()> wakeup);

    /// For open().
    class Impl;
    explicit TableReader(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::connect
