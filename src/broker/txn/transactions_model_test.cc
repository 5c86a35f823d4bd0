// Random transactions against a model of a few vectors: whatever is done in between - settling, checkpoints,
// power failures - read_committed readers and the pipelines' reader see each committed record once, in order,
// nothing aborted, and of a transaction all or nothing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "base/sim_file_system.h"
#include "broker/log_reader.h"
#include "broker/txn/txn_test_client.h"

namespace mr::broker::txn {
namespace {

constexpr std::size_t kPartitions = 3;
constexpr std::size_t kProducers = 4;

struct ModelRecord {
    std::string value;  ///< empty: a marker
    enum class State { open, committed, aborted } state = State::committed;
    std::size_t producer = kProducers;  ///< of an open one
};

class TransactionModel {
  public:
    explicit TransactionModel(unsigned seed) : random_(seed), disk_(seed), node_(options(), &disk_) {
        node_.create("a", kPartitions, {{"segment.bytes", "2500"}, {"index.interval.bytes", "300"}});
        node_.create("b");
        for (std::size_t i = 0; i < kProducers; ++i) {
            producers_.push_back(std::make_unique<TestProducer>(node_, fmt::format("t{}", i), i % 2 == 0));
            EXPECT_EQ(producers_.back()->init(), KafkaError::none);
        }
        node_.submit(expire(node_.broker()));
        node_.pump();
    }
    void run(int steps) {
        for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
        crash();
        check_committed();
        check_order(Seq(0), 0);
    }

  private:
    using State = ModelRecord::State;
    static BrokerOptions options() {
        BrokerOptions o;
        o.tail_bytes = 6'000;
        o.settle_min_bytes = 1'000;
        o.settle_slice_bytes = 2'000;
        o.boot_id = "0";
        return o;
    }
    std::size_t pick(std::size_t n) { return random_() % n; }
    std::string next_value() {
        return fmt::format("{}{}", counter_++, std::string(pick(6) == 0 ? 200 : 3, 'x'));
    }

