// Goal: a version of a pipeline takes the place of another without a gap: its views are those of a pipeline
// that had always been so, what is appended to topics comes once, the topics of views hold what the views do;
// and back again. Killed at any turn, the next start goes on with it.
#include "pipeline/changeover.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

#include "base/log.h"
#include "base/sim_file_system.h"
#include "broker/produce.h"
#include "columnar/codec.h"
#include "pipeline/versions.h"
#include "pipeline/view_pairs.h"
#include "sql/compiler.h"
#include "wire/record.h"

namespace mr::pipeline {
namespace {

constexpr std::string_view kStreams =
    "CREATE TABLE orders (id BIGINT, site STRING, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'orders', "
    "'format' = 'json');\n"
    "CREATE TABLE large (id BIGINT, n BIGINT) WITH ('connector' = 'kafka', 'topic' = 'large', 'format' = "
    "'json');\n";
constexpr std::string_view kOld =
    "CREATE MATERIALIZED VIEW by_site AS SELECT site, COUNT(*) AS orders FROM orders GROUP BY site;\n"
    "INSERT INTO large SELECT id, n FROM orders WHERE n >= 10;\n";
/// A column more, sites that the filter takes away, and another condition of what is inserted.
constexpr std::string_view kNew =
    "CREATE MATERIALIZED VIEW by_site AS SELECT site, COUNT(*) AS orders, SUM(n) AS total FROM orders WHERE "
    "site <> 'S0' GROUP BY site;\n"
    "INSERT INTO large SELECT id, -n FROM orders WHERE n >= 10;\n";

ProgramPtr compile(std::string_view text) {
    const std::vector<sql::SourceText> streams = {{"streams/orders.sql", std::string(kStreams)}};
    const std::vector<sql::SourceText> pipelines = {{"pipelines/live.sql", std::string(text)}};
    sql::ProjectCompilation compiled = sql::compile_project(streams, pipelines);
    for (const auto& diagnostic : compiled.diagnostics) ADD_FAILURE() << sql::render(diagnostic);
    return std::make_shared<const plan::Program>(std::move(compiled.programs.at(0)));
}

/// One life of a node with one pipeline, everything on one thread.
class Life {
  public:
    Life(SimFileSystem& fs, VirtualClock& clock, const ProgramPtr& wanted,
         const std::vector<ProgramPtr>& texts)
        : clock_(clock),
          versions_("live", std::make_unique<Participant>("live"), std::make_unique<Participant>("live@2")) {
        broker::BrokerOptions broker_options;
        broker_options.directory = "/topics";
        broker_ = *broker::Broker::open(fs, metrics_, std::move(broker_options));
        views::ViewStoreOptions view_options;
        view_options.post = [this](auto work) { posted_.push_back(std::move(work)); };
        views_ = std::make_unique<views::ViewStore>(clock_, metrics_, std::move(view_options));
        std::vector<journal::Participant*> all = {broker_.get(), views_.get(), &registry_};
        for (Participant* p : versions_.participants()) all.push_back(p);
        journal::Options options;
        options.directory = "/journal";
        options.checkpoint_directory = "/checkpoints";
        // Small, so that there are checkpoints.
        options.file_bytes = 64U << 10;
        options.start_file_bytes = 16U << 10;
        options.checkpoint_bytes = 128U << 10;
        auto opened = journal::Journal::open(fs, clock_, metrics_, std::move(options), std::move(all));
        if (!opened) ADD_FAILURE() << opened.error().message;
        journal_ = std::move(*opened);
        broker_->set_journal(*journal_);
        versions_.take_states();
        EXPECT_TRUE(create_missing_topics(context(), {{.name = "orders", .config = {}}}));
        const Status started =
            versions_.start(context(), registry_, *views_, wanted, [&](std::uint64_t fingerprint) {
                const auto at = std::ranges::find(texts, fingerprint, &plan::Program::fingerprint);
                return at == texts.end() ? nullptr : *at;
            });
        if (!started) ADD_FAILURE() << started.error().message;
    }
    ~Life() { journal_->stop(); }

    DeployContext context() {
        DeployContext out{*broker_, *journal_, clock_, metrics_, {}, [this] { pump(); }};
        out.options.step_batches_max = 3;
        return out;
    }
    Versions& versions() { return versions_; }

