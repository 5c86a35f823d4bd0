// The generator and its source on a real broker. Goal: rows as the options say, each once, whatever restarts
// lie between; nonsense in the options named at its option.
#include "connect/datagen_source.h"

#include <gtest/gtest.h>

#include "broker/broker_test_node.h"
#include "connect/datagen_rows.h"
#include "connect/print_sink.h"

namespace mr::connect {
namespace {

plan::Table table_of(const std::vector<Field>& columns, const std::map<std::string, std::string>& options) {
    plan::Table table;
    table.name = "made";
    table.options["connector"] = {.value = "datagen"};
    for (const Field& f : columns) {
        plan::TableColumn c;
        c.name = f.name;
        c.type = f.type;
        table.columns.push_back(std::move(c));
    }
    for (const auto& [key, value] : options) table.options[key] = {.value = value};
    return table;
}

DataType of(TypeKind kind, int precision = 0) {
    DataType t = DataType::of(kind);
    t.precision = static_cast<std::int16_t>(precision);
    return t;
}

TEST(Datagen, ValuesStayWithinTheirBounds) {
    const std::vector<Field> columns = {{"n", DataType::integer()},
                                        {"d", DataType::decimal(5, 2)},
                                        {"x", DataType::double_type()},
                                        {"s", DataType::string()},
                                        {"v", of(TypeKind::string, 4)},
                                        {"b", DataType::bytes()},
                                        {"t", DataType::timestamp_ltz(3)},
                                        {"tags", DataType::array(of(TypeKind::string, 2))},
                                        {"r", DataType::row({{"i", of(TypeKind::tinyint)}})}};
    const auto spec = plan::datagen_spec(table_of(columns, {{"fields.n.min", "-3"},
                                                            {"fields.n.max", "3"},
                                                            {"fields.d.min", "1.5"},
                                                            {"fields.d.max", "2"},
                                                            {"fields.x.min", "0"},
                                                            {"fields.x.max", "1"},
                                                            {"fields.s.length", "7"},
                                                            {"fields.b.length", "3"},
                                                            {"fields.t.max-past", "10 s"},
                                                            {"fields.tags.length", "2"},
                                                            {"fields.r.i.min", "5"},
                                                            {"fields.r.i.max", "6"},
                                                            {"fields.n.null-rate", "0.2"}}));
    ASSERT_TRUE(spec) << spec.error().message;
    constexpr std::size_t kRows = 2'000;
    const TimestampMs now(1'700'000'000'000);
    const auto rows = datagen_rows(*spec, 0, kRows, now);
    std::set<std::int64_t> seen;
    std::set<std::string> texts;
    for (std::size_t i = 0; i < kRows; ++i) {
        if (!rows[0]->is_null(i)) seen.insert(rows[0]->integer(i));
        EXPECT_GE(rows[1]->decimal(i), 150);
        EXPECT_LE(rows[1]->decimal(i), 200);
        EXPECT_GE(rows[2]->real(i), 0);
        EXPECT_LT(rows[2]->real(i), 1);
        EXPECT_EQ(rows[3]->text(i).size(), 7U);
        texts.insert(std::string(rows[3]->text(i)));
        EXPECT_EQ(rows[4]->text(i).size(), 4U);
        EXPECT_EQ(rows[5]->text(i).size(), 3U);
        EXPECT_LE(rows[6]->integer(i), now.value);
        EXPECT_GE(rows[6]->integer(i), now.value - 10'000);
        EXPECT_EQ(rows[7]->list_end(i) - rows[7]->list_begin(i), 2U);
        EXPECT_TRUE(rows[8]->child(0)->integer(i) == 5 || rows[8]->child(0)->integer(i) == 6);
    }
    EXPECT_EQ(seen, (std::set<std::int64_t>{-3, -2, -1, 0, 1, 2, 3}));
    EXPECT_GT(rows[0]->null_count(), kRows / 10);
    EXPECT_LT(rows[0]->null_count(), kRows * 3 / 10);
    EXPECT_GT(texts.size(), kRows * 99 / 100);
    // Row 70 is row 70, however it is reached.
    const auto again = datagen_rows(*spec, 70, 1, now);
    for (std::size_t c = 0; c < columns.size(); ++c) EXPECT_EQ(rows[c]->value(70), again[c]->value(0));
}

TEST(Datagen, OptionsAreCheckedAgainstTheColumns) {
    const std::vector<Field> columns = {{"id", DataType::bigint()},
                                        {"small", of(TypeKind::tinyint).with_nullable(false)}};
    const auto problem = [&](const std::map<std::string, std::string>& options) {
        const auto spec = plan::datagen_spec(table_of(columns, options));
        return spec ? std::string("none") : spec.error().message + " | " + spec.error().note;
    };
    EXPECT_EQ(problem({{"fields.id.kind", "sequence"}, {"fields.id.start", "1"}, {"fields.id.end", "9"}}),
              "none");
    EXPECT_EQ(problem({{"fields.id.kind", "sequence"}}),
              "a sequence needs 'fields.id.start' and 'fields.id.end' | ");
    EXPECT_EQ(problem({{"fields.id.kind", "sequense"}}),
              "option 'fields.id.kind' cannot be 'sequense' | did you mean 'sequence'?");
    EXPECT_EQ(problem({{"fields.id.mim", "1"}}),
              "column `id` of a 'datagen' table has no option "
              "'fields.id.mim' | did you mean 'fields.id.min'?");
    EXPECT_EQ(problem({{"fields.di.min", "1"}}),
              "option 'fields.di.min': there is no column `di` | did you mean 'fields.id.min'?");
    EXPECT_EQ(problem({{"fields.small.max", "300"}}),
              "option 'fields.small.max' is a value of TINYINT NOT NULL, not '300' | ");
    EXPECT_EQ(problem({{"fields.small.min", "3"}, {"fields.small.max", "2"}}),
              "'fields.small.max' is below 'fields.small.min' | ");
    EXPECT_EQ(problem({{"fields.small.null-rate", "0.5"}}),
              "the column is NOT NULL, and 'fields.small.null-rate' asks for NULLs | ");
    EXPECT_EQ(problem({{"fields.id.null-rate", "2"}}),
              "option 'fields.id.null-rate' is a number from 0 to 1 | ");
    EXPECT_EQ(
        problem(
            {{"fields.small.kind", "sequence"}, {"fields.small.start", "1"}, {"fields.small.end", "1000"}}),
        "'fields.small.start' to 'fields.small.end' is beyond TINYINT NOT NULL | ");
}

TEST(Datagen, EveryRowOnceAtItsRate) {
    broker::TestNode node;
    const auto table = std::make_shared<const plan::Table>(
        table_of({{"id", DataType::bigint()}}, {{"fields.id.kind", "sequence"},
                                                {"fields.id.start", "100"},
                                                {"fields.id.end", "5000000"},
                                                {"number-of-rows", "2600"},
                                                {"rows-per-second", "1000"}}));
    node.create(table->source_topic());
    const auto open = [&] {
        auto made = DatagenSource::open(
            node.broker(), node.clock(),
            [&](std::unique_ptr<journal::Proposal>& p) {
                return node.journal().try_submit(journal::Lane::bulk, p);
            },
            table);
        EXPECT_TRUE(made) << made.error().message;
        return std::move(*made);
    };
    const auto run = [&](DatagenSource& source) {
        for (int idle = 0; idle < 2;) {
            const auto worked = source.run_once();
            ASSERT_TRUE(worked) << worked.error().message;
            idle = *worked ? 0 : idle + 1;
            node.pump();
        }
    };
    auto source = open();
    run(*source);
    EXPECT_EQ(node.values(table->source_topic()).size(), 0U);
    node.clock().advance_ms(1'500);
    run(*source);
    EXPECT_EQ(node.values(table->source_topic()).size(), 1'500U);
    source.reset();
    node.restart();
    source = open();
    run(*source);
    node.clock().advance_ms(500);
    run(*source);
    EXPECT_EQ(node.values(table->source_topic()).size(), 2'000U);
    node.clock().advance_ms(5'000);
    run(*source);
    const auto values = node.values(table->source_topic());
    ASSERT_EQ(values.size(), 2'600U);
    for (std::size_t i = 0; i < values.size(); ++i)
        EXPECT_EQ(values[i], fmt::format(R"({{"id":{}}})", 100 + i));
}

TEST(Print, LinesAsFlinkPrintsRows) {
    broker::TestNode node;
    auto declared = table_of({{"id", DataType::bigint()},
                              {"name", DataType::string()},
                              {"at", DataType::timestamp(3)},
                              {"tags", DataType::array(DataType::integer())}},
                             {{"print-identifier", "out"}});
    declared.options["connector"].value = "print";
    const auto table = std::make_shared<const plan::Table>(declared);
    node.create("made");
    std::string printed;
    const auto open = [&] {
        auto made = PrintSink::open(node.broker(), table, [&](std::string_view text, bool error) {
            EXPECT_FALSE(error);
            printed += text;
        });
        EXPECT_TRUE(made) << made.error().message;
        return std::move(*made);
    };
    node.produce("made", 0,
                 std::vector<std::string>{R"({"before":null,"after":{"id":0,"name":"old"},"op":"c"})"});
    const auto sink = open();
    EXPECT_EQ(*sink->run_once(), 0U);
    node.produce(
        "made", 0,
        {R"({"before":null,"after":{"id":1,"name":"a","at":"2024-01-31 10:05:00","tags":[1,2]},"op":"c"})",
         R"({"before":{"id":1,"name":"a","at":"2024-01-31 10:05:00","tags":[1,2]},"after":null,"op":"d"})",
         R"({"before":null,"after":{"id":2,"name":null,"at":"2024-01-31 10:05:09.5","tags":[]},"op":"c"})"});
    EXPECT_EQ(*sink->run_once(), 3U);
    EXPECT_EQ(printed,
              "out> +I[1, a, 2024-01-31T10:05, [1, 2]]\n"
              "out> -D[1, a, 2024-01-31T10:05, [1, 2]]\n"
              "out> +I[2, null, 2024-01-31T10:05:09.500, []]\n");
    EXPECT_EQ(*sink->run_once(), 0U);
}

}  // namespace
}  // namespace mr::connect
