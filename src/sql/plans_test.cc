// Plans and messages as text: tests/plans/*.slt. A file is a list of blocks:
//   catalog        statements of streams/*.sql for the blocks below
//   plan           statements; behind ---- what EXPLAIN says of every sink
//   error          statements; behind ---- the diagnostics as a person sees them
// A line "----" parts text and expectation, the next block ends it, lines starting with # are comments.
// REWRITE=1 writes what came out into the files: review the diff.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sql/compiler.h"

namespace mr::sql {
namespace {

struct Block {
    std::string before;  ///< comments and blank lines
    std::string kind;
    std::string text;
    std::string expected;
};

bool is_kind(const std::string& line) {
    return line == "catalog" || line == "plan" || line == "error";
}

std::vector<Block> read_blocks(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::vector<Block> out;
    std::string line;
    std::string before;
    bool expecting = false;
    bool open = false;
    while (std::getline(in, line)) {
        if (is_kind(line)) {
            out.push_back({before, line, "", ""});
            before.clear();
            expecting = false;
            open = true;
        } else if (open && line == "----") {
            expecting = true;
        } else if (open && line.starts_with("# ") && (expecting || out.back().kind == "catalog")) {
            open = false;
            before = line + "\n";
        } else if (!open) {
            before += line + "\n";
        } else {
            (expecting ? out.back().expected : out.back().text) += line + "\n";
        }
    }
    for (Block& b : out) {
        while (b.expected.ends_with("\n")) b.expected.pop_back();
        while (b.text.ends_with("\n\n")) b.text.pop_back();
    }
    return out;
}

std::string run(const Catalog& catalog, const Block& block) {
    const Compilation c = compile(catalog, {"test.sql", block.text});
    std::string out;
    if (!c.diagnostics.empty()) out = render(c.diagnostics);
    if (block.kind == "plan") {
        for (const Explanation& e : c.explanations) out += (out.empty() ? "" : "\n") + e.text;
        if (c.program) out += (out.empty() ? "" : "\n") + explain(*c.program);
    }
    while (out.ends_with("\n")) out.pop_back();
    return out;
}

TEST(Plans, AreAsRecorded) {
    const bool rewrite = std::getenv("REWRITE") != nullptr;
    const std::filesystem::path dir = std::filesystem::path(MR_SOURCE_DIR) / "tests/plans";
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(dir)) {
        if (entry.path().extension() == ".slt") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    ASSERT_FALSE(files.empty());
    for (const auto& path : files) {
        std::string written;
        Catalog catalog;
        for (const Block& b : read_blocks(path)) {
            written += b.before + b.kind + "\n" + b.text;
            if (b.kind == "catalog") {
                const auto diagnostics = catalog.add({"streams.sql", b.text});
                EXPECT_TRUE(diagnostics.empty()) << path << "\n" << render(diagnostics);
                written += "\n";
                continue;
            }
            const std::string got = run(catalog, b);
            if (!rewrite) {
                EXPECT_EQ(got, b.expected) << path << ":\n" << b.text;
            }
            written += "----\n" + got + "\n\n";
        }
        while (written.ends_with("\n\n")) written.pop_back();
        if (rewrite) std::ofstream(path) << written;
    }
}

}  // namespace
}  // namespace mr::sql
