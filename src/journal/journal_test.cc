// The journal on the operating system's files: order, durability, recovery, checkpoints, damage, refusal.
// What a crash can do to unsynced bytes is tests/sim/journal_sim_test.cc.
#include "journal/journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/crc32c.h"
#include "journal/internal/entry_codec.h"
#include "journal/internal/journal_file.h"

namespace mr::journal {
namespace {

namespace files = std::filesystem;

/// Keeps what it was given; its snapshot is the same, line by line.
class LogParticipant final : public Participant {
  public:
    explicit LogParticipant(std::string name = "log", Kind kind = Kind::topic_batch)
        : name_(std::move(name)), kind_(kind) {}

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] bool reads(Kind kind) const override { return kind == kind_; }
    void apply(const Entry& entry) override {
        EXPECT_GT(entry.seq, applied_);
        applied_ = entry.seq;
        lines.emplace_back(entry.payload.view());
    }
    void durable(Seq through) override {
        EXPECT_GE(through, durable_through.load());
        durable_through = through;
    }
    std::unique_ptr<Cut> cut() override {
        if (hold_back) return nullptr;
        auto cut = std::make_unique<Cut>();
        cut->through = applied_;
        cut->write = [copy = lines](std::string& out) -> Status {
            for (const auto& line : copy) out += line + "\n";
            return {};
        };
        return cut;
    }
    Status restore(std::string_view bytes, Seq through) override {
        while (!bytes.empty()) {
            lines.emplace_back(bytes.substr(0, bytes.find('\n')));
            bytes.remove_prefix(lines.back().size() + 1);
        }
        applied_ = restored_through = through;
        return {};
    }
    [[nodiscard]] Seq applied_through() const override { return applied_; }
    Status recovered(Seq last) override {
        recovered_last = last;
        return {};
    }

    std::vector<std::string> lines;
    std::atomic<Seq> durable_through{Seq(0)};
    Seq restored_through;
    Seq recovered_last;
    bool hold_back = false;

  private:
    const std::string name_;
    const Kind kind_;
    Seq applied_;
};

class TestProposal final : public Proposal {
  public:
    TestProposal(std::function<void(Appender&)> order, std::function<void()> done, std::size_t bytes = 100)
        : order_(std::move(order)), done_(std::move(done)), bytes_(bytes) {}
    void order(Appender& out) override { order_(out); }
    void done() override {
        if (done_) done_();
    }
    [[nodiscard]] std::size_t bytes() const override { return bytes_; }
    [[nodiscard]] bool awaited() const override { return is_awaited; }
    bool is_awaited = true;

  private:
    std::function<void(Appender&)> order_;
    std::function<void()> done_;
    std::size_t bytes_;
};

class JournalTest : public testing::Test {
  protected:
    JournalTest() {
        std::string pattern = (files::temp_directory_path() / "journal_test.XXXXXX").string();
        root_ = ::mkdtemp(pattern.data());
        options_.directory = root_ + "/journal";
        options_.checkpoint_directory = root_ + "/checkpoints";
        options_.file_bytes = 64U << 10;
        options_.group_bytes_max = 8U << 10;
        options_.on_fatal = [this](const Error& error) { fatal_ = error.message; };
    }
    ~JournalTest() override { files::remove_all(root_); }

