// Goal: a pipeline whose program changed is rebuilt from where its inputs begin, and what the old program had
// appended to topics is not appended again, though the new one reads it in one go with what came later.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/log.h"
#include "base/sim_file_system.h"
#include "broker/produce.h"
#include "pipeline/deploy.h"
#include "sql/compiler.h"
#include "wire/record.h"

namespace mr::pipeline {
namespace {

using ProgramPtr = std::shared_ptr<const plan::Program>;

ProgramPtr compile(std::string_view expression) {
    const std::vector<sql::SourceText> streams = {
        {"streams/orders.sql",
         "CREATE TABLE orders (id BIGINT) WITH ('connector' = 'kafka', 'topic' = 'orders', 'format' = "
         "'json');\n"
         "CREATE TABLE copies (id BIGINT, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'copies', "
         "'format' = 'json');\n"}};
    const std::vector<sql::SourceText> pipelines = {
        {"pipelines/copy.sql", fmt::format("INSERT INTO copies SELECT id, {} FROM orders;\n", expression)}};
    sql::ProjectCompilation compiled = sql::compile_project(streams, pipelines);
    for (const auto& diagnostic : compiled.diagnostics) ADD_FAILURE() << sql::render(diagnostic);
    return std::make_shared<const plan::Program>(std::move(compiled.programs.at(0)));
}

/// One life of a node with one pipeline, everything on one thread.
class Life {
  public:
    Life(SimFileSystem& fs, VirtualClock& clock, const ProgramPtr& program)
        : clock_(clock), participant_(program->name) {
        broker::BrokerOptions broker_options;
        broker_options.directory = "/topics";
        broker_ = *broker::Broker::open(fs, metrics_, std::move(broker_options));
        journal::Options options;
        options.directory = "/journal";
        options.checkpoint_directory = "/checkpoints";
        options.file_bytes = 256U << 10;
        options.start_file_bytes = 64U << 10;
        auto opened =
            journal::Journal::open(fs, clock_, metrics_, std::move(options), {broker_.get(), &participant_});
        if (!opened) ADD_FAILURE() << opened.error().message;
        journal_ = std::move(*opened);
        broker_->set_journal(*journal_);
        DeployContext context{*broker_, *journal_, clock_, metrics_, {}, [this] { pump(); }};
        context.options.step_batches_max = 3;
        EXPECT_TRUE(create_missing_topics(context, {{.name = "orders", .config = {}}}));
        auto runner = deploy(context, program, participant_, participant_.take_state());
        if (!runner) ADD_FAILURE() << runner.error().message;
        runner_ = std::move(*runner);
    }
    ~Life() {
        journal_->stop();
        runner_.reset();
    }

    void produce(std::int64_t id) {
        wire::BatchBuilder builder;
        builder.add(clock_.now(), std::nullopt, fmt::format(R"({{"id":{}}})", id));
        const std::string batch = builder.finish();
        auto proposal =
            std::make_unique<broker::ProduceProposal>(*broker_, broker::ProduceProposal::Answer{});
        proposal->add(broker_->topics(broker::Visibility::applied)->find("orders")->id, PartitionId(0), batch,
                      *wire::validate_batch(batch, {}));
        std::unique_ptr<journal::Proposal> submitted = std::move(proposal);
        while (!journal_->try_submit(journal::Lane::clients, submitted)) pump();
        pump();
    }
    void settle() {
        for (bool worked = true; worked;) {
            worked = runner_->run_once();
            worked = pump() || worked;
        }
    }
    /// How often each record is in the topic.
    std::map<std::string, int> copies() {
        std::map<std::string, int> out;
        auto reader =
            broker::LogReader::open(*broker_, {.name = "test", .topics = {"copies"}, .hold = false});
        if (!reader) return out;
        for (broker::LogSlice slice; !slice.up_to_date;) {
            const Status read = (*reader)->read({}, slice);
            if (!read) return out;
            for (const broker::LogBatch& batch : slice.batches) {
                auto records = wire::RecordReader::open(batch.batch.view());
                wire::Record record;
                while (records->next(record)) ++out[std::string(record.value.value_or("nothing"))];
            }
        }
        return out;
    }

  private:
    bool pump() {
        bool worked = journal_->run_once();
        worked = journal_->sync_once() || worked;
        return worked || journal_->settle_once();
    }

    VirtualClock& clock_;
    Metrics metrics_;
    std::unique_ptr<broker::Broker> broker_;
    Participant participant_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<Runner> runner_;
};

TEST(Rebuild, WhatWasAppendedIsNotAppendedAgain) {
    set_log_level(LogLevel::warn);
    VirtualClock clock{TimestampMs(1'767'225'600'000)};
    const ProgramPtr before = compile("id"), after = compile("-id");
    // The place where the old program had come to lies anywhere in a step of the new one.
    for (const std::int64_t used : {9, 10, 11}) {
        SimFileSystem fs(1);
        std::map<std::string, int> expected;
        {
            Life life(fs, clock, before);
            for (std::int64_t id = 1; id <= used; ++id) {
                life.produce(id);
                expected[fmt::format(R"({{"id":{},"n":{}}})", id, id)] = 1;
            }
            life.settle();
            // It ends before it has read these.
            for (std::int64_t id = used + 1; id <= 20; ++id) {
                life.produce(id);
                expected[fmt::format(R"({{"id":{},"n":{}}})", id, -id)] = 1;
            }
        }
        fs.kill();
        Life life(fs, clock, after);
        life.settle();
        EXPECT_EQ(life.copies(), expected) << "the old program had used " << used;
    }
}

}  // namespace
}  // namespace mr::pipeline
