// What the journal knows of one pipeline: its instance (epoch, program, views), the position it consumed to,
// and its state as of its last step. In recovery it rebuilds that from snapshot and steps; running, the
// runner owns the state and this only watches. Format of the snapshot: docs/formats/checkpoint.md,
// "Pipelines".
//
// The state belongs to the pipeline's thread. A checkpoint therefore asks for a snapshot (wanted()), the
// runner makes one at its next step boundary (offer()), and cut() hands over the newest one whose step has
// been ordered.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "journal/participant.h"
#include "journal/pipeline_entry.h"
#include "journal/step_entry.h"
#include "state/state_space.h"

namespace mr::pipeline {

/// Where an instance stands.
struct Progress {
    Seq consumed;            ///< S': everything visible up to here has been used
    std::uint64_t step = 0;  ///< steps done by this instance
    std::uint64_t next_arrival = 1;
};

/// State after step `progress.step`, frozen.
struct Snapshot {
    InstanceEpoch epoch;
    Progress progress;
    std::string state;  ///< StateSpace::snapshot
};

/// Is it Participant::name() of some pipeline?
bool is_participant_name(std::string_view participant);

class Participant final : public journal::Participant {
  public:
    explicit Participant(std::string pipeline);

    // --- starting thread, after recovery -------------------------------------------------------------------
    /// The slot (journal/pipeline_entry.h) it is of.
    [[nodiscard]] const std::string& slot() const { return pipeline_; }
    /// The instance the journal knows, if any.
    [[nodiscard]] const std::optional<journal::PipelineEntry>& instance() const { return instance_; }
    [[nodiscard]] const Progress& progress() const { return progress_; }
    /// Gives the recovered state away; from then on apply() only watches.
    [[nodiscard]] std::unique_ptr<state::StateSpace> take_state();

    /// Of the newest instance there was, dropped or not: the next one's is above it.
    [[nodiscard]] InstanceEpoch last_epoch() const { return last_epoch_; }

    // --- journal thread ------------------------------------------------------------------------------------
    /// Current instance; a step of another epoch must not be appended.
    [[nodiscard]] InstanceEpoch epoch() const { return instance_ ? instance_->epoch : InstanceEpoch(0); }

    // --- pipeline thread -----------------------------------------------------------------------------------
    /// A checkpoint would like a snapshot at the next step boundary.
    [[nodiscard]] bool wanted() const { return wanted_.load(std::memory_order_relaxed); }
    void offer(Snapshot snapshot);

    // --- journal::Participant
    // --------------------------------------------------------------------------------
    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] bool reads(journal::Kind kind) const override;
    void apply(const journal::Entry& entry) override;
    [[nodiscard]] std::unique_ptr<journal::Cut> cut() override;
    Status restore(std::string_view bytes, Seq through) override;
    [[nodiscard]] Seq applied_through() const override { return applied_; }

  private:
    void apply_instance(journal::PipelineEntry entry, Seq seq);
    void note_ordered(std::uint64_t step, Seq seq);
    void apply_step(const journal::Entry& entry);
    void replay_state(const journal::StepEntry& step);

    const std::string pipeline_;
    const std::string name_;  ///< "pipeline-" + pipeline_
    std::optional<journal::PipelineEntry> instance_;
    InstanceEpoch last_epoch_{0};
    Progress progress_;
    Seq applied_;
    Seq last_step_seq_;                         ///< entry of step progress_.step
    std::unique_ptr<state::StateSpace> state_;  ///< until taken
    bool live_ = false;

    std::atomic<bool> wanted_{false};
    std::mutex mutex_;
    std::optional<Snapshot> offered_;  ///< its step is not ordered yet
    std::optional<Snapshot> ready_;    ///< its step was ordered as entry ready_seq_
    Seq ready_seq_;
    std::uint64_t ordered_step_ = 0;  ///< newest step in the journal …
    Seq ordered_seq_;                 ///< … and its entry (of step 0: the instance's)
};

}  // namespace mr::pipeline
