// The grammar. Expressions are compared as S-expressions, statements by being accepted or by their message.
#include "sql/internal/parser.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace mr::sql {
namespace {

using ast::Expr;
using ast::ExprKind;

std::string text_of(const Expr& e);

std::string list(const std::vector<ast::ExprPtr>& args) {
    std::string out;
    for (const auto& a : args) out += " " + text_of(*a);
    return out;
}

std::string text_of(const Expr& e) {
    switch (e.kind) {
        case ExprKind::number:
            return e.text;
        case ExprKind::string:
            return "'" + e.text + "'";
        case ExprKind::null:
            return "NULL";
        case ExprKind::boolean_:
            return e.flag ? "TRUE" : "FALSE";
        case ExprKind::name: {
            std::string out;
            for (const auto& n : e.path) out += (out.empty() ? "" : ".") + n.text;
            return out;
        }
        case ExprKind::star:
            return "*";
        case ExprKind::interval:
            return std::to_string(e.value) + (e.flag ? "mon" : "ms");
        case ExprKind::date_time:
            return e.function + "'" + e.text + "'";
        case ExprKind::field:
            return "(." + e.text + list(e.args) + ")";
        case ExprKind::cast:
            return "(" + e.function + list(e.args) + " " + e.type.to_string() + ")";
        case ExprKind::call:
            return "(" + e.function + (e.distinct ? " DISTINCT" : "") + (e.star_argument ? " *" : "") +
                   list(e.args) + (e.filter ? " FILTER " + text_of(*e.filter) : "") +
                   (e.over ? " OVER" + list(e.over->partition) : "") + ")";
        case ExprKind::in_query:
            return std::string(e.flag ? "(NOT-IN-QUERY" : "(IN-QUERY") + list(e.args) + ")";
        case ExprKind::exists:
            return "(EXISTS)";
        case ExprKind::scalar:
            return "(SCALAR)";
        default:
            return "?";
    }
}

std::string expression(const std::string& text) {
    Diagnostics diagnostics;
    Parser parser(std::make_shared<SourceFile>("t.sql", text), diagnostics);
    const auto e = parser.single_expression();
    if (!diagnostics.all().empty()) return "error: " + diagnostics.all().front().message;
    return text_of(*e);
}

/// The number of statements, or the first message as "line:col message".
std::string parse(const std::string& text) {
    Diagnostics diagnostics;
    Parser parser(std::make_shared<SourceFile>("t.sql", text), diagnostics);
    const auto statements = parser.statements();
    if (diagnostics.all().empty()) return std::to_string(statements.size());
    const Diagnostic& d = diagnostics.all().front();
    return std::to_string(d.line) + ":" + std::to_string(d.col) + " " + d.message;
}

TEST(Expressions, BindByPrecedence) {
    EXPECT_EQ(expression("a OR b AND NOT c = 1 + 2 * 3"), "(OR a (AND b (NOT (= c (+ 1 (* 2 3))))))");
    EXPECT_EQ(expression("a - b - c"), "(- (- a b) c)");
    EXPECT_EQ(expression("-a * -1.5"), "(* (- a) -1.5)");
    EXPECT_EQ(expression("a BETWEEN 1 AND 2 AND b"), "(AND (BETWEEN a 1 2) b)");
    EXPECT_EQ(expression("a NOT BETWEEN 1 AND 2"), "(NOT (BETWEEN a 1 2))");
    EXPECT_EQ(expression("x NOT IN (1, 2)"), "(NOT (IN x 1 2))");
    EXPECT_EQ(expression("a || 'x' || b"), "(|| (|| a 'x') b)");
    EXPECT_EQ(expression("a LIKE 'x!%' ESCAPE '!'"), "(LIKE a 'x!%' '!')");
    EXPECT_EQ(expression("a IS NOT DISTINCT FROM b"), "(IS NOT DISTINCT FROM a b)");
    EXPECT_EQ(expression("a <> 1 IS NOT TRUE"), "(IS NOT TRUE (<> a 1))");
    EXPECT_EQ(expression("a != b"), "(<> a b)");
}

TEST(Expressions, AccessFieldsAndElements) {
    EXPECT_EQ(expression("e.objects[1].id"), "(.id (ITEM e.objects 1))");
    EXPECT_EQ(expression("attributes['Departure Date']"), "(ITEM attributes 'Departure Date')");
    EXPECT_EQ(expression("(a.b).c"), "(.c a.b)");
    EXPECT_EQ(expression("f(x).`date`"), "(.date (F x))");
    EXPECT_EQ(expression("bid.`dateTime`"), "bid.dateTime");
    EXPECT_EQ(expression("ROW(1, 'a')"), "(ROW 1 'a')");
    EXPECT_EQ(expression("(1, 2)"), "(ROW 1 2)");
    EXPECT_EQ(expression("ARRAY[1, 2][1]"), "(ITEM (ARRAY 1 2) 1)");
    EXPECT_EQ(expression("MAP['a', 1]"), "(MAP 'a' 1)");
}

TEST(Expressions, Literals) {
    EXPECT_EQ(expression("'it''s'"), "'it's'");
    EXPECT_EQ(expression("U&'caf\\00e9'"), "'café'");
    EXPECT_EQ(expression("'caf\xc3\xa9'"), "'café'");
    EXPECT_EQ(expression("1e-3"), "1e-3");
    EXPECT_EQ(expression(".5"), ".5");
    EXPECT_EQ(expression("DATE '2024-01-31'"), "DATE'2024-01-31'");
    EXPECT_EQ(expression("TIMESTAMP '2024-01-31 10:00:00'"), "TIMESTAMP'2024-01-31 10:00:00'");
    EXPECT_EQ(expression("INTERVAL '5' MINUTE"), "300000ms");
    EXPECT_EQ(expression("INTERVAL '0.2' SECOND"), "200ms");
    EXPECT_EQ(expression("INTERVAL '1 02:03:04.567' DAY TO SECOND(3)"), "93784567ms");
    EXPECT_EQ(expression("INTERVAL '1-2' YEAR TO MONTH"), "14mon");
    EXPECT_EQ(expression("INTERVAL -'3' DAY"), "-259200000ms");
    EXPECT_EQ(expression("INTERVAL '02:30' HOUR TO MINUTE"), "9000000ms");
    EXPECT_EQ(expression("INTERVAL '2' WEEK"), "1209600000ms");
    EXPECT_EQ(expression("INTERVAL '10' SECONDS"), "10000ms");
    EXPECT_EQ(expression("INTERVAL 'x' SECOND"), "error: 'x' is no interval of SECOND");
    EXPECT_EQ(expression("CURRENT_TIMESTAMP"), "(CURRENT_TIMESTAMP)");
}

TEST(Expressions, SyntaxThatIsACall) {
    EXPECT_EQ(expression("EXTRACT(HOUR FROM ts)"), "(EXTRACT 'HOUR' ts)");
    EXPECT_EQ(expression("FLOOR(ts TO MINUTE)"), "(FLOOR ts 'MINUTE')");
    EXPECT_EQ(expression("CEILING(x)"), "(CEIL x)");
    EXPECT_EQ(expression("TIMESTAMPDIFF(SECOND, a, b)"), "(TIMESTAMPDIFF 'SECOND' a b)");
    EXPECT_EQ(expression("TRIM(LEADING '0' FROM x)"), "(TRIM 'LEADING' '0' x)");
    EXPECT_EQ(expression("TRIM(x)"), "(TRIM x)");
    EXPECT_EQ(expression("SUBSTRING(x FROM 2 FOR 3)"), "(SUBSTRING x 2 3)");
    EXPECT_EQ(expression("POSITION('a' IN b)"), "(POSITION 'a' b)");
    EXPECT_EQ(expression("OVERLAY(a PLACING b FROM 1 FOR 2)"), "(OVERLAY a b 1 2)");
    EXPECT_EQ(expression("CASE WHEN a THEN 1 ELSE 2 END"), "(CASE a 1 2)");
    EXPECT_EQ(expression("CASE x WHEN 1 THEN 'a' END"), "(CASE SIMPLE x 1 'a' NULL)");
    EXPECT_EQ(expression("CAST(a AS DECIMAL(10, 2))"), "(CAST a DECIMAL(10, 2))");
    EXPECT_EQ(expression("TRY_CAST(a AS ROW<x INT, y ARRAY<STRING>>)"),
              "(TRY_CAST a ROW<`x` INT, `y` ARRAY<STRING>>)");
    EXPECT_EQ(expression("JSON_VALUE(j, '$.a' RETURNING INT DEFAULT 1 ON EMPTY)"),
              "(JSON_VALUE j '$.a' 'DEFAULT' 1 'NULL' NULL)");
    EXPECT_EQ(expression("JSON_QUERY(j, '$.a' WITH WRAPPER)"),
              "(JSON_QUERY j '$.a' 'UNCONDITIONAL' 'NULL' 'NULL')");
    EXPECT_EQ(expression("JSON_EXISTS(j, '$.a' TRUE ON ERROR)"), "(JSON_EXISTS j '$.a' 'TRUE')");
    EXPECT_EQ(expression("JSON_OBJECT(KEY 'a' VALUE b NULL ON NULL)"), "(JSON_OBJECT 'NULL' 'a' b)");
    EXPECT_EQ(expression("x IS NOT JSON ARRAY"), "(NOT (IS JSON x 'ARRAY'))");
    EXPECT_EQ(expression("LEFT(a, 2)"), "(LEFT a 2)");
}

TEST(Expressions, Aggregates) {
    EXPECT_EQ(expression("COUNT(*)"), "(COUNT *)");
    EXPECT_EQ(expression("COUNT(DISTINCT a) FILTER (WHERE b > 1)"), "(COUNT DISTINCT a FILTER (> b 1))");
    EXPECT_EQ(expression("SUM(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"),
              "(SUM a OVER b)");
    EXPECT_EQ(expression("LISTAGG(a, ',') WITHIN GROUP (ORDER BY b)"), "(LISTAGG a ',')");
    EXPECT_EQ(expression("LAG(a) OVER w"), "(LAG a OVER)");
    EXPECT_EQ(expression("FIRST_VALUE(a) IGNORE NULLS OVER w"), "(FIRST_VALUE a OVER)");
}

TEST(Statements, AreAccepted) {
    const std::vector<std::string> good = {
        R"(CREATE TABLE t (a INT NOT NULL COMMENT 'x', `b c` ROW<x STRING, y ARRAY<MAP<STRING, INT>>>,
             p INT METADATA FROM 'partition' VIRTUAL, h MAP<STRING, BYTES> METADATA, c AS a + 1,
             ts TIMESTAMP(3) WITH LOCAL TIME ZONE, WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,
             CONSTRAINT pk PRIMARY KEY (a) NOT ENFORCED) COMMENT 'table'
             PARTITIONED BY (a) WITH ('connector' = 'kafka'))",
        "CREATE TEMPORARY TABLE IF NOT EXISTS a.b.t (x INT) WITH ()",
        "CREATE TABLE t LIKE s (INCLUDING ALL)",
        "CREATE TABLE t WITH ('connector' = 'kafka') AS SELECT 1",
        "CREATE VIEW v AS SELECT * FROM t",
        "CREATE TEMPORARY VIEW v (a, b) COMMENT 'c' AS SELECT 1, 2",
        "CREATE MATERIALIZED VIEW v (PRIMARY KEY (a) NOT ENFORCED) WITH ('view.retention' = '1 d') AS SELECT "
        "1 AS a",
        "INSERT INTO t SELECT 1",
        "INSERT INTO t (a, b) VALUES (1, 2), (3, 4)",
        "INSERT INTO t (SELECT 1)",
        "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END",
        "BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END",
        "SET 'table.exec.state.ttl' = '1 h'",
        "SET table.exec.state.ttl = 1 h",
        "RESET",
        "CREATE FUNCTION f AS 'com.example.F' LANGUAGE JAVA",
        "CREATE FUNCTION f (a STRING) RETURNS INT AS $$ CHAR_LENGTH(a) $$",
        "DROP TABLE IF EXISTS t",
        "ALTER TABLE t ADD (x INT)",
        "EXPLAIN SELECT 1",
        "EXPLAIN PLAN FOR INSERT INTO t SELECT 1",
        "EXPLAIN CHANGELOG_MODE, ESTIMATED_COST SELECT 1",
        "SELECT DISTINCT a, t.*, b AS c, d e FROM t WHERE a > 1 GROUP BY a HAVING COUNT(*) > 1 ORDER BY a "
        "DESC NULLS "
        "LAST LIMIT 10 OFFSET 5",
        "SELECT a FROM t FETCH FIRST 3 ROWS ONLY",
        "WITH x (a) AS (SELECT 1), y AS (SELECT 2) SELECT * FROM x, y",
        "SELECT 1 UNION ALL SELECT 2 EXCEPT SELECT 3 INTERSECT SELECT 4",
        "(SELECT 1) UNION (SELECT 2) ORDER BY 1",
        "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t (x, y)",
        "SELECT a, SUM(b) FROM t GROUP BY GROUPING SETS ((a), (b), ()), ROLLUP (a, b), CUBE ((a, b), c)",
        "SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE))",
        "SELECT * FROM TABLE(HOP(DATA => TABLE t, TIMECOL => DESCRIPTOR(ts), SLIDE => INTERVAL '1' MINUTE, "
        "SIZE => "
        "INTERVAL '5' MINUTE))",
        "SELECT * FROM TABLE(SESSION(TABLE t PARTITION BY a, DESCRIPTOR(ts), INTERVAL '1' MINUTE))",
        "SELECT * FROM TABLE(SESSION(TABLE t PARTITION BY (a, b), DESCRIPTOR(ts), INTERVAL '1' MINUTE))",
        "SELECT * FROM TABLE(SESSION(TABLE t PARTITION BY a, b, DESCRIPTOR(ts), INTERVAL '1' MINUTE))",
        "SELECT * FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE) AS w",
        "SELECT TUMBLE_START(ts, INTERVAL '1' HOUR) FROM t GROUP BY TUMBLE(ts, INTERVAL '1' HOUR)",
        "SELECT AVG(a) OVER w FROM t WINDOW w AS (PARTITION BY b ORDER BY ts RANGE BETWEEN INTERVAL '1' HOUR "
        "PRECEDING AND CURRENT ROW), w2 AS (w)",
        "SELECT * FROM a INNER JOIN b ON a.x = b.x LEFT OUTER JOIN c USING (x, y) FULL JOIN d ON TRUE CROSS "
        "JOIN e "
        "NATURAL JOIN f",
        "SELECT * FROM o JOIN r FOR SYSTEM_TIME AS OF o.ts AS x ON o.k = x.k",
        "SELECT * FROM t CROSS JOIN UNNEST(t.arr) WITH ORDINALITY AS u (a, n) LEFT JOIN UNNEST(u.b) AS v (c) "
        "ON TRUE",
        "SELECT * FROM t, LATERAL TABLE(split(t.a)) AS s (w)",
        "SELECT /*+ STATE_TTL('a' = '1d') */ * FROM t /*+ OPTIONS('scan.startup.mode' = 'latest-offset') */ "
        "AS x",
        "SELECT * FROM t WHERE a IN (SELECT b FROM u) AND NOT EXISTS (SELECT 1 FROM v WHERE v.x = t.x)",
        "SELECT (SELECT MAX(a) FROM u), a = ANY (SELECT 1) FROM t",
        R"(SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY a ORDER BY ts MEASURES FIRST(A.x) AS x, LAST(B.y) AS y
             ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW PATTERN (A+ B{2,3}? (C | D)) WITHIN INTERVAL '1' HOUR
             DEFINE A AS A.x > 1, B AS B.y < LAST(A.x, 1)) AS m)",
        "-- a comment\nSELECT 1 /* another */ // and one more\n;;",
    };
    for (const std::string& text : good)
        EXPECT_EQ(parse(text).find(':'), std::string::npos) << text << "\n" << parse(text);
}

