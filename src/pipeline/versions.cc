#include "pipeline/versions.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace mr::pipeline {

Versions::Versions(std::string pipeline, std::unique_ptr<Participant> first,
                   std::unique_ptr<Participant> second)
    : pipeline_(std::move(pipeline)) {
    slots_[0].participant = std::move(first);
    slots_[1].participant = std::move(second);
}

std::array<Participant*, 2> Versions::participants() const {
    return {slots_[0].participant.get(), slots_[1].participant.get()};
}

void Versions::take_states() {
    for (Slot& slot : slots_) slot.recovered = slot.participant->take_state();
}

std::shared_ptr<Runner> Versions::runner_of(const Version& version) const {
    for (const Slot& slot : slots_) {
        if (slot.runner.get() == version.runner) return slot.runner;
    }
    return nullptr;
}

Versions::Slot& Versions::slot_of(const Version& version) {
    return slots_[0].participant.get() == version.participant ? slots_[0] : slots_[1];
}

Result<Version> Versions::deploy_slot(const DeployContext& context, Slot& slot, ProgramPtr program,
                                      Part part) {
    if (slot.recovered == nullptr) slot.recovered = std::make_unique<state::StateSpace>();
    MR_TRY(slot.runner, deploy(context, program, *slot.participant, std::move(slot.recovered), part));
    return Version{.program = std::move(program),
                   .runner = slot.runner.get(),
                   .participant = slot.participant.get(),
                   .created = slot.participant->instance()->created};
}

Status Versions::start(const DeployContext& context, const Registry& registry, views::ViewStore& views,
                       const ProgramPtr& wanted, const Find& find) {
    const bool second = registry.serving(pipeline_) != pipeline_;
    Slot& serving = slots_[second ? 1 : 0];
    Slot& other = slots_[second ? 0 : 1];
    const auto program_of = [&](const Slot& slot) -> ProgramPtr {
        const auto& instance = slot.participant->instance();
        if (!instance) return nullptr;
        return instance->fingerprint == wanted->fingerprint ? wanted : find(instance->fingerprint);
    };
    const ProgramPtr serves = program_of(serving), beside = program_of(other);
    const bool known = serves != nullptr && (serves == wanted || beside == wanted);
    if (other.participant->instance() && (!known || beside == nullptr)) {
        log_info("pipeline", "{}: the version beside the one that serves is no longer wanted", pipeline_);
        MR_TRY_VOID(drop_instance(context, *other.participant));
        other.recovered.reset();
    }
    MR_TRY(only_, deploy_slot(context, serving, known ? serves : wanted, Part::serves));
    if (!known || beside == nullptr) return {};
    MR_TRY(Version found, deploy_slot(context, other, beside, Part::beside));
    changeover_ = std::make_unique<Changeover>(context.journal, views, context.clock, only_, std::move(found),
                                               registry.to_publish(pipeline_));
    return {};
}

Status Versions::add(const DeployContext& context, views::ViewStore& views, ProgramPtr program) {
    MR_CHECK(!changeover_, "there is a version beside that of {}", pipeline_);
    Slot& free = slots_[slots_[0].participant.get() == only_.participant ? 1 : 0];
    auto added = deploy_slot(context, free, std::move(program), Part::beside);
    if (!added) {
        // Nothing may be left that a later version would take for its own beginning.
        if (free.participant->instance()) MR_TRY_VOID(drop_instance(context, *free.participant));
        return std::unexpected(std::move(added).error());
    }
    changeover_ =
        std::make_unique<Changeover>(context.journal, views, context.clock, only_, std::move(*added), false);
    return {};
}

void Versions::close() {
    changeover_.reset();
    for (Slot& slot : slots_) slot.runner.reset();
    only_ = {};
}

Status Versions::discard(const DeployContext& context, const std::function<void(Runner&)>& end_thread) {
    if (!changeover_) return {};
    if (!changeover_->let_go()) {
        return fail(Code::unavailable, "pipeline {}: its versions are just changing places; try again",
                    pipeline_);
    }
    Slot& gone = slot_of(changeover_->beside());
    gone.runner->stop();
    end_thread(*gone.runner);
    MR_TRY_VOID(drop_instance(context, *gone.participant));
    only_ = changeover_->serves();
    changeover_.reset();
    gone.runner.reset();
    return {};
}

}  // namespace mr::pipeline
