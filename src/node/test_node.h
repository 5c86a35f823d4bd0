// A node without threads, sockets or disk: the real journal, broker, pipelines and views over a file system
// in memory and a clock that stands still. For `millrace test` and the simulation. Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "node/project.h"
#include "warehouse/warehouse.h"

namespace mr::node {

struct TestNodeOptions {
    std::size_t step_records = 1'024;      ///< records a step of a pipeline takes
    TimestampMs start{1'767'225'600'000};  ///< 2026-01-01T00:00Z
};

class TestNode {
  public:
    static Result<std::unique_ptr<TestNode>> create(const Project& project, TestNodeOptions options);
    ~TestNode();

    /// One record, a batch of its own, stamped now. The topic is created if no table names it.
    Status produce(const std::string& topic, std::optional<std::string_view> key, std::string_view value);
    void advance_ms(std::int64_t ms);
    /// Computes until every pipeline has used everything there is. A pipeline that failed is an error.
    Status settle();
    Result<warehouse::QueryResult> query(const std::string& sql);
    /// Every row of a view, in its own types (query() shows DuckDB's).
    Result<warehouse::QueryResult> view(const std::string& name);

    /// For create().
    class Impl;
    explicit TestNode(std::unique_ptr<Impl> impl);

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::node
