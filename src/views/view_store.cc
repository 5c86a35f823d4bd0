#include "views/view_store.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "base/suggest.h"
#include "columnar/row_bytes.h"
#include "journal/pipeline_entry.h"
#include "journal/step_entry.h"

namespace mr::views {

/// One entry on its way from the journal thread to the loop.
struct ViewStore::Pending {
    Seq seq;
    SharedBytes payload;  ///< owner of the bytes `changes` points into
    std::string pipeline;
    InstanceEpoch epoch;
    TimestampMs commit_time;
    std::vector<journal::ViewChange> changes;
    std::optional<journal::PipelineEntry> instance;  ///< a `pipeline` entry
};

namespace {

std::string why_over(const View& view) {
    const ViewDefinition& d = view.definition();
    return fmt::format(
        "view {} holds {} rows ({} bytes), more than its limit of {} rows or {} bytes: give it "
        "'view.retention', "
        "a larger 'view.max-rows' or a WHERE and start again, or let it grow with `millrace pipeline resume`",
        view.name(), view.row_count(), view.bytes(), d.rows_max, d.bytes_max);
}

}  // namespace

ViewStore::ViewStore(const Clock& clock, Metrics& metrics, ViewStoreOptions options)
    : clock_(clock),
      options_(std::move(options)),
      bad_rows_(metrics.counter("millrace_view_bad_rows_total", "Rows of steps that did not decode")),
      retired_rows_(metrics.counter("millrace_view_retired_rows_total", "Rows that retention removed")),
      apply_seconds_(metrics.histogram("millrace_view_apply_seconds",
                                       "From a step's computation to its rows in the view")) {}

ViewStore::~ViewStore() = default;

Result<ViewStore::Pending> ViewStore::decode(const journal::Entry& entry) {
    Pending out;
    out.seq = entry.seq;
    out.payload = entry.payload;
    if (entry.kind == journal::Kind::pipeline) {
        MR_TRY(out.instance, journal::decode_pipeline(entry.payload.view()));
        out.pipeline = out.instance->pipeline;
        out.epoch = out.instance->epoch;
        out.commit_time = out.instance->created;
        return out;
    }
    MR_TRY(const auto header, journal::decode_step_header(entry.payload.view()));
    out.pipeline = header.pipeline;
    out.epoch = header.epoch;
    out.commit_time = header.wall_time;
    MR_TRY(out.changes, journal::decode_step_views(entry.payload.view()));
    return out;
}

void ViewStore::apply(const journal::Entry& entry) {
    auto pending = decode(entry);
    // The journal checked the bytes and our own encoder wrote them: going on would be silent divergence.
    MR_CHECK(pending.has_value(), "entry {}: {}", entry.seq, pending.error().message);
    const bool empty = !pending->instance && pending->changes.empty();
    if (recovering_) {
        if (!empty) apply_now(*pending);
        applied_ = entry.seq;
        return;
    }
    const std::lock_guard lock(mutex_);
    applied_ = entry.seq;
    if (!empty) pending_.push_back(std::move(*pending));
}

void ViewStore::durable(Seq through) {
    {
        const std::lock_guard lock(mutex_);
        durable_ = through;
        if (drain_posted_ || pending_.empty() || pending_.front().seq > through) return;
        drain_posted_ = true;
    }
    options_.post([this] { drain(); });
}

bool ViewStore::drain() {
    {
        const std::lock_guard lock(mutex_);
        drain_posted_ = false;
        while (!pending_.empty() && pending_.front().seq <= durable_) {
            draining_.push_back(std::move(pending_.front()));
            pending_.pop_front();
        }
        if (!draining_.empty()) taken_ = draining_.front().seq;
    }
    if (draining_.empty()) return false;
    std::size_t rows = 0;
    while (!draining_.empty() && rows < options_.rows_per_turn) {
        Pending& next = draining_.front();
        rows += next.changes.size() + 1;
        apply_now(next);
        if (!next.instance) {
            apply_seconds_.record_ns((clock_.now().value - next.commit_time.value) * 1'000'000);
        }
        draining_.pop_front();
    }
    publish();
    notify();
    if (!draining_.empty()) {
        const std::lock_guard lock(mutex_);
        if (!drain_posted_) {
            drain_posted_ = true;
            options_.post([this] { drain(); });
        }
    }
    return true;
}

void ViewStore::apply_now(Pending& pending) {
    if (!pending.instance) return apply_step(pending);
    using Action = journal::PipelineEntry::Action;
    switch (pending.instance->action) {
        case Action::created:
            return create(pending);
        case Action::dropped:
            return drop(pending.pipeline);
        case Action::swapped:
            return swap(pending);
        case Action::published:
            return;
    }
}

void ViewStore::create(const Pending& pending) {
    const journal::PipelineEntry& entry = *pending.instance;
    std::vector<std::string> kept;
    for (const auto& view : entry.views) kept.push_back(view.name);
    if (const auto old = instances_.find(entry.pipeline); old != instances_.end()) {
        for (const std::string& name : old->second.views) {
            if (std::ranges::find(kept, name) != kept.end()) continue;
            views_.erase(name);
            dropped_.push_back(name);
        }
    }
    for (const auto& view : entry.views) {
        auto definition = ViewDefinition::from_entry(view);
        // Checked when the file was compiled; an entry that lies is a bug.
        MR_CHECK(definition.has_value(), "entry {}: {}", pending.seq, definition.error().message);
        auto& slot = views_[view.name];
        slot = std::make_unique<View>(std::make_shared<const ViewDefinition>(std::move(*definition)),
                                      view.epoch, clock_, options_.ring);
        slot->start_at(pending.seq, pending.commit_time);
        touched_[view.name] = true;
    }
    instances_[entry.pipeline] = Instance{entry.epoch, std::move(kept)};
    instances_changed_ = true;
}

void ViewStore::drop(const std::string& pipeline) {
    const auto instance = instances_.find(pipeline);
    if (instance == instances_.end()) return;
    for (const std::string& name : instance->second.views) {
        views_.erase(name);
        touched_.erase(name);
        dropped_.push_back(name);
    }
    instances_.erase(instance);
    instances_changed_ = true;
}

void ViewStore::swap(const Pending& pending) {
    std::vector<std::unique_ptr<View>> renamed;
    std::vector<std::string> names;
    for (const std::string& slot : {pending.pipeline, journal::other_slot(pending.pipeline)}) {
        const auto instance = instances_.find(slot);
        if (instance == instances_.end()) continue;
        for (std::string& name : instance->second.views) {
            const auto at = views_.find(name);
            MR_CHECK(at != views_.end(), "entry {}: pipeline {} has no view {}", pending.seq, slot, name);
            renamed.push_back(std::move(at->second));
            views_.erase(at);
            touched_.erase(name);
            names.push_back(name);
            name = journal::other_view_name(name);
            renamed.back()->rename(name, pending.seq, pending.commit_time);
        }
    }
    for (auto& view : renamed) {
        const std::string name = view->name();
        views_[name] = std::move(view);
        touched_[name] = true;
    }
    for (std::string& name : names) {
        if (!views_.contains(name)) dropped_.push_back(std::move(name));
    }
    instances_changed_ = true;
}

void ViewStore::apply_step(Pending& pending) {
    const auto instance = instances_.find(pending.pipeline);
    if (instance == instances_.end() || instance->second.epoch != pending.epoch) {
        log_error("views",
                  "step at {} is of instance {} of pipeline {}, which is not running: its view "
                  "changes are ignored",
                  pending.seq, pending.epoch, pending.pipeline);
        return;
    }
    // All views of a pipeline share the step's version, whether it changed them or not; those it did not
    // change keep the version at which they last did.
    auto& changes = pending.changes;
    std::stable_sort(changes.begin(), changes.end(),
                     [](const auto& a, const auto& b) { return a.view < b.view; });
    for (std::size_t first = 0; first < changes.size();) {
        std::size_t last = first;
        while (last < changes.size() && changes[last].view == changes[first].view) ++last;
        const std::uint32_t index = changes[first].view;
        View* view = index < instance->second.views.size() ? find(instance->second.views[index]) : nullptr;
        MR_CHECK(view != nullptr, "step at {}: pipeline {} has no view {}", pending.seq, pending.pipeline,
                 index);
        std::vector<journal::ViewChange> good;
        for (std::size_t i = first; i < last; ++i) {
            const auto& row = changes[i].row;
            if (const Status good_row = row ? check_row(*row, view->definition().schema) : Status();
                !good_row) {
                bad_rows_.add();
                log_error("views", "step at {}: a row of view {} does not decode: {}", pending.seq,
                          view->name(), good_row.error().message);
                continue;
            }
            good.push_back(changes[i]);
        }
        const std::uint64_t retired = view->retired_rows();
        view->apply(pending.seq, pending.commit_time, good);
        retired_rows_.add(view->retired_rows() - retired);
        touched_.try_emplace(view->name(), false);
        first = last;
    }
}

void ViewStore::publish() {
    const std::lock_guard lock(mutex_);
    for (const std::string& name : dropped_) published_.views.erase(name);
    for (const auto& [name, replaced] : touched_) {
        if (View* view = find(name)) published_.views[name] = view->snapshot();
    }
    if (std::exchange(instances_changed_, false)) {
        published_.instances = instances_;
    }
    published_.over_limit.clear();
    for (const auto& [pipeline, instance] : instances_) {
        for (const std::string& name : instance.views) {
            const View* view = find(name);
            if (view != nullptr && view->over_limit())
                published_.over_limit.emplace(pipeline, why_over(*view));
        }
    }
    taken_ = draining_.empty() ? std::nullopt : std::optional(draining_.front().seq);
}

void ViewStore::notify() {
    const auto touched = std::exchange(touched_, {});
    const auto dropped = std::exchange(dropped_, {});
    for (ViewListener* listener : std::vector(listeners_)) {
        for (const std::string& name : dropped) {
            if (!views_.contains(name)) listener->on_dropped(name);
        }
        for (const auto& [name, replaced] : touched) {
            View* view = find(name);
            if (view == nullptr) continue;
            if (replaced) {
                listener->on_replaced(*view);
            } else {
                listener->on_changed(*view);
            }
        }
    }
}

View* ViewStore::find(std::string_view name) {
    const auto at = views_.find(name);
    return at == views_.end() ? nullptr : at->second.get();
}

std::vector<View*> ViewStore::views() {
    std::vector<View*> out;
    for (const auto& [name, view] : views_) out.push_back(view.get());
    return out;
}

std::optional<std::string> ViewStore::suggest(std::string_view name) const {
    std::vector<std::string> names;
    for (const auto& [known, view] : views_) names.push_back(known);
    return nearest_name(name, names);
}

SnapshotPtr ViewStore::snapshot(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto at = published_.views.find(name);
    return at == published_.views.end() ? nullptr : at->second;
}

std::vector<SnapshotPtr> ViewStore::snapshots() const {
    const std::lock_guard lock(mutex_);
    std::vector<SnapshotPtr> out;
    for (const auto& [name, view] : published_.views) out.push_back(view);
    return out;
}

Seq ViewStore::revealed() const {
    const std::lock_guard lock(mutex_);
    if (taken_) return Seq(taken_->value - 1);
    if (!pending_.empty()) return std::min(durable_, Seq(pending_.front().seq.value - 1));
    return durable_;
}

std::optional<std::string> ViewStore::over_limit(std::string_view pipeline) const {
    const std::lock_guard lock(mutex_);
    const auto at = published_.over_limit.find(pipeline);
    if (at == published_.over_limit.end()) return std::nullopt;
    return at->second;
}

Seq ViewStore::applied_through() const {
    const std::lock_guard lock(mutex_);
    return applied_;
}

Status ViewStore::recovered(Seq last) {
    publish();
    notify();
    const std::lock_guard lock(mutex_);
    applied_ = durable_ = last;
    recovering_ = false;
    return {};
}

std::unique_ptr<journal::Cut> ViewStore::cut() {
    const std::lock_guard lock(mutex_);
    auto out = std::make_unique<journal::Cut>();
    // What is published holds every entry before the first one that is still on its way.
    out->through = applied_;
    if (!pending_.empty()) out->through = Seq(pending_.front().seq.value - 1);
    if (taken_) out->through = Seq(taken_->value - 1);
    out->write = [state = published_](std::string& bytes) { return write_snapshot(state, bytes); };
    return out;
}

}  // namespace mr::views
