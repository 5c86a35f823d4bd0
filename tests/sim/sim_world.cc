#include "sim_world.h"

#include <algorithm>
#include <optional>
#include <set>

namespace mr::sim {
namespace {

using journal::Appender;
using journal::Cut;
using journal::Entry;
using journal::Journal;
using journal::Kind;
using journal::Lane;
using journal::Participant;
using journal::Proposal;

constexpr const char* kJournalDirectory = "data/journal";
/// A payload of this size may be written in parts: it does not fit a file (SimOptions::file_bytes).
constexpr std::size_t kPartsFrom = 8U << 10;
constexpr const char* kCheckpointDirectory = "data/checkpoints";

/// What outlives every crash: the outside's knowledge of what was ordered and acknowledged.
struct Truth {
    std::vector<Recorded> history;  ///< whole entries; the sequences between two of them are parts
    Seq last;                       ///< the newest sequence given out
    std::uint64_t in_parts = 0;
    Seq firm;  ///< everything up to here was acknowledged, or seen by what was
    std::set<std::uint64_t> acknowledged;
    std::string failure;

    void fail(std::string what) {
        if (failure.empty()) failure = std::move(what);
    }
    /// Index of the first entry after that position.
    [[nodiscard]] std::size_t index_after(Seq seq) const {
        const auto at = std::ranges::upper_bound(history, seq, {}, &Recorded::seq);
        return static_cast<std::size_t>(at - history.begin());
    }
};

/// Reads every kind: writes down what is ordered, and compares it with what a start reads back.
class Tap final : public Participant {
  public:
    explicit Tap(Truth& truth) : truth_(truth) {}

    [[nodiscard]] std::string_view name() const override { return "tap"; }
    [[nodiscard]] bool reads(Kind kind) const override { return kind != Kind::mark; }
    void apply(const Entry& entry) override {
        const Recorded seen{entry.seq, entry.kind, std::string(entry.payload.view())};
        const std::size_t index = truth_.index_after(applied_);
        // A start skips what a crash left of an entry in parts.
        const bool may_skip = !is_running_ || seen.payload.size() >= kPartsFrom;
        if (entry.seq <= applied_ || (!may_skip && entry.seq != applied_.next())) {
            truth_.fail(fmt::format("entry {} applied after {}", entry.seq, applied_));
        } else if (is_running_) {
            if (entry.seq <= truth_.last) truth_.fail(fmt::format("entry {} ordered again", entry.seq));
            if (entry.seq != applied_.next()) ++truth_.in_parts;
            truth_.history.push_back(seen);
            truth_.last = entry.seq;
        } else if (index >= truth_.history.size()) {
            truth_.fail(fmt::format("a start found entry {}, which was never ordered", entry.seq));
        } else if (truth_.history[index] != seen) {
            truth_.fail(fmt::format("a start found another entry {}: `{}`, ordered was {} `{}`", entry.seq,
                                    seen.payload.substr(0, 10), truth_.history[index].seq,
                                    truth_.history[index].payload.substr(0, 10)));
        }
        applied_ = entry.seq;
    }
    void durable(Seq through) override {
        if (through < durable_) truth_.fail(fmt::format("durable {} after {}", through, durable_));
        durable_ = through;
    }
    std::unique_ptr<Cut> cut() override {
        ++cuts;
        auto cut = std::make_unique<Cut>();
        cut->through = applied_;
        cut->write = [](std::string&) -> Status { return {}; };
        return cut;
    }
    Status restore(std::string_view, Seq through) override {
        applied_ = through;
        return {};
    }
    [[nodiscard]] Seq applied_through() const override { return applied_; }
    Status recovered(Seq last) override {
        applied_ = last;
        is_running_ = true;
        return {};
    }

    std::uint64_t cuts = 0;

  private:
    Truth& truth_;
    bool is_running_ = false;
    Seq applied_;
    Seq durable_;
};

/// An actor's participant, with the planted bug where there is one.
class Watched final : public Participant {
  public:
    Watched(Participant& inner, bool forgets) : inner_(inner), forgets_(forgets) {}

