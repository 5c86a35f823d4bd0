#include "pipeline/changeover.h"

#include <algorithm>
#include <array>
#include <deque>

#include "base/check.h"
#include "base/log.h"
#include "pipeline/sink.h"
#include "pipeline/view_pairs.h"

namespace mr::pipeline {
namespace {

using journal::PipelineEntry;

/// A version that does not come to a stand for so long is left alone: what serves must not wait for it.
constexpr std::int64_t kStandNs = 30'000'000'000;
/// Of records that one step writes to the topics of views.
constexpr std::size_t kStepBytes = 256U << 10;

constexpr int kUnderWay = 0, kDurable = 1, kRefused = 2;

const plan::ViewSink* view_sink(const plan::Program& program, std::string_view name) {
    for (const plan::Sink& sink : program.sinks) {
        const auto* view = std::get_if<plan::ViewSink>(&sink.target);
        if (view != nullptr && view->view == name) return view;
    }
    return nullptr;
}

/// What one view's topic lacks.
struct Writing {
    ViewPairs pairs;
    std::unique_ptr<ViewRecords> now, before;  ///< `before` only where there are rows of it
    std::uint32_t topic = 0;
    bool alike = false;  ///< the same row is the same record
};

bool same_options(const plan::Table& a, const plan::Table& b) {
    return std::ranges::equal(a.options, b.options, [](const auto& x, const auto& y) {
        return x.first == y.first && x.second.value == y.second.value;
    });
}

/// Of its tables that have one.
std::vector<std::pair<std::string, std::int64_t>> watermarks_of(const Runner& runner) {
    std::vector<std::pair<std::string, std::int64_t>> out;
    for (const Profile::Source& source : runner.status().profile.sources) {
        if (source.watermark_ms != kNoWatermark) out.emplace_back(source.table, source.watermark_ms);
    }
    return out;
}

/// The next record of it; nothing at its end.
std::optional<OutputRecord> next_record(Writing& writing, TimestampMs now) {
    while (const auto pair = writing.pairs.next()) {
        const bool put = pair->now != nullptr;
        if (put && pair->before && writing.alike && pair->before->row == pair->now->row) continue;
        auto record = put ? writing.now->make(pair->now->row, true, now)
                          : writing.before->make(pair->before->row, false, now);
        // The view checked the row when it came in.
        MR_CHECK(record.has_value(), "{}", record.error().message);
        record->topic = writing.topic;
        return std::move(*record);
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Changeover::Phase phase) {
    static constexpr std::array<std::string_view, 8> kNames = {
        "following", "holding", "catching up", "comparing", "swapping", "publishing", "closing", "failed"};
    return kNames[static_cast<std::size_t>(phase)];
}

/// Appended only while both versions are the ones we know.
class Changeover::EntryProposal final : public journal::Proposal {
  public:
    EntryProposal(PipelineEntry entry, const Participant& one, const Participant& other,
                  std::shared_ptr<std::atomic<int>> done)
        : entry_(std::move(entry)), one_(one), other_(other), done_(std::move(done)) {}

    void order(journal::Appender& out) override {
        if (!one_.instance() || !other_.instance()) {
            refused_ = true;
            return;
        }
        entry_.epoch = one_.epoch();
        out.append(journal::Kind::pipeline, journal::encode_pipeline(entry_), journal::kPipelineVersion);
    }
    void done() override { *done_ = refused_ ? kRefused : kDurable; }
    [[nodiscard]] std::size_t bytes() const override { return 64; }

  private:
    PipelineEntry entry_;
    const Participant& one_;  ///< whose entry it is
    const Participant& other_;
    std::shared_ptr<std::atomic<int>> done_;
    bool refused_ = false;
};

Changeover::Changeover(journal::Journal& journal, views::ViewStore& views, Clock& clock, Version serves,
                       Version beside, bool to_publish)
    : journal_(journal),
      views_(views),
      clock_(clock),
      serves_(std::move(serves)),
      beside_(std::move(beside)),
      target_(serves_.runner->caught_up_through()) {
    beside_.runner->read_until(target_);
    if (!to_publish) return;
    serves_.runner->hold();
    beside_.runner->hold();
    status_.phase = Phase::publishing;
    cut_ = journal_.durable();
}

bool Changeover::run_once() {
    const Phase at = status_.phase;
    const bool before_the_entry = at < Phase::swapping;
    if (before_the_entry && (serves_.runner->stopped() || beside_.runner->stopped())) {
        const Version& stopped = beside_.runner->stopped() ? beside_ : serves_;
        const std::string why = stopped.runner->status().error;
        go_on();
        status_.error = fmt::format("pipeline {} stopped{}{}", stopped.runner->shown_name(),
                                    why.empty() ? "" : ": ", why);
        return in(Phase::failed);
    }
    const bool waits_to_stand = at == Phase::holding || at == Phase::catching_up || at == Phase::comparing;
    if (waits_to_stand && clock_.monotonic_ns() > deadline_ns_) {
        give_up(fmt::format("it did not come to a stand in {} s (while {}); both versions go on as they were",
                            kStandNs / 1'000'000'000, to_string(at)));
        return true;
    }
    switch (at) {
        case Phase::follows:
            return follow();
        case Phase::holding:
            return hold();
        case Phase::catching_up:
            return catch_up();
        case Phase::comparing:
            return compare();
        case Phase::swapping:
            return swap();
        case Phase::publishing:
            return publish();
        case Phase::closing:
            return close();
        case Phase::failed:
            return false;
    }
    return false;
}

bool Changeover::in(Phase phase) {
    status_.phase = phase;
    return true;
}

bool Changeover::follow() {
    // Where the other one was a turn ago: it must not have to stand still to be caught up with.
    status_.caught_up = beside_.runner->caught_up_through() >= target_;
    const Seq come = serves_.runner->caught_up_through();
    const bool moved = come != target_;
    target_ = come;
    beside_.runner->read_until(come);
    if (!status_.caught_up || status_.wish == Wish::none) return moved;
    status_.error.clear();
    deadline_ns_ = clock_.monotonic_ns() + kStandNs;
    serves_.runner->hold();
    return in(Phase::holding);
}

bool Changeover::hold() {
    if (!serves_.runner->held()) return false;
    cut_ = serves_.runner->caught_up_through();
    beside_.runner->read_until(cut_);
    return in(Phase::catching_up);
}

bool Changeover::catch_up() {
    if (beside_.runner->caught_up_through() < cut_) return false;
    if (!followed_) {
        beside_.runner->hold();
        if (!beside_.runner->held()) return false;
        beside_.runner->follow(watermarks_of(*serves_.runner));
        followed_ = true;
        return true;
    }
    if (!beside_.runner->held()) return false;
    followed_ = false;
    cut_ = journal_.durable();
    if (status_.wish == Wish::compare) return in(Phase::comparing);
    submit(PipelineEntry::Action::swapped);
    return in(Phase::swapping);
}

bool Changeover::compare() {
    if (!views_show(cut_)) return false;
    compared_ = snapshots();
    if (status_.wish == Wish::compare) status_.wish = Wish::none;
    go_on();
    return in(Phase::follows);
}

bool Changeover::swap() {
    if (*entry_ == kUnderWay) return false;
    if (*entry_ == kRefused) {
        give_up("a version of the pipeline is gone");
        return true;
    }
    std::swap(serves_, beside_);
    serves_.runner->set_beside(false);
    beside_.runner->set_beside(true);
    status_.wish = Wish::none;
    ++status_.swaps;
    cut_ = journal_.durable();
    log_info("pipeline", "{} serves from here on; {} runs beside it", serves_.runner->name(),
             beside_.runner->name());
    return in(Phase::publishing);
}

bool Changeover::publish() {
    if (!serves_.runner->held() || !beside_.runner->held() || !views_show(cut_)) return false;
    if (!published_) {
        serves_.runner->publish(difference());
        published_ = true;
        return true;
    }
    published_ = false;
    submit(PipelineEntry::Action::published);
    return in(Phase::closing);
}

bool Changeover::close() {
    if (*entry_ == kUnderWay) return false;
    go_on();
    return in(Phase::follows);
}

/// Both run as their parts are.
void Changeover::go_on() {
    followed_ = false;
    serves_.runner->read_until(Seq(UINT64_MAX));
    target_ = serves_.runner->caught_up_through();
    beside_.runner->read_until(target_);
    serves_.runner->release();
    beside_.runner->release();
}

void Changeover::give_up(std::string why) {
    go_on();
    status_.wish = Wish::none;
    status_.error = std::move(why);
    in(Phase::follows);
}

bool Changeover::let_go() {
    if (status_.phase == Phase::swapping || status_.phase == Phase::publishing ||
        status_.phase == Phase::closing)
        return false;
    go_on();
    return true;
}

void Changeover::submit(PipelineEntry::Action action) {
    const Version& whose = action == PipelineEntry::Action::swapped ? beside_ : serves_;
    const Version& other = action == PipelineEntry::Action::swapped ? serves_ : beside_;
    PipelineEntry entry;
    entry.action = action;
    entry.pipeline = whose.participant->slot();
    entry.created = clock_.now();
    entry_ = std::make_shared<std::atomic<int>>(kUnderWay);
    std::unique_ptr<journal::Proposal> proposal =
        std::make_unique<EntryProposal>(std::move(entry), *whose.participant, *other.participant, entry_);
    // Refused only when the journal is stopping: then nothing more is to be done.
    if (!journal_.try_submit(journal::Lane::control, proposal))
        log_info("pipeline", "{}: the node stops before its versions changed places", whose.runner->name());
}

std::vector<Changeover::Compared> Changeover::snapshots() const {
    std::vector<Compared> out;
    for (const Version* version : {&serves_, &beside_}) {
        for (const plan::Sink& sink : version->program->sinks) {
            const auto* view = std::get_if<plan::ViewSink>(&sink.target);
            if (view == nullptr || std::ranges::find(out, view->view, &Compared::view) != out.end()) continue;
            out.push_back({view->view, views_.snapshot(view->view),
                           views_.snapshot(journal::other_view_name(view->view))});
        }
    }
    return out;
}

Runner::MoreRecords Changeover::difference() const {
    auto writings = std::make_shared<std::deque<Writing>>();
    const std::vector<std::string>& topics = serves_.runner->output_topics();
    for (const plan::Sink& sink : serves_.program->sinks) {
        const auto* view = std::get_if<plan::ViewSink>(&sink.target);
        if (view == nullptr) continue;
        auto records = std::make_unique<ViewRecords>(*view);
        const auto name = records->topic();
        if (!name) continue;
        const auto topic = std::ranges::find(topics, *name);
        MR_CHECK(topic != topics.end(), "view {} writes topic {}", view->view, *name);
        const plan::ViewSink* old = view_sink(*beside_.program, view->view);
        std::unique_ptr<ViewRecords> old_records;
        if (old != nullptr) old_records = std::make_unique<ViewRecords>(*old);
        // Rows in another topic are not this one's.
        if (old_records && old_records->topic() != name) old_records.reset();
        views::SnapshotPtr before;
        if (old_records) before = views_.snapshot(journal::other_view_name(view->view));
        const bool alike = old_records && old->schema == view->schema && old->key == view->key &&
                           same_options(*old->table, *view->table);
        writings->push_back({.pairs = ViewPairs(std::move(before), views_.snapshot(view->view)),
                             .now = std::move(records),
                             .before = std::move(old_records),
                             .topic = static_cast<std::uint32_t>(topic - topics.begin()),
                             .alike = alike});
    }
    return [writings, &clock = clock_](std::vector<OutputRecord>& out) {
        std::size_t bytes = 0;
        while (!writings->empty()) {
            auto record = next_record(writings->front(), clock.now());
            if (!record) {
                writings->pop_front();
                continue;
            }
            bytes += record->key->size() + (record->value ? record->value->size() : 0);
            out.push_back(std::move(*record));
            if (bytes >= kStepBytes) return true;
        }
        return false;
    };
}

}  // namespace mr::pipeline
