// Goal: sinks commit rows with their position, queries read our scans and nothing else, every type survives
// both ways.
#include "warehouse/warehouse.h"

#include <gtest/gtest.h>

namespace mr::warehouse {
namespace {

class OneBatch final : public Scan {
  public:
    explicit OneBatch(RowBatch batch) : batch_(std::move(batch)) {}
    Result<std::optional<RowBatch>> next() override { return std::exchange(batch_, std::nullopt); }

  private:
    std::optional<RowBatch> batch_;
};

/// One table "things" whose columns the test sets.
class TestCatalog final : public ScanCatalog {
  public:
    Schema schema;
    std::vector<ColumnPtr> columns;
    std::set<int> ranged;
    Ranges ranges;  ///< of the last scan
    std::optional<ScanTable> find(std::string_view name) override {
        if (name != "things") return std::nullopt;
        return ScanTable{
            schema,
            [this](const std::vector<int>& wanted, const Ranges& asked) -> Result<std::unique_ptr<Scan>> {
                ranges = asked;
                RowBatch batch;
                for (const int c : wanted) batch.columns.push_back(columns[static_cast<std::size_t>(c)]);
                batch.rows = columns[0]->size();
                return std::make_unique<OneBatch>(std::move(batch));
            },
            ranged};
    }
    std::vector<std::string> names() override { return {"things"}; }

    void add(std::string name, DataType type, const std::vector<Value>& values) {
        ColumnBuilder b(type);
        for (const Value& v : values) b.append_value(v);
        columns.push_back(b.finish());
        schema.fields.push_back({std::move(name), std::move(type)});
    }
};

struct WarehouseTest : ::testing::Test {
    TestCatalog catalog;
    std::unique_ptr<Warehouse> warehouse = Warehouse::open({}, catalog).value();

