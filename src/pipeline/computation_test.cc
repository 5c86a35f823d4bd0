// Goal: time alone makes a step only where something comes of it; what it decided meanwhile goes with the
// next one.
#include "pipeline/computation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sql/compiler.h"
#include "wire/record.h"

namespace mr::pipeline {
namespace {

constexpr std::int64_t kSilenceMs = 5'000;
constexpr std::int64_t kStartMs = 1'000'000;

constexpr const char* kStream =
    "CREATE TABLE s (k STRING, n BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = "
    "'kafka', 'topic' = 's', 'format' = 'json');";

std::shared_ptr<const plan::Program> compile(const std::string& stream, const std::string& query) {
    const std::vector<sql::SourceText> streams = {{"streams/s.sql", stream}};
    const std::vector<sql::SourceText> pipelines = {
        {"pipelines/v.sql", "CREATE MATERIALIZED VIEW v AS " + query}};
    sql::ProjectCompilation compiled = sql::compile_project(streams, pipelines);
    for (const auto& diagnostic : compiled.diagnostics) ADD_FAILURE() << sql::render(diagnostic);
    return std::make_shared<const plan::Program>(std::move(compiled.programs.at(0)));
}

/// A microsecond passes between two looks.
class TickingClock final : public Clock {
  public:
    [[nodiscard]] TimestampMs now() const override { return TimestampMs(0); }
    [[nodiscard]] std::int64_t monotonic_ns() const override { return now_ns_ += 1'000; }

  private:
    mutable std::int64_t now_ns_ = 0;
};

class Pipeline {
  public:
    explicit Pipeline(const std::string& query, const std::string& stream = kStream) {
        auto made = Computation::create(compile(stream, query), state_, nullptr, &clock_);
        EXPECT_TRUE(made.has_value());
        computation_ = std::move(*made);
        computation_->set_partitions(0, 1);
        computation_->tick(TimestampMs(kStartMs), kSilenceMs);
    }

    void add(std::string_view json, std::int64_t now_ms) {
        wire::BatchBuilder builder;
        builder.add(TimestampMs(now_ms), std::nullopt, json);
        const std::string batch = builder.finish();
        ASSERT_TRUE(computation_->add({.topic = 0,
                                       .partition = PartitionId(0),
                                       .base_offset = Offset(next_),
                                       .first_offset = Offset(next_),
                                       .batch = batch},
                                      TimestampMs(now_ms)));
        ++next_;
        result_ = std::move(*computation_->finish(TimestampMs(now_ms)));
    }
    /// Is there anything to compute?
    bool tick(std::int64_t now_ms) {
        if (!computation_->tick(TimestampMs(now_ms), kSilenceMs)) return false;
        result_ = std::move(*computation_->finish(TimestampMs(now_ms)));
        return true;
    }
    void postpone() { computation_->postpone(std::move(result_)); }
    void done() { computation_->step_done(); }
    [[nodiscard]] const StepResult& result() const { return result_; }
    [[nodiscard]] Counts counts() const { return computation_->counts(); }
    [[nodiscard]] Profile profile() const { return computation_->profile(); }

