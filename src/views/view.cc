#include "views/view.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "columnar/codec.h"

namespace mr::views {
namespace {

// Pointers, control block and string headers around a row, for the memory bound.
constexpr std::size_t kRowOverhead = 128;

std::uint64_t cost(const ViewRow& row) {
    return row.key.size() + row.row.size() + kRowOverhead;
}

}  // namespace

View::View(std::shared_ptr<const ViewDefinition> definition, std::string epoch, const Clock& clock,
           RingLimits limits)
    : definition_(std::move(definition)), epoch_(std::move(epoch)), clock_(clock), limits_(limits) {}

bool View::over_limit() const {
    return definition_->retention_ms == 0 &&
           (tree_.size() > definition_->rows_max || bytes_ > definition_->bytes_max);
}

void View::start_at(Seq version, TimestampMs commit_time) {
    version_ = version;
    commit_time_ = commit_time;
    snapshot_.reset();
}

void View::rename(std::string name, Seq version, TimestampMs commit_time) {
    auto definition = std::make_shared<ViewDefinition>(*definition_);
    definition->name = std::move(name);
    definition_ = std::move(definition);
    apply(version, commit_time, {});
    snapshot_.reset();
}

std::optional<std::int64_t> View::time_of(const ViewRow& row) const {
    if (definition_->retention_ms == 0) return std::nullopt;
    const auto values = read_row(row.row, definition_->schema);
    if (!values) return std::nullopt;
    const Value& time = (*values)[*definition_->time_column];
    if (time.is_null()) return std::nullopt;
    const std::int64_t per_ms = definition_->schema[*definition_->time_column].type.time_unit() / 1'000;
    return time.integer() / per_ms;
}

void View::change(Commit& commit, RowPtr row, std::string_view key) {
    RowPtr before = row ? tree_.put(row) : tree_.erase(key);
    if (!before && !row) return;
    if (before) {
        bytes_ -= cost(*before);
        if (const auto time = time_of(*before)) {
            const auto [first, last] = by_time_.equal_range(*time);
            const auto entry = std::find_if(first, last, [&](const auto& e) { return e.second == key; });
            if (entry != last) by_time_.erase(entry);
        }
    }
    if (row) {
        bytes_ += cost(*row);
        if (const auto time = time_of(*row)) {
            by_time_.emplace(*time, std::string(key));
            newest_ms_ = std::max(newest_ms_.value_or(*time), *time);
        }
    }
    commit.changes.push_back({std::string(key), std::move(before), std::move(row)});
}

void View::retire(Commit& commit) {
    const ViewDefinition& d = *definition_;
    if (d.retention_ms == 0 || !newest_ms_) return;
    const std::int64_t oldest_ms = *newest_ms_ - d.retention_ms;
    while (!by_time_.empty() &&
           (by_time_.begin()->first < oldest_ms || tree_.size() > d.rows_max || bytes_ > d.bytes_max)) {
        const std::string key = by_time_.begin()->second;
        change(commit, nullptr, key);
        ++retired_;
    }
}

void View::apply(Seq version, TimestampMs commit_time, std::span<const journal::ViewChange> changes) {
    if (version <= version_) return;
    Commit commit{version_, version, commit_time, clock_.monotonic_ns() / 1'000'000, {}};
    commit.changes.reserve(changes.size());
    for (const journal::ViewChange& c : changes) {
        RowPtr row;
        if (c.row) {
            row = std::make_shared<const ViewRow>(std::string(c.key), std::string(*c.row), version,
                                                  commit_time);
        }
        change(commit, std::move(row), c.key);
    }
    retire(commit);
    version_ = version;
    commit_time_ = commit_time;
    ++commits_;
    snapshot_.reset();
    ring_changes_ += commit.changes.size();
    ring_.push_back(std::move(commit));
    trim_ring();
}

void View::trim_ring() {
    const std::int64_t now_ms = clock_.monotonic_ns() / 1'000'000;
    while (!ring_.empty() && (ring_.size() > limits_.commits_max || ring_changes_ > limits_.changes_max ||
                              now_ms - ring_.front().arrived_ms > limits_.age_max_ms)) {
        ring_changes_ -= ring_.front().changes.size();
        ring_.pop_front();
    }
}

void View::restore_row(RowPtr row) {
    Commit scratch;
    const std::string key = row->key;
    change(scratch, std::move(row), key);
}

SnapshotPtr View::snapshot() {
    if (!snapshot_) {
        snapshot_ = std::make_shared<const ViewSnapshot>(definition_, epoch_, version_, commit_time_,
                                                         tree_.snapshot(), bytes_);
    }
    return snapshot_;
}

std::optional<ChangeSet> View::changes_since(Seq since) const {
    ChangeSet out{since, version_, commit_time_, 0, {}};
    if (since == version_) return out;
    const auto first = std::upper_bound(ring_.begin(), ring_.end(), since,
                                        [](Seq s, const Commit& c) { return s < c.version; });
    // The ring must hold the commit right after `since`: `from` is the version before a commit, so a version
    // between two commits (which the view never had, but other views of the pipeline did) is fine too.
    if (first == ring_.end() || first->from > since) return std::nullopt;
    if (first + 1 == ring_.end()) {
        out.changes = first->changes;
        out.commits = 1;
    } else {
        for (auto commit = first; commit != ring_.end(); ++commit) {
            out.changes.insert(out.changes.end(), commit->changes.begin(), commit->changes.end());
            ++out.commits;
        }
    }
    auto& changes = out.changes;
    std::stable_sort(changes.begin(), changes.end(),
                     [](const RowChange& a, const RowChange& b) { return a.key < b.key; });
    // Of each run of one key: what was before the first, what is after the last.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < changes.size();) {
        std::size_t last = i;
        while (last + 1 < changes.size() && changes[last + 1].key == changes[i].key) ++last;
        RowChange merged{std::move(changes[i].key), std::move(changes[i].before), changes[last].after};
        if (merged.before || merged.after) changes[kept++] = std::move(merged);
        i = last + 1;
    }
    changes.resize(kept);
    return out;
}

}  // namespace mr::views