    QueryResult run(const std::string& sql) {
        auto result = warehouse->query(sql, {});
        EXPECT_TRUE(result.has_value()) << sql << ": " << result.error().message;
        return result.value_or(QueryResult{});
    }
};

TEST_F(WarehouseTest, EveryTypeSurvivesTheScan) {
    const auto list = [](std::vector<Value> v) { return Value::of(std::move(v)); };
    catalog.add("b", DataType::boolean(), {Value::of(true), Value::null(), Value::of(false)});
    catalog.add("i", DataType::integer(), {Value::of(1), Value::of(-2), Value::null()});
    catalog.add("l", DataType::bigint(), {Value::of(INT64_MAX), Value::null(), Value::of(INT64_MIN)});
    catalog.add("d", DataType::double_type(), {Value::of(0.5), Value::of(-1e300), Value::null()});
    for (const int p : {4, 9, 18, 38}) {
        catalog.add("m" + std::to_string(p), DataType::decimal(p, 2),
                    {Value::of(Int128{-125}), Value::null(), Value::of(Int128{7})});
    }
    catalog.add("s", DataType::string(),
                {Value::of("a longer text than twelve bytes"), Value::null(), Value::of("")});
    catalog.add("dt", DataType::date(), {Value::of(19503), Value::null(), Value::of(-1)});
    catalog.add("a", DataType::array(DataType::integer()),
                {list({Value::of(1), Value::null()}), Value::null(), list({})});
    catalog.add("mp", DataType::map(DataType::string(), DataType::bigint()),
                {list({Value::of("k"), Value::of(5)}), list({}), list({Value::of("x"), Value::null()})});
    catalog.add("r", DataType::row({{"x", DataType::integer()}, {"y", DataType::string()}}),
                {list({Value::of(1), Value::of("q")}), Value::null(), list({Value::null(), Value::of("z")})});
    const QueryResult result = run("SELECT * FROM things");
    ASSERT_EQ(result.rows, 3U);
    for (std::size_t c = 0; c < catalog.columns.size(); ++c) {
        EXPECT_TRUE(result.schema[c].type.same_as(catalog.schema[c].type)) << catalog.schema[c].name;
        for (std::size_t row = 0; row < 3; ++row) {
            EXPECT_EQ(result.columns[c]->value(row), catalog.columns[c]->value(row))
                << catalog.schema[c].name << " " << row;
        }
    }
}

TEST_F(WarehouseTest, TimestampsBecomeMicroseconds) {
    catalog.add("t", DataType::timestamp_ltz(3), {Value::of(std::int64_t{1685125600123})});
    const QueryResult result = run("SELECT t, date_trunc('hour', t) AS h FROM things");
    EXPECT_EQ(result.columns[0]->integer(0), 1685125600123000);
    EXPECT_EQ(run("SELECT count(*) FROM things").columns[0]->integer(0), 1);
}

TEST_F(WarehouseTest, ASinkCommitsRowsWithItsPosition) {
    const WarehouseTable table{"rollup", Schema{{{"k", DataType::string()}, {"n", DataType::bigint()}}}, {0}};
    ASSERT_TRUE(warehouse->create_table(table).has_value());
    const auto column = [](const DataType& type, const std::vector<Value>& values) {
        ColumnBuilder b(type);
        for (const Value& v : values) b.append_value(v);
        return b.finish();
    };
    const auto put = [&](std::vector<Value> k, std::vector<Value> n, std::vector<Value> gone,
                         std::int64_t offset) {
        return warehouse->commit(table, {{column(DataType::string(), k), column(DataType::bigint(), n)},
                                         {column(DataType::string(), gone)},
                                         {{0, offset}}});
    };
    ASSERT_TRUE(put({Value::of("a"), Value::of("b")}, {Value::of(1), Value::of(2)}, {}, 10).has_value());
    ASSERT_TRUE(put({Value::of("a")}, {Value::of(5)}, {Value::of("b")}, 20).has_value());
    const QueryResult result = run("SELECT * FROM rollup ORDER BY k");
    ASSERT_EQ(result.rows, 1U);
    EXPECT_EQ(result.columns[1]->integer(0), 5);
    const auto positions = warehouse->positions("rollup");
    ASSERT_TRUE(positions.has_value());
    ASSERT_EQ(positions->size(), 1U);
    EXPECT_EQ((*positions)[0].next_offset, 20);
    EXPECT_EQ(warehouse->tables(), std::vector<std::string>{"rollup"});
}

TEST_F(WarehouseTest, ScansAreToldWhatWhereAsksFor) {
    catalog.add("offset", DataType::bigint(), {Value::of(1), Value::of(50), Value::of(90)});
    catalog.add("at", DataType::timestamp_ltz(3),
                {Value::of(std::int64_t{0}), Value::null(), Value::of(std::int64_t{5})});
    catalog.ranged = {0, 1};
    const auto asked = [&](const std::string& sql) {
        catalog.ranges = {{7, {}}};
        run(sql);
        return catalog.ranges;
    };
    Ranges r = asked("SELECT * FROM things WHERE \"offset\" >= 10 AND things.offset < 60.4 AND 5 < 7");
    ASSERT_EQ(r.size(), 1U);
    EXPECT_EQ(r[0].low, 10);
    EXPECT_EQ(r[0].high, 60);
    r = asked("SELECT count(*) FROM things t WHERE t.\"OFFSET\" BETWEEN 3 AND 5 + 1 OR false");
    EXPECT_TRUE(r.empty()) << "OR";
    r = asked("SELECT count(*) FROM things t WHERE t.\"OFFSET\" BETWEEN 3 AND 5 + 1");
    EXPECT_EQ(r[0].low, 3);
    EXPECT_EQ(r[0].high, 6);
    r = asked("SELECT * FROM things WHERE 50 = \"offset\"");
    EXPECT_EQ(r[0].low, 50);
    EXPECT_EQ(r[0].high, 50);
    EXPECT_EQ(run("SELECT * FROM things WHERE 50 = \"offset\"").rows, 1U);
    r = asked(
        "WITH x AS (SELECT * FROM things WHERE \"at\" >= '2024-01-01 00:00:00' AND \"at\" < now() - INTERVAL "
        "1 HOUR) FROM x");
    EXPECT_EQ(r[1].low, 1'704'067'200'000'000 - 60'000'000);
    EXPECT_LT(r[1].high, INT64_MAX);
    // DuckDB's parser turns the comparison round.
    r = asked("SELECT * FROM things WHERE NOT \"offset\" >= 10");
    EXPECT_EQ(r[0].low, INT64_MIN);
    EXPECT_EQ(r[0].high, 10);
    for (const char* sql :
         {"SELECT * FROM things WHERE \"offset\" + 1 >= 10",
          "SELECT * FROM things WHERE \"offset\" >= random()",
          "SELECT * FROM things a, things b WHERE a.\"offset\" >= 10",
          "SELECT * FROM things WHERE \"offset\" >= 10 UNION ALL SELECT * FROM things",
          "SELECT * FROM things WHERE \"offset\" >= (SELECT 5)", "SELECT * FROM things WHERE \"offset\" <> 5",
          "SELECT * FROM things t(a, b) WHERE a >= 10"})
        EXPECT_TRUE(asked(sql).empty()) << sql;
}

TEST_F(WarehouseTest, OnlyQueriesAreAllowed) {
    for (const char* sql :
         {"CREATE TABLE x (i INT)", "DROP TABLE _millrace_positions", "COPY (SELECT 1) TO '/tmp/x.csv'",
          "ATTACH '/tmp/x.db'", "INSTALL httpfs", "SET memory_limit = '1GB'"}) {
        const auto result = warehouse->query(sql, {});
        EXPECT_FALSE(result.has_value()) << sql;
    }
    EXPECT_FALSE(warehouse->query("SELECT * FROM read_csv('/etc/passwd')", {}).has_value());
    EXPECT_FALSE(warehouse->query("SELECT * FROM '/etc/passwd'", {}).has_value());
    EXPECT_FALSE(warehouse->query("SELECT 1; SELECT 2", {}).has_value());
    EXPECT_FALSE(warehouse->query("", {}).has_value());
    EXPECT_EQ(warehouse->query("SELEC 1", {}).error().code, Code::invalid_argument);
}

TEST_F(WarehouseTest, QueriesAreBounded) {
    const auto cut = warehouse->query("SELECT * FROM range(1000000)", {.rows_max = 5'000});
    ASSERT_TRUE(cut.has_value()) << cut.error().message;
    EXPECT_EQ(cut->rows, 5'000U);
    EXPECT_TRUE(cut->truncated);
    const auto slow = warehouse->query(
        "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b", {.timeout_ms = 50});
    ASSERT_FALSE(slow.has_value());
    EXPECT_EQ(slow.error().code, Code::unavailable);
}

}  // namespace
}  // namespace mr::warehouse
