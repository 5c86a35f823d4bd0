// A ViewStore for tests, driven without a journal: pipelines are created and steps applied by calls, entries
// count up by themselves, durability is said by hand. Header only; not part of the product. Thread: one.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/codec.h"
#include "views/parse_value.h"
#include "views/view_store.h"

namespace mr::views::testing {

/// {view index, values by column} or, with `removed`, {view index, the key's values}.
struct RowSpec {
    std::uint32_t view = 0;
    std::vector<Value> values;
    bool removed = false;
};

class TestViews {
  public:
    explicit TestViews(VirtualClock& clock, ViewStoreOptions options = {})
        : clock_(clock),
          posted_options_(with_post(std::move(options))),
          store_(clock, metrics, posted_options_) {}

    static journal::PipelineEntry::View view(std::string name, Schema schema, std::vector<std::uint32_t> key,
                                             std::string epoch = "7f3a") {
        return {std::move(name), std::move(epoch), std::move(schema), std::move(key), {}};
    }

    void create(std::string pipeline, std::vector<journal::PipelineEntry::View> views) {
        journal::PipelineEntry entry;
        entry.pipeline = pipeline;
        entry.epoch = InstanceEpoch(++instance_);
        entry.created = time.value_or(clock_.now());
        entry.views = views;
        current_ = std::move(views);
        pipeline_ = std::move(pipeline);
        apply(journal::Kind::pipeline, journal::encode_pipeline(entry));
    }
    void drop() {
        journal::PipelineEntry entry;
        entry.action = journal::PipelineEntry::Action::dropped;
        entry.pipeline = pipeline_;
        entry.epoch = InstanceEpoch(instance_);
        apply(journal::Kind::pipeline, journal::encode_pipeline(entry));
    }
    /// One step of the newest pipeline; durable and drained unless `hold`.
    Seq step(const std::vector<RowSpec>& rows, bool hold = false) {
        std::deque<std::string> bytes;  // owns what the changes point into
        journal::StepEntry step;
        step.pipeline = pipeline_;
        step.epoch = InstanceEpoch(instance_);
        step.wall_time = time.value_or(clock_.now());
        for (const RowSpec& spec : rows) {
            const auto& view = current_.at(spec.view);
            std::string& key = bytes.emplace_back();
            for (std::size_t i = 0; i < view.key.size(); ++i) {
                append_key(key, view.schema[view.key[i]].type,
                           spec.values.at(spec.removed ? i : view.key[i]));
            }
            journal::ViewChange change{spec.view, key, std::nullopt};
            if (!spec.removed) {
                std::string& row = bytes.emplace_back();
                append_row(row, view.schema, spec.values);
                change.row = row;
            }
            step.views.push_back(change);
        }
        return apply(journal::Kind::step, journal::encode_step(step), hold);
    }
    Seq apply(journal::Kind kind, std::string payload, bool hold = false) {
        seq = seq.next();
        store_.apply({seq, kind, 1, SharedBytes(std::move(payload))});
        if (!hold) settle();
        return seq;
    }
    /// Everything is durable and applied.
    void settle() {
        store_.durable(seq);
        run_posted();
    }
    void run_posted() {
        while (!posted_.empty()) {
            auto work = std::move(posted_.front());
            posted_.pop_front();
            work();
        }
    }
    [[nodiscard]] ViewStore& store() { return store_; }
    [[nodiscard]] std::size_t posted() const { return posted_.size(); }

    Seq seq;                          ///< of the last entry
    std::optional<TimestampMs> time;  ///< commit time of entries, if not the clock's
    Metrics metrics;

  private:
    ViewStoreOptions with_post(ViewStoreOptions options) {
        if (!options.post) {
            options.post = [this](std::move_only_function<void()> work) {
                posted_.push_back(std::move(work));
            };
        }
        return options;
    }
    VirtualClock& clock_;
    std::deque<std::move_only_function<void()>> posted_;
    std::uint32_t instance_ = 0;
    std::string pipeline_;
    std::vector<journal::PipelineEntry::View> current_;
    ViewStoreOptions posted_options_;
    ViewStore store_;
};

/// zone STRING, warehouse STRING, p95_ms BIGINT; key zone: the view of the golden frames.
inline Schema zone_schema() {
    return {{{"zone", DataType::string().with_nullable(false)},
             {"warehouse", DataType::string()},
             {"p95_ms", DataType::bigint()}}};
}
inline RowSpec zone(std::string_view name, std::string_view warehouse, std::int64_t p95_ms) {
    return {0, {Value::of(std::string(name)), Value::of(std::string(warehouse)), Value::of(p95_ms)}};
}
inline RowSpec no_zone(std::string_view name) {
    return {0, {Value::of(std::string(name))}, true};
}

}  // namespace mr::views::testing
