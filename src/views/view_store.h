// All views of a node: takes their changes out of `step` and `pipeline` entries, keeps them back until they
// are durable, applies them on the loop, tells listeners, and answers other threads from snapshots.
//
//   journal thread   apply(), cut()        decode and queue
//   sync thread      durable()             posts drain() to the loop
//   loop             drain(), find(), listeners
//   any thread       snapshot(), snapshots(): the last published version, never waiting for the loop
//
// In recovery (before recovered()) apply() goes straight into the views. Rows are checked against their
// schema when they come in: a row that does not decode is a bug of the step, counted, logged and left out.
// Format of the checkpoint: docs/formats/views-snapshot.md
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "journal/participant.h"
#include "views/view.h"

namespace mr::views {

/// Told on the loop, after a drain, once per view however many steps it held.
class ViewListener {
  public:
    virtual ~ViewListener() = default;
    virtual void on_changed(View& view) { static_cast<void>(view); }
    /// A new instance of the pipeline: another epoch, other rows, maybe other columns. Also for a new view.
    virtual void on_replaced(View& view) { static_cast<void>(view); }
    virtual void on_dropped(const std::string& name) { static_cast<void>(name); }
};

struct ViewStoreOptions {
    RingLimits ring;
    /// Changed rows applied in one turn of the loop.
    std::size_t rows_per_turn = 4'096;
    /// Runs work on the loop's thread (EventLoop::post).
    std::function<void(std::move_only_function<void()>)> post;
};

class ViewStore final : public journal::Participant {
  public:
    ViewStore(const Clock& clock, Metrics& metrics, ViewStoreOptions options);
    ~ViewStore() override;

    // journal::Participant
    [[nodiscard]] std::string_view name() const override { return "views"; }
    [[nodiscard]] bool reads(journal::Kind kind) const override {
        return kind == journal::Kind::step || kind == journal::Kind::pipeline;
    }
    void apply(const journal::Entry& entry) override;
    void durable(Seq through) override;
    [[nodiscard]] std::unique_ptr<journal::Cut> cut() override;
    Status restore(std::string_view bytes, Seq through) override;
    [[nodiscard]] Seq applied_through() const override;
    Status recovered(Seq last) override;

    // Loop.
    /// Applies what is durable; posted by durable(). True if anything was applied.
    bool drain();
    [[nodiscard]] View* find(std::string_view name);
    [[nodiscard]] std::vector<View*> views();
    /// The nearest known name, for errors.
    [[nodiscard]] std::optional<std::string> suggest(std::string_view name) const;
    /// Listeners outlive the store or remove themselves.
    void add_listener(ViewListener* listener) { listeners_.push_back(listener); }
    void remove_listener(ViewListener* listener) { std::erase(listeners_, listener); }

    // Any thread.
    [[nodiscard]] SnapshotPtr snapshot(std::string_view name) const;
    [[nodiscard]] std::vector<SnapshotPtr> snapshots() const;
    /// Every durable entry up to here is in the published views, whether it changed one or not.
    [[nodiscard]] Seq revealed() const;
    /// Which view of this pipeline holds more than it may (view.max-rows without retention), and what to do,
    /// in words; then its steps should pause. Nothing: all is well.
    [[nodiscard]] std::optional<std::string> over_limit(std::string_view pipeline) const;

  private:
    struct Pending;
    struct Instance {
        InstanceEpoch epoch;
        std::vector<std::string> views;  ///< by the index steps use
    };
    struct Published {
        std::map<std::string, Instance, std::less<>> instances;
        std::map<std::string, SnapshotPtr, std::less<>> views;
        std::map<std::string, std::string, std::less<>> over_limit;  ///< by pipeline: why
    };

    static Result<Pending> decode(const journal::Entry& entry);
    void apply_now(Pending& pending);
    void apply_step(Pending& pending);
    void create(const Pending& pending);
    void drop(const std::string& pipeline);
    /// The views of this slot and those of the other one exchange names.
    void swap(const Pending& pending);
    void publish();
    void notify();
    static Status write_snapshot(const Published& state, std::string& out);

    const Clock& clock_;
    const ViewStoreOptions options_;
    Counter& bad_rows_;
    Counter& retired_rows_;
    Histogram& apply_seconds_;

    // Loop (the starting thread in recovery).
    std::map<std::string, std::unique_ptr<View>, std::less<>> views_;
    std::map<std::string, Instance, std::less<>> instances_;
    bool instances_changed_ = true;  ///< since the last publish()
    std::vector<ViewListener*> listeners_;
    std::map<std::string, bool> touched_;  ///< since the last notify(): name -> replaced
    std::vector<std::string> dropped_;
    std::deque<Pending> draining_;  ///< taken from pending_, to be applied in turns

    mutable std::mutex mutex_;
    std::deque<Pending> pending_;  ///< ordered, not yet taken by the loop
    Seq durable_;
    Seq applied_;               ///< last entry handed to apply()
    std::optional<Seq> taken_;  ///< first entry taken by the loop and not yet published
    bool drain_posted_ = false;
    bool recovering_ = true;
    Published published_;
};

}  // namespace mr::views
