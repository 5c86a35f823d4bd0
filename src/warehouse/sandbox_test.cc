// Ad-hoc SQL tries to get out. Goal: whatever is sent, nothing is written, no file is touched, nothing runs
// for ever, and an answer has a size. Method: a list of what people have used to get out of DuckDB.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "warehouse/guard.h"
#include "warehouse/warehouse.h"

namespace mr::warehouse {
namespace {

class NoTables final : public ScanCatalog {
  public:
    std::optional<ScanTable> find(std::string_view) override { return std::nullopt; }
    std::vector<std::string> names() override { return {}; }
};

struct Sandbox : ::testing::Test {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("millrace_sandbox_" + std::to_string(::getpid()));
    NoTables catalog;
    std::unique_ptr<Warehouse> warehouse;

    void SetUp() override {
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "secret.csv") << "a,b\n1,2\n";
        warehouse = Warehouse::open({.path = (folder / "w.duckdb").string()}, catalog).value();
        const WarehouseTable table{"t", Schema{{{"i", DataType::integer()}}}, {0}};
        ASSERT_TRUE(warehouse->create_table(table));
        ColumnBuilder b(DataType::integer());
        b.append_integer(1);
        ASSERT_TRUE(warehouse->commit(table, {{b.finish()}, {}, {{0, 1}}}));
    }
    void TearDown() override {
        warehouse.reset();
        std::filesystem::remove_all(folder);
    }
    std::int64_t rows() { return warehouse->query("SELECT count(*) FROM t", {})->columns[0]->integer(0); }
};

TEST_F(Sandbox, NothingIsWritten) {
    const std::string file = (folder / "out").string();
    for (const std::string& sql :
         std::vector<std::string>{"INSERT INTO t VALUES (2)",
                                  "DELETE FROM t",
                                  "UPDATE t SET i = 5",
                                  "TRUNCATE t",
                                  "DROP TABLE t",
                                  "ALTER TABLE t ADD COLUMN x INT",
                                  "CREATE TABLE x (i INT)",
                                  "CREATE TEMP TABLE x (i INT)",
                                  "CREATE VIEW v AS SELECT 1",
                                  "CREATE MACRO m(x) AS x",
                                  "CREATE SEQUENCE s",
                                  "CREATE INDEX x ON t(i)",
                                  "EXPLAIN ANALYZE INSERT INTO t VALUES (2)",
                                  "EXPLAIN ANALYZE DELETE FROM t",
                                  "EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1",
                                  "MERGE INTO t USING (SELECT 1 AS i) s ON t.i = s.i "
                                  "WHEN MATCHED THEN DELETE",
                                  "COPY t TO '" + file + "'",
                                  "EXPORT DATABASE '" + file + "'",
                                  "EXPLAIN ANALYZE COPY t TO '" + file + "'",
                                  "ATTACH '" + file + "' AS x",
                                  "DETACH w",
                                  "USE memory",
                                  "VACUUM",
                                  "ANALYZE",
                                  "CHECKPOINT",
                                  "FORCE CHECKPOINT",
                                  "CALL checkpoint()",
                                  "SELECT * FROM checkpoint()",
                                  "SELECT * FROM \"force_checkpoint\"()",
                                  "BEGIN",
                                  "COMMIT",
                                  "PREPARE p AS DELETE FROM t",
                                  "EXECUTE p",
                                  "COMMENT ON TABLE t IS 'x'",
                                  "IMPORT DATABASE '" + file + "'",
                                  "COPY FROM DATABASE w TO x",
                                  "INSERT INTO _millrace_positions VALUES ('t', 0, 0)",
                                  "WITH x AS (DELETE FROM t RETURNING *) FROM x"}) {
        EXPECT_FALSE(warehouse->query(sql, {})) << sql;
    }
    EXPECT_EQ(rows(), 1);
    EXPECT_EQ(warehouse->positions("t")->at(0).next_offset, 1);
    EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(Sandbox, NoFileIsRead) {
    const std::string file = (folder / "secret.csv").string(), wal = (folder / "w.duckdb.wal").string();
    std::vector<std::string> tries = {
        "SELECT * FROM '" + file + "'",
        "FROM '" + file + "'",
        "SELECT * FROM \"" + file + "\"",
        "COPY t FROM '" + file + "'",
        "SELECT * FROM '" + wal + "'",
        "DESCRIBE SELECT * FROM '" + file + "'",
        "SUMMARIZE '" + file + "'",
        "EXPLAIN SELECT * FROM read_csv('" + file + "')",
        "SELECT * FROM query('FROM read_csv(''" + file + "'')')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM t'))",
        "SELECT * FROM query_table('" + file + "')",
        "SELECT (SELECT content FROM read_text('" + file + "'))",
        "SELECT * FROM glob('/*')",
        "SELECT getenv('HOME')",
        "SELECT * FROM read_text('" + (folder / "w.duckdb.tmp/../secret.csv").string() + "')",
        "LOAD httpfs",
        "INSTALL httpfs",
        "FORCE INSTALL httpfs",
        "UPDATE EXTENSIONS"};
    for (const char* function :
         {"read_csv", "read_csv_auto", "read_text", "read_blob", "read_json", "read_json_auto", "read_ndjson",
          "read_parquet", "parquet_scan", "parquet_metadata", "parquet_schema", "sniff_csv",
          "read_json_objects", "read_duckdb", "sqlite_scan", "iceberg_scan"})
        tries.push_back(fmt::format("SELECT * FROM {}('{}')", function, file));
    for (const std::string& sql : tries) {
        const auto result = warehouse->query(sql, {});
        EXPECT_FALSE(result) << sql;
    }
}

TEST_F(Sandbox, SettingsAreSetOnce) {
    for (const char* sql :
         {"SET memory_limit = '10GB'", "SET enable_external_access = true", "RESET memory_limit",
          "SET GLOBAL threads = 8", "SET VARIABLE x = 1", "PRAGMA memory_limit = '1GB'",
          "PRAGMA enable_profiling", "PRAGMA database_list", "pragma version", "CALL pragma_version()",
          "SELECT * FROM enable_logging()", "SELECT * FROM system.main.enable_logging()",
          "SELECT * FROM main . enable_profiling /* x */ -- y\n ()", "SELECT write_log('x')",
          "SELECT * FROM duckdb_secrets()", "SELECT path FROM duckdb_databases()",
          "SET lock_configuration = false"})
        EXPECT_FALSE(warehouse->query(sql, {})) << sql;
}

TEST_F(Sandbox, OrdinaryQueriesPass) {
    for (const char* sql :
         {"SELECT 'enable_logging()' AS checkpoint", "SELECT $$ query( $$", "VALUES (1), (2)", "FROM t",
          "SELECT E'it\\'s query('", "DESCRIBE t", "SHOW TABLES", "SUMMARIZE t", "EXPLAIN SELECT * FROM t",
          "EXPLAIN ANALYZE SELECT * FROM t", "SELECT /* query( */ 1 -- call query()",
          "WITH query AS (SELECT 1 AS a) SELECT a FROM query", "SELECT list_sum(range(5)), repeat('ab', 2)",
          "SELECT * FROM range(3)", "SELECT lpad('x', 3, ' '), generate_series(1, 3), range(10, 0, -3)",
          "SELECT range(TIMESTAMP '2024-01-01', TIMESTAMP '2024-01-03', INTERVAL 1 DAY)",
          "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) FROM r",
          "SELECT i, count(*) OVER () FROM t QUALIFY row_number() OVER (ORDER BY i) = 1;"}) {
        const auto result = warehouse->query(sql, {});
        EXPECT_TRUE(result) << sql << ": " << result.error().message;
    }
}

TEST_F(Sandbox, TimeIsUtc) {
    const auto zone = warehouse->query("SELECT current_setting('TimeZone')", {});
    ASSERT_TRUE(zone) << zone.error().message;
    EXPECT_EQ(zone->columns[0]->text(0), "UTC");
}

TEST_F(Sandbox, OneValueCannotTakeAllMemory) {
    for (const char* sql :
         {"SELECT len(range(200000000))", "SELECT length(repeat('x', 2000000000))",
          "SELECT len(generate_series(1, 2000000000))", "SELECT length(lpad('x', 2000000000, 'y'))",
          "SELECT len(range(x)) FROM (SELECT 200000000 AS x)", "SELECT system.main.range(200000000)",
          "SELECT string_agg(repeat('x', 1000)) FROM range(1000000)",
          "SELECT list(range) FROM range(100000000)"}) {
        const auto result = warehouse->query(sql, {});
        EXPECT_FALSE(result) << sql;
    }
    const auto wide = warehouse->query("SELECT repeat('x', 1000000) FROM range(1000)", {});
    ASSERT_FALSE(wide);
    EXPECT_EQ(wide.error().code, Code::resource_exhausted);
}

TEST_F(Sandbox, AQueryNobodyWantsEnds) {
    const auto cancelled = std::make_shared<std::atomic<bool>>(false);
    std::thread canceller([&] { cancelled->store(true); });
    const auto result =
        warehouse->query("SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b",
                         {.timeout_ms = 60'000, .cancelled = cancelled});
    canceller.join();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::unavailable);
    EXPECT_EQ(result.error().message, "the query was cancelled");
}

TEST_F(Sandbox, ASinkCommitsWhileQueriesRun) {
    const auto cancelled = std::make_shared<std::atomic<bool>>(false);
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i)
        readers.emplace_back([&] {
            static_cast<void>(
                warehouse->query("SELECT sum(a.range * t.i) FROM range(10000000) a, range(10000000) b, t",
                                 {.timeout_ms = 60'000, .cancelled = cancelled}));
        });
    const WarehouseTable table{"t", Schema{{{"i", DataType::integer()}}}, {0}};
    for (int i = 2; i < 12; ++i) {
        ColumnBuilder b(DataType::integer());
        b.append_integer(i);
        ASSERT_TRUE(warehouse->commit(table, {{b.finish()}, {}, {{0, i}}}));
    }
    EXPECT_EQ(rows(), 11);
    cancelled->store(true);
    for (std::thread& r : readers) r.join();
}

TEST_F(Sandbox, RetentionCountsFromTheNewestRow) {
    constexpr std::int64_t kDay = 86'400'000'000;
    const WarehouseTable table{"r", Schema{{{"at", DataType::timestamp(3)}, {"n", DataType::bigint()}}}, {0}};
    ASSERT_TRUE(warehouse->create_table(table));
    ASSERT_TRUE(warehouse->create_alias("rollup", "r"));
    ColumnBuilder at(DataType::timestamp(3)), n(DataType::bigint());
    for (int day = 0; day < 10; ++day) at.append_integer(day * (kDay / 1'000)), n.append_integer(day);
    ASSERT_TRUE(warehouse->commit(table, {{at.finish(), n.finish()}, {}, {{0, 10}}}));
    // Old events, newest at day 9, today much later: the newest three days stay.
    EXPECT_EQ(*warehouse->expire("r", "at", 1'000 * kDay, 3 * kDay), 6);
    EXPECT_EQ(warehouse->query("SELECT min(n) FROM rollup", {})->columns[0]->integer(0), 6);
    // A row from the future does not make the rest old.
    EXPECT_EQ(*warehouse->expire("r", "at", 7 * kDay, 3 * kDay), 0);
    EXPECT_EQ(warehouse->tables(), (std::vector<std::string>{"r", "t"}));
}

}  // namespace
}  // namespace mr::warehouse
