// CREATE FUNCTION … LANGUAGE C USING LIBRARY against a library that is a few lines of C++ here. Goal: types
// are the library's, what is wrong is told at its word with a remedy and once, and another digest is another
// plan.
#include <gtest/gtest.h>

#include <map>

#include "sql/compiler.h"

namespace mr::sql {
namespace {

class Told final : public plan::NativeFunction {
  public:
    explicit Told(Description d) : description_(std::move(d)) {}
    [[nodiscard]] const Description& description() const override { return description_; }
    [[nodiscard]] ColumnPtr call(std::span<const ColumnPtr>, std::size_t rows, const DataType& type,
                                 std::vector<RowError>&) const override {
        return Column::nulls(type, rows);
    }

  private:
    Description description_;
};

class Shelf final : public plan::NativeLibraries {
  public:
    Result<plan::NativeFunctionPtr> find(std::string_view library, std::string_view function) override {
        if (library != "geo.so")
            return fail(Code::not_found,
                        "there is no library functions/{}; did you mean `geo.so`?; functions/ has geo.so",
                        library);
        const auto it = functions.find(function);
        if (it == functions.end())
            return fail(Code::not_found, "library geo.so has no function \"{}\"; it has distance", function);
        return std::make_shared<Told>(it->second);
    }

    std::map<std::string, plan::NativeFunction::Description, std::less<>> functions = {
        {"distance",
         {.name = "distance",
          .arguments = "DOUBLE, DOUBLE",
          .result = "DOUBLE",
          .null_on_null = true,
          .library = "geo.so",
          .digest = 0xabc}},
        {"now_or_never",
         {.name = "now_or_never",
          .arguments = "",
          .result = "STRING NOT NULL",
          .is_volatile = true,
          .library = "geo.so"}},
        {"broken", {.name = "broken", .arguments = "DUBLE", .result = "DOUBLE", .library = "geo.so"}},
        {"maps", {.name = "maps", .arguments = "MAP<STRING, INT>", .result = "DOUBLE", .library = "geo.so"}},
        {"two", {.name = "two", .arguments = "", .result = "INT, INT", .library = "geo.so"}}};
};

constexpr std::string_view kTable =
    "CREATE TABLE t (id STRING, a DOUBLE NOT NULL, b DOUBLE NOT NULL, c INT, s STRING) WITH ('connector' = "
    "'kafka', 'topic' = 't', 'format' = 'json');\n";

ProjectCompilation compiled(Shelf& shelf, std::string_view functions, std::string_view select) {
    const std::vector<SourceText> streams = {{"streams/t.sql", std::string(kTable) + std::string(functions)}};
    const std::vector<SourceText> pipelines = {
        {"pipelines/v.sql",
         "CREATE MATERIALIZED VIEW v (PRIMARY KEY (id) NOT ENFORCED) AS " + std::string(select) + ";"}};
    return compile_project(streams, pipelines, &shelf);
}
std::string problems(std::string_view functions, std::string_view select = "SELECT id, a FROM t") {
    Shelf shelf;
    return render(compiled(shelf, functions, select).diagnostics);
}

TEST(LibraryFunctions, HaveTheLibrarysTypes) {
    Shelf shelf;
    const auto c =
        compiled(shelf, "CREATE FUNCTION dist AS 'distance' LANGUAGE C USING LIBRARY 'geo.so';",
                 "SELECT id, DIST(a, b) AS near, dist(a, c) AS far, a + Dist(1, NULL) AS none FROM t");
    ASSERT_EQ(render(c.diagnostics), "");
    const Schema& schema = std::get<plan::ViewSink>(c.programs.at(0).sinks.at(0).target).schema;
    EXPECT_EQ(schema[1].type.to_string(), "DOUBLE");
    EXPECT_EQ(schema[2].type.to_string(), "DOUBLE");
    const std::string plan = explain(c.programs[0]);
    EXPECT_NE(plan.find("DIST@0000000000000abc(`a`, CAST(`c` AS DOUBLE))"), std::string::npos) << plan;
}

TEST(LibraryFunctions, AnotherDigestIsAnotherPlan) {
    Shelf shelf;
    const std::string_view declared = "CREATE FUNCTION dist AS 'distance' LANGUAGE C USING LIBRARY 'geo.so';";
    const auto before = compiled(shelf, declared, "SELECT id, dist(a, b) AS d FROM t");
    const auto again = compiled(shelf, declared, "SELECT id, dist(a, b) AS d FROM t");
    shelf.functions["distance"].digest = 0xabd;
    const auto after = compiled(shelf, declared, "SELECT id, dist(a, b) AS d FROM t");
    EXPECT_EQ(before.programs.at(0).fingerprint, again.programs.at(0).fingerprint);
    EXPECT_NE(before.programs.at(0).fingerprint, after.programs.at(0).fingerprint);
}

TEST(LibraryFunctions, DeclaredTypesMustBeTheLibrarys) {
    EXPECT_EQ(problems("CREATE FUNCTION d (x DOUBLE, y DOUBLE) RETURNS DOUBLE AS 'distance' LANGUAGE C USING "
                       "LIBRARY 'geo.so';"),
              "");
    EXPECT_EQ(
        problems(
            "CREATE FUNCTION d (x DOUBLE) RETURNS DOUBLE AS 'distance' LANGUAGE C USING LIBRARY 'geo.so';"),
        "error[M2006]: in library geo.so distance is (DOUBLE, DOUBLE) RETURNS DOUBLE\n"
        "  --> streams/t.sql:2:17\n"
        "   2 | CREATE FUNCTION d (x DOUBLE) RETURNS DOUBLE AS 'distance' LANGUAGE C USING LIBRARY "
        "'geo.so';\n"
        "     |                 ^\n"
        "help: declare it so, or leave the types out\n");
}

TEST(LibraryFunctions, WhatIsWrongIsToldAtItsWord) {
    EXPECT_EQ(
        problems("CREATE FUNCTION d AS 'distance' LANGUAGE C USING LIBRARY 'goe.so';",
                 "SELECT id, d(a, b) AS d FROM t"),
        "error[M2010]: there is no library functions/goe.so\n"
        "  --> streams/t.sql:2:58\n"
        "   2 | CREATE FUNCTION d AS 'distance' LANGUAGE C USING LIBRARY 'goe.so';\n"
        "     |                                                          ^^^^^^^^ did you mean `geo.so`?\n"
        "help: functions/ has geo.so\n");
    const auto has = [](const std::string& text, std::string_view part) {
        EXPECT_NE(text.find(part), std::string::npos) << text;
    };
    has(problems("CREATE FUNCTION d AS 'dist' LANGUAGE C USING LIBRARY 'geo.so';"), "streams/t.sql:2:22\n");
    has(problems("CREATE FUNCTION d AS 'broken' LANGUAGE C USING LIBRARY 'geo.so';"),
        "library geo.so says that broken has the types \"DUBLE\": ");
    has(problems("CREATE FUNCTION d AS 'maps' LANGUAGE C USING LIBRARY 'geo.so';"),
        "cannot be passed to a library");
    has(problems("CREATE FUNCTION d AS 'two' LANGUAGE C USING LIBRARY 'geo.so';"),
        "a function has one result");
    has(problems("CREATE FUNCTION d AS 'distance' USING LIBRARY 'geo.so';"),
        "functions of a library are LANGUAGE C");
    has(problems("CREATE FUNCTION d AS 'distance' LANGUAGE C;"),
        "a function in LANGUAGE C is in one LIBRARY");
    has(problems("CREATE FUNCTION d AS 'distance' LANGUAGE C USING LIBRARY 'geo.so', LIBRARY 'geo.so';"),
        "is in one LIBRARY");
    has(problems("CREATE FUNCTION upper AS 'distance' LANGUAGE C USING LIBRARY 'geo.so';"),
        "UPPER is a built-in function");
    has(problems("CREATE FUNCTION d AS 'a.b.C' LANGUAGE JAVA USING JAR '/x.jar';"),
        "a function by class name");
    const std::string good = "CREATE FUNCTION d AS 'distance' LANGUAGE C USING LIBRARY 'geo.so';";
    has(problems(good + good), "function \"d\" is declared twice");
    has(problems(good, "SELECT id, d(a) AS d FROM t"), "D takes 2 arguments, 1 are given");
    has(problems(good, "SELECT id, d(a, ARRAY[1]) AS d FROM t"),
        "parameter \"2\" of D is DOUBLE, this is ARRAY<INT NOT NULL>");
}

TEST(LibraryFunctions, WithoutLibrariesTheStatementIsAnError) {
    const std::vector<SourceText> streams = {
        {"s.sql", "CREATE FUNCTION d AS 'distance' LANGUAGE C USING LIBRARY 'geo.so';"}};
    EXPECT_NE(render(compile_project(streams, {}).diagnostics).find("libraries are not loaded here"),
              std::string::npos);
}

TEST(LibraryFunctions, WhatVariesIsComputedAnew) {
    Shelf shelf;
    const auto c = compiled(shelf, "CREATE FUNCTION w AS 'now_or_never' LANGUAGE C USING LIBRARY 'geo.so';",
                            "SELECT id, w() AS x FROM t WHERE s <> 'a'");
    ASSERT_EQ(render(c.diagnostics), "");
    EXPECT_EQ(std::get<plan::ViewSink>(c.programs.at(0).sinks.at(0).target).schema[1].type.to_string(),
              "STRING NOT NULL");
}

}  // namespace
}  // namespace mr::sql
