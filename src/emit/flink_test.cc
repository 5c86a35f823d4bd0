// Projects under testdata/ and what they are in Flink's SQL: NAME/streams.sql, NAME/pipeline_N.sql,
// NAME/expected.sql. With MILLRACE_UPDATE_GOLDEN set the expectations are written anew.
// tests/interop/emission.py runs an emitted project on a real Flink.
#include "emit/flink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "emit/internal/keywords.h"

namespace mr::emit {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

fs::path testdata() {
    return fs::path(MR_SOURCE_DIR) / "src/emit/testdata";
}

class Golden : public ::testing::TestWithParam<const char*> {};

TEST_P(Golden, IsAsWritten) {
    const fs::path folder = testdata() / GetParam();
    const std::vector<sql::SourceText> streams = {{"streams/streams.sql", read(folder / "streams.sql")}};
    std::vector<sql::SourceText> pipelines;
    for (int i = 1; fs::exists(folder / ("pipeline_" + std::to_string(i) + ".sql")); ++i) {
        const std::string name = "pipeline_" + std::to_string(i) + ".sql";
        pipelines.push_back({"pipelines/" + name, read(folder / name)});
    }
    FlinkOptions options;
    options.project = "shop";
    options.registry = "http://registry:8081";
    const FlinkScript script = emit_flink(streams, pipelines, options);
    ASSERT_TRUE(script.ok()) << sql::render(script.diagnostics);
    if (std::getenv("MILLRACE_UPDATE_GOLDEN") != nullptr)
        std::ofstream(folder / "expected.sql") << script.text();
    EXPECT_EQ(script.text(), read(folder / "expected.sql"));
}

INSTANTIATE_TEST_SUITE_P(Flink, Golden, ::testing::Values("views", "functions", "tables", "sessions"));

const sql::SourceText kStreams = {
    "streams/s.sql",
    "CREATE TABLE t (id INT NOT NULL, a INT, p AS PROCTIME(), ts TIMESTAMP(3), WATERMARK FOR ts AS ts)\n"
    "WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'json');\n"
    "CREATE TABLE u (id INT NOT NULL, b INT, PRIMARY KEY (id) NOT ENFORCED)\n"
    "WITH ('connector' = 'upsert-kafka', 'topic' = 'u', 'key.format' = 'json', 'value.format' = 'json');\n"};

FlinkScript emitted(const std::string& pipeline, const FlinkOptions& options = {}) {
    const std::vector<sql::SourceText> streams = {kStreams};
    const std::vector<sql::SourceText> pipelines = {{"pipelines/p.sql", pipeline}};
    return emit_flink(streams, pipelines, options);
}

/// "line:col message" of what is not in Flink.
std::string refusal(const std::string& pipeline) {
    const FlinkScript script = emitted(pipeline);
    for (const sql::Diagnostic& d : script.diagnostics) {
        if (d.severity != sql::Severity::error) continue;
        EXPECT_TRUE(script.statements.empty());
        EXPECT_FALSE(d.help.empty());
        return d.code + " " + std::to_string(d.line) + ":" + std::to_string(d.col) + " " + d.message;
    }
    return "";
}

TEST(Flink, RefusesWithPlaceAndRemedy) {
    EXPECT_EQ(refusal("CREATE MATERIALIZED VIEW v (PRIMARY KEY (id) NOT ENFORCED) AS\n"
                      "SELECT t.id, u.b FROM t JOIN u FOR SYSTEM_TIME AS OF t.p ON t.id = u.id;"),
              "M6001 2:30 Flink cannot ask \"u\" for its rows as of a processing time");
    EXPECT_EQ(refusal("CREATE MATERIALIZED VIEW v (PRIMARY KEY (id) NOT ENFORCED) AS\n"
                      "SELECT id, SUM(a) OVER (ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s,\n"
                      "  COUNT(*) OVER (PARTITION BY a ORDER BY ts) AS n FROM t;"),
              "M6001 3:17 Flink takes one OVER window in a SELECT, this is a second one");
    EXPECT_EQ(refusal("CREATE MATERIALIZED VIEW v (PRIMARY KEY (id) NOT ENFORCED) AS\n"
                      "SELECT id, SUM(a) OVER (ORDER BY a) AS s FROM t;"),
              "M6001 2:12 Flink's OVER is ordered by a time attribute, over rows that do not change");
    EXPECT_EQ(
        refusal("CREATE MATERIALIZED VIEW v AS SELECT a, COUNT(*) AS n FROM t GROUP BY a;\n"
                "SET 'table.exec.state.ttl' = '1 d';\n"
                "CREATE MATERIALIZED VIEW w AS SELECT id, COUNT(*) AS n FROM t GROUP BY id;"),
        "M6001 2:1 a job of Flink's has one table.exec.state.ttl; here statements before it have another");
    EXPECT_EQ(refusal("CREATE MATERIALIZED VIEW v (PRIMARY KEY (id) NOT ENFORCED) AS SELECT id, MAP[id, 'x'] "
                      "AS m FROM t;"),
              "M6001 1:26 column \"m\" of \"v\" is MAP<INT NOT NULL, CHAR(1) NOT NULL> NOT NULL: Flink's "
              "JSON has maps of text only");
}

TEST(Flink, ErrorsOfTheProjectComeFirst) {
    EXPECT_TRUE(refusal("CREATE MATERIALIZED VIEW v AS SELECT nothing FROM t;").starts_with("M2004"));
}

TEST(Flink, OneOverWindowByTwoNames) {
    EXPECT_EQ(refusal("CREATE MATERIALIZED VIEW v (PRIMARY KEY (id) NOT ENFORCED) AS\n"
                      "SELECT id, SUM(a) OVER w AS s, COUNT(*) OVER (order by ts) AS n FROM t WINDOW w AS "
                      "(ORDER BY  ts);"),
              "");
}

TEST(Flink, AtLeastOnceHasNoTransactions) {
    FlinkOptions options;
    options.exactly_once = false;
    const std::string text =
        emitted("CREATE MATERIALIZED VIEW v AS SELECT id, COUNT(*) AS n FROM t GROUP BY id;", options).text();
    EXPECT_NE(text.find("'sink.delivery-guarantee' = 'at-least-once'"), std::string::npos);
    EXPECT_EQ(text.find("transaction"), std::string::npos);
}

TEST(Flink, SavepointsAndJobs) {
    FlinkOptions options;
    options.savepoints["p"] = "file:///it's";
    const FlinkScript script =
        emitted("CREATE MATERIALIZED VIEW v AS SELECT id, COUNT(*) AS n FROM t GROUP BY id;", options);
    EXPECT_NE(script.text().find("SET 'execution.state-recovery.path' = 'file:///it''s'"), std::string::npos);
    int jobs = 0;
    for (const FlinkStatement& s : script.statements) {
        if (s.kind != FlinkStatement::Kind::job) continue;
        ++jobs;
        EXPECT_EQ(s.pipeline, "p");
        ASSERT_EQ(s.inserts.size(), 1U);
        EXPECT_EQ(s.inserts[0].file, "pipelines/p.sql");
    }
    EXPECT_EQ(jobs, 1);
}

/// The projects of this repository, as far as Flink has words for them.
TEST(Flink, FulfilmentIsEmitted) {
    const fs::path folder = fs::path(MR_SOURCE_DIR) / "examples/fulfilment";
    const auto texts = [](const fs::path& from) {
        std::vector<sql::SourceText> out;
        for (const auto& file : fs::directory_iterator(from))
            out.push_back({file.path().string(), read(file.path())});
        return out;
    };
    const FlinkScript script = emit_flink(texts(folder / "streams"), texts(folder / "pipelines"), {});
    EXPECT_TRUE(script.ok()) << sql::render(script.diagnostics);
    EXPECT_EQ(std::ranges::count(script.statements, FlinkStatement::Kind::job, &FlinkStatement::kind), 5);
}

TEST(Keywords, AreFlinks) {
    EXPECT_TRUE(is_flink_reserved("value"));
    EXPECT_TRUE(is_flink_reserved("Day"));
    EXPECT_FALSE(is_flink_reserved("key"));
    EXPECT_EQ(quoted("a`b"), "`a``b`");
    EXPECT_EQ(literal("it's"), "'it''s'");
}

}  // namespace
}  // namespace mr::emit