TEST(Statements, MistakesHaveAPlaceAndAReason) {
    EXPECT_EQ(parse("SELECT a FORM t"), "1:15 expected \";\" or the end of the statement, found \"t\"");
    EXPECT_EQ(parse("SELECT\n  a,\nFROM t"), "3:1 expected an expression, found \"FROM\"");
    EXPECT_EQ(parse("CREATE TABLE t (a INTT)"), "1:19 unknown type \"INTT\"");
    EXPECT_EQ(parse("CREATE TABLE select (a INT)"), "1:14 expected the table's name, found \"select\"");
    EXPECT_EQ(parse("SELECT 'abc"), "1:8 this string is never closed");
    EXPECT_EQ(parse("SELECT a /* x"), "1:10 this comment is never closed");
    EXPECT_EQ(parse("SELECT \"a\" FROM t"), "1:8 names are quoted with ` and strings with ', not with \"");
    EXPECT_EQ(parse("SELECT a FROM t JOIN u"),
              "1:23 expected ON with the condition of the join, but the text ends here");
    EXPECT_EQ(parse("INSERT t SELECT 1"), "1:8 expected INTO, found \"t\"");
    EXPECT_EQ(parse("SELECT 1 # 2"), "1:10 unexpected character \"#\"");
}

// Goal: one run reports the first mistake of every statement.
TEST(Statements, ParsingGoesOnAfterAMistake) {
    Diagnostics diagnostics;
    Parser parser(std::make_shared<SourceFile>("t.sql", "SELECT FROM a; SELECT 1; SELECT ,; SELECT 2"),
                  diagnostics);
    EXPECT_EQ(parser.statements().size(), 2U);
    ASSERT_EQ(diagnostics.all().size(), 2U);
    EXPECT_EQ(diagnostics.all()[1].col, 33);
}

