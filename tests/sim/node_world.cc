#include "node_world.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "broker/log_reader.h"
#include "broker/partition_log.h"
#include "columnar/codec.h"
#include "columnar/value.h"
#include "node_client.h"
#include "sql/compiler.h"
#include "wire/record.h"

namespace mr::sim {
namespace {

using Place = std::pair<std::string, std::int32_t>;

/// A record as a client reads it.
struct Seen {
    std::uint64_t id = 0;
    std::string value;
    bool operator==(const Seen&) const = default;
};

class World {
  public:
    World(const NodeSimOptions& options, const Programs& programs)
        : options_(options),
          programs_(programs),
          random_(options.seed * 2 + 1),
          fs_(options.seed),
          clients_(random_) {}

    NodeOutcome run();

  private:
    void start();
    bool try_start(bool with_faults);
    void check_prefixes();
    void check_start();
    void check_members();
    void end_life(bool power_loss);
    void one_operation();
    void arm_fault();
    void settle();
    void show_view();
    void drain();
    void check_all();

    std::map<Place, std::vector<Seen>> read_topics();
    /// orders and items in the order of their entries, up to entry `through`.
    std::vector<const Event*> log_through(Seq through);
    Rows view_rows(const std::string& name);
    Rows topic_rows(const std::string& name);
    void compare(const std::string& what, const Rows& want, const Rows& got);
    void fail(std::string what) {
        if (failure_.empty()) failure_ = std::move(what);
    }
    [[nodiscard]] bool failed() const { return !failure_.empty() || !clients_.failure.empty(); }
    [[nodiscard]] bool is_over() const { return life_->dead() || fs_.is_down(); }

