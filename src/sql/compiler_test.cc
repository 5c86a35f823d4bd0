// Whole files: the example project, programs' contents, projects of several files.
#include "sql/compiler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace mr::sql {
namespace {

std::vector<SourceText> read_folder(const std::filesystem::path& dir) {
    std::vector<SourceText> out;
    if (!std::filesystem::exists(dir)) return out;
    for (const auto& entry : std::filesystem::directory_iterator(dir)) {
        if (entry.path().extension() != ".sql") continue;
        std::ifstream in(entry.path());
        out.push_back({entry.path().filename().string(),
                       std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>())});
    }
    std::ranges::sort(out, {}, &SourceText::path);
    return out;
}

constexpr const char* kEvents = R"(
CREATE TABLE events (id STRING NOT NULL, kind STRING, amount DECIMAL(10, 2), ts TIMESTAMP_LTZ(3),
                     WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'events', 'format' = 'json');
CREATE TABLE out_topic (id STRING, kind STRING, note STRING, amount DECIMAL(12, 4))
WITH ('connector' = 'kafka', 'topic' = 'out', 'format' = 'json');
)";

Catalog events() {
    Catalog c;
    const auto d = c.add({"streams.sql", kEvents});
    EXPECT_TRUE(d.empty()) << render(d);
    return c;
}

// Goal: the example project compiles, file by file and together.
TEST(Example, Compiles) {
    const std::filesystem::path root = std::filesystem::path(MR_SOURCE_DIR) / "examples/fulfilment";
    const auto streams = read_folder(root / "streams");
    const auto pipelines = read_folder(root / "pipelines");
    ASSERT_FALSE(streams.empty());
    const ProjectCompilation p = compile_project(streams, pipelines);
    EXPECT_TRUE(p.diagnostics.empty()) << render(p.diagnostics);
    EXPECT_EQ(p.programs.size(), pipelines.size());
    if (std::getenv("SHOW") != nullptr) {
        for (const auto& program : p.programs) std::puts((program.name + "\n" + explain(program)).c_str());
    }
}

// Goal: only what is read is decoded, and an insert maps columns by the table's order.
TEST(Compile, PrunesAndMaps) {
    const Compilation c =
        compile(events(), {"p.sql", "INSERT INTO out_topic (amount, id) SELECT amount, id FROM events"});
    ASSERT_TRUE(c.program) << render(c.diagnostics);
    ASSERT_EQ(c.program->sources.size(), 1U);
    const auto& source = std::get<plan::SourceNode>(c.program->sources[0]->op);
    EXPECT_EQ(source.columns, (std::vector<int>{0, 2}));
    const auto& sink = std::get<plan::TopicSink>(c.program->sinks[0].target);
    EXPECT_EQ(sink.mapping, (std::vector<int>{0, -1, -1, 1}));
    EXPECT_EQ(c.program->name, "p");
    EXPECT_EQ(c.program->sinks[0].root->schema[1].type.to_string(), "DECIMAL(12, 4)");
}

// Goal: the fingerprint follows what the program does, not how it is written.
TEST(Compile, FingerprintIgnoresTheText) {
    const auto print = [](const std::string& text) {
        const Compilation c = compile(events(), {"p.sql", text});
        EXPECT_TRUE(c.program) << render(c.diagnostics);
        return c.program ? c.program->fingerprint : 0;
    };
    const auto a =
        print("CREATE MATERIALIZED VIEW v AS SELECT kind, COUNT(*) AS n FROM events GROUP BY kind");
    const auto b = print(
        "-- a comment\ncreate materialized view v as\n  select kind, count(*) n from events as e group by "
        "e.kind;");
    const auto c =
        print("CREATE MATERIALIZED VIEW v AS SELECT kind, COUNT(id) + 1 AS n FROM events GROUP BY kind");
    EXPECT_EQ(a, b);
    EXPECT_NE(a, c);
}