// Goal: hostile texts end with a message. Method: nesting and chains far beyond the limits.
TEST(Hostile, DepthIsBounded) {
    const auto repeated = [](std::string_view s, int n) {
        std::string out;
        for (int i = 0; i < n; ++i) out += s;
        return out;
    };
    const std::string levels = "1:";
    for (const std::string& text :
         {"SELECT " + repeated("(", 50'000) + "1" + repeated(")", 50'000),
          "SELECT " + repeated("-", 3) + repeated("- ", 50'000) + "x",
          "SELECT " + repeated("NOT ", 50'000) + "x", "SELECT 1" + repeated(" + 1", 50'000),
          "SELECT a" + repeated(" OR a", 50'000), "SELECT 1" + repeated(" UNION ALL SELECT 1", 20'000),
          "SELECT * FROM a" + repeated(", a", 50'000), "SELECT * FROM a" + repeated(" JOIN a ON b", 20'000),
          "SELECT " + repeated("CASE WHEN ", 20'000), "SELECT a" + repeated("[1]", 50'000),
          "SELECT CAST(1 AS " + repeated("ARRAY<", 50'000) + "INT", repeated("EXPLAIN ", 50'000) + "SELECT 1",
          "SELECT * FROM " + repeated("(", 50'000) + "a", "SELECT a IS NULL" + repeated(" IS NULL", 50'000),
          "SELECT 1 GROUP BY " + repeated("ROLLUP (", 50'000), "SELECT f(" + repeated("f(", 50'000)}) {
        const std::string result = parse(text);
        EXPECT_NE(result.find(':'), std::string::npos) << text.substr(0, 60);
    }
    EXPECT_EQ(parse(repeated("SELECT 1;", 1000)), "1000");
    EXPECT_NE(parse(repeated("SELECT 1;", 200'000)).find("at most"), std::string::npos);
}

}  // namespace
}  // namespace mr::sql