    [[nodiscard]] std::string_view name() const override { return inner_.name(); }
    [[nodiscard]] bool reads(Kind kind) const override { return inner_.reads(kind); }
    void apply(const Entry& entry) override {
        forgotten_ = 0;
        inner_.apply(entry);
    }
    void durable(Seq through) override { inner_.durable(through); }
    std::unique_ptr<Cut> cut() override {
        forgotten_ = 0;
        return inner_.cut();
    }
    Status restore(std::string_view bytes, Seq through) override {
        if (forgets_) forgotten_ = std::min<std::uint64_t>(3, through.value);
        return inner_.restore(bytes, through);
    }
    [[nodiscard]] Seq applied_through() const override {
        return Seq(inner_.applied_through().value - forgotten_);
    }
    Status recovered(Seq last) override {
        forgotten_ = 0;
        return inner_.recovered(last);
    }

  private:
    Participant& inner_;
    const bool forgets_;
    std::uint64_t forgotten_ = 0;
};

class World {
  public:
    World(const SimOptions& options, std::vector<std::unique_ptr<SimActor>> actors)
        : options_(options), random_(options.seed * 2 + 1), fs_(options.seed), actors_(std::move(actors)) {}

    Outcome run();

  private:
    class WatchedProposal;

    void start();
    bool try_start(bool with_faults);
    void check_start();
    void end_life(bool power_loss);
    void submit();
    void read_back();
    void arm_fault();
    void one_operation();
    void drain();
    void damage_and_start();
    void change_a_byte();
    [[nodiscard]] bool is_over() const { return fatal_code_.has_value() || fs_.is_down(); }
    [[nodiscard]] std::uint64_t counter(const char* name) { return metrics_->counter(name, "").value(); }

    const SimOptions options_;
    SimRandom random_;
    SimFileSystem fs_;
    VirtualClock clock_{TimestampMs(1'700'000'000'000)};
    std::unique_ptr<Metrics> metrics_;
    std::vector<std::unique_ptr<SimActor>> actors_;
    Truth truth_;
    Coverage coverage_;
    std::unique_ptr<Tap> tap_;
    std::vector<std::unique_ptr<Watched>> watched_;
    std::optional<Code> fatal_code_;
    std::uint64_t next_id_ = 1;
    bool is_rotten_ = false;  ///< a byte was changed: a start may refuse
    std::unique_ptr<Journal> journal_;
};

class World::WatchedProposal final : public Proposal {
  public:
    WatchedProposal(World& world, std::unique_ptr<Proposal> inner, std::uint64_t id)
        : world_(world), inner_(std::move(inner)), id_(id) {}
    void order(Appender& out) override {
        inner_->order(out);
        saw_ = Seq(out.next_seq().value - 1);
        if (world_.options_.mutation == Mutation::early_ack) acknowledge();
    }
    void done() override {
        inner_->done();
        if (world_.options_.mutation == Mutation::early_ack) return;
        if (world_.journal_->durable() < saw_) world_.truth_.fail("acknowledged before it was durable");
        acknowledge();
    }
    [[nodiscard]] std::size_t bytes() const override { return inner_->bytes(); }

  private:
    void acknowledge() {
        Truth& truth = world_.truth_;
        if (!truth.acknowledged.insert(id_).second)
            truth.fail(fmt::format("operation {} acknowledged twice", id_));
        truth.firm = std::max(truth.firm, saw_);
        ++world_.coverage_.acknowledged;
    }