    void produce(std::int64_t id) {
        wire::BatchBuilder builder;
        builder.add(clock_.now(), std::nullopt,
                    fmt::format(R"({{"id":{},"site":"S{}","n":{}}})", id, id % 5, id % 13));
        const std::string batch = builder.finish();
        auto proposal =
            std::make_unique<broker::ProduceProposal>(*broker_, broker::ProduceProposal::Answer{});
        proposal->add(broker_->topics(broker::Visibility::applied)->find("orders")->id, PartitionId(0), batch,
                      *wire::validate_batch(batch, {}));
        std::unique_ptr<journal::Proposal> submitted = std::move(proposal);
        while (!journal_->try_submit(journal::Lane::clients, submitted)) pump();
        pump();
    }

    /// One turn of everything.
    bool turn() {
        bool worked = pump();
        if (versions_.serving()) worked = versions_.serving()->run_once() || worked;
        pump();
        if (versions_.beside()) worked = versions_.beside()->run_once() || worked;
        pump();
        clock_.advance_ms(10);
        return versions_.run_once() || worked;
    }
    void settle() {
        for (int quiet = 0; quiet < 5;) quiet = turn() ? 0 : quiet + 1;
    }

    /// "S1=20/300 S2=…": the rows of a view.
    std::string view(const std::string& name) {
        const auto snapshot = views_->snapshot(name);
        if (snapshot == nullptr) return "none";
        std::string out;
        snapshot->rows.scan([&](const views::RowPtr& row) {
            const auto values = read_row(row->row, snapshot->definition->schema);
            out += (out.empty() ? "" : " ") + (*values)[0].text() + "=";
            for (std::size_t i = 1; i < values->size(); ++i) {
                out += (i > 1 ? "/" : "") + to_string((*values)[i], snapshot->definition->schema[i].type);
            }
            return true;
        });
        return out;
    }
    /// Keys and values of every record.
    std::vector<std::pair<std::string, std::optional<std::string>>> records(const std::string& topic) {
        std::vector<std::pair<std::string, std::optional<std::string>>> out;
        auto reader = broker::LogReader::open(*broker_, {.name = "test", .topics = {topic}, .hold = false});
        if (!reader) return out;
        for (broker::LogSlice slice; !slice.up_to_date;) {
            const Status read = (*reader)->read({}, slice);
            EXPECT_TRUE(read);
            if (!read) return out;
            for (const broker::LogBatch& batch : slice.batches) {
                auto records = wire::RecordReader::open(batch.batch.view());
                wire::Record record;
                while (records->next(record)) {
                    auto& to = out.emplace_back(std::string(record.key.value_or("")), std::nullopt);
                    if (record.value) to.second = std::string(*record.value);
                }
            }
        }
        return out;
    }
    /// What somebody who reads a compacted topic has in the end.
    std::map<std::string, std::string> latest(const std::string& topic) {
        std::map<std::string, std::string> out;
        for (auto& [key, value] : records(topic)) {
            if (value) {
                out[key] = *value;
            } else {
                out.erase(key);
            }
        }
        return out;
    }
    views::ViewStore& views() { return *views_; }

  private:
    bool pump() {
        bool worked = journal_->run_once();
        worked = journal_->sync_once() || worked;
        if (!worked) worked = journal_->settle_once();
        while (!posted_.empty()) {
            auto work = std::move(posted_.front());
            posted_.pop_front();
            work();
            worked = true;
        }
        return worked;
    }

