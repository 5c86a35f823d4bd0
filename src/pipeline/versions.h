// The versions of one pipeline: the one that serves and, while a change is tried or may be taken back,
// another one beside it. Two slots, each with a participant of its own, which exist from before recovery on.
//
// Thread: the starting one until start() returned; then run_once() and the accessors the loop's, add() and
// discard() any one thread, during which the loop leaves this object alone.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "pipeline/changeover.h"
#include "pipeline/deploy.h"
#include "pipeline/registry.h"

namespace mr::pipeline {

using ProgramPtr = std::shared_ptr<const plan::Program>;

class Versions {
  public:
    /// A program that was deployed earlier, by its fingerprint; nullptr: its text is gone.
    using Find = std::function<ProgramPtr(std::uint64_t fingerprint)>;

    /// Of the slots `pipeline` and journal::other_slot(pipeline).
    Versions(std::string pipeline, std::unique_ptr<Participant> first, std::unique_ptr<Participant> second);

    [[nodiscard]] const std::string& pipeline() const { return pipeline_; }
    [[nodiscard]] std::array<Participant*, 2> participants() const;
    /// After recovery, before the journal's threads run.
    void take_states();

    /// Deploys what the journal knows. Where `wanted` is one of the versions it knows, both go on as they
    /// were, so that a node that ended in the middle of a change takes it up again. Where it is not, the
    /// version that serves is rebuilt as `wanted`, and there is no other. Blocks for a few syncs.
    Status start(const DeployContext& context, const Registry& registry, views::ViewStore& views,
                 const ProgramPtr& wanted, const Find& find);

    /// Another version begins to run beside the one that serves, from the start of its inputs. REQUIRES:
    /// there is none. Blocks.
    Status add(const DeployContext& context, views::ViewStore& views, ProgramPtr program);
    /// Ends the version beside: its state and its views are gone. `end_thread` is called when its runner was
    /// told to stop, and returns once nobody calls run_once() any more. unavailable while a swap is under
    /// way.
    Status discard(const DeployContext& context, const std::function<void(Runner&)>& end_thread);

    /// The runners go, before what they read and write does; the participants stay. REQUIRES: nobody calls
    /// run_once() of any.
    void close();

    /// The turn of the changeover; true if anything was done.
    bool run_once() { return changeover_ && changeover_->run_once(); }

    [[nodiscard]] std::shared_ptr<Runner> serving() const { return runner_of(serves()); }
    /// nullptr: there is no other version.
    [[nodiscard]] std::shared_ptr<Runner> beside() const {
        return changeover_ ? runner_of(changeover_->beside()) : nullptr;
    }
    [[nodiscard]] const Version& serves() const { return changeover_ ? changeover_->serves() : only_; }
    /// nullptr: there is no other version.
    [[nodiscard]] Changeover* changeover() { return changeover_.get(); }
    [[nodiscard]] const Changeover* changeover() const { return changeover_.get(); }

  private:
    struct Slot {
        std::unique_ptr<Participant> participant;
        std::unique_ptr<state::StateSpace> recovered;
        std::shared_ptr<Runner> runner;
    };
    [[nodiscard]] std::shared_ptr<Runner> runner_of(const Version& version) const;
    Result<Version> deploy_slot(const DeployContext& context, Slot& slot, ProgramPtr program, Part part);
    Slot& slot_of(const Version& version);

    const std::string pipeline_;
    std::array<Slot, 2> slots_;
    Version only_;  ///< what serves, while there is no other
    std::unique_ptr<Changeover> changeover_;
};

}  // namespace mr::pipeline