    World& world_;
    const std::unique_ptr<Proposal> inner_;
    const std::uint64_t id_;
    Seq saw_;
};

/// One attempt; false if the machine or the process died during it.
bool World::try_start(bool with_faults) {
    fatal_code_.reset();
    metrics_ = std::make_unique<Metrics>();
    tap_ = std::make_unique<Tap>(truth_);
    watched_.clear();
    std::vector<Participant*> participants{tap_.get()};
    for (const auto& actor : actors_) {
        // The last one: others may hold the journal back behind its snapshot, which is when it matters.
        const bool forgets =
            options_.mutation == Mutation::applied_twice && watched_.size() + 1 == actors_.size();
        watched_.push_back(std::make_unique<Watched>(actor->start(), forgets));
        participants.push_back(watched_.back().get());
    }
    journal::Options options;
    options.directory = kJournalDirectory;
    options.checkpoint_directory = kCheckpointDirectory;
    options.file_bytes = options_.file_bytes;
    options.start_file_bytes = options_.file_bytes / 4;
    options.group_bytes_max = 2'000;
    options.queue_bytes_max = 8'000;
    options.checkpoint_bytes = 3 * options_.file_bytes;
    options.on_fatal = [this](const Error& error) {
        if (!fatal_code_) fatal_code_ = error.code;
    };
    if (with_faults && random_.chance(50)) fs_.crash_after(1 + random_.below(30));
    if (with_faults && random_.chance(10)) fs_.fail_sync_after(1 + random_.below(5));
    const std::uint64_t failed_before = fs_.faults().failed_syncs;
    auto journal = Journal::open(fs_, clock_, *metrics_, options, participants);
    if (journal) {
        fs_.crash_after(0);
        fs_.fail_sync_after(0);
        journal_ = std::move(*journal);
        return true;
    }
    const bool is_refusal =
        is_rotten_ && (journal.error().code == Code::corrupt || journal.error().code == Code::unsupported);
    const bool excused = is_refusal || fs_.is_down() || fs_.faults().failed_syncs > failed_before ||
                         journal.error().code == Code::resource_exhausted;
    if (!excused) truth_.fail(fmt::format("the journal does not open: {}", journal.error().message));
    if (journal.error().code == Code::resource_exhausted) fs_.set_capacity(0);
    return false;
}

void World::start() {
    for (int attempt = 0; truth_.failure.empty(); ++attempt) {
        if (try_start(attempt < 3 && random_.chance(40))) break;
        ++coverage_.crashes_in_recovery;
        random_.chance(70) ? fs_.crash() : fs_.kill();
    }
    if (truth_.failure.empty()) check_start();
}

void World::check_start() {
    const journal::RecoveryReport& report = journal_->recovery();
    ++coverage_.starts;
    if (report.checkpoint > Seq(0)) ++coverage_.starts_from_checkpoint;
    if (report.torn_bytes > 0) ++coverage_.torn_tails;
    if (report.last < truth_.firm) {
        truth_.fail(fmt::format("lost: acknowledged up to {}, a start found {}", truth_.firm, report.last));
        return;
    }
    if (report.last > truth_.last) {
        truth_.fail(fmt::format("a start found entry {}, only {} were ordered", report.last, truth_.last));
        return;
    }
    const std::size_t found = truth_.index_after(report.last);
    coverage_.dropped_entries += truth_.history.size() - found;
    truth_.history.resize(found);
    if (found > 0 && truth_.history.back().seq < report.last) ++coverage_.left_over_parts;
    truth_.last = report.last;
    // A start shows what it found: from now on it must stay.
    truth_.firm = report.last;
    for (const auto& actor : actors_) {
        const std::string expected = actor->expected(truth_.history);
        const std::string observed = actor->observed();
        if (expected != observed) {
            truth_.fail(fmt::format("after a start with {} entries, expected\n{}but found\n{}",
                                    truth_.history.size(), expected, observed));
        }
    }
}

void World::end_life(bool power_loss) {
    if (tap_->cuts > counter("millrace_journal_checkpoints_total")) ++coverage_.crashes_in_checkpoint;
    coverage_.checkpoints += counter("millrace_journal_checkpoints_total");
    coverage_.recycled_files += counter("millrace_journal_files_recycled_total");
    coverage_.entries_in_parts += std::exchange(truth_.in_parts, 0);
    journal_.reset();
    power_loss ? fs_.crash() : fs_.kill();
}

void World::submit() {
    const std::uint64_t id = next_id_++;
    SimActor& actor = *actors_[random_.below(actors_.size())];
    std::unique_ptr<Proposal> proposal =
        std::make_unique<WatchedProposal>(*this, actor.propose(random_, id), id);
    if (!journal_->try_submit(static_cast<Lane>(random_.below(4)), proposal)) ++coverage_.refused_full_queue;
}

void World::read_back() {
    const Seq after(random_.below(journal_->applied().value + 1));
    std::size_t index = truth_.index_after(after);
    const auto status = journal_->read(after, [&](const Entry& entry) {
        const Recorded seen{entry.seq, entry.kind, std::string(entry.payload.view())};
        if (index >= truth_.history.size() || truth_.history[index] != seen) {
            truth_.fail(fmt::format("read() gave another entry {}", entry.seq));
        }
        ++index;
        return true;
    });
    if (status) {
        ++coverage_.reads;
        if (index != truth_.history.size()) {
            truth_.fail(fmt::format("read() ended at {} of {}", index, truth_.history.size()));
        }
    } else if (status.error().code != Code::out_of_range) {
        truth_.fail("read(): " + status.error().message);
    } else if (after >= journal_->checkpointed()) {
        truth_.fail(fmt::format("read() says that {} is gone, the checkpoint is at {}", after,
                                journal_->checkpointed()));
    }
}

void World::arm_fault() {
    switch (random_.below(4)) {
        case 0:
        case 1:
            fs_.crash_after(1 + random_.below(12));
            break;
        case 2:
            fs_.fail_sync_after(1 + random_.below(3));
            break;
        case 3:
            // Room for a little more than what is there; or all of it again.
            fs_.set_capacity(random_.chance(70) ? (2 + random_.below(5)) * options_.file_bytes : 0);
            break;
        default:
            break;
    }
}

void World::one_operation() {
    if (random_.chance(options_.fault_percent)) {
        arm_fault();
        return;
    }
    const std::uint64_t what = random_.below(96);
    if (what < 45) {
        submit();
    } else if (what < 61) {
        journal_->run_once();
    } else if (what < 75) {
        journal_->sync_once();
    } else if (what < 89) {
        journal_->settle_once();
    } else if (what < 91) {
        clock_.advance_ms(static_cast<std::int64_t>(random_.below(2'000)));
    } else if (what < 94) {
        journal_->request_checkpoint();
    } else {
        read_back();
    }
}

/// Nothing fails any more: everything that was accepted is acknowledged in the end.
void World::drain() {
    fs_.set_capacity(0);
    fs_.crash_after(0);
    fs_.fail_sync_after(0);
    bool busy = true;
    while (busy && !fatal_code_) {
        busy = journal_->run_once();
        busy = journal_->sync_once() || busy;
        busy = journal_->settle_once() || busy;
    }
    if (fatal_code_) return;
    if (journal_->durable() != journal_->applied()) truth_.fail("not all is durable in the end");
    truth_.firm = std::max(truth_.firm, journal_->applied());
}

/// Of any file but the lock; half of the time where a journal's entries are likely to be.
void World::change_a_byte() {
    std::vector<std::string> paths;
    for (const char* directory : {kJournalDirectory, kCheckpointDirectory}) {
        const auto names = fs_.list(directory);
        for (const std::string& name : *names) {
            if (name != "LOCK") paths.push_back(join_path(directory, name));
        }
    }
    const auto file = fs_.open(paths[random_.below(paths.size())], FileSystem::Mode::write);
    const std::uint64_t size = (*file)->size().value_or(0);
    if (size == 0) return;
    const bool near_entries = size > 6'000 && random_.chance(50);
    const std::uint64_t at = near_entries ? 4'096 + random_.below(1'500) : random_.below(size);
    std::string byte;
    static_cast<void>((*file)->read_at(at, 1, byte));
    byte[0] = static_cast<char>(byte[0] ^ (1 << random_.below(8)));
    static_cast<void>((*file)->write_at(at, byte));
    static_cast<void>((*file)->sync());
}

void World::damage_and_start() {
    // A mark says that all of it is on disk.
    clock_.advance_ms(2'000);
    drain();
    end_life(true);
    change_a_byte();
    is_rotten_ = true;
    metrics_ = std::make_unique<Metrics>();
    if (try_start(false)) {
        ++coverage_.rot_harmless;
        if (truth_.failure.empty()) check_start();
    } else {
        ++coverage_.rot_refused;
    }
}

Outcome World::run() {
    fs_.set_ignore_syncs(options_.mutation == Mutation::skipped_sync);
    std::set<std::size_t> crash_at;
    while (crash_at.size() < options_.crashes) crash_at.insert(random_.below(options_.operations));
    start();
    for (std::size_t i = 0; i < options_.operations && truth_.failure.empty(); ++i) {
        ++coverage_.operations;
        one_operation();
        const bool planned = crash_at.contains(i);
        if (!planned && !is_over()) continue;
        if (fatal_code_ == Code::resource_exhausted) {
            ++coverage_.stops_on_full_disk;
            fs_.set_capacity(0);
        } else if (fatal_code_ && !fs_.is_down()) {
            ++coverage_.stops_on_failed_sync;
        }
        end_life(random_.chance(75));
        start();
    }
    if (truth_.failure.empty()) {
        drain();
        end_life(true);
        start();
    }
    if (truth_.failure.empty() && options_.rot) damage_and_start();
    ++coverage_.histories;
    coverage_.faults = fs_.faults();
    journal_.reset();
    return {truth_.failure, coverage_};
}

}  // namespace

Coverage& Coverage::operator+=(const Coverage& other) {
    faults += other.faults;
    histories += other.histories;
    operations += other.operations;
    acknowledged += other.acknowledged;
    refused_full_queue += other.refused_full_queue;
    starts += other.starts;
    starts_from_checkpoint += other.starts_from_checkpoint;
    torn_tails += other.torn_tails;
    dropped_entries += other.dropped_entries;
    entries_in_parts += other.entries_in_parts;
    left_over_parts += other.left_over_parts;
    checkpoints += other.checkpoints;
    crashes_in_checkpoint += other.crashes_in_checkpoint;
    crashes_in_recovery += other.crashes_in_recovery;
    recycled_files += other.recycled_files;
    stops_on_failed_sync += other.stops_on_failed_sync;
    stops_on_full_disk += other.stops_on_full_disk;
    reads += other.reads;
    rot_refused += other.rot_refused;
    rot_harmless += other.rot_harmless;
    return *this;
}

std::vector<std::pair<std::string, std::uint64_t>> Coverage::rows() const {
    return {{"histories", histories},
            {"operations", operations},
            {"operations acknowledged", acknowledged},
            {"proposals refused by a full queue", refused_full_queue},
            {"starts", starts},
            {"starts from a checkpoint", starts_from_checkpoint},
            {"torn tails dropped", torn_tails},
            {"unacknowledged entries gone after a crash", dropped_entries},
            {"entries written in parts", entries_in_parts},
            {"starts that found parts of an entry", left_over_parts},
            {"checkpoints", checkpoints},
            {"journal files recycled", recycled_files},
            {"reads compared", reads},
            {"fault: power lost", faults.power_losses},
            {"fault: process killed", faults.kills},
            {"fault: down in the middle of an operation", faults.cut_short},
            {"fault: down or failed during a start", crashes_in_recovery},
            {"fault: down during a checkpoint", crashes_in_checkpoint},
            {"fault: unsynced write lost", faults.lost_writes},
            {"fault: unsynced write torn", faults.torn_writes},
            {"fault: unsynced writes reordered", faults.reordered_writes},
            {"fault: unsynced name lost", faults.lost_names},
            {"fault: sync failed", faults.failed_syncs},
            {"fault: stopped by a failed sync", stops_on_failed_sync},
            {"fault: disk full", faults.full_disks},
            {"fault: stopped by a full disk", stops_on_full_disk}};
}

Outcome run_history(const SimOptions& options, std::vector<std::unique_ptr<SimActor>> actors) {
    return World(options, std::move(actors)).run();
}

}  // namespace mr::sim
