// Goal: a pipeline on real threads (journal, sync, settle, pipeline, loop, two producers, readers) computes
// every record once, before and after a restart. Run under the thread sanitizer (docs/testing.md), which is
// what it is for: the sums only show that work was done.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"
#include "broker/produce.h"
#include "columnar/codec.h"
#include "pipeline/deploy.h"
#include "sql/compiler.h"
#include "views/view_store.h"
#include "wire/record.h"

namespace mr::pipeline {
namespace {

constexpr int kKeys = 16;
constexpr std::string_view kStreams =
    "CREATE TABLE orders (site STRING, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'orders', "
    "'format' = 'json');";
constexpr std::string_view kPipeline =
    "CREATE MATERIALIZED VIEW by_site AS SELECT site, COUNT(*) AS orders, SUM(n) AS total FROM orders GROUP "
    "BY "
    "site;";

std::shared_ptr<const plan::Program> compile() {
    const std::vector<sql::SourceText> streams = {{"streams/orders.sql", std::string(kStreams)}};
    const std::vector<sql::SourceText> pipelines = {{"pipelines/by_site.sql", std::string(kPipeline)}};
    sql::ProjectCompilation compiled = sql::compile_project(streams, pipelines);
    for (const auto& diagnostic : compiled.diagnostics) ADD_FAILURE() << sql::render(diagnostic);
    return std::make_shared<const plan::Program>(std::move(compiled.programs.at(0)));
}

/// Work posted to one thread, as the event loop does it.
class Loop {
  public:
    void post(std::move_only_function<void()> work) {
        const std::lock_guard lock(mutex_);
        work_.push_back(std::move(work));
        wakeup_.notify_one();
    }
    void run_once() {
        std::unique_lock lock(mutex_);
        wakeup_.wait_for(lock, std::chrono::milliseconds(5), [this] { return !work_.empty(); });
        if (work_.empty()) return;
        auto work = std::move(work_.front());
        work_.pop_front();
        lock.unlock();
        work();
    }

  private:
    std::mutex mutex_;
    std::condition_variable wakeup_;
    std::deque<std::move_only_function<void()>> work_;
};

class ThreadedNode {
  public:
    ThreadedNode(const std::string& directory, std::shared_ptr<const plan::Program> program)
        : participant_(program->name) {
        broker::BrokerOptions broker_options;
        broker_options.directory = directory + "/topics";
        broker_ = *broker::Broker::open(posix_file_system(), metrics_, std::move(broker_options));
        views::ViewStoreOptions view_options;
        view_options.post = [this](auto work) { loop_.post(std::move(work)); };
        views_ = std::make_unique<views::ViewStore>(clock_, metrics_, std::move(view_options));
        journal::Options options;
        options.directory = directory + "/journal";
        options.checkpoint_directory = directory + "/checkpoints";
        options.file_bytes = 1U << 20;
        options.checkpoint_bytes = 64U << 10;
        auto opened = journal::Journal::open(posix_file_system(), clock_, metrics_, std::move(options),
                                             {broker_.get(), views_.get(), &participant_});
        if (!opened) ADD_FAILURE() << opened.error().message;
        journal_ = std::move(*opened);
        broker_->set_journal(*journal_);
        auto recovered = participant_.take_state();
        start([this] {
            if (!journal_->run_once()) journal_->wait_run(5);
        });
        start([this] {
            if (!journal_->sync_once()) journal_->wait_sync(5);
        });
        start([this] {
            const auto settled = broker_->settle_once();
            EXPECT_TRUE(settled);
            if (!journal_->settle_once()) journal_->wait_settle(5);
        });
        start([this] { loop_.run_once(); });
        const DeployContext context{*broker_, *journal_, clock_, metrics_, {}, {}};
        EXPECT_TRUE(create_missing_topics(context, {{.name = "orders", .partitions = 2, .config = {}}}));
        auto runner = deploy(context, std::move(program), participant_, std::move(recovered));
        if (!runner) ADD_FAILURE() << runner.error().message;
        runner_ = std::move(*runner);
        start([this] {
            if (!runner_->run_once()) runner_->wait(5);
        });
        // What HTTP handlers and pages do meanwhile.
        start([this] {
            (void)total();
            (void)runner_->status();
            (void)broker_->topics(broker::Visibility::durable);
            (void)metrics_.text();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        });
    }
    ~ThreadedNode() {
        runner_->stop();
        stopping_ = true;
        for (std::thread& t : threads_) t.join();
        journal_->stop();
        while (journal_->run_once() || journal_->sync_once()) {
        }
        runner_.reset();
        journal_.reset();
    }

    /// `count` records one a batch, each acknowledged when this returns.
    void produce(int count, int first) {
        std::atomic<int> acknowledged{0};
        const Uuid topic = broker_->topics(broker::Visibility::applied)->find("orders")->id;
        for (int i = 0; i < count; ++i) {
            wire::BatchBuilder builder;
            builder.add(clock_.now(), std::nullopt,
                        fmt::format(R"({{"site":"S{}","n":{}}})", (first + i) % kKeys, i));
            const std::string batch = builder.finish();
            auto proposal = std::make_unique<broker::ProduceProposal>(
                *broker_, [&](std::vector<broker::ProduceResult> parts) {
                    EXPECT_EQ(parts.at(0).error, broker::KafkaError::none);
                    ++acknowledged;
                });
            proposal->add(topic, PartitionId(i % 2), batch, *wire::validate_batch(batch, {}));
            std::unique_ptr<journal::Proposal> submitted = std::move(proposal);
            while (!journal_->try_submit(journal::Lane::clients, submitted)) std::this_thread::yield();
        }
        while (acknowledged != count) std::this_thread::yield();
    }

    struct Total {
        std::int64_t orders = 0;
        std::int64_t sum = 0;
    };
    Total total() const {
        Total out;
        const auto snapshot = views_->snapshot("by_site");
        if (snapshot == nullptr) return out;
        snapshot->rows.scan([&](const views::RowPtr& row) {
            const auto values = read_row(row->row, snapshot->definition->schema);
            out.orders += std::get<std::int64_t>((*values)[1].data);
            out.sum += std::get<std::int64_t>((*values)[2].data);
            return true;
        });
        return out;
    }

  private:
    void start(std::function<void()> round) {
        threads_.emplace_back([this, round = std::move(round)] {
            while (!stopping_) round();
        });
    }

    Clock& clock_ = system_clock();
    Metrics metrics_;
    Loop loop_;
    std::unique_ptr<broker::Broker> broker_;
    std::unique_ptr<views::ViewStore> views_;
    Participant participant_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<Runner> runner_;
    std::atomic<bool> stopping_{false};
    std::vector<std::thread> threads_;
};

TEST(RunnerThreads, EveryRecordOnceBeforeAndAfterARestart) {
    set_log_level(LogLevel::warn);
    constexpr int kEach = 1'500;
    const std::string directory =
        (std::filesystem::temp_directory_path() / fmt::format("millrace_threads_{}", ::getpid())).string();
    std::filesystem::remove_all(directory);
    const auto program = compile();
    for (std::int64_t round = 1; round <= 2; ++round) {
        ThreadedNode node(directory, program);
        std::thread other([&] { node.produce(kEach, 7); });
        node.produce(kEach, 0);
        other.join();
        // Bounded by the test's own time limit.
        while (node.total().orders < round * 2 * kEach) std::this_thread::yield();
        EXPECT_EQ(node.total().orders, round * 2 * kEach);
        EXPECT_EQ(node.total().sum, round * kEach * (kEach - 1));
    }
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace mr::pipeline