  private:
    TickingClock clock_;
    state::StateSpace state_;
    std::unique_ptr<Computation> computation_;
    StepResult result_;
    std::int64_t next_ = 0;
};

TEST(Computation, SilenceWithoutConsequencesIsPostponed) {
    Pipeline p("SELECT k, COUNT(*) AS c FROM s GROUP BY k;");
    p.add(R"({"k":"a","n":1,"ts":"2026-01-01 00:00:00"})", kStartMs);
    EXPECT_FALSE(p.result().only_time);
    p.done();
    int rounds = 0;
    for (std::int64_t now = kStartMs + kSilenceMs; now < kStartMs + 2 * kSilenceMs; now += 200) {
        if (!p.tick(now)) continue;
        ++rounds;
        ASSERT_TRUE(p.result().only_time);
        EXPECT_FALSE(p.result().state.empty());
        // One of each kind, the newest, however many rounds were postponed.
        EXPECT_LE(p.result().time_inputs.size(), 2U);
        p.postpone();
    }
    EXPECT_GT(rounds, 10);
    p.add(R"({"k":"a","n":2,"ts":"2026-01-01 00:00:01"})", kStartMs + 2 * kSilenceMs);
    EXPECT_FALSE(p.result().only_time);
    EXPECT_EQ(p.result().time_inputs.size(), 2U);
    // The source's watermark and the dataflow's are there beside the group.
    EXPECT_GE(p.result().state.size(), 3U);
    EXPECT_EQ(p.result().views.size(), 1U);
}

TEST(Computation, SilenceThatClosesAWindowIsAStep) {
    Pipeline p(
        "SELECT window_end, COUNT(*) AS c FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '1' SECOND)) "
        "GROUP BY window_start, window_end;");
    p.add(R"({"k":"a","n":1,"ts":"2026-01-01 00:00:00"})", kStartMs);
    p.done();
    std::size_t steps = 0;
    std::size_t rows = 0;
    for (std::int64_t now = kStartMs + kSilenceMs; now < kStartMs + 2 * kSilenceMs; now += 200) {
        if (!p.tick(now)) continue;
        rows += p.result().views.size();
        if (p.result().only_time) {
            p.postpone();
        } else {
            ++steps;
            p.done();
        }
    }
    EXPECT_EQ(steps, 1U);
    EXPECT_EQ(rows, 1U);
}

// What nobody reads is not looked at: it cannot make a record bad, and what is read is as it was.
TEST(Computation, FieldsOfRowsNobodyReadsAreNotDecoded) {
    const std::string stream =
        "CREATE TABLE s (a ROW<x BIGINT, y BIGINT, z ROW<u BIGINT, v STRING>>, b ROW<w BIGINT>, t AS a.z.u, "
        "ts "
        "TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka', 'topic' = 's', 'format' = "
        "'json');";
    const std::string bad_y =
        R"({"a":{"x":1,"y":"no number","z":{"u":5,"v":"t"}},"b":{"w":7},"ts":"2026-01-01 00:00:00"})";
    const std::string bad_x =
        R"({"a":{"x":"no number","y":2,"z":{"u":5,"v":"t"}},"b":null,"ts":"2026-01-01 00:00:00"})";
    for (const bool whole : {false, true}) {
        Pipeline p(whole
                       ? "SELECT a.x AS x, COUNT(*) AS c FROM s WHERE b.w > 0 AND a IS NOT NULL GROUP BY a.x;"
                       : "SELECT a.x AS x, t, COUNT(*) AS c FROM s WHERE b.w > 0 GROUP BY a.x, t;",
                   stream);
        p.add(bad_y, kStartMs);
        EXPECT_EQ(p.result().views.size(), whole ? 0U : 1U);
        p.done();
        p.add(bad_x, kStartMs);
        EXPECT_EQ(p.counts().rejected, whole ? 2U : 1U);
        EXPECT_EQ(p.counts().accepted, whole ? 0U : 1U);
    }
}

TEST(Computation, AProfileSaysWhatEachPartDid) {
    Pipeline p("SELECT k, COUNT(*) AS c FROM s WHERE n > 1 GROUP BY k;");
    for (int n = 0; n < 4; ++n) {
        p.add(fmt::format(R"({{"k":"a","n":{},"ts":"2026-01-01 00:00:00"}})", n), kStartMs);
        p.done();
    }
    p.add("no json", kStartMs);
    p.done();
    const Profile profile = p.profile();
    ASSERT_EQ(profile.sources.size(), 1U);
    EXPECT_EQ(profile.sources[0].counts.in, 5U);
    EXPECT_EQ(profile.sources[0].counts.accepted, 4U);
    EXPECT_EQ(profile.sources[0].counts.rejected, 1U);
    EXPECT_EQ(profile.sources[0].times.rounds, 4U);
    EXPECT_EQ(profile.sources[0].watermark_ms, 1'767'225'600'000);
    ASSERT_EQ(profile.sinks.size(), 1U);
    EXPECT_EQ(profile.sinks[0].name, "v");
    EXPECT_EQ(profile.sinks[0].changes, 2U);
    const engine::OperatorStats* filter = nullptr;
    const engine::OperatorStats* aggregate = nullptr;
    for (const auto& op : profile.operators) {
        if (op.name == "Filter") filter = &op;
        if (op.name == "Aggregate") aggregate = &op;
    }
    ASSERT_TRUE(filter != nullptr && aggregate != nullptr);
    EXPECT_EQ(filter->counters.rows_in, 4U);
    EXPECT_EQ(filter->counters.rows_out, 2U);
    EXPECT_EQ(filter->times.rounds, 4U);
    // The aggregate ran when a row came: once with an insertion, once with an update of two rows.
    EXPECT_EQ(aggregate->times.rounds, 2U);
    EXPECT_EQ(aggregate->times.total_ns, 2'000U);
    EXPECT_EQ(aggregate->counters.rows_out, 3U);
    EXPECT_GT(aggregate->state_bytes, 0U);
    EXPECT_EQ(aggregate->watermark_ms, 1'767'225'600'000);
}

}  // namespace
}  // namespace mr::pipeline