    void step() {
        switch (pick(20)) {
            case 0:
                return node_.checkpoint();
            case 1:
                return pick(4) == 0 ? crash() : void();
            case 2:
            case 3: {
                const auto worked = node_.broker().settle_once();
                ASSERT_TRUE(worked) << worked.error().message;
                return;
            }
            case 4:
                return check_committed();
            case 5:
                return check_resumed();
            case 6:
            case 7:
                return plain();
            case 8:
            case 9:
            case 10:
                return finish(pick(kProducers), pick(3) != 0);
            default:
                return produce(pick(kProducers));
        }
    }
    void plain() {
        const std::size_t partition = pick(kPartitions);
        const std::string value = next_value();
        const auto result =
            node_.produce("a", static_cast<std::int32_t>(partition), std::vector<std::string>{value});
        ASSERT_EQ(result.error, KafkaError::none);
        ASSERT_EQ(result.base_offset.value, static_cast<std::int64_t>(logs_[partition].size()));
        logs_[partition].push_back({value});
        release();
    }
    void produce(std::size_t who) {
        const std::size_t partition = pick(kPartitions);
        std::vector<std::string> values{next_value()};
        if (pick(2) == 0) values.push_back(next_value());
        const auto result = producers_[who]->produce("a", static_cast<std::int32_t>(partition), values);
        ASSERT_EQ(result.error, KafkaError::none) << to_string(result.error);
        ASSERT_EQ(result.base_offset.value, static_cast<std::int64_t>(logs_[partition].size()));
        for (const auto& value : values) logs_[partition].push_back({value, State::open, who});
        touched_[who].insert(partition);
        if (pick(4) == 0) {
            const auto offset = static_cast<std::int64_t>(counter_++);
            ASSERT_EQ(producers_[who]->offsets(fmt::format("g{}", who), "b", offset), KafkaError::none);
            pending_[who] = offset;
        }
    }
    void end_model(std::size_t who, bool commit) {
        for (const std::size_t partition : touched_[who]) {
            for (auto& record : logs_[partition]) {
                if (record.producer != who || record.state != State::open) continue;
                record.state = commit ? State::committed : State::aborted;
            }
            logs_[partition].push_back({});
        }
        touched_[who].clear();
        if (const auto it = pending_.find(who); it != pending_.end()) {
            if (commit) offsets_[who] = it->second;
            pending_.erase(it);
        }
    }
    void finish(std::size_t who, bool commit) {
        if (touched_[who].empty()) return;
        ASSERT_EQ(producers_[who]->finish(commit), KafkaError::none);
        end_model(who, commit);
        release();
    }
    /// What may be seen by now, in the order in which it became so.
    void release() {
        for (std::size_t p = 0; p < kPartitions; ++p) {
            auto& at = released_[p];
            for (; at < logs_[p].size() && logs_[p][at].state != State::open; ++at) {
                const ModelRecord& record = logs_[p][at];
                if (record.state == State::committed && !record.value.empty())
                    visible_.push_back(record.value);
            }
        }
    }
    /// The power fails, perhaps while a transaction is being committed: then all of it counts, or nothing. Or
    /// the process is killed: then open transactions go on.
    void crash() {
        std::size_t ending = pick(kProducers);
        if (touched_[ending].empty() || pick(2) == 0) ending = kProducers;
        if (ending < kProducers) {
            TestProducer& p = *producers_[ending];
            node_.submit(end(node_.broker(), {fmt::format("t{}", ending), p.producer_id, p.epoch}, true,
                             ending % 2 == 0, {}));
            node_.pump_unsynced();
        }
        node_.stop();
        const bool killed = pick(2) == 0;
        killed ? disk_.kill() : disk_.crash();
        // Not every system has a name for its run.
        if (!killed) node_.set_boot_id(pick(4) == 0 ? "" : std::to_string(++boots_));
        const bool go_on = killed && node_.broker_options().boot_id == noted_boot_ && !noted_boot_.empty();
        noted_boot_ = node_.broker_options().boot_id;
        node_.start();
        node_.submit(expire(node_.broker()));
        node_.pump();
        if (ending < kProducers && was_committed(ending)) {
            end_model(ending, true);
            release();
        }
        // The others were aborted in the order of their names.
        for (std::size_t who = 0; who < kProducers; ++who) {
            const bool interrupted = !go_on && !touched_[who].empty();
            if (interrupted) end_model(who, false);
            release();
            if (who == ending) {  // it never heard how that went
                EXPECT_EQ(producers_[who]->init(), KafkaError::none);
            } else if (interrupted && who % 2 == 0) {
                EXPECT_EQ(producers_[who]->finish(false), KafkaError::none);
            } else if (interrupted) {
                EXPECT_EQ(producers_[who]->init(60'000, true), KafkaError::none);
            }
        }
        check_committed();
    }
    bool was_committed(std::size_t who) {
        const std::size_t partition = *touched_[who].begin();
        const auto aborted = node_.log("a", static_cast<std::int32_t>(partition))
                                 .durable()
                                 ->aborted.overlapping(Offset(0), Offset(INT64_MAX));
        std::size_t first = 0;
        while (logs_[partition][first].producer != who || logs_[partition][first].state != State::open)
            ++first;
        return !is_aborted(aborted, producers_[who]->producer_id, Offset(static_cast<std::int64_t>(first)));
    }

    void check_committed() {
        for (std::size_t p = 0; p < kPartitions; ++p) {
            std::vector<std::string> wanted;
            for (std::size_t i = 0; i < released_[p]; ++i) {
                const ModelRecord& record = logs_[p][i];
                if (record.state == State::committed && !record.value.empty()) wanted.push_back(record.value);
            }
            PartitionLog& log = node_.log("a", static_cast<std::int32_t>(p));
            EXPECT_EQ(log.durable()->log_end.value, static_cast<std::int64_t>(logs_[p].size()));
            EXPECT_EQ(log.durable()->last_stable.value, static_cast<std::int64_t>(released_[p]));
            EXPECT_EQ(read(log), wanted) << "partition " << p;
        }
        for (std::size_t who = 0; who < kProducers; ++who) {
            const auto group = node_.broker().group_offsets(fmt::format("g{}", who));
            const auto* found = group == nullptr
                                    ? nullptr
                                    : group->find(node_.broker().topics()->find("b")->id, PartitionId(0));
            ASSERT_EQ(found != nullptr, offsets_.contains(who));
            if (found != nullptr) {
                EXPECT_EQ(found->offset.value, offsets_[who]);
            }
            EXPECT_EQ(group != nullptr && !group->pending.empty(), pending_.contains(who));
        }
    }
    std::vector<std::string> read(PartitionLog& log) {
        std::vector<std::string> out;
        Offset at(0);
        while (true) {
            const auto result =
                node_.broker().read(log, at, {.max_bytes = 1 + pick(3'000), .only_committed = true});
            EXPECT_EQ(result.error, KafkaError::none) << result.message;
            std::string bytes;
            result.append_to(bytes);
            std::string_view rest = bytes;
            while (const auto batch = wire::next_batch(rest)) {
                if (!*batch) break;
                auto reader = wire::RecordReader::open(**batch);
                EXPECT_TRUE(reader);
                wire::Record record;
                while (reader->next(record)) {
                    if (record.offset >= at) out.emplace_back(*record.value);
                }
            }
            if (result.error != KafkaError::none || result.next <= at) return out;
            at = result.next;
        }
    }

    /// Reads on from a position of the past, and remembers a new one.
    void check_resumed() {
        if (marked_) check_order(*marked_, marked_at_);
        marked_ = node_.broker().applied_seq();
        marked_at_ = visible_.size();
    }
    void check_order(Seq after, std::size_t from) {
        auto reader = LogReader::open(node_.broker(),
                                      {.name = "m",
                                       .topics = {"a"},
                                       .after = after,
                                       .visibility = pick(2) == 0 ? Visibility::applied : Visibility::durable,
                                       .hold = false});
        ASSERT_TRUE(reader);
        std::vector<std::string> got;
        LogSlice slice;
        do {
            const Status status = (*reader)->read({.bytes_max = 1 + pick(3'000)}, slice);
            ASSERT_TRUE(status) << status.error().message;
            for (const auto& batch : slice.batches) {
                each_record(batch, [&](Offset offset, const wire::Record& record) {
                    if (offset >= batch.first_offset) got.emplace_back(*record.value);
                });
            }
        } while (!slice.up_to_date);
        EXPECT_EQ(got, std::vector<std::string>(visible_.begin() + static_cast<std::ptrdiff_t>(from),
                                                visible_.end()))
            << "after " << after.value;
    }

    std::mt19937 random_;
    SimFileSystem disk_;
    TestNode node_;
    std::vector<std::unique_ptr<TestProducer>> producers_;
    std::vector<ModelRecord> logs_[kPartitions];
    std::size_t released_[kPartitions] = {};
    std::vector<std::string> visible_;
    std::map<std::size_t, std::set<std::size_t>> touched_;
    std::map<std::size_t, std::int64_t> pending_;
    std::map<std::size_t, std::int64_t> offsets_;
    std::optional<Seq> marked_;
    std::size_t marked_at_ = 0;
    int counter_ = 0;
    int boots_ = 0;
    std::string noted_boot_ = "0";
};

TEST(TransactionModel, RandomOperations) {
    const char* given = std::getenv("SEED");
    for (int round = 0; round < 15 && !HasFailure(); ++round) {
        const unsigned seed =
            given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
        SCOPED_TRACE(fmt::format("SEED={}", seed));
        TransactionModel(seed).run(400);
    }
}

}  // namespace
}  // namespace mr::broker::txn
