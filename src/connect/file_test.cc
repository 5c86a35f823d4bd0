// Files as source and sink on a real broker and journal. Goal: every row once, whatever restarts lie between,
// and other tools' conventions kept (hidden files, folders of partitions).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "broker/broker_test_node.h"
#include "connect/file_commit.h"
#include "connect/file_sink.h"
#include "connect/file_source.h"
#include "wire/compression.h"
#include "wire/record.h"

namespace mr::connect {
namespace {

namespace files = std::filesystem;

class FilesTest : public ::testing::Test {
  protected:
    plan::TablePtr table(const std::map<std::string, std::string>& options, bool partitioned = false) {
        auto made = std::make_shared<plan::Table>();
        made->name = "items";
        const auto column = [&](const char* name, DataType type) {
            plan::TableColumn c;
            c.name = name;
            c.type = std::move(type);
            made->columns.push_back(std::move(c));
        };
        column("id", DataType::bigint());
        column("name", DataType::string());
        if (partitioned) {
            column("day", DataType::string());
            made->partitioned_by = {2};
        }
        made->options["connector"] = {.value = "filesystem"};
        made->options["path"] = {.value = folder().string()};
        made->options["format"] = {.value = "json"};
        for (const auto& [key, value] : options) made->options[key] = {.value = value};
        return made;
    }
    [[nodiscard]] files::path folder() { return node_.directory() / "files"; }

    void write(const std::string& name, const std::string& text) {
        files::create_directories((folder() / name).parent_path());
        std::ofstream(folder() / name, std::ios::binary) << text;
    }
    /// Every visible file's text by its name.
    std::map<std::string, std::string> visible() {
        std::map<std::string, std::string> out;
        for (const auto& entry : files::recursive_directory_iterator(folder())) {
            const std::string name = entry.path().filename().string();
            if (!entry.is_regular_file() || name.starts_with('.')) continue;
            std::ifstream in(entry.path(), std::ios::binary);
            out[entry.path().lexically_relative(folder()).string()] = {std::istreambuf_iterator<char>(in),
                                                                       {}};
        }
        return out;
    }

    std::unique_ptr<FileSource> source(const plan::TablePtr& t) {
        auto made = FileSource::open(
            node_.broker(), node_.clock(), posix_file_system(),
            [&](std::unique_ptr<journal::Proposal>& p) {
                return node_.journal().try_submit(journal::Lane::bulk, p);
            },
            t, "/");
        EXPECT_TRUE(made) << made.error().message;
        return made ? std::move(*made) : nullptr;
    }
    void run(FileSource& s) {
        for (int idle = 0; idle < 3;) {
            const auto worked = s.run_once();
            ASSERT_TRUE(worked) << worked.error().message;
            idle = *worked ? 0 : idle + 1;
            node_.pump();
        }
    }
    void create_source_topics(const plan::TablePtr& t) {
        node_.create(t->source_topic());
        node_.create(FileSource::places_topic(*t), 1, {{"cleanup.policy", "compact"}});
    }

    std::unique_ptr<FileSink> sink(const plan::TablePtr& t) {
        auto made = FileSink::open(node_.broker(), node_.clock(), posix_file_system(), t, "/");
        EXPECT_TRUE(made) << made.error().message;
        return made ? std::move(*made) : nullptr;
    }