    VirtualClock& clock_;
    Metrics metrics_;
    std::deque<std::move_only_function<void()>> posted_;
    std::unique_ptr<broker::Broker> broker_;
    std::unique_ptr<views::ViewStore> views_;
    Registry registry_;
    Versions versions_;
    std::unique_ptr<journal::Journal> journal_;
};

/// What the two versions' views show after orders 1 … `last`.
std::string expected(bool fresh, std::int64_t last) {
    std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> sites;
    for (std::int64_t id = 1; id <= last; ++id) {
        if (fresh && id % 5 == 0) continue;
        ++sites[id % 5].first;
        sites[id % 5].second += id % 13;
    }
    std::string out;
    for (const auto& [site, sums] : sites) {
        out += fmt::format("{}S{}={}", out.empty() ? "" : " ", site, sums.first);
        if (fresh) out += fmt::format("/{}", sums.second);
    }
    return out;
}

/// Orders 1 … `last` that are large, each once, from the one version or the other.
void expect_each_once(const std::vector<std::pair<std::string, std::optional<std::string>>>& records,
                      std::int64_t last, const std::string& where) {
    std::map<std::string, int> seen;
    for (const auto& [key, value] : records) {
        const std::string& text = value.value();
        ++seen[text.substr(0, text.find(','))];
    }
    std::size_t wanted = 0;
    for (std::int64_t id = 1; id <= last; ++id) {
        if (id % 13 < 10) continue;
        ++wanted;
        EXPECT_EQ(seen[fmt::format(R"({{"id":{})", id)], 1) << "order " << id << ", " << where;
    }
    EXPECT_EQ(seen.size(), wanted) << where;
}

void expect_topic_is_view(Life& life, const std::string& where) {
    std::map<std::string, std::string> rows;
    const auto snapshot = life.views().snapshot("by_site");
    ASSERT_NE(snapshot, nullptr);
    snapshot->rows.scan([&](const views::RowPtr& row) {
        const auto values = read_row(row->row, snapshot->definition->schema);
        const std::string site = (*values)[0].text();
        std::string json = fmt::format(R"({{"site":"{}","orders":{})", site, (*values)[1].integer());
        if (values->size() > 2) json += fmt::format(R"(,"total":{})", (*values)[2].integer());
        rows[fmt::format(R"({{"site":"{}"}})", site)] = json + "}";
        return true;
    });
    EXPECT_EQ(life.latest("by_site"), rows) << where;
}

class ChangeoverTest : public ::testing::Test {
  protected:
    void SetUp() override { set_log_level(LogLevel::warn); }
    const ProgramPtr old_ = compile(kOld), new_ = compile(kNew);
    const std::vector<ProgramPtr> texts_ = {old_, new_};
    VirtualClock clock_{TimestampMs(1'767'225'600'000)};
};

TEST_F(ChangeoverTest, TakesThePlaceOfTheOtherAndGivesItBack) {
    SimFileSystem fs(1);
    Life life(fs, clock_, old_, texts_);
    std::int64_t id = 0;
    while (id < 200) life.produce(++id);
    life.settle();
    ASSERT_EQ(life.view("by_site"), expected(false, id));

    ASSERT_TRUE(life.versions().add(life.context(), life.views(), new_));
    EXPECT_FALSE(life.versions().changeover()->status().caught_up);
    life.versions().changeover()->ask(Changeover::Wish::swap);
    // Orders come all the time.
    for (int turns = 0; life.versions().changeover()->status().swaps == 0 && turns < 1'000; ++turns) {
        if (turns % 3 == 0) life.produce(++id);
        life.turn();
    }
    ASSERT_EQ(life.versions().changeover()->status().swaps, 1U);
    while (id < 300) life.produce(++id);
    life.settle();
    EXPECT_EQ(life.view("by_site"), expected(true, id));
    EXPECT_EQ(life.view("by_site@beside"), expected(false, id)) << "the old version goes on";
    expect_each_once(life.records("large"), id, "after the swap");
    expect_topic_is_view(life, "after the swap");

    life.versions().changeover()->ask(Changeover::Wish::swap);
    for (int turns = 0; life.versions().changeover()->status().swaps == 1 && turns < 1'000; ++turns)
        life.turn();
    EXPECT_EQ(life.view("by_site"), expected(false, id)) << "back again, and up to date";
    while (id < 320) life.produce(++id);
    life.settle();
    EXPECT_EQ(life.view("by_site"), expected(false, id));
    expect_each_once(life.records("large"), id, "after the way back");
    expect_topic_is_view(life, "after the way back");

    ASSERT_TRUE(life.versions().discard(life.context(), [](Runner&) {}));
    life.settle();
    EXPECT_EQ(life.view("by_site@beside"), "none");
    EXPECT_EQ(life.view("by_site"), expected(false, id));
    // The slot can be used again.
    ASSERT_TRUE(life.versions().add(life.context(), life.views(), new_));
    life.settle();
    EXPECT_EQ(life.view("by_site@beside"), expected(true, id));
}

TEST_F(ChangeoverTest, ComparesBothAtTheSameInput) {
    SimFileSystem fs(1);
    Life life(fs, clock_, old_, texts_);
    std::int64_t id = 0;
    while (id < 50) life.produce(++id);
    life.settle();
    ASSERT_TRUE(life.versions().add(life.context(), life.views(), new_));
    life.versions().changeover()->ask(Changeover::Wish::compare);
    std::optional<std::vector<Changeover::Compared>> compared;
    for (int turns = 0; !compared && turns < 1'000; ++turns) {
        life.produce(++id);
        life.turn();
        compared = life.versions().changeover()->take_compared();
    }
    ASSERT_TRUE(compared);
    ASSERT_EQ(compared->size(), 1U);
    const Changeover::Compared& view = compared->at(0);
    const ViewComparison found = compare_views(view.view, view.before, view.now, 10);
    // Where both have a site it has as many orders in both: they are of one moment, while orders came.
    EXPECT_EQ(found.rows_before, 5U);
    EXPECT_EQ(found.rows_now, 4U);
    EXPECT_EQ(found.equal, 4U);
    EXPECT_EQ(found.different, 0U);
    EXPECT_EQ(found.only_before, 1U);
    EXPECT_EQ(found.columns, (std::vector<std::string>{"site", "orders"}));
    ASSERT_EQ(found.examples.size(), 1U);
    EXPECT_TRUE(found.examples[0].before.starts_with(R"({"site":"S0","orders":)"))
        << found.examples[0].before;
    EXPECT_EQ(found.examples[0].now, "");
    life.settle();
    EXPECT_EQ(life.view("by_site"), expected(false, id)) << "nothing was swapped";
}

// Method: the process dies after so many turns, for every number of them; the next life is given the new
// text, as the folder would have it, and goes on.
TEST_F(ChangeoverTest, KilledAtAnyTurn) {
    bool over = false;
    for (int turns = 0; !over && turns < 400; ++turns) {
        const std::string where = fmt::format("killed after {} turns", turns);
        SimFileSystem fs(static_cast<std::uint64_t>(turns) + 1);
        std::int64_t id = 0;
        {
            Life life(fs, clock_, old_, texts_);
            while (id < 40) life.produce(++id);
            life.settle();
            ASSERT_TRUE(life.versions().add(life.context(), life.views(), new_));
            life.versions().changeover()->ask(Changeover::Wish::swap);
            for (int i = 0; i < turns; ++i) {
                if (i % 4 == 0 && id < 60) life.produce(++id);
                life.turn();
            }
            const Changeover::Status& status = life.versions().changeover()->status();
            over = status.swaps == 1 && status.phase == Changeover::Phase::follows;
        }
        fs.kill();
        Life life(fs, clock_, new_, texts_);
        ASSERT_NE(life.versions().changeover(), nullptr) << where;
        if (life.versions().serves().program != new_)
            life.versions().changeover()->ask(Changeover::Wish::swap);
        while (id < 80) life.produce(++id);
        life.settle();
        EXPECT_EQ(life.versions().serves().program, new_) << where;
        EXPECT_EQ(life.view("by_site"), expected(true, id)) << where;
        EXPECT_EQ(life.view("by_site@beside"), expected(false, id)) << where;
        expect_each_once(life.records("large"), id, where);
        expect_topic_is_view(life, where);
        if (HasFailure()) break;
    }
    EXPECT_TRUE(over) << "the swap was never finished";
}

// Goal: a program that the journal does not know is built in place, and what the old one had appended is not
// appended again, though the new one reads it in one go with what came later.
TEST_F(ChangeoverTest, RebuiltInPlaceAppendsOnce) {
    for (std::int64_t first : {49, 50, 51}) {
        SimFileSystem fs(1);
        std::int64_t id = 0;
        {
            Life life(fs, clock_, old_, texts_);
            while (id < first) life.produce(++id);
            life.settle();
        }
        fs.kill();
        Life life(fs, clock_, new_, {});
        while (id < 80) life.produce(++id);
        life.settle();
        EXPECT_EQ(life.versions().changeover(), nullptr);
        EXPECT_EQ(life.view("by_site"), expected(true, id));
        expect_each_once(life.records("large"), id, fmt::format("rebuilt after {} orders", first));
    }
}

}  // namespace
}  // namespace mr::pipeline
