// Random operations on the broker against a model of a few maps: whatever is done in between - settling,
// checkpoints, restarts - reads give what was produced, in order, and committed offsets are those last
// committed, and the members of groups those last written. Of async topics a power loss may take what was not
// synced; then the leader epoch says so.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <utility>

#include "base/sim_file_system.h"
#include "broker/broker_test_node.h"
#include "broker/group_store.h"
#include "broker/log_reader.h"

namespace mr::broker {
namespace {

struct ModelLog {
    std::int64_t start = 0;
    std::vector<std::string> values;
    std::size_t safe = 0;  ///< of an async topic: so many are on disk
};

struct ModelMembers {
    std::string head;
    std::map<std::string, std::string> bodies;
    bool operator==(const ModelMembers&) const = default;
};

class BrokerModel {
  public:
    explicit BrokerModel(unsigned seed) : random_(seed), disk_(seed), node_(options(), &disk_) {}

    void run(int steps) {
        for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
        crash();
        check_all();
        check_order();
    }

  private:
    static BrokerOptions options() {
        BrokerOptions o;
        o.tail_bytes = 8'000;
        o.settle_min_bytes = 2'000;
        o.settle_slice_bytes = 3'000;
        return o;
    }
    std::size_t pick(std::size_t n) { return random_() % n; }

    void step() {
        note_safe();
        switch (pick(24)) {
            case 0:
                return create();
            case 1:
                return pick(6) == 0 ? remove() : void();
            case 2:
                return node_.checkpoint();
            case 3:
                return pick(3) == 0 ? crash() : void();
            case 4:
            case 5: {
                const auto worked = node_.broker().settle_once();
                ASSERT_TRUE(worked) << worked.error().message;
                return;
            }
            case 6:
                return delete_records_somewhere();
            case 7:
                return commit();
            case 8:
            case 9:
                return check_one();
            case 10:
                return pick(5) == 0 ? check_order() : void();
            case 11:
                return change_members();
            default:
                return produce();
        }
    }

