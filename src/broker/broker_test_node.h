// A node with nothing but a broker and the real journal, run by hand: what the broker's tests stand on.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "broker/broker.h"
#include "broker/log_reader.h"
#include "broker/offset_commit.h"
#include "broker/produce.h"
#include "broker/topic_admin.h"
#include "journal/journal.h"
#include "wire/record.h"

namespace mr::broker {

struct TestRecord {
    std::int64_t timestamp = 0;
    std::string key;
    std::string value;
};

inline std::string make_batch(const std::vector<TestRecord>& records, wire::BatchOptions options = {}) {
    wire::BatchBuilder builder(options);
    for (const auto& record : records) builder.add(TimestampMs(record.timestamp), record.key, record.value);
    return builder.finish();
}

/// Calls `visit(offset, record)` for each record of a batch as a LogReader gives it, those before its first
/// offset too.
template <class F>
void each_record(const LogBatch& batch, F&& visit) {
    auto records = wire::RecordReader::open(batch.batch.view());
    ASSERT_TRUE(records) << records.error().message;
    wire::Record record;
    for (Offset offset = batch.base_offset; records->next(record); offset = offset.next())
        visit(offset, record);
}

class TestNode {
  public:
    static constexpr std::int64_t kStart = 1'700'000'000'000;

    /// On the posix file system below the temporary directory, or on `fs`.
    explicit TestNode(BrokerOptions options = {}, FileSystem* fs = nullptr)
        : fs_(fs == nullptr ? posix_file_system() : *fs), options_(std::move(options)) {
        const auto temporary = std::filesystem::temp_directory_path();
        directory_ = "/node";
        if (fs == nullptr) {
            directory_ = temporary / fmt::format("millrace_broker_{}_{}", ::getpid(), next_number()++);
            std::filesystem::remove_all(directory_);
        }
        options_.directory = (directory_ / "topics").string();
        journal_options_.directory = (directory_ / "journal").string();
        journal_options_.checkpoint_directory = (directory_ / "checkpoints").string();
        journal_options_.unawaited_sync_ms = 0;
        if (journal_options_.file_bytes == journal::Options{}.file_bytes)
            journal_options_.file_bytes = 4U << 20;
        start();
    }
    ~TestNode() {
        stop();
        if (&fs_ == &posix_file_system()) std::filesystem::remove_all(directory_);
    }
    TestNode(const TestNode&) = delete;
    TestNode& operator=(const TestNode&) = delete;

    void start() {
        auto made = Broker::open(fs_, metrics_, options_);
        ASSERT_TRUE(made) << made.error().message;
        broker_ = std::move(*made);
        auto opened = journal::Journal::open(fs_, clock_, metrics_, journal_options_, {broker_.get()});
        ASSERT_TRUE(opened) << opened.error().message;
        journal_ = std::move(*opened);
        broker_->set_journal(*journal_);
        journal_->settle_once();
    }
    /// For the next start: as if the system had been started anew, or had not.
    void set_boot_id(std::string id) { options_.boot_id = std::move(id); }
    [[nodiscard]] const BrokerOptions& broker_options() const { return options_; }
    /// Without a checkpoint and without draining: what kill -9 leaves, as far as one process can show it.
    void stop() {
        journal_.reset();
        broker_.reset();
    }
    void restart() {
        stop();
        start();
    }

    void submit(std::unique_ptr<journal::Proposal> proposal) {
        ASSERT_TRUE(journal_->try_submit(journal::Lane::control, proposal));
    }
    /// Orders, writes and syncs everything submitted.
    void pump() {
        bool worked = true;
        while (worked) {
            worked = journal_->run_once();
            worked = journal_->sync_once() || worked;
            if (worked) journal_->settle_once();
        }
    }
    /// Orders and writes, but does not sync.
    void pump_unsynced() {
        while (journal_->run_once()) {
        }
    }
    void checkpoint() {
        const Seq wanted = journal_->applied();
        journal_->request_checkpoint();
        for (int i = 0; i < 100 && journal_->checkpointed() < wanted; ++i) {
            journal_->settle_once();
            journal_->run_once();
            journal_->sync_once();
        }
        ASSERT_GE(journal_->checkpointed(), wanted);
    }
    void settle_all() {
        while (true) {
            const auto worked = broker_->settle_once();
            ASSERT_TRUE(worked) << worked.error().message;
            if (!*worked) break;
        }
    }

