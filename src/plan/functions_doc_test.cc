// docs/sql/functions.md is the catalogue, printed. REWRITE=1 writes it anew; otherwise it must be up to date.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "plan/functions.h"

namespace mr::plan {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

void append_table(std::string& out, std::string_view title, FunctionClass kind) {
    out += fmt::format("\n## {}\n\n| call | what it gives |\n|---|---|\n", title);
    for (const FunctionInfo& f : all_functions()) {
        if (f.kind != kind) continue;
        out += fmt::format("| `{}` | {}", escaped(f.signature), escaped(f.help));
        if (!f.aliases.empty()) {
            out += " Also";
            for (const std::string& alias : f.aliases) out += fmt::format(" `{}`", alias);
            out += ".";
        }
        if (!f.deterministic) out += " Varies from step to step.";
        out += " |\n";
    }
}

std::string render() {
    std::string out =
        "# Functions\n\nMade from the catalogue (`src/plan/functions*.cc`) by `REWRITE=1 plan_test`; a test "
        "keeps it "
        "up to date.\nNames, types and results are Flink 2.2's. NULL in gives NULL out unless said "
        "otherwise. A value "
        "that cannot be\ncomputed (division by zero, a CAST that does not fit) sets its row aside in "
        "`rejected.<table>` with the reason;\n`TRY_CAST` gives NULL instead. Regular expressions are RE2's: "
        "Java's "
        "look-around, back-references and\npossessive quantifiers are refused when the file is checked. "
        "Times are in "
        "UTC.\n";
    append_table(out, "Operators and scalar functions", FunctionClass::scalar);
    append_table(out, "Aggregate functions", FunctionClass::aggregate);
    append_table(out, "Window functions", FunctionClass::window);
    return out;
}

TEST(FunctionsDocument, is_the_catalogue) {
    const std::string path = MR_SOURCE_DIR "/docs/sql/functions.md";
    const std::string want = render();
    if (std::getenv("REWRITE") != nullptr) std::ofstream(path) << want;
    std::stringstream have;
    have << std::ifstream(path).rdbuf();
    EXPECT_TRUE(have.str() == want) << "docs/sql/functions.md is not the catalogue: run REWRITE=1 plan_test";
}

}  // namespace
}  // namespace mr::plan
