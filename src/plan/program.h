// A compiled pipeline file: everything the runtime needs to run it, nothing of its text.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "plan/node.h"

namespace mr::plan {

/// Where the rows of a root go.
struct TopicSink {
    TablePtr table;  ///< connector kafka, upsert-kafka, iceberg, warehouse, print, blackhole: each makes a
                     ///< topic, read by its sink
    /// Column i of the sink's physical + writable metadata columns is column `mapping[i]` of the root, or -1
    /// for NULL.
    std::vector<int> mapping;
};

/// A materialised view: kept in memory, pushed, and (unless 'topic' = 'none') written to an upsert topic of
/// its name.
struct ViewSink {
    std::string view;
    Schema schema;
    std::vector<int> key;  ///< columns of the root, in order; never empty
    TablePtr table;        ///< the view as a table others may read: options, primary key
};

struct Sink {
    std::variant<TopicSink, ViewSink> target;
    NodePtr root;
    /// The root's unique key differs from the sink's: the runtime keeps a materialiser (last row per sink key
    /// by arrival).
    bool needs_materializer = false;
    int line = 0;  ///< of the statement
};

/// What a sink writes to: the view, or the table.
inline const TablePtr& table_of(const Sink& sink) {
    return std::visit([](const auto& target) -> const TablePtr& { return target.table; }, sink.target);
}
inline const std::string& name_of(const Sink& sink) {
    const auto* view = std::get_if<ViewSink>(&sink.target);
    return view != nullptr ? view->view : table_of(sink)->name;
}

struct Program {
    std::string name;  ///< the file's stem: "10_orders"
    std::vector<Sink> sinks;
    /// Every SourceNode of the DAG once, in order of first appearance; a source's index names it in step
    /// entries.
    std::vector<NodePtr> sources;
    /// SET 'key' = 'value' statements of the file.
    std::vector<std::pair<std::string, std::string>> settings;
    /// Hash over all sinks and roots: equal means "unchanged, keep the state".
    std::uint64_t fingerprint = 0;
};

}  // namespace mr::plan
