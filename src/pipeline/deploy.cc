#include "pipeline/deploy.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "base/log.h"
#include "base/uuid.h"
#include "pipeline/startup.h"

namespace mr::pipeline {
namespace {

/// Appends one `pipeline` entry.
class InstanceProposal final : public journal::Proposal {
  public:
    InstanceProposal(journal::PipelineEntry entry, std::promise<void>& done)
        : payload_(journal::encode_pipeline(entry)), done_(done) {}
    void order(journal::Appender& out) override {
        out.append(journal::Kind::pipeline, std::move(payload_), journal::kPipelineVersion);
    }
    void done() override { done_.set_value(); }
    [[nodiscard]] std::size_t bytes() const override { return payload_.size(); }

  private:
    std::string payload_;
    std::promise<void>& done_;
};

/// The future's value; runs the journal itself where nobody else does.
template <class T>
T wait_for(const DeployContext& context, std::future<T> future) {
    while (context.pump && future.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
        context.pump();
    return future.get();
}

Status submit_control(journal::Journal& journal, std::unique_ptr<journal::Proposal> proposal) {
    if (journal.try_submit(journal::Lane::control, proposal)) return {};
    return fail(Code::unavailable, "the journal is stopping");
}

journal::PipelineEntry new_instance(const plan::Program& program, const Computation& computation,
                                    const state::StateSpace& state, const Participant& participant,
                                    StartPositions from, TimestampMs now, Part part) {
    journal::PipelineEntry entry{
        .action = journal::PipelineEntry::Action::created,
        .pipeline = participant.slot(),
        .epoch = participant.last_epoch().next(),
        .fingerprint = program.fingerprint,
        .start = from.after,
        .outputs_after = participant.instance() ? participant.progress().consumed : Seq(0),
        .created = now,
        .tables = state.names(),
        .views = {},
        .starts = std::move(from.starts)};
    // Opaque to clients; never the same for two instances, even if the journal was lost in between.
    const std::string epoch =
        fmt::format("{:x}-{}", entry.epoch.value, Uuid::random().to_string().substr(0, 8));
    for (const ViewInfo& v : computation.views()) {
        entry.views.push_back({.name = part == Part::beside ? journal::other_view_name(v.name) : v.name,
                               .epoch = epoch,
                               .schema = v.schema,
                               .key = v.key,
                               .options = v.options});
    }
    return entry;
}

std::vector<broker::NewTopic> topics_of(const Computation& computation) {
    std::vector<broker::NewTopic> topics;
    for (const std::string& name : computation.topics()) topics.push_back({.name = name, .config = {}});
    for (const OutputTopic& t : computation.output_topics()) {
        broker::NewTopic topic{.name = t.name, .config = {}};
        if (t.upsert) {
            topic.config["cleanup.policy"] = "compact";
            // Compaction leaves the open segment alone: a small one keeps the topic near the size of its
            // view.
            topic.config["segment.bytes"] = "16777216";
        }
        topics.push_back(std::move(topic));
    }
    return topics;
}

}  // namespace

Status append_instance(const DeployContext& context, journal::PipelineEntry entry) {
    std::promise<void> done;
    MR_TRY_VOID(submit_control(context.journal, std::make_unique<InstanceProposal>(std::move(entry), done)));
    wait_for(context, done.get_future());
    return {};
}

Status drop_instance(const DeployContext& context, const Participant& participant) {
    journal::PipelineEntry entry;
    entry.action = journal::PipelineEntry::Action::dropped;
    entry.pipeline = participant.slot();
    entry.epoch = participant.epoch();
    std::promise<void> done;
    std::unique_ptr<journal::Proposal> proposal = std::make_unique<InstanceProposal>(std::move(entry), done);
    // In the lane of the steps, so that it comes after them.
    constexpr int kTriesMax = 1'000'000;
    for (int tries = 0; !context.journal.try_submit(journal::Lane::pipelines, proposal); ++tries) {
        if (tries == kTriesMax) return fail(Code::unavailable, "the journal is busy or stopping; try again");
        if (context.pump) context.pump();
        std::this_thread::yield();
    }
    wait_for(context, done.get_future());
    return {};
}

Status create_missing_topics(const DeployContext& context, std::vector<broker::NewTopic> topics) {
    const auto present = context.broker.topics();
    std::erase_if(topics, [&](const broker::NewTopic& t) { return present->find(t.name) != nullptr; });
    if (topics.empty()) return {};
    std::promise<std::vector<broker::CreatedTopic>> answer;
    MR_TRY_VOID(submit_control(
        context.journal, broker::create_topics(context.broker, std::move(topics), false,
                                               [&](auto created) { answer.set_value(std::move(created)); })));
    for (const broker::CreatedTopic& t : wait_for(context, answer.get_future())) {
        if (t.error == broker::KafkaError::none || t.error == broker::KafkaError::topic_already_exists)
            continue;
        return fail(Code::invalid_argument, "cannot create topic {}: {}", t.name, t.message);
    }
    return {};
}

Result<std::unique_ptr<Runner>> deploy(const DeployContext& context,
                                       std::shared_ptr<const plan::Program> program, Participant& participant,
                                       std::unique_ptr<state::StateSpace> state, Part part) {
    const std::string& name = participant.slot();
    const auto& known = participant.instance();
    bool resume = known && known->fingerprint == program->fingerprint;
    std::unique_ptr<Computation> computation;
    if (resume) {
        MR_TRY(computation, Computation::create(program, *state, context.schemas, &context.clock));
        // Another build may keep other tables for the same plan: then its state cannot go on.
        resume = state->names() == known->tables;
    }
    if (!resume) {
        if (known) log_info("pipeline", "{} has changed: rebuilding it from where its inputs begin", name);
        computation.reset();
        state = std::make_unique<state::StateSpace>();
        MR_TRY(computation, Computation::create(program, *state, context.schemas, &context.clock));
    }
    MR_TRY_VOID(create_missing_topics(context, topics_of(*computation)));
    std::vector<journal::PipelineEntry::Start> starts;
    if (resume) {
        starts = known->starts;
    } else {
        MR_TRY(StartPositions from, find_starts(context.broker, *program));
        starts = from.starts;
        MR_TRY_VOID(append_instance(context, new_instance(*program, *computation, *state, participant,
                                                          std::move(from), context.clock.now(), part)));
    }
    for (const auto& start : starts) computation->set_start(start.source, start.partition, start.first);
    RunnerOptions options = context.options;
    options.beside = part == Part::beside;
    return Runner::create(context.broker, context.journal, context.clock, context.metrics, participant,
                          std::move(state), std::move(computation), std::move(options));
}

Status drop_missing(const DeployContext& context, const Registry& registry,
                    const std::vector<std::string>& present) {
    const std::map<std::string, InstanceEpoch> known = registry.pipelines();
    for (const auto& [name, epoch] : known) {
        if (std::ranges::find(present, name) != present.end()) continue;
        log_info("pipeline", "{} is no longer in the project: dropping its views and state", name);
        journal::PipelineEntry entry;
        entry.action = journal::PipelineEntry::Action::dropped;
        entry.pipeline = name;
        entry.epoch = epoch;
        MR_TRY_VOID(append_instance(context, std::move(entry)));
    }
    return {};
}

}  // namespace mr::pipeline