// Goal: a view read in its own file is the same operator; in another file it is its topic.
TEST(Project, ViewsAcrossFiles) {
    const std::vector<SourceText> streams = {{"streams.sql", kEvents}};
    const std::vector<SourceText> pipelines = {
        {"b.sql", "CREATE MATERIALIZED VIEW by_n AS SELECT n, COUNT(*) AS kinds FROM by_kind GROUP BY n"},
        {"a.sql",
         "CREATE MATERIALIZED VIEW by_kind AS SELECT kind, COUNT(*) AS n FROM events GROUP BY kind;"
         "CREATE MATERIALIZED VIEW big AS SELECT kind FROM by_kind WHERE n > 10"}};
    const ProjectCompilation p = compile_project(streams, pipelines);
    ASSERT_TRUE(p.diagnostics.empty()) << render(p.diagnostics);
    ASSERT_EQ(p.programs.size(), 2U);
    EXPECT_EQ(p.programs[0].name, "b");
    EXPECT_EQ(p.programs[0].sources.size(), 1U);
    EXPECT_EQ(std::get<plan::SourceNode>(p.programs[0].sources[0]->op).table->topic(), "by_kind");
    EXPECT_EQ(p.programs[0].sources[0]->mode, plan::Mode::upsert);
    EXPECT_EQ(p.programs[1].sources.size(), 1U);
    ASSERT_NE(p.catalog.table("by_kind"), nullptr);
    EXPECT_EQ(p.catalog.table("by_kind")->primary_key, std::vector<int>{0});
}

// Goal: a view under streams/ may read a table of a file that comes later by name.
TEST(Project, StreamsComeInOrderOfNeed) {
    const std::vector<SourceText> streams = {
        {"a.sql", "CREATE VIEW big AS SELECT id FROM events WHERE amount > 9"}, {"b.sql", kEvents}};
    const ProjectCompilation p = compile_project(streams, {});
    EXPECT_TRUE(p.diagnostics.empty()) << render(p.diagnostics);
    EXPECT_NE(p.catalog.view("big"), nullptr);
}

// Goal: a broken view is reported once, where it is, and not by those who read it.
TEST(Project, ErrorsDoNotCascade) {
    const std::vector<SourceText> streams = {{"streams.sql", kEvents}};
    const std::vector<SourceText> pipelines = {
        {"a.sql", "CREATE MATERIALIZED VIEW a AS SELECT nope FROM events"},
        {"b.sql", "CREATE MATERIALIZED VIEW b AS SELECT kind FROM a GROUP BY kind"}};
    const ProjectCompilation p = compile_project(streams, pipelines);
    ASSERT_EQ(p.diagnostics.size(), 1U) << render(p.diagnostics);
    EXPECT_EQ(p.diagnostics[0].message, "column \"nope\" not found in \"events\"");
    EXPECT_EQ(p.diagnostics[0].file, "a.sql");
}

TEST(Project, CirclesAreRefused) {
    const std::vector<SourceText> streams = {{"streams.sql", kEvents}};
    const std::vector<SourceText> pipelines = {
        {"a.sql", "CREATE MATERIALIZED VIEW a AS SELECT kind FROM b GROUP BY kind"},
        {"b.sql", "CREATE MATERIALIZED VIEW b AS SELECT kind FROM a GROUP BY kind"}};
    EXPECT_EQ(compile_project(streams, pipelines).diagnostics.size(), 2U);
    const Compilation own =
        compile(events(), {"p.sql", "CREATE VIEW x AS SELECT * FROM y; CREATE VIEW y AS SELECT * FROM x;"});
    EXPECT_TRUE(has_errors(own.diagnostics));
}

TEST(Diagnostics, AreJsonToo) {
    const Compilation c = compile(events(), {"p.sql", "INSERT INTO out_topic\nSELECT \"x\" FROM events"});
    ASSERT_FALSE(c.diagnostics.empty());
    EXPECT_EQ(
        to_json(c.diagnostics[0]),
        R"({"code":"M1001","severity":"error","file":"p.sql","line":2,"col":8,"end_col":11,"message":"names )"
        R"(are quoted with ` and strings with ', not with \"","help":""})");
}

}  // namespace
}  // namespace mr::sql