    Result<std::unique_ptr<Journal>> try_open(std::vector<Participant*> participants) {
        return Journal::open(posix_file_system(), clock_, metrics_, options_, std::move(participants));
    }
    void open() {
        journal_.reset();
        log_ = std::make_unique<LogParticipant>();
        auto journal = try_open({log_.get()});
        ASSERT_TRUE(journal) << journal.error().message;
        journal_ = std::move(*journal);
    }
    void submit(std::function<void(Appender&)> order, std::function<void()> done = {},
                std::size_t bytes = 100, Lane lane = Lane::clients) {
        std::unique_ptr<Proposal> proposal =
            std::make_unique<TestProposal>(std::move(order), std::move(done), bytes);
        ASSERT_TRUE(journal_->try_submit(lane, proposal));
    }
    void append(const std::string& line) {
        submit([line](Appender& out) { out.append(Kind::topic_batch, line); }, [this] { ++acknowledged_; },
               line.size());
    }
    /// Until nothing is left to do.
    void settle() {
        bool busy = true;
        while (busy) {
            busy = journal_->run_once();
            busy = journal_->sync_once() || busy;
            busy = journal_->settle_once() || busy;
        }
    }
    std::vector<std::string> names(const std::string& directory, const std::string& suffix) const {
        std::vector<std::string> found;
        for (const auto& item : files::directory_iterator(directory)) {
            if (item.path().string().ends_with(suffix)) found.push_back(item.path().string());
        }
        std::ranges::sort(found);
        return found;
    }
    std::vector<std::string> journal_files() const { return names(options_.directory, ".journal"); }
    /// Changes one byte of a file.
    static void damage(const std::string& path, std::uint64_t at) {
        auto file = posix_file_system().open(path, FileSystem::Mode::write);
        ASSERT_TRUE(file);
        std::string byte;
        ASSERT_TRUE((*file)->read_at(at, 1, byte));
        ASSERT_EQ(byte.size(), 1U);
        byte[0] = static_cast<char>(byte[0] ^ 0x55);
        ASSERT_TRUE((*file)->write_at(at, byte));
    }

