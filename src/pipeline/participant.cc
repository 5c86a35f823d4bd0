#include "pipeline/participant.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/log.h"

namespace mr::pipeline {

using journal::Entry;
using journal::Kind;
using journal::PipelineEntry;

namespace {

constexpr std::uint8_t kSnapshotVersion = 1;
constexpr std::string_view kNamePrefix = "pipeline-";

void encode(const std::string& instance, const Snapshot& snapshot, std::string& out) {
    ByteWriter w(out);
    w.u8(kSnapshotVersion);
    w.sized(instance);
    w.u64(snapshot.progress.consumed.value);
    w.u64(snapshot.progress.step);
    w.u64(snapshot.progress.next_arrival);
    w.sized(snapshot.state);
}

}  // namespace

bool is_participant_name(std::string_view participant) {
    return participant.starts_with(kNamePrefix);
}

Participant::Participant(std::string pipeline)
    : pipeline_(std::move(pipeline)),
      name_(std::string(kNamePrefix) + pipeline_),
      state_(std::make_unique<state::StateSpace>()) {}

std::unique_ptr<state::StateSpace> Participant::take_state() {
    live_ = true;
    return std::move(state_);
}

void Participant::offer(Snapshot snapshot) {
    const std::lock_guard lock(mutex_);
    if (snapshot.progress.step == ordered_step_) {
        ready_ = std::move(snapshot);
        ready_seq_ = ordered_seq_;
    } else {
        offered_ = std::move(snapshot);
    }
    wanted_ = false;
}

/// Step `step` is entry `seq`: a snapshot that waited for it is ready.
void Participant::note_ordered(std::uint64_t step, Seq seq) {
    const std::lock_guard lock(mutex_);
    ordered_step_ = step;
    ordered_seq_ = seq;
    if (offered_ && offered_->progress.step == step) {
        ready_ = std::exchange(offered_, std::nullopt);
        ready_seq_ = seq;
    }
}

bool Participant::reads(Kind kind) const {
    return kind == Kind::pipeline || kind == Kind::step;
}

void Participant::apply(const Entry& entry) {
    MR_CHECK(entry.seq > applied_, "entry {} after {}", entry.seq, applied_);
    if (entry.kind == Kind::pipeline) {
        auto decoded = journal::decode_pipeline(entry.payload.view());
        MR_CHECK(decoded.has_value(), "entry {}: {}", entry.seq, decoded.error().message);
        // Which version serves is nothing to the versions' states.
        const bool ours =
            decoded->pipeline == pipeline_ && (decoded->action == PipelineEntry::Action::created ||
                                               decoded->action == PipelineEntry::Action::dropped);
        if (ours) apply_instance(std::move(*decoded), entry.seq);
    } else if (entry.kind == Kind::step) {
        apply_step(entry);
    }
    applied_ = entry.seq;
}

void Participant::apply_instance(PipelineEntry entry, Seq seq) {
    progress_ = {.consumed = entry.start};
    last_epoch_ = std::max(last_epoch_, entry.epoch);
    if (!live_) {
        state_ = std::make_unique<state::StateSpace>();
        const auto declared = state_->declare(entry.tables);
        MR_CHECK(declared.has_value(), "{}", declared.error().message);
    }
    {
        const std::lock_guard lock(mutex_);
        offered_.reset();
        ready_.reset();
    }
    note_ordered(0, seq);
    if (entry.action == PipelineEntry::Action::dropped) {
        instance_.reset();
    } else {
        instance_ = std::move(entry);
    }
}

void Participant::apply_step(const Entry& entry) {
    // Live, the runner has the state already: the header says all that is needed.
    auto step = live_ ? journal::decode_step_header(entry.payload.view())
                      : journal::decode_step(entry.payload.view());
    MR_CHECK(step.has_value(), "entry {}: {}", entry.seq, step.error().message);
    if (step->pipeline != pipeline_) return;
    // Of an instance that was dropped while the pipeline was not in the project: no checkpoint knows it, and
    // the journal not from its beginning. The entry that drops it follows.
    if (!instance_ && !live_) return;
    MR_CHECK(instance_ && step->epoch == instance_->epoch, "step of epoch {} of {}", step->epoch, pipeline_);
    MR_CHECK(step->step == progress_.step + 1, "step {} after {} of {}", step->step, progress_.step,
             pipeline_);
    progress_ = {.consumed = step->consumed, .step = step->step, .next_arrival = step->next_arrival};
    note_ordered(step->step, entry.seq);
    if (!live_) replay_state(*step);
}

void Participant::replay_state(const journal::StepEntry& step) {
    for (const journal::StateChange& change : step.state) {
        const auto applied = state_->apply({.table = change.table, .key = change.key, .value = change.value});
        MR_CHECK(applied.has_value(), "{}: {}", pipeline_, applied.error().message);
    }
    state_->step_done();
}

std::unique_ptr<journal::Cut> Participant::cut() {
    if (!instance_) {
        // Nothing but "no such pipeline": one byte.
        return std::make_unique<journal::Cut>(journal::Cut{applied_, [](std::string& out) -> Status {
                                                               out.push_back(0);
                                                               return {};
                                                           }});
    }
    std::optional<Snapshot> snapshot;
    Seq through;
    {
        const std::lock_guard lock(mutex_);
        snapshot = std::exchange(ready_, std::nullopt);
        through = ready_seq_;
    }
    wanted_ = true;
    if (!snapshot) return nullptr;
    // Without a later step its state is also the state as of now: an idle pipeline holds nothing back.
    if (snapshot->progress.step == progress_.step) through = applied_;
    // The state's bytes are moved: copying them would hold up the journal thread.
    auto cut = std::make_unique<journal::Cut>();
    cut->through = through;
    cut->write = [instance = journal::encode_pipeline(*instance_),
                  snapshot = std::move(*snapshot)](std::string& out) -> Status {
        encode(instance, snapshot, out);
        return {};
    };
    return cut;
}

Status Participant::restore(std::string_view bytes, Seq through) {
    ByteReader r(bytes);
    const std::uint8_t version = r.u8();
    applied_ = through;
    if (version == 0) return r.finish("pipeline snapshot");
    if (version != kSnapshotVersion) {
        return fail(Code::corrupt, "{}: snapshot has version {}, this build reads {}", name_, version,
                    kSnapshotVersion);
    }
    MR_TRY(auto entry, journal::decode_pipeline(r.sized()));
    progress_.consumed = Seq(r.u64());
    progress_.step = r.u64();
    progress_.next_arrival = r.u64();
    const std::string_view state = r.sized();
    MR_TRY_VOID(r.finish("pipeline snapshot"));
    MR_TRY_VOID(state_->declare(entry.tables));
    MR_TRY_VOID(state_->restore(state));
    last_epoch_ = entry.epoch;
    instance_ = std::move(entry);
    note_ordered(progress_.step, through);
    return {};
}

}  // namespace mr::pipeline