    const NodeSimOptions options_;
    const Programs& programs_;
    SimRandom random_;
    SimFileSystem fs_;
    VirtualClock clock_{TimestampMs(1'700'000'000'000)};
    NodeClients clients_;
    std::unique_ptr<NodeLife> life_;
    NodeCoverage coverage_;
    std::string failure_;
    std::map<Place, std::vector<Seen>> read_;  ///< what a client has read
    std::map<std::string, std::pair<std::string, Seq>>
        shown_;  ///< view -> epoch and version a client has seen
};

// --- starting

bool World::try_start(bool with_faults) {
    std::vector<broker::NewTopic> topics;
    for (const char* name : {"orders", "items", "copied", "pairs"}) {
        topics.push_back({.name = name,
                          .partitions = NodeClients::kPartitions,
                          .config = {{"segment.bytes", "3000"}, {"index.interval.bytes", "300"}}});
    }
    life_ = std::make_unique<NodeLife>(fs_, clock_, programs_, std::move(topics), LifeOptions{});
    life_->on_recovered = [this] { check_prefixes(); };
    if (with_faults && random_.chance(60)) fs_.crash_after(1 + random_.below(60));
    if (with_faults && random_.chance(10)) fs_.fail_sync_after(1 + random_.below(8));
    const std::uint64_t failed_before = fs_.faults().failed_syncs;
    const Status started = life_->start();
    const bool excused = fs_.is_down() || fs_.faults().failed_syncs > failed_before;
    if (started) {
        fs_.crash_after(0);
        fs_.fail_sync_after(0);
        return true;
    }
    if (started.error().code == Code::resource_exhausted) {
        fs_.set_capacity(0);
    } else if (!excused) {
        fail(fmt::format("the node does not start: {}", started.error().message));
    }
    return false;
}

void World::start() {
    for (int attempt = 0; !failed(); ++attempt) {
        if (try_start(attempt < 3 && random_.chance(30))) break;
        ++coverage_.crashes_in_start;
        life_.reset();
        random_.chance(70) ? fs_.crash() : fs_.kill();
    }
    if (failed()) return;
    clients_.node_started();
    ++coverage_.starts;
    const journal::RecoveryReport& report = life_->journal().recovery();
    if (report.checkpoint > Seq(0)) ++coverage_.starts_from_checkpoint;
    if (report.torn_bytes > 0) ++coverage_.torn_tails;
    check_start();
}

/// Between recovery and the first step: what the checkpoint and the journal make of each pipeline is one
/// prefix of the log.
void World::check_prefixes() {
    while (life_->loop_once() || life_->views().drain()) {
    }
    for (std::size_t i = 0; i < programs_.size(); ++i) {
        const pipeline::Participant& participant = life_->participant(i);
        if (!participant.instance()) continue;
        ++coverage_.resumed;
        if (kViewsOf[i][0] == "overall") continue;  // its input is a view's topic
        const Seq consumed = participant.progress().consumed;
        if (consumed < life_->journal().applied()) ++coverage_.prefixes_behind;
        const auto log = log_through(consumed);
        const std::string what =
            fmt::format(" after a start, log up to {} ({} records)", consumed, log.size());
        for (const std::string& name : kViewsOf[i])
            compare("view " + name + what, expected_rows(name, log), view_rows(name));
        for (const std::string& name : kOutputsOf[i])
            compare("topic " + name + what, expected_rows(name, log), topic_rows(name));
    }
}

void World::check_start() {
    const auto topics = read_topics();
    for (const auto& [place, before] : read_) {
        const auto now = topics.find(place);
        if (now == topics.end() || now->second.size() < before.size() ||
            !std::equal(before.begin(), before.end(), now->second.begin()))
            return fail(fmt::format("{}/{}: {} records had been read, now there are {} or others",
                                    place.first, place.second, before.size(),
                                    now == topics.end() ? 0 : now->second.size()));
    }
    std::set<std::uint64_t> ids;
    for (const auto& [place, records] : topics) {
        if (place.first != "orders" && place.first != "items") continue;
        const auto& acked = clients_.acked[place];
        for (std::size_t i = 0; i < records.size(); ++i) {
            if (!ids.insert(records[i].id).second)
                return fail(fmt::format("id {} is there twice", records[i].id));
            if (!clients_.knows(records[i].id) || clients_.event(records[i].id).json() != records[i].value)
                return fail(fmt::format("{}/{}/{} holds what nobody sent: {}", place.first, place.second, i,
                                        records[i].value));
            acked.contains(static_cast<std::int64_t>(i)) ? 0 : ++coverage_.unacked_kept;
        }
        for (const auto& [offset, id] : acked) {
            const auto at = static_cast<std::size_t>(offset);
            if (at >= records.size() || records[at].id != id)
                return fail(fmt::format("id {} was acknowledged at {}/{}/{}, {} records are there: lost", id,
                                        place.first, place.second, offset, records.size()));
        }
    }
    read_ = topics;
    for (const auto& [name, shown] : shown_) {
        const auto view = life_->views().snapshot(name);
        if (view == nullptr || view->epoch != shown.first || view->version < shown.second)
            return fail(fmt::format("view {} was shown at {} of {}, now {} of {}", name, shown.second,
                                    shown.first, view ? view->version : Seq(0),
                                    view ? view->epoch : "nothing"));
    }
    const auto group = life_->broker().group_offsets("g");
    const auto* offset =
        group ? group->find(life_->broker().topics()->find("orders")->id, PartitionId(0)) : nullptr;
    const std::int64_t found = offset != nullptr ? offset->offset.value : -1;
    if (found < clients_.committed || found > clients_.committing)
        fail(fmt::format("offset {} was committed, found {}", clients_.committed, found));
    check_members();
}

void World::check_members() {
    const auto groups = life_->broker().take_recovered_groups();
    const auto group = groups.find("g");
    const std::uint64_t changes = group == groups.end() ? 0 : std::stoull(group->second->head);
    if (changes < clients_.members_stored || changes > clients_.members_storing)
        return fail(fmt::format("{} changes of a group's members were acknowledged, found {}",
                                clients_.members_stored, changes));
    if (changes > 0 && group->second->members != NodeClients::members_after(changes))
        return fail(fmt::format("other members than after {} changes", changes));
    // Those that were on their way and got lost never were.
    clients_.members_stored = changes;
    clients_.members_storing = changes;
}

// --- reading

std::map<Place, std::vector<Seen>> World::read_topics() {
    std::map<Place, std::vector<Seen>> out;
    for (const auto& [name, topic] : life_->broker().topics()->by_name) {
        // Topics of views are compacted: their offsets have holes, and their rows are checked as views.
        if (name != "orders" && name != "items" && name != "copied" && name != "pairs") continue;
        for (std::int32_t p = 0; p < topic->partition_count(); ++p) {
            const broker::PartitionLog& log = *topic->partition(PartitionId(p));
            auto& records = out[{name, p}];
            for (;;) {
                const auto result =
                    life_->broker().read(log, Offset(static_cast<std::int64_t>(records.size())),
                                         {.max_bytes = 1 + random_.below(5'000)});
                if (result.error != broker::KafkaError::none) {
                    fail(fmt::format("cannot read {}/{}: {} {}", name, p, broker::to_string(result.error),
                                     result.message));
                    return out;
                }
                if (result.bytes == 0) break;
                std::string bytes;
                result.append_to(bytes);
                std::string_view rest = bytes;
                for (auto batch = wire::next_batch(rest); batch && *batch; batch = wire::next_batch(rest)) {
                    auto reader = wire::RecordReader::open(**batch);
                    wire::Record record;
                    while (reader && reader->next(record)) {
                        if (record.offset.value < static_cast<std::int64_t>(records.size())) continue;
                        if (record.offset.value > static_cast<std::int64_t>(records.size()))
                            fail(fmt::format("{}/{}: offset {} is missing", name, p, records.size()));
                        const std::string value(record.value.value_or(""));
                        records.push_back({number_in(value, "id"), value});
                    }
                }
            }
        }
    }
    return out;
}

std::vector<const Event*> World::log_through(Seq through) {
    std::vector<const Event*> out;
    auto reader = broker::LogReader::open(life_->broker(), {.name = "check",
                                                            .topics = {"orders", "items"},
                                                            .visibility = broker::Visibility::applied,
                                                            .hold = false});
    if (!reader) {
        fail("no log to read: " + reader.error().message);
        return out;
    }
    broker::LogSlice slice;
    do {
        if (const auto read =
                (*reader)->read({.bytes_max = 1 + random_.below(20'000), .not_after = through}, slice);
            !read) {
            fail("cannot read the log: " + read.error().message);
            return out;
        }
        for (const broker::LogBatch& b : slice.batches) {
            if (b.seq > through) continue;
            auto records = wire::RecordReader::open(b.batch.view());
            wire::Record record;
            while (records && records->next(record)) {
                const std::uint64_t id = number_in(record.value.value_or(""), "id");
                if (clients_.knows(id)) out.push_back(&clients_.event(id));
            }
        }
    } while (!slice.up_to_date && slice.through < through);
    return out;
}

Rows World::view_rows(const std::string& name) {
    Rows rows;
    const auto view = life_->views().snapshot(name);
    if (view == nullptr) return {"no such view"};
    view->rows.scan([&](const views::RowPtr& row) {
        const Schema& schema = view->definition->schema;
        const auto values = read_row(row->row, schema);
        if (!values) {
            rows.push_back("a row that does not decode");
            return true;
        }
        std::string text;
        for (std::size_t c = 0; c < values->size(); ++c) {
            if (c > 0) text += ' ';
            text += to_string((*values)[c], schema[c].type);
        }
        rows.push_back(std::move(text));
        return true;
    });
    std::ranges::sort(rows);
    return rows;
}

Rows World::topic_rows(const std::string& name) {
    Rows rows;
    for (const auto& [place, records] : read_topics()) {
        if (place.first != name) continue;
        for (const Seen& r : records) {
            rows.push_back(name == "pairs" ? fmt::format("{} {}", r.id, number_in(r.value, "item"))
                                           : fmt::format("{}", r.id));
        }
    }
    std::ranges::sort(rows);
    return rows;
}

void World::compare(const std::string& what, const Rows& want, const Rows& got) {
    if (want == got) return;
    Rows missing, extra;
    std::ranges::set_difference(want, got, std::back_inserter(missing));
    std::ranges::set_difference(got, want, std::back_inserter(extra));
    fail(fmt::format("{}: {} rows, expected {}; missing: {}; too many: {}", what, got.size(), want.size(),
                     missing.empty() ? "none" : missing[0], extra.empty() ? "none" : extra[0]));
}

// --- running

/// A client looks: what it saw must never be taken back.
void World::show_view() {
    const std::size_t i = random_.below(kViewsOf.size());
    const auto view = life_->views().snapshot(kViewsOf[i][0]);
    if (view == nullptr) return;
    if (view->version > life_->journal().durable()) fail("a view showed what is not durable");
    shown_[kViewsOf[i][0]] = {view->epoch, view->version};
    ++coverage_.views_shown;
}

/// As the node's settle thread: what fails is tried again.
void World::settle() {
    const auto settled = life_->broker().settle_once();
    if (!settled) ++coverage_.settle_refused;
}

void World::arm_fault() {
    switch (random_.below(5)) {
        case 0:
        case 1:
            fs_.crash_after(1 + random_.below(20));
            break;
        case 2:
            fs_.fail_sync_after(1 + random_.below(4));
            break;
        default:
            fs_.set_capacity(random_.chance(60) ? (3 + random_.below(6)) * LifeOptions{}.file_bytes : 0);
            break;
    }
}

void World::one_operation() {
    if (random_.chance(options_.fault_percent)) return arm_fault();
    const std::uint64_t what = random_.below(100);
    if (what < 28) {
        clients_.produce(*life_, clock_.now().value, options_.early_ack);
    } else if (what < 44) {
        life_->journal().run_once();
    } else if (what < 56) {
        life_->journal().sync_once();
    } else if (what < 64) {
        // Several in a row: a checkpoint is a dozen of them.
        for (std::uint64_t i = random_.below(8); i > 0 && !is_over(); --i) life_->journal().settle_once();
    } else if (what < 68) {
        settle();
    } else if (what < 86) {
        life_->runners()[random_.below(programs_.size())]->run_once();
    } else if (what < 92) {
        life_->loop_once();
    } else if (what < 94) {
        clock_.advance_ms(static_cast<std::int64_t>(random_.below(2'000)));
    } else if (what < 97) {
        life_->journal().request_checkpoint();
    } else if (what < 98) {
        random_.chance(50) ? clients_.commit_offset(*life_) : clients_.store_members(*life_);
    } else {
        show_view();
    }
    for (const auto& runner : life_->runners()) {
        const auto status = runner->status();
        if (!is_over() && !status.error.empty())
            fail(fmt::format("pipeline {}: {}", runner->name(), status.error));
    }
}

void World::end_life(bool power_loss) {
    coverage_.steps += [&] {
        std::uint64_t steps = 0;
        for (const auto& runner : life_->runners()) steps += runner->status().steps;
        return steps;
    }();
    coverage_.checkpoints += life_->counter("millrace_journal_checkpoints_total");
    coverage_.settled_bytes += life_->counter("millrace_broker_settled_bytes_total");
    life_.reset();
    power_loss ? fs_.crash() : fs_.kill();
}

/// Nothing fails any more: all is sent, computed and durable in the end.
void World::drain() {
    fs_.set_capacity(0);
    fs_.crash_after(0);
    fs_.fail_sync_after(0);
    bool busy = true;
    for (int i = 0; busy && !life_->dead() && !failed(); ++i) {
        busy = life_->pump();
        for (const auto& runner : life_->runners()) busy = (!life_->dead() && runner->run_once()) || busy;
        if (!life_->dead() && !clients_.all_sent()) {
            clients_.produce(*life_, clock_.now().value, false);
            busy = true;
        }
        if (i > 100'000) return fail("it never comes to rest");
    }
}

void World::check_all() {
    const auto log = log_through(life_->journal().applied());
    const std::string what = fmt::format(" in the end ({} records)", log.size());
    for (std::size_t i = 0; i < programs_.size(); ++i) {
        for (const std::string& name : kViewsOf[i])
            compare("view " + name + what, expected_rows(name, log), view_rows(name));
        for (const std::string& name : kOutputsOf[i])
            compare("topic " + name + what, expected_rows(name, log), topic_rows(name));
    }
}

NodeOutcome World::run() {
    fs_.set_ignore_syncs(options_.ignore_syncs);
    std::set<std::size_t> crash_at;
    while (crash_at.size() < options_.crashes) crash_at.insert(random_.below(options_.operations));
    start();
    for (std::size_t i = 0; i < options_.operations && !failed(); ++i) {
        ++coverage_.operations;
        one_operation();
        if (!crash_at.contains(i) && !is_over()) continue;
        if (life_->dead() && life_->fatal()->code == Code::resource_exhausted) {
            ++coverage_.stops_on_full_disk;
            fs_.set_capacity(0);
        } else if (life_->dead() && !fs_.is_down()) {
            ++coverage_.stops_on_failed_sync;
        }
        end_life(random_.chance(75));
        start();
    }
    if (!failed()) drain();
    if (!failed() && life_->dead() && life_->fatal()->code == Code::resource_exhausted) {
        // It had no room for its next file, and did not look again.
        end_life(false);
        start();
        if (!failed()) drain();
    }
    if (!failed() && life_->dead()) fail("it died of " + life_->fatal()->message);
    if (!failed()) check_all();
    if (!failed()) {
        end_life(true);
        start();
        if (!failed()) check_all();
    }
    ++coverage_.histories;
    coverage_.faults = fs_.faults();
    coverage_.acked = clients_.acks;
    coverage_.resent = clients_.resent;
    coverage_.answered_again = clients_.answered_again;
    coverage_.offsets_committed = clients_.commits;
    life_.reset();
    return {failure_.empty() ? clients_.failure : failure_, coverage_};
}

}  // namespace

NodeCoverage& NodeCoverage::operator+=(const NodeCoverage& o) {
    faults += o.faults;
    histories += o.histories, operations += o.operations, starts += o.starts;
    starts_from_checkpoint += o.starts_from_checkpoint, resumed += o.resumed, torn_tails += o.torn_tails;
    acked += o.acked, resent += o.resent, answered_again += o.answered_again, unacked_kept += o.unacked_kept;
    steps += o.steps, checkpoints += o.checkpoints, settled_bytes += o.settled_bytes,
        views_shown += o.views_shown;
    offsets_committed += o.offsets_committed, prefixes_behind += o.prefixes_behind;
    crashes_in_start += o.crashes_in_start, stops_on_failed_sync += o.stops_on_failed_sync;
    stops_on_full_disk += o.stops_on_full_disk, settle_refused += o.settle_refused;
    return *this;
}

std::vector<std::pair<std::string, std::uint64_t>> NodeCoverage::rows() const {
    return {{"histories", histories},
            {"operations", operations},
            {"batches acknowledged", acked},
            {"batches sent again after a crash", resent},
            {"of these acknowledged", answered_again},
            {"records kept that nobody acknowledged", unacked_kept},
            {"steps of pipelines", steps},
            {"views looked at", views_shown},
            {"offsets committed", offsets_committed},
            {"starts", starts},
            {"starts from a checkpoint", starts_from_checkpoint},
            {"pipelines resumed", resumed},
            {"pipelines resumed behind the log", prefixes_behind},
            {"torn tails dropped", torn_tails},
            {"checkpoints", checkpoints},
            {"bytes moved to segments", settled_bytes},
            {"fault: power lost", faults.power_losses},
            {"fault: process killed", faults.kills},
            {"fault: down in the middle of an operation", faults.cut_short},
            {"fault: down or failed during a start", crashes_in_start},
            {"fault: unsynced write lost", faults.lost_writes},
            {"fault: unsynced write torn", faults.torn_writes},
            {"fault: unsynced writes reordered", faults.reordered_writes},
            {"fault: unsynced name lost", faults.lost_names},
            {"fault: sync failed", faults.failed_syncs},
            {"fault: stopped by a failed sync", stops_on_failed_sync},
            {"fault: disk full", faults.full_disks},
            {"fault: stopped by a full disk", stops_on_full_disk},
            {"fault: settling refused", settle_refused}};
}

Programs compile_programs() {
    const std::vector<sql::SourceText> streams{{"streams/all.sql", kStreams}};
    std::vector<sql::SourceText> pipelines;
    for (const NamedText& p : kPipelines) pipelines.push_back({p.name, p.text});
    sql::ProjectCompilation compiled = sql::compile_project(streams, pipelines);
    MR_CHECK(!sql::has_errors(compiled.diagnostics), "{}", sql::render(compiled.diagnostics));
    Programs out;
    for (plan::Program& program : compiled.programs)
        out.push_back(std::make_shared<const plan::Program>(std::move(program)));
    return out;
}

NodeOutcome run_node_history(const NodeSimOptions& options, const Programs& programs) {
    return World(options, programs).run();
}

}  // namespace mr::sim
