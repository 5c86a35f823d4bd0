// Any text through the whole compiler, once as a pipeline over a small catalogue and once as a streams file.
// Invariants: no crash, no unbounded time or memory; every diagnostic has a place inside the text; a program
// is made exactly where there is no error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sql/compiler.h"

namespace {

const mr::sql::Catalog& catalog() {
    static const mr::sql::Catalog made = [] {
        mr::sql::Catalog c;
        (void)c.add(
            {"streams.sql",
             "CREATE TABLE t (id STRING NOT NULL, v INT, d DECIMAL(10, 2), a ARRAY<ROW<x INT, y STRING>>, "
             "m MAP<STRING, INT>, r ROW<p BIGINT, q STRING>, ts TIMESTAMP(3), pt AS PROCTIME(), "
             "WATERMARK FOR ts AS ts - INTERVAL '1' SECOND) WITH ('connector' = 'kafka', 'format' = 'json');"
             "CREATE TABLE u (k STRING, w BIGINT, ts TIMESTAMP(3), PRIMARY KEY (k) NOT ENFORCED, "
             "WATERMARK FOR ts AS ts) WITH ('connector' = 'upsert-kafka', 'key.format' = 'json', "
             "'value.format' = 'json');"
             "CREATE TABLE o (id STRING, v BIGINT) WITH ('connector' = 'print');"
             "CREATE VIEW w AS SELECT id, v, ts FROM t WHERE v > 0;"});
        return c;
    }();
    return made;
}

void check(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const mr::sql::Compilation c = mr::sql::compile(catalog(), {"fuzz.sql", text});
    check(c.program.has_value() != mr::sql::has_errors(c.diagnostics));
    for (const mr::sql::Diagnostic& d : c.diagnostics) {
        check(d.line >= 1 && d.col >= 1 && d.end_col > d.col);
        check(!d.message.empty() && !mr::sql::render(d).empty() && !mr::sql::to_json(d).empty());
    }
    if (c.program) (void)mr::sql::explain(*c.program);
    mr::sql::Catalog streams;
    (void)streams.add({"fuzz.sql", text});
    return 0;
}