    Uuid create(const std::string& name, std::int32_t partitions = 1, ConfigMap config = {}) {
        Uuid id;
        submit(create_topics(*broker_, {{name, partitions, -1, std::move(config)}}, false, [&](auto results) {
            EXPECT_EQ(results[0].error, KafkaError::none) << results[0].message;
            id = results[0].id;
        }));
        pump();
        return id;
    }
    std::unique_ptr<ProduceProposal> produce_proposal(const std::string& topic, std::int32_t partition,
                                                      const std::string& batch, ProduceResult* result) {
        auto proposal = std::make_unique<ProduceProposal>(*broker_, [result](auto results) {
            if (result != nullptr) *result = results.at(0);
        });
        const auto facts = wire::validate_batch(batch, {.batch_bytes_max = 16U << 20});
        EXPECT_TRUE(facts) << facts.error().message;
        const auto view = broker_->topics(Visibility::applied)->find(topic);
        proposal->add(view == nullptr ? Uuid() : view->id, PartitionId(partition), batch, *facts);
        return proposal;
    }
    ProduceResult produce(const std::string& topic, std::int32_t partition, const std::string& batch) {
        ProduceResult result{.error = KafkaError::unknown_server_error};
        submit(produce_proposal(topic, partition, batch, &result));
        pump();
        return result;
    }
    ProduceResult produce(const std::string& topic, std::int32_t partition,
                          const std::vector<std::string>& values) {
        std::vector<TestRecord> records;
        for (const auto& value : values) records.push_back({clock_.now().value, "k", value});
        return produce(topic, partition, make_batch(records));
    }

    PartitionLog& log(const std::string& topic, std::int32_t partition = 0) {
        const auto view = broker_->topics()->find(topic);
        EXPECT_NE(view, nullptr) << topic;
        return *view->partition(PartitionId(partition));
    }
    /// All values of a partition from `from` on, read as a client would.
    std::vector<std::string> values(const std::string& topic, std::int32_t partition = 0,
                                    std::int64_t from = 0, std::size_t max_bytes = 1U << 20) {
        std::vector<std::string> out;
        PartitionLog& from_log = log(topic, partition);
        std::int64_t at = from;
        while (true) {
            const auto result = broker_->read(from_log, Offset(at), {.max_bytes = max_bytes});
            EXPECT_EQ(result.error, KafkaError::none) << to_string(result.error) << " " << result.message;
            if (result.bytes == 0) break;
            std::string bytes;
            result.append_to(bytes);
            expect_the_same_from_files(from_log, Offset(at), max_bytes, bytes);
            std::string_view rest = bytes;
            while (true) {
                const auto batch = wire::next_batch(rest);
                EXPECT_TRUE(batch);
                if (!batch || !*batch) break;
                auto reader = wire::RecordReader::open(**batch);
                EXPECT_TRUE(reader);
                EXPECT_TRUE(wire::batch_crc_ok(**batch, reader->header()));
                wire::Record record;
                while (reader->next(record)) {
                    if (record.offset.value < at) continue;
                    EXPECT_EQ(record.offset.value, at);
                    out.emplace_back(*record.value);
                    ++at;
                }
            }
        }
        return out;
    }

    /// What a read gives that may name parts of files, all in one string.
    [[nodiscard]] static std::string bytes_of(const ReadResult& result) {
        std::string out;
        for (const auto& slice : result.files) {
            std::string part;
            EXPECT_TRUE(slice.file->read_at(slice.offset, slice.size, part));
            EXPECT_EQ(part.size(), slice.size);
            out += part;
        }
        for (const auto& piece : result.pieces) out += piece.view();
        EXPECT_EQ(out.size(), result.bytes);
        return out;
    }

    [[nodiscard]] Broker& broker() { return *broker_; }
    [[nodiscard]] journal::Journal& journal() { return *journal_; }
    [[nodiscard]] VirtualClock& clock() { return clock_; }
    [[nodiscard]] FileSystem& fs() { return fs_; }
    [[nodiscard]] std::filesystem::path directory() const { return directory_; }

  private:
    /// Every read is done both ways: as a part of a file it may stop at the segment's end.
    void expect_the_same_from_files(const PartitionLog& log, Offset from, std::size_t max_bytes,
                                    std::string_view wanted) const {
        for (const bool may_wait : {true, false}) {
            const auto result =
                broker_->read(log, from, {.max_bytes = max_bytes, .files = true, .may_wait = may_wait});
            EXPECT_EQ(result.error, KafkaError::none) << result.message;
            if (!may_wait && result.would_wait) continue;
            const std::string bytes = bytes_of(result);
            EXPECT_FALSE(bytes.empty());
            EXPECT_TRUE(wanted.starts_with(bytes))
                << from.value << " " << bytes.size() << " " << wanted.size();
        }
    }
    static int& next_number() {
        static int number = 0;
        return number;
    }
    FileSystem& fs_;
    VirtualClock clock_{TimestampMs(kStart)};
    Metrics metrics_;
    BrokerOptions options_;
    journal::Options journal_options_;
    std::filesystem::path directory_;
    std::unique_ptr<Broker> broker_;
    std::unique_ptr<journal::Journal> journal_;
};

}  // namespace mr::broker
