// Counts that others keep, brought to /metrics when somebody asks: pipelines (conservation, lag, watermark,
// state), consumer groups, topics, views. Thread: loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "broker/broker.h"
#include "node/runners.h"
#include "serve/kafka/service.h"
#include "views/view_store.h"

namespace mr::node {

class NodeMetrics {
  public:
    NodeMetrics(Metrics& metrics, const Clock& clock, const std::string& version);

    void collect(const RunnerList& runners, const broker::Broker& broker, const serve::kafka::Service& kafka,
                 views::ViewStore& views);

  private:
    void collect_pipeline(const pipeline::Runner& runner);
    /// What has come since the last time to what a runner counts. `labels` follow the pipeline's, which
    /// changes when another version begins to serve: what came before stays where it was.
    void count(const pipeline::Runner& by, std::string_view name, std::string_view help,
               const std::string& labels, std::uint64_t total);
    void gauge(std::string_view name, std::string_view help, const std::string& labels, double value);

    Metrics& metrics_;
    const Clock& clock_;
    /// By slot, counter and labels.
    std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t> counted_;
    std::map<std::string, Gauge*> gauges_;
    std::map<std::string, bool> seen_;  ///< gauges set in this collect(); the others fall to 0
};

}  // namespace mr::node
