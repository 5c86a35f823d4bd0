// Watches views by their changes and keeps one alert a matching row: firing, acknowledged, resolved.
//
// Alerts are rows of the view `alerts`, written by steps of the pseudo pipeline kAlertsPipeline, so they are
// durable, pushed, queried and recovered as any view. The engine decides on the loop; what it decided becomes
// visible when the step is durable. Thread: loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "alerts/rule.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "columnar/value.h"
#include "journal/journal.h"
#include "journal/pipeline_entry.h"
#include "views/view_store.h"

namespace mr::alerts {

inline constexpr const char* kAlertsPipeline = "_alerts";
inline constexpr const char* kAlertsView = "alerts";

/// The view's columns.
const Schema& alerts_schema();
/// The `pipeline` entry that creates the view; appended once, before the engine starts.
journal::PipelineEntry alerts_instance(InstanceEpoch epoch, std::string view_epoch, TimestampMs now);

struct EngineOptions {
    std::size_t resolved_max = 1'000;  ///< resolved alerts kept
    std::size_t firing_max = 10'000;   ///< of one rule; more are counted and logged, not fired
};

class AlertEngine final : public views::ViewListener {
  public:
    using Submit = std::function<void(std::unique_ptr<journal::Proposal>)>;
    using Post = std::function<void(std::move_only_function<void()>)>;

    /// `submit` hands a step to the journal; `post` brings its completion back to the loop. Goes on with the
    /// alerts the view holds.
    AlertEngine(views::ViewStore& store, const Clock& clock, Metrics& metrics, std::vector<Rule> rules,
                InstanceEpoch epoch, Submit submit, Post post, EngineOptions options = {});
    ~AlertEngine() override;

    /// Checks every rule against its view as it is now: after a start. A rule whose view or column does not
    /// exist is logged.
    void evaluate_all();

    void on_changed(views::View& view) override;
    void on_replaced(views::View& view) override;
    void on_dropped(const std::string& name) override;

    enum class AckResult : std::uint8_t { done, not_found, not_firing };
    /// `answer` is called once the change is durable, with the alert's key in the view; at once where nothing
    /// changed.
    void acknowledge(const std::string& id, std::string by, std::string note,
                     std::function<void(AckResult)> answer);

  private:
    struct Alert;
    struct Watch;
    class Step;
    void load();
    void evaluate(Watch& watch, views::View& view);
    void check_row(Watch& watch, const views::ViewDefinition& definition, const views::RowPtr& before,
                   const views::RowPtr& after);
    void fire(Watch& watch, const views::ViewDefinition& definition, const std::vector<Value>& row,
              const std::string& subject);
    void resolve(const std::string& id);
    void put(const Alert& alert);
    void forget_oldest();
    static std::int64_t resolved_time(const Alert& alert);
    /// Submits the changes made so far as one step; `done` runs on the sync thread.
    void flush(std::function<void()> done = {});

    views::ViewStore& store_;
    const Clock& clock_;
    Counter& fired_;
    Gauge& firing_;
    const InstanceEpoch epoch_;
    const Submit submit_;
    const Post post_;
    const EngineOptions options_;
    std::vector<std::unique_ptr<Watch>> watches_;
    std::map<std::string, Alert> alerts_;                      ///< by id
    std::set<std::pair<std::int64_t, std::string>> resolved_;  ///< the resolved ones by time: who goes first
    std::vector<std::pair<std::string, std::optional<std::string>>>
        changes_;  ///< of the step being made: key, row
    std::uint64_t step_ = 0;
};

}  // namespace mr::alerts