    /// The power fails, perhaps with something written that was never synced and so never acknowledged.
    void crash() {
        if (!topics_.empty() && pick(2) == 0) {
            const std::string value = fmt::format("never acknowledged {}", counter_++);
            const auto batch = make_batch({{TestNode::kStart, "k", value}});
            unsynced_ = value;
            node_.submit(node_.produce_proposal(any_topic(), 0, batch, nullptr));
            node_.pump_unsynced();
        }
        const auto members_before = members_;
        if (pick(2) == 0) {
            submit_members();
            node_.pump_unsynced();
        }
        note_safe();
        node_.stop();
        const bool killed = pick(3) == 0;
        killed ? disk_.kill() : disk_.crash();
        node_.start();
        check_members(members_before);
        check_cuts(killed);
        const std::string value = std::exchange(unsynced_, {});
        if (value.empty()) return;
        // It may be there or not; if it is, it stays.
        for (auto& [name, logs] : topics_) {
            const auto end = static_cast<std::size_t>(node_.log(name, 0).durable()->log_end.value);
            ASSERT_GE(end, logs[0].values.size());
            if (end == logs[0].values.size()) continue;
            logs[0].values.push_back(value);
            order_.emplace_back(name, value);
        }
    }
    static bool is_async(const std::string& name) { return name >= "t4"; }
    void note_safe() {
        if (node_.journal().durable() != node_.journal().applied()) return;
        for (auto& [name, logs] : topics_) {
            for (auto& log : logs) log.safe = log.values.size();
        }
    }
    /// What async topics have left. A consumer that read beyond the end learns from the epoch where to go
    /// back to.
    void check_cuts(bool killed) {
        std::vector<std::pair<PartitionLog*, LeaderEpoch>> cut;
        for (auto& [name, logs] : topics_) {
            if (!is_async(name)) continue;
            for (std::size_t i = 0; i < logs.size(); ++i) {
                PartitionLog& stored = node_.log(name, static_cast<std::int32_t>(i));
                cut.emplace_back(&stored, stored.shown()->leader_epoch);
                shorten(logs[i], static_cast<std::size_t>(stored.shown()->log_end.value), killed);
            }
        }
        node_.pump();
        for (const auto& [log, before] : cut) {
            const auto view = log->shown();
            EXPECT_GT(view->leader_epoch, before);
            EXPECT_EQ(view->end_of_epoch(before).end, view->log_end);
        }
    }
    void shorten(ModelLog& log, std::size_t end, bool killed) {
        ASSERT_GE(end, killed ? log.values.size() : log.safe);
        for (; log.values.size() > end; log.values.pop_back()) {
            std::erase_if(order_, [&](const auto& item) { return item.second == log.values.back(); });
        }
    }
    void create() {
        if (topics_.size() >= 4) return;
        const std::string name = fmt::format("t{}", pick(6));
        if (topics_.contains(name)) return;
        const auto partitions = static_cast<std::int32_t>(1 + pick(3));
        ids_[name] = node_.create(name, partitions,
                                  {{"segment.bytes", "3000"},
                                   {"index.interval.bytes", "300"},
                                   {"durability", is_async(name) ? "async" : "fsync"}});
        topics_[name].resize(static_cast<std::size_t>(partitions));
    }
    void remove() {
        if (topics_.empty()) return;
        const std::string name = any_topic();
        node_.submit(delete_topics(node_.broker(), {{name, {}}}, {}));
        node_.pump();
        topics_.erase(name);
        std::erase_if(committed_, [&](const auto& item) { return item.first.first == name; });
        std::erase_if(order_, [&](const auto& item) { return item.first == name; });
    }
    std::string any_topic() {
        auto it = topics_.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(pick(topics_.size())));
        return it->first;
    }
    void produce() {
        if (topics_.empty()) return;
        const std::string name = any_topic();
        const std::size_t partition = pick(topics_[name].size());
        ModelLog& log = topics_[name][partition];
        std::vector<std::string> values;
        for (std::size_t i = 0; i <= pick(4); ++i) {
            values.push_back(
                fmt::format("{}/{}/{}{}", name, partition, counter_++, std::string(pick(300), 'x')));
        }
        ProduceResult result{.error = KafkaError::unknown_server_error};
        if (is_async(name) && pick(2) == 0) {
            // Acknowledged and readable before the disk has it.
            std::vector<TestRecord> records;
            for (const auto& value : values) records.push_back({TestNode::kStart, "k", value});
            node_.submit(node_.produce_proposal(name, static_cast<std::int32_t>(partition),
                                                make_batch(records), &result));
            node_.pump_unsynced();
        } else {
            result = node_.produce(name, static_cast<std::int32_t>(partition), values);
        }
        ASSERT_EQ(result.error, KafkaError::none);
        ASSERT_EQ(result.base_offset.value, static_cast<std::int64_t>(log.values.size()));
        for (auto& value : values) {
            order_.emplace_back(name, value);
            log.values.push_back(std::move(value));
        }
    }
    void delete_records_somewhere() {
        if (topics_.empty() || pick(4) != 0) return;
        const std::string name = any_topic();
        const std::size_t partition = pick(topics_[name].size());
        ModelLog& log = topics_[name][partition];
        const auto before = static_cast<std::int64_t>(pick(log.values.size() + 1));
        node_.submit(delete_records(
            node_.broker(), {{name, PartitionId(static_cast<std::int32_t>(partition)), Offset(before)}}, {}));
        node_.pump();
        log.start = std::max(log.start, before);
    }
    void commit() {
        if (topics_.empty()) return;
        const std::string name = any_topic();
        const auto partition = static_cast<std::int32_t>(pick(topics_[name].size()));
        const auto offset = static_cast<std::int64_t>(pick(100));
        node_.submit(
            commit_offsets(node_.broker(), "g", {{name, {}, PartitionId(partition), Offset(offset)}}, {}));
        node_.pump();
        committed_[{name, partition}] = offset;
    }
    /// A change of what is written of some group's members, in the model, too.
    void submit_members() {
        using What = groups::StoredChange::What;
        const std::string group = fmt::format("g{}", pick(3));
        groups::StoredChange change;
        change.what = members_.contains(group) && pick(3) != 0 ? What::changes : What::whole;
        if (pick(6) == 0) change.what = What::gone;
        if (change.what != What::changes) members_.erase(group);
        if (change.what != What::gone) {
            ModelMembers& model = members_[group];
            change.type = pick(2) == 0 ? groups::GroupType::classic : groups::GroupType::consumer;
            change.head = model.head = fmt::format("head {}", counter_++);
            if (change.what == What::changes && !model.bodies.empty()) {
                change.removed.push_back(model.bodies.begin()->first);
                model.bodies.erase(model.bodies.begin());
            }
            for (std::size_t i = pick(3); i > 0; --i) {
                const std::string id = fmt::format("m{}", pick(4));
                std::string body = std::string(pick(200), 'b') + std::to_string(counter_++);
                model.bodies[id] = body;
                change.members.emplace_back(id, std::move(body));
            }
        }
        node_.submit(store_group(node_.broker(), group, std::move(change), {}));
    }
    void change_members() {
        submit_members();
        node_.pump();
    }
    /// After a start: `before`, or with the change that was on its way.
    void check_members(const std::map<std::string, ModelMembers>& before) {
        std::map<std::string, ModelMembers> found;
        for (const auto& [name, group] : node_.broker().take_recovered_groups()) {
            found[name] = {group->head, group->members};
        }
        EXPECT_TRUE(found == before || found == members_);
        members_ = std::move(found);
    }
    void check_one() {
        if (topics_.empty()) return;
        const std::string name = any_topic();
        check(name, pick(topics_[name].size()));
    }
    void check(const std::string& name, std::size_t partition) {
        const ModelLog& log = topics_[name][partition];
        const auto from = log.start + static_cast<std::int64_t>(
                                          pick(log.values.size() - static_cast<std::size_t>(log.start) + 1));
        const std::vector<std::string> wanted(log.values.begin() + from, log.values.end());
        EXPECT_EQ(node_.values(name, static_cast<std::int32_t>(partition), from, 1 + pick(2'000)), wanted)
            << name << " " << partition << " from " << from;
        EXPECT_EQ(node_.log(name, static_cast<std::int32_t>(partition)).durable()->log_start.value,
                  log.start);
    }
    void check_all() {
        for (const auto& [name, logs] : topics_) {
            for (std::size_t i = 0; i < logs.size(); ++i) check(name, i);
        }
        const auto offsets = node_.broker().group_offsets("g");
        EXPECT_EQ(offsets == nullptr ? 0 : offsets->offsets.size(), committed_.size());
        for (const auto& [key, offset] : committed_) {
            ASSERT_NE(offsets, nullptr);
            const auto* found = offsets->find(ids_[key.first], PartitionId(key.second));
            ASSERT_NE(found, nullptr);
            EXPECT_EQ(found->offset.value, offset);
        }
    }
    /// Everything still there, over all topics, in the order it was produced.
    void check_order() {
        std::vector<std::string> names;
        for (const auto& [name, logs] : topics_) names.push_back(name);
        if (names.empty()) return;
        auto reader = LogReader::open(node_.broker(), {.name = "m", .topics = names, .hold = false});
        ASSERT_TRUE(reader);
        std::vector<std::pair<std::string, std::string>> got;
        LogSlice slice;
        do {
            const Status status = (*reader)->read({.bytes_max = 1 + pick(3'000)}, slice);
            ASSERT_TRUE(status) << status.error().message;
            for (const auto& batch : slice.batches) {
                const std::string& name = names[batch.topic];
                const auto& log = topics_[name][static_cast<std::size_t>(batch.partition.value)];
                each_record(batch, [&](Offset offset, const wire::Record& record) {
                    // Batches from memory may lie below a start that moved since.
                    if (offset.value >= log.start) got.emplace_back(name, *record.value);
                });
            }
        } while (!slice.up_to_date);
        std::vector<std::pair<std::string, std::string>> wanted;
        std::map<std::string, bool> there;
        for (const auto& [name, logs] : topics_) {
            for (const auto& log : logs) {
                for (auto i = static_cast<std::size_t>(log.start); i < log.values.size(); ++i)
                    there[log.values[i]] = true;
            }
        }
        for (const auto& item : order_) {
            if (there.contains(item.second)) wanted.push_back(item);
        }
        EXPECT_EQ(got, wanted);
    }

    std::mt19937 random_;
    SimFileSystem disk_;
    TestNode node_;
    std::string unsynced_;
    std::map<std::string, std::vector<ModelLog>> topics_;
    std::map<std::string, Uuid> ids_;
    std::map<std::pair<std::string, std::int32_t>, std::int64_t> committed_;
    std::map<std::string, ModelMembers> members_;
    std::vector<std::pair<std::string, std::string>> order_;
    int counter_ = 0;
};

TEST(BrokerModel, RandomOperations) {
    const char* given = std::getenv("SEED");
    for (int round = 0; round < 20 && !HasFailure(); ++round) {
        const unsigned seed =
            given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
        SCOPED_TRACE(fmt::format("SEED={}", seed));
        BrokerModel(seed).run(500);
    }
}

}  // namespace
}  // namespace mr::broker
