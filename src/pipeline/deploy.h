// From a compiled program to a running pipeline: creates the topics it writes, goes on with the instance the
// journal knows if the program is unchanged, else begins a new one from its earliest input.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/topic_admin.h"
#include "journal/journal.h"
#include "pipeline/participant.h"
#include "pipeline/registry.h"
#include "pipeline/runner.h"
#include "plan/program.h"

namespace mr::pipeline {

struct DeployContext {
    broker::Broker& broker;
    journal::Journal& journal;
    Clock& clock;
    Metrics& metrics;
    RunnerOptions options;
    /// Called while waiting for the journal, where no threads run it (tests, simulation).
    std::function<void()> pump{};
    /// The schema registry, for formats that need one.
    formats::SchemaSource* schemas = nullptr;
};

/// What a version does: at any time one of a pipeline serves (pipeline/changeover.h).
enum class Part : std::uint8_t { serves, beside };

/// Starting thread; the journal's threads run. `recovered` is the participant's take_state(), called before
/// they were started. Blocks for a few syncs. An error names the file and what to do.
Result<std::unique_ptr<Runner>> deploy(const DeployContext& context,
                                       std::shared_ptr<const plan::Program> program, Participant& participant,
                                       std::unique_ptr<state::StateSpace> recovered,
                                       Part part = Part::serves);

/// Drops pipelines that the journal knows and the project has no more: their views go, their output topics
/// stay.
Status drop_missing(const DeployContext& context, const Registry& registry,
                    const std::vector<std::string>& present);

/// The slot's instance is gone, its views and its state with it; waits until that is durable, and until every
/// step it submitted is done. REQUIRES: no runner of it runs.
Status drop_instance(const DeployContext& context, const Participant& participant);

/// Appends a `pipeline` entry; waits until it is durable.
Status append_instance(const DeployContext& context, journal::PipelineEntry entry);

/// Creates topics that do not exist; waits until that is durable.
Status create_missing_topics(const DeployContext& context, std::vector<broker::NewTopic> topics);

}  // namespace mr::pipeline