    std::string root_;
    VirtualClock clock_{TimestampMs(1'700'000'000'000)};
    Metrics metrics_;
    Options options_;
    std::string fatal_;
    std::unique_ptr<LogParticipant> log_;
    std::unique_ptr<Journal> journal_;
    std::atomic<int> acknowledged_{0};
};

TEST_F(JournalTest, WhatNobodyWaitsForIsSyncedALittleLater) {
    options_.file_bytes = 4U << 20;
    open();
    const auto append_unawaited = [&](std::size_t bytes) {
        auto made = std::make_unique<TestProposal>(
            [bytes](Appender& out) { out.append(Kind::topic_batch, std::string(bytes, 'x')); },
            [this] { ++acknowledged_; }, bytes);
        made->is_awaited = false;
        std::unique_ptr<Proposal> proposal = std::move(made);
        ASSERT_TRUE(journal_->try_submit(Lane::clients, proposal));
        while (!journal_->run_once()) ASSERT_TRUE(journal_->settle_once());  // makes the next file
    };
    append_unawaited(10);
    EXPECT_FALSE(journal_->sync_once());
    clock_.advance_ms(9);
    append_unawaited(10);
    EXPECT_FALSE(journal_->sync_once());
    clock_.advance_ms(1);  // the older one has waited for long enough
    EXPECT_TRUE(journal_->sync_once());
    EXPECT_EQ(acknowledged_, 2);
    // It goes with one that is awaited.
    append_unawaited(10);
    append("b");
    EXPECT_TRUE(journal_->run_once());
    EXPECT_TRUE(journal_->sync_once());
    EXPECT_EQ(acknowledged_, 4);
    // Much of it does not wait.
    for (int i = 0; i < 200; ++i) append_unawaited(6'000);
    EXPECT_TRUE(journal_->sync_once());
    // Nor does it when the journal stops.
    append_unawaited(10);
    EXPECT_FALSE(journal_->sync_once());
    journal_->stop();
    EXPECT_TRUE(journal_->sync_once());
    EXPECT_EQ(journal_->durable(), journal_->applied());
}

TEST_F(JournalTest, AcknowledgesOnlyAfterTheSync) {
    open();
    EXPECT_EQ(journal_->recovery().last, Seq(0));
    append("a");
    append("b");
    EXPECT_TRUE(journal_->run_once());
    EXPECT_EQ(journal_->applied(), Seq(2));
    EXPECT_EQ(journal_->durable(), Seq(0));
    EXPECT_EQ(acknowledged_, 0);
    EXPECT_EQ(log_->lines, (std::vector<std::string>{"a", "b"})) << "applied at append";
    EXPECT_TRUE(journal_->sync_once());
    EXPECT_EQ(journal_->durable(), Seq(2));
    EXPECT_EQ(acknowledged_, 2);
    EXPECT_EQ(log_->durable_through.load(), Seq(2));
    EXPECT_FALSE(journal_->run_once());
    EXPECT_FALSE(journal_->sync_once());
}

TEST_F(JournalTest, RefusalWaitsForWhatItSaw) {
    open();
    append("seen");
    bool refused = false;
    submit([](Appender& out) { EXPECT_EQ(out.next_seq(), Seq(2)); },
           [&] {
               refused = true;
               EXPECT_EQ(journal_->durable(), Seq(1));
           });
    EXPECT_TRUE(journal_->run_once());
    EXPECT_FALSE(refused);
    EXPECT_TRUE(journal_->sync_once());
    EXPECT_TRUE(refused);
}

TEST_F(JournalTest, ReopensWithEverything) {
    open();
    for (int i = 0; i < 100; ++i) append("line " + std::to_string(i));
    settle();
    open();
    EXPECT_EQ(journal_->recovery().last, Seq(100));
    EXPECT_EQ(journal_->recovery().entries, 100U);
    EXPECT_EQ(journal_->recovery().torn_bytes, 0U);
    EXPECT_EQ(journal_->durable(), Seq(100));
    EXPECT_EQ(log_->recovered_last, Seq(100));
    ASSERT_EQ(log_->lines.size(), 100U);
    EXPECT_EQ(log_->lines[99], "line 99");
    append("more");
    settle();
    open();
    EXPECT_EQ(log_->lines.size(), 101U);
}

TEST_F(JournalTest, RestartsDoNotPileUpFiles) {
    for (int i = 0; i < 20; ++i) {
        open();
        settle();
    }
    EXPECT_LE(journal_files().size() + names(options_.directory, ".spare").size(), 3U);
}

TEST_F(JournalTest, RollsOverManyFilesAndReadsBack) {
    open();
    const std::string big(3000, 'x');
    for (int i = 1; i <= 200; ++i) {
        append(std::to_string(i) + big);
        settle();
    }
    EXPECT_GE(journal_files().size(), 9U);
    const auto read_all = [&](Seq after) {
        std::vector<Seq> seen;
        const auto status = journal_->read(after, [&](const Entry& entry) {
            EXPECT_EQ(entry.payload.view(), std::to_string(entry.seq.value) + big);
            seen.push_back(entry.seq);
            return true;
        });
        EXPECT_TRUE(status) << status.error().message;
        return seen;
    };
    EXPECT_EQ(read_all(Seq(0)).size(), 200U);
    EXPECT_EQ(read_all(Seq(150)).front(), Seq(151));
    EXPECT_EQ(read_all(Seq(200)).size(), 0U);
    open();
    EXPECT_EQ(log_->lines.size(), 200U);
    EXPECT_EQ(read_all(Seq(0)).size(), 200U) << "after a start, too";
    int visited = 0;
    EXPECT_TRUE(journal_->read(Seq(0), [&](const Entry&) { return ++visited < 5; }));
    EXPECT_EQ(visited, 5);
}

TEST_F(JournalTest, WhatIsTooLargeForOneEntryIsWrittenInPartsAndReadAsOne) {
    open();
    const auto large = [](char c) { return std::string(300'000, c) + "end"; };
    append("1");
    append(large('a'));
    append(large('b'));
    append("last");
    settle();
    const auto check = [&] {
        ASSERT_EQ(log_->lines.size(), 4U);
        EXPECT_EQ(log_->lines[1], large('a'));
        EXPECT_EQ(log_->lines[2], large('b'));
        std::vector<Seq> seen;
        std::vector<std::string> lines;
        ASSERT_TRUE(journal_->read(Seq(0), [&](const Entry& entry) {
            seen.push_back(entry.seq);
            lines.emplace_back(entry.payload.view());
            return true;
        }));
        EXPECT_EQ(lines, log_->lines);
        ASSERT_EQ(seen.size(), 4U);
        EXPECT_GT(seen[1].value, 4U) << "its sequence is that of the last part";
        // From between its parts: the entry all the same, whole.
        const Seq second = seen[2];
        const auto status = journal_->read(Seq(second.value - 1), [&](const Entry& entry) {
            EXPECT_EQ(entry.seq, second);
            EXPECT_EQ(entry.payload.view(), large('b'));
            return false;
        });
        EXPECT_TRUE(status);
    };
    check();
    open();
    check();
    journal_->request_checkpoint();
    settle();
    append("after");
    settle();
    open();
    EXPECT_EQ(log_->lines.back(), "after");
    EXPECT_EQ(log_->lines.size(), 5U);
}

TEST_F(JournalTest, CheckpointFreesAndRecyclesFiles) {
    open();
    const std::string big(3000, 'x');
    for (int i = 1; i <= 200; ++i) {
        append(std::to_string(i) + big);
        settle();
    }
    const std::size_t before = journal_files().size();
    journal_->request_checkpoint();
    settle();
    EXPECT_EQ(journal_->checkpointed(), Seq(200));
    EXPECT_LT(journal_files().size(), before);
    EXPECT_LE(journal_files().size(), 3U);
    const auto gone = journal_->read(Seq(0), [](const Entry&) { return true; });
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, Code::out_of_range);
    for (int i = 201; i <= 300; ++i) {
        append(std::to_string(i) + big);
        settle();
    }
    EXPECT_GE(metrics_.counter("millrace_journal_files_recycled_total", "").value(), 4U);
    open();
    EXPECT_EQ(journal_->recovery().checkpoint, Seq(200));
    EXPECT_EQ(journal_->recovery().entries, 100U);
    EXPECT_EQ(log_->restored_through, Seq(200));
    ASSERT_EQ(log_->lines.size(), 300U);
    for (int i = 1; i <= 300; ++i) EXPECT_EQ(log_->lines[i - 1], std::to_string(i) + big);
    EXPECT_EQ(names(options_.checkpoint_directory, ".manifest").size(), 1U);
    EXPECT_EQ(names(options_.checkpoint_directory, ".snapshot").size(), 1U);
}

TEST_F(JournalTest, CheckpointByTimeAndOnlyIfSomethingWasWritten) {
    open();
    clock_.advance_ms(60'000);
    settle();
    EXPECT_TRUE(names(options_.checkpoint_directory, ".manifest").empty());
    append("a");
    settle();
    EXPECT_EQ(journal_->checkpointed(), Seq(1));
    append("b");
    settle();
    EXPECT_EQ(journal_->checkpointed(), Seq(1)) << "not before the interval";
    clock_.advance_ms(30'000);
    settle();
    EXPECT_EQ(journal_->checkpointed(), Seq(2));
}

TEST_F(JournalTest, QuietParticipantHoldsNothingBackAKeptOneDoes) {
    LogParticipant busy("busy");
    LogParticipant quiet("quiet", Kind::schema);
    LogParticipant keeper("keeper", Kind::alert);
    auto opened = try_open({&busy, &quiet, &keeper});
    ASSERT_TRUE(opened);
    journal_ = std::move(*opened);
    submit([](Appender& out) { out.append(Kind::schema, "s"); });
    for (int i = 0; i < 10; ++i) append("x");
    settle();
    journal_->request_checkpoint();
    settle();
    EXPECT_EQ(journal_->checkpointed(), Seq(11));
    for (int i = 0; i < 10; ++i) append("y");
    settle();
    keeper.hold_back = true;
    journal_->request_checkpoint();
    settle();
    EXPECT_EQ(journal_->checkpointed(), Seq(11)) << "the keeper's snapshot is still the one through 11";
    journal_.reset();
    LogParticipant busy2("busy");
    LogParticipant quiet2("quiet", Kind::schema);
    LogParticipant keeper2("keeper", Kind::alert);
    opened = try_open({&busy2, &quiet2, &keeper2});
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(busy2.lines.size(), 20U);
    EXPECT_EQ(busy2.restored_through, Seq(21));
    EXPECT_EQ(quiet2.restored_through, Seq(21));
    EXPECT_EQ(quiet2.lines.size(), 1U);
    EXPECT_EQ(keeper2.restored_through, Seq(11));
}

TEST_F(JournalTest, UnknownSnapshotIsRefused) {
    LogParticipant a("alpha");
    LogParticipant b("beta");
    auto opened = try_open({&a, &b});
    ASSERT_TRUE(opened);
    journal_ = std::move(*opened);
    append("x");
    settle();
    journal_->request_checkpoint();
    settle();
    journal_.reset();
    LogParticipant alone("alpha");
    const auto refused = try_open({&alone});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unsupported);
    EXPECT_NE(refused.error().message.find("`beta`"), std::string::npos) << refused.error().message;

    options_.may_be_gone = [](std::string_view participant) { return participant == "beta"; };
    LogParticipant left("alpha");
    auto reopened = try_open({&left});
    ASSERT_TRUE(reopened) << reopened.error().message;
    EXPECT_EQ(left.lines.size(), 1U);
}

TEST_F(JournalTest, SecondProcessIsRefused) {
    open();
    LogParticipant other;
    const auto refused = try_open({&other});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_NE(refused.error().message.find("in use by another process"), std::string::npos);
}

TEST_F(JournalTest, IdleMarkMakesTheLastEntryCountAsSynced) {
    open();
    append("first");
    append("last");
    settle();
    clock_.advance_ms(1'000);
    settle();
    EXPECT_EQ(journal_->applied(), Seq(2)) << "a mark takes no sequence number";
    journal_.reset();
    // The payload of entry 2: behind entry 1 (32 + 8 bytes) and its own header.
    damage(journal_files().front(), internal::kFileHeaderBytes + 40 + 32);
    LogParticipant log;
    const auto refused = try_open({&log});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::corrupt);
    EXPECT_NE(refused.error().message.find("at byte 4136: entry 2 cannot be read"), std::string::npos)
        << refused.error().message;
}

TEST_F(JournalTest, TornTailIsDropped) {
    open();
    append("first");
    settle();
    append("last");
    settle();
    journal_.reset();
    // Nothing says that entry 2 was synced: its damage is a torn write.
    damage(journal_files().front(), internal::kFileHeaderBytes + 40 + 32);
    open();
    EXPECT_EQ(log_->lines, (std::vector<std::string>{"first"}));
    EXPECT_GT(journal_->recovery().torn_bytes, 0U);
    append("again");
    settle();
    open();
    EXPECT_EQ(log_->lines, (std::vector<std::string>{"first", "again"})) << "the torn entry never comes back";
}

TEST_F(JournalTest, DamageBelowALaterMarkIsCorruption) {
    open();
    for (int i = 0; i < 5; ++i) {
        append("entry");
        settle();
    }
    journal_.reset();
    damage(journal_files().front(), internal::kFileHeaderBytes + 3);
    LogParticipant log;
    auto refused = try_open({&log});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::corrupt);
    EXPECT_TRUE(log.lines.empty());
}

TEST_F(JournalTest, MissingFileIsCorruption) {
    open();
    const std::string big(3000, 'x');
    for (int i = 1; i <= 100; ++i) {
        append(big);
        settle();
    }
    journal_.reset();
    const auto present = journal_files();
    ASSERT_GE(present.size(), 4U);
    files::rename(present[1], present[1] + ".moved");
    LogParticipant log;
    EXPECT_EQ(try_open({&log}).error().code, Code::corrupt);
    files::rename(present[1] + ".moved", present[1]);
    files::rename(present[0], present[0] + ".moved");
    LogParticipant again;
    EXPECT_EQ(try_open({&again}).error().code, Code::corrupt);
}

TEST_F(JournalTest, DamagedHeaderOrManifestIsNamed) {
    open();
    append("x");
    settle();
    journal_->request_checkpoint();
    settle();
    journal_.reset();
    const std::string manifest = names(options_.checkpoint_directory, ".manifest").front();
    const std::string snapshot = names(options_.checkpoint_directory, ".snapshot").front();
    for (const std::string& path : {manifest, snapshot, journal_files().front()}) {
        damage(path, 20);
        LogParticipant log;
        const auto refused = try_open({&log});
        ASSERT_FALSE(refused) << path;
        EXPECT_EQ(refused.error().code, Code::corrupt);
        EXPECT_NE(refused.error().message.find(path), std::string::npos) << refused.error().message;
        damage(path, 20);
    }
    open();
    EXPECT_EQ(log_->lines.size(), 1U);
}

TEST_F(JournalTest, NewerVersionIsRefused) {
    open();
    journal_.reset();
    auto file = posix_file_system().open(journal_files().front(), FileSystem::Mode::write);
    ASSERT_TRUE(file);
    std::string block;
    ASSERT_TRUE((*file)->read_at(0, internal::kFileHeaderBytes, block));
    auto header = internal::decode_file_header(block, "x");
    ASSERT_TRUE(header);
    // Another version with a good checksum.
    block[8] = 2;
    ByteWriter(block).patch(60, crc32c(std::string_view(block).substr(0, 60)));
    ASSERT_TRUE((*file)->write_at(0, block));
    LogParticipant log;
    const auto refused = try_open({&log});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unsupported);
    EXPECT_NE(refused.error().message.find("format version 2"), std::string::npos);
}

/// What is left in a recycled file can have the very number and place that is wanted next; its seed gives it
/// away.
TEST_F(JournalTest, StaleTailOfARecycledFileIsNotAdopted) {
    open();
    append("first");
    settle();
    clock_.advance_ms(1'000);
    settle();
    journal_.reset();
    const std::string path = journal_files().front();
    auto file = internal::open_journal_file(posix_file_system(), options_.directory, 1);
    ASSERT_TRUE(file) << file.error().message;
    // Behind the entry and its mark, a perfectly valid entry 2 of file 7.
    std::string stale;
    internal::encode_entry(stale, internal::file_seed(7, (*file)->header().salt),
                           {.seq = Seq(2), .synced = Seq(1), .kind = Kind::topic_batch}, "stale");
    ASSERT_TRUE((*file)->file().write_at(internal::kFileHeaderBytes + 40 + 32, stale));
    open();
    EXPECT_EQ(log_->lines, (std::vector<std::string>{"first"}));
}

TEST_F(JournalTest, LargeProposalsAndEntries) {
    options_.file_bytes = 256U << 10;
    open();
    const std::string huge(200U << 10, 'h');
    // Announces far less than it appends: the next files are made on the spot.
    submit(
        [&](Appender& out) {
            for (int i = 0; i < 5; ++i) out.append(Kind::topic_batch, huge);
        },
        [this] { ++acknowledged_; });
    settle();
    EXPECT_EQ(acknowledged_, 1);
    open();
    ASSERT_EQ(log_->lines.size(), 5U);
    EXPECT_EQ(log_->lines[4], huge);
}

TEST_F(JournalTest, LanesAreBoundedAndServedInTurn) {
    options_.queue_bytes_max = 4000;
    options_.group_bytes_max = 500;
    open();
    int woken = 0;
    journal_->set_on_space([&] { ++woken; });
    std::vector<std::string> order;
    const auto offer = [&](Lane lane, const std::string& name) {
        std::unique_ptr<Proposal> proposal =
            std::make_unique<TestProposal>([&order, name](Appender&) { order.push_back(name); }, [] {}, 250);
        const bool taken = journal_->try_submit(lane, proposal);
        EXPECT_EQ(taken, proposal == nullptr);
        return taken;
    };
    int bulk = 0;
    while (offer(Lane::bulk, "bulk")) ++bulk;
    EXPECT_EQ(bulk, 4);
    EXPECT_TRUE(offer(Lane::clients, "client"));
    EXPECT_TRUE(offer(Lane::control, "control"));
    EXPECT_TRUE(journal_->run_once());
    EXPECT_EQ(order, (std::vector<std::string>{"control", "client"}));
    EXPECT_EQ(woken, 0);
    settle();
    EXPECT_EQ(order.size(), 6U);
    EXPECT_GE(woken, 1);
}

TEST_F(JournalTest, StopDrainsAndMarks) {
    open();
    append("a");
    journal_->stop();
    std::unique_ptr<Proposal> late = std::make_unique<TestProposal>([](Appender&) {}, [] {});
    EXPECT_FALSE(journal_->try_submit(Lane::control, late));
    EXPECT_NE(late, nullptr);
    bool busy = true;
    while (busy) {
        busy = journal_->run_once();
        busy = journal_->sync_once() || busy;
    }
    EXPECT_EQ(acknowledged_, 1);
    journal_.reset();
    damage(journal_files().front(), internal::kFileHeaderBytes + 32);
    LogParticipant log;
    EXPECT_EQ(try_open({&log}).error().code, Code::corrupt) << "the last entry carries a mark";
}

/// Three threads as the node runs them, several submitters, checkpoints in between: nothing is lost or
/// reordered.
TEST_F(JournalTest, Threads) {
    options_.checkpoint_bytes = 512U << 10;
    log_ = std::make_unique<LogParticipant>();
    auto opened = Journal::open(posix_file_system(), system_clock(), metrics_, options_, {log_.get()});
    ASSERT_TRUE(opened);
    journal_ = std::move(*opened);
    std::atomic<bool> quit{false};
    std::thread run([&] {
        while (!quit) {
            if (!journal_->run_once()) journal_->wait_run(1'000);
        }
    });
    std::thread sync([&] {
        while (!quit) {
            if (!journal_->sync_once()) journal_->wait_sync(1'000);
        }
    });
    std::thread settler([&] {
        while (!quit) {
            if (!journal_->settle_once()) journal_->wait_settle(1'000);
        }
    });
    constexpr int kSubmitters = 3;
    constexpr int kEach = 400;
    std::vector<std::thread> submitters;
    for (int s = 0; s < kSubmitters; ++s) {
        submitters.emplace_back([&, s] {
            const std::string filler(1000, static_cast<char>('a' + s));
            for (int i = 0; i < kEach; ++i) {
                std::unique_ptr<Proposal> proposal = std::make_unique<TestProposal>(
                    [s, i, filler](Appender& out) {
                        out.append(Kind::topic_batch, fmt::format("{} {} {}", s, i, filler));
                    },
                    [&] {
                        ++acknowledged_;
                        acknowledged_.notify_all();
                    },
                    1000);
                while (!journal_->try_submit(Lane::clients, proposal)) std::this_thread::yield();
            }
        });
    }
    for (auto& thread : submitters) thread.join();
    for (int seen = acknowledged_; seen < kSubmitters * kEach; seen = acknowledged_) acknowledged_.wait(seen);
    quit = true;
    journal_->stop();
    run.join();
    sync.join();
    settler.join();
    EXPECT_EQ(fatal_, "");
    EXPECT_GT(journal_->checkpointed(), Seq(0));
    const std::vector<std::string> lines = log_->lines;
    open();
    EXPECT_EQ(log_->lines, lines);
    std::vector<int> next(kSubmitters, 0);
    for (const std::string& line : lines) {
        const int s = line[0] - '0';
        EXPECT_EQ(std::atoi(line.c_str() + 2), next[s]++);
    }
    EXPECT_EQ(next, (std::vector<int>(kSubmitters, kEach)));
}

}  // namespace
}  // namespace mr::journal