    broker::TestNode node_;
};

using Values = std::vector<std::string>;

TEST_F(FilesTest, LinesOfEveryFileOnce) {
    const auto t = table({{"source.monitor-interval", "1 s"}});
    create_source_topics(t);
    write("b.json", "{\"id\":3}\r\n\n{\"id\":4}");
    write("a.json", "{\"id\":1}\n{\"id\":2}\n");
    write("_hidden", "{\"id\":99}\n");
    write(".staging/c", "{\"id\":99}\n");
    write("empty", "");
    auto s = source(t);
    run(*s);
    const Values first = {R"({"id":1})", R"({"id":2})", R"({"id":3})", R"({"id":4})"};
    EXPECT_EQ(node_.values(t->source_topic()), first);
    // A restart knows what was read; a new file is found at the next look.
    s.reset();
    node_.restart();
    s = source(t);
    run(*s);
    EXPECT_EQ(node_.values(t->source_topic()), first);
    write("day=1/c.json", "{\"id\":5}\n");
    run(*s);
    EXPECT_EQ(node_.values(t->source_topic()), first);
    node_.clock().advance_ms(1'000);
    run(*s);
    Values all = first;
    all.emplace_back(R"({"id":5})");
    EXPECT_EQ(node_.values(t->source_topic()), all);
}

TEST_F(FilesTest, GoesOnInTheMiddleOfAFile) {
    const auto t = table({});
    create_source_topics(t);
    std::string text;
    Values wanted;
    for (int i = 0; i < 7'000; ++i) {
        wanted.push_back(fmt::format(R"({{"id":{}}})", i));
        text += wanted.back() + "\n";
    }
    write("long.json", text);
    auto s = source(t);
    ASSERT_TRUE(*s->run_once());
    node_.pump();
    // Killed: the batch is in the topic, nobody remembered it.
    s.reset();
    node_.restart();
    const std::size_t before = node_.values(t->source_topic()).size();
    EXPECT_GT(before, 0U);
    EXPECT_LT(before, wanted.size());
    s = source(t);
    run(*s);
    EXPECT_EQ(node_.values(t->source_topic()), wanted);
}

TEST_F(FilesTest, ThePlaceInTheHeaderCountsWhereItsRecordIsMissing) {
    const auto t = table({});
    create_source_topics(t);
    write("a.json", "{\"id\":1}\n{\"id\":2}\n");
    // As a crash between the two parts of a proposal leaves it.
    wire::BatchBuilder batch;
    const wire::RecordHeader header{"millrace.file", "9\ta.json"};
    batch.add(node_.clock().now(), std::nullopt, R"({"id":1})", std::span(&header, 1));
    node_.produce(t->source_topic(), 0, batch.finish());
    auto s = source(t);
    run(*s);
    EXPECT_EQ(node_.values(t->source_topic()), (Values{R"({"id":1})", R"({"id":2})"}));
}

TEST_F(FilesTest, QuotedLineEndsBelongToTheirRow) {
    const auto t = table({{"format", "csv"}});
    create_source_topics(t);
    write("a.csv", "1,\"two\nlines\"\n2,x\n");
    auto s = source(t);
    run(*s);
    EXPECT_EQ(node_.values(t->source_topic()), (Values{"1,\"two\nlines\"", "2,x"}));
}

TEST_F(FilesTest, SinkCommitsFilesWithTheirPosition) {
    const auto t = table({{"format", "csv"}, {"sink.rolling-policy.inactivity-interval", "10 s"}});
    node_.create("items");
    auto s = sink(t);
    node_.produce("items", 0, Values{R"({"id":1,"name":"a"})", R"({"id":2,"name":"b,c"})"});
    EXPECT_EQ(*s->run_once(), 0U);
    EXPECT_TRUE(visible().empty());
    // Killed before the commit: nothing is doubled.
    s.reset();
    node_.restart();
    s = sink(t);
    EXPECT_EQ(*s->run_once(), 0U);
    node_.clock().advance_ms(10'000);
    EXPECT_EQ(*s->run_once(), 2U);
    EXPECT_EQ(visible(), (std::map<std::string, std::string>{{"part-items-1-0.csv", "1,a\n2,\"b,c\"\n"}}));
    s.reset();
    node_.restart();
    s = sink(t);
    node_.produce("items", 0, Values{R"({"id":3,"name":null})"});
    EXPECT_EQ(*s->run_once(), 0U);
    node_.clock().advance_ms(10'000);
    EXPECT_EQ(*s->run_once(), 1U);
    EXPECT_EQ(visible().size(), 2U);
    EXPECT_EQ(visible()["part-items-2-0.csv"], "3,\n");
}

TEST_F(FilesTest, CommitIsDoneAgainAfterACrash) {
    const auto t = table({{"sink.rolling-policy.inactivity-interval", "1 s"}});
    node_.create("items");
    auto s = sink(t);
    node_.produce("items", 0, Values{R"({"id":1,"name":"a"})"});
    EXPECT_EQ(*s->run_once(), 0U);
    node_.clock().advance_ms(1'000);
    EXPECT_EQ(*s->run_once(), 1U);
    s.reset();
    // As if killed between the commit and the renaming; beside it what a commit that never was left.
    files::rename(folder() / "part-items-1-0.json", folder() / ".part-items-1-0.inprogress");
    write(".part-items-2-0.inprogress", "half a ro");
    write(".part-items-b-2-0.inprogress", "another table's");
    s = sink(t);
    EXPECT_EQ(visible(),
              (std::map<std::string, std::string>{{"part-items-1-0.json", "{\"id\":1,\"name\":\"a\"}\n"}}));
    EXPECT_FALSE(files::exists(folder() / ".part-items-2-0.inprogress"));
    EXPECT_TRUE(files::exists(folder() / ".part-items-b-2-0.inprogress"));
    EXPECT_EQ(*s->run_once(), 0U);
}

TEST_F(FilesTest, PartitionsAreFolders) {
    const auto t = table({{"sink.rolling-policy.inactivity-interval", "1 s"},
                          {"sink.partition-commit.policy.kind", "success-file"}},
                         true);
    node_.create("items");
    auto s = sink(t);
    node_.produce(
        "items", 0,
        Values{R"({"id":1,"name":"a","day":"2024-01-31"})", R"({"id":2,"name":"b","day":null})",
               R"({"id":3,"name":"c","day":"10:00"})", R"({"id":4,"name":"d","day":"2024-01-31"})"});
    EXPECT_EQ(*s->run_once(), 0U);
    node_.clock().advance_ms(1'000);
    EXPECT_EQ(*s->run_once(), 4U);
    std::map<std::string, std::string> by_folder;
    for (const auto& [name, text] : visible()) {
        if (!name.ends_with("_SUCCESS")) by_folder[files::path(name).parent_path().string()] = text;
    }
    EXPECT_EQ(by_folder, (std::map<std::string, std::string>{
                             {"day=2024-01-31", "{\"id\":1,\"name\":\"a\"}\n{\"id\":4,\"name\":\"d\"}\n"},
                             {"day=10%3A00", "{\"id\":3,\"name\":\"c\"}\n"},
                             {"day=__DEFAULT_PARTITION__", "{\"id\":2,\"name\":\"b\"}\n"}}));
    EXPECT_TRUE(files::exists(folder() / "day=2024-01-31/_SUCCESS"));
}

TEST_F(FilesTest, ParquetIsWrittenAndReadBack) {
    const auto out = table({{"format", "parquet"}, {"sink.rolling-policy.inactivity-interval", "1 s"}});
    node_.create("items");
    auto s = sink(out);
    node_.produce("items", 0, Values{R"({"id":1,"name":"a"})", R"({"id":null,"name":"ü"})"});
    EXPECT_EQ(*s->run_once(), 0U);
    node_.clock().advance_ms(1'000);
    EXPECT_EQ(*s->run_once(), 2U);
    create_source_topics(out);
    auto in = source(out);
    run(*in);
    EXPECT_EQ(node_.values(out->source_topic()),
              (Values{R"({"id":1,"name":"a"})", R"({"id":null,"name":"ü"})"}));
}

TEST_F(FilesTest, PartitionsOfReadFilesBecomeColumns) {
    const auto t = table({{"format", "csv"}}, true);
    create_source_topics(t);
    write("day=10%3A00/a.csv", "1,a\n");
    write("day=__DEFAULT_PARTITION__/b.csv", "2,b\n");
    auto s = source(t);
    run(*s);
    EXPECT_EQ(node_.values(t->source_topic()),
              (Values{R"({"id":1,"name":"a","day":"10:00"})", R"({"id":2,"name":"b","day":null})"}));
}

// Goal: the rows of compressed files are those of the text, from the middle too; a file that is cut or
// another is told by its name, and the others are read.
TEST_F(FilesTest, CompressedTextIsReadAsText) {
    const auto t = table({});
    create_source_topics(t);
    std::string text;
    Values rows;
    for (int i = 0; i < 5'000; ++i) {
        rows.push_back(fmt::format(R"({{"id":{}}})", i));
        text += rows.back() + "\n";
    }
    const auto packed = [](wire::Compression how, std::string_view bytes) {
        std::string out;
        EXPECT_TRUE(wire::compress(how, bytes, out));
        return out;
    };
    // Two members and frames one after the other are one text.
    const std::string first = text.substr(0, 20'001);
    const std::string second = text.substr(20'001);
    write("a.json.gz", packed(wire::Compression::gzip, first) + packed(wire::Compression::gzip, second));
    write("b.JSON.ZST", packed(wire::Compression::zstd, first) + packed(wire::Compression::zstd, second));
    write("c.gzip", "");
    write("d.gz", packed(wire::Compression::gzip, "{\"id\":-1}\n") + std::string(512, '\0'));
    Values wanted = rows;
    wanted.insert(wanted.end(), rows.begin(), rows.end());
    wanted.emplace_back(R"({"id":-1})");
    auto s = source(t);
    ASSERT_TRUE(*s->run_once());
    node_.pump();
    s.reset();
    node_.restart();
    s = source(t);
    run(*s);
    EXPECT_EQ(node_.values(t->source_topic()), wanted);
    const auto problem = [&](const std::string& name, const std::string& bytes) {
        const auto one = table({{"path", (folder() / name).string()}});
        write(name, bytes);
        auto failing = source(one);
        const auto worked = failing->run_once();
        return worked ? std::string("none") : worked.error().message;
    };
    const std::string gzip = packed(wire::Compression::gzip, text);
    EXPECT_NE(
        problem("x/cut.gz", gzip.substr(0, gzip.size() - 9)).find("cut.gz: the file breaks off at byte"),
        std::string::npos);
    EXPECT_NE(
        problem("x/none.gz", "plain text").find("none.gz: no gzip or zlib data, or damaged before byte"),
        std::string::npos);
    const std::string zstd = packed(wire::Compression::zstd, text);
    EXPECT_NE(problem("x/cut.zst", zstd.substr(0, zstd.size() - 1)).find("cut.zst: the file breaks off"),
              std::string::npos);
    EXPECT_NE(problem("x/a.xz", "").find("files ending in .xz are not read: compress with gzip or zstd"),
              std::string::npos);
}

// Goal: a file that breaks off gives its rows, once, and an error that stays; files that come later are found
// and read all the same; once the file is whole its rest follows.
TEST_F(FilesTest, ABadFileHoldsUpNoOther) {
    const auto t = table({{"source.monitor-interval", "1 s"}});
    create_source_topics(t);
    // Stored, not packed, so that what comes before the cut is there.
    std::mt19937 random(7);
    std::string text;
    Values rows;
    while (text.size() < (3U << 20)) {
        std::string noise;
        for (int i = 0; i < 1'000; ++i) noise += static_cast<char>('a' + random() % 26);
        rows.push_back(fmt::format(R"({{"id":{},"name":"{}"}})", rows.size(), noise));
        text += rows.back() + "\n";
    }
    std::string packed;
    ASSERT_TRUE(wire::compress(wire::Compression::gzip, text, packed));
    write("a.json.gz", packed.substr(0, packed.size() - 10'000));
    files::create_directories(folder() / "folder.gz");
    auto s = source(t);
    const auto run_on = [&] {
        std::string told;
        for (int idle = 0; idle < 3;) {
            const auto worked = s->run_once();
            if (!worked) told = worked.error().message;
            idle = worked.value_or(false) ? 0 : idle + 1;
            node_.pump();
        }
        return told;
    };
    EXPECT_NE(run_on().find("a.json.gz: the file breaks off at byte"), std::string::npos);
    const std::size_t before = node_.values(t->source_topic()).size();
    EXPECT_GT(before, 100U);
    EXPECT_LT(before, rows.size());
    write("b.json", "{\"id\":-1}\n");
    node_.clock().advance_ms(1'000);
    EXPECT_NE(run_on().find("a.json.gz: the file breaks off at byte"), std::string::npos);
    EXPECT_EQ(node_.values(t->source_topic()).size(), before + 1);
    write("a.json.gz", packed);
    EXPECT_EQ(run_on(), "");
    Values wanted = rows;
    wanted.insert(wanted.begin() + static_cast<std::ptrdiff_t>(before), R"({"id":-1})");
    EXPECT_EQ(node_.values(t->source_topic()), wanted);
}

// Goal: what unpacks to far more than memory is read piece by piece: a line without an end is refused at its
// bound, and lines are read on.
TEST_F(FilesTest, ABombIsALongLine) {
    std::string zeros;
    ASSERT_TRUE(wire::compress(wire::Compression::gzip, std::string(16U << 20, 'x'), zeros));
    std::string bomb;
    for (int i = 0; i < 64; ++i) bomb += zeros;
    const auto t = table({{"path", (folder() / "bomb.gz").string()}, {"format", "raw"}});
    create_source_topics(t);
    write("bomb.gz", bomb);
    auto s = source(t);
    const auto worked = s->run_once();
    ASSERT_FALSE(worked);
    EXPECT_NE(worked.error().message.find("bomb.gz: the line at byte 0 is longer than 8 MiB"),
              std::string::npos)
        << worked.error().message;
}

TEST_F(FilesTest, RowsSayWhichFileTheyAreOf) {
    auto t = std::make_shared<plan::Table>(*table({}));
    for (const char* key : {"file.path", "file.name", "file.size", "file.modification-time"}) {
        plan::TableColumn c;
        c.name = key;
        c.kind = plan::ColumnKind::metadata;
        c.type = DataType::string();
        t->columns.push_back(std::move(c));
    }
    create_source_topics(t);
    write("a.json", "{\"id\":1}\n{\"id\":2}\n");
    const auto time =
        files::file_time_type::clock::from_sys(std::chrono::sys_seconds(std::chrono::seconds(86'400)));
    files::last_write_time(folder() / "a.json", time);
    auto s = source(t);
    run(*s);
    std::vector<std::map<std::string, std::string>> headers;
    broker::PartitionLog& log = node_.log(t->source_topic());
    std::string bytes;
    node_.broker().read(log, Offset(0), {}).append_to(bytes);
    std::string_view rest = bytes;
    const auto batch = wire::next_batch(rest);
    ASSERT_TRUE(batch && *batch);
    auto records = wire::RecordReader::open(**batch);
    ASSERT_TRUE(records);
    for (wire::Record record; records->next(record);) {
        headers.emplace_back();
        record.headers.each(
            [&](const wire::RecordHeader& h) { headers.back()[std::string(h.key)] = *h.value; });
    }
    const std::map<std::string, std::string> about = {{"file.path", (folder() / "a.json").string()},
                                                      {"file.name", "a.json"},
                                                      {"file.size", "18"},
                                                      {"file.modification-time", "86400000"}};
    ASSERT_EQ(headers.size(), 2U);
    EXPECT_EQ(headers[0], about);
    headers[1].erase("millrace.file");
    EXPECT_EQ(headers[1], about);
}

// docs/formats/file-sink.md, worked example.
TEST(FileCommit, ReadsWhatTheDocumentShows) {
    FileCommit commit;
    commit.number = 3;
    commit.position.through = Seq(812);
    commit.position.next_offset = {{0, 57}, {1, 60}};
    commit.files = {{"day=2024-01-31/.part-items-3-0.inprogress", "day=2024-01-31/part-items-3-0.csv"}};
    const std::string text = commit.to_text();
    EXPECT_TRUE(
        text.starts_with("millrace-files 1\nnumber 3\nthrough 812\noffset 0 57\noffset 1 60\n"
                         "file day=2024-01-31/.part-items-3-0.inprogress\tday=2024-01-31/part-items-3-0.csv\n"
                         "crc32c 894b577d\n"))
        << text;
    const auto back = FileCommit::parse(text);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->to_text(), text);
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string torn = text.substr(0, i);
        EXPECT_FALSE(FileCommit::parse(torn)) << i;
        torn = text;
        torn[i] = static_cast<char>(torn[i] ^ 1);
        EXPECT_FALSE(FileCommit::parse(torn)) << i;
    }
    EXPECT_EQ(FileCommit::parse("millrace-files 2\n").error().code, Code::unsupported);
}

}  // namespace
}  // namespace mr::connect
