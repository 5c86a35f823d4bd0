// Statements of tests/plans, cut up and put together again at random: whatever comes out, the compiler
// answers with a sound plan or with messages that have a place. SEED=n repeats a run, MUTATIONS=n makes it
// longer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "sql/compiler.h"
#include "sql/internal/lexer.h"
#include "sql/internal/plan_check.h"

namespace mr::sql {
namespace {

struct Corpus {
    Catalog catalog;
    std::vector<std::vector<std::string>> statements;  ///< as words
    std::vector<std::string> words;
};

std::vector<std::string> words_of(const std::string& text) {
    Diagnostics ignored;
    const SourceFile file("words", text);
    std::vector<std::string> out;
    for (const Token& t : tokenize(file, ignored)) {
        if (t.kind != TokenKind::end) out.emplace_back(file.text(t.span));
    }
    return out;
}

Corpus load(const std::filesystem::path& path) {
    Corpus c;
    std::ifstream in(path);
    std::string line, kind, text;
    const auto finish = [&] {
        if (kind == "catalog") (void)c.catalog.add({"s.sql", text});
        if (kind == "plan" || kind == "error") {
            std::vector<std::string> statement;
            for (std::string& w : words_of(text)) {
                if (w == ";") {
                    if (!statement.empty()) c.statements.push_back(std::move(statement));
                    statement.clear();
                } else {
                    c.words.push_back(w);
                    statement.push_back(std::move(w));
                }
            }
            if (!statement.empty()) c.statements.push_back(std::move(statement));
        }
        text.clear();
    };
    while (std::getline(in, line)) {
        if (line == "catalog" || line == "plan" || line == "error") {
            finish();
            kind = line;
        } else if (line == "----") {
            finish();
            kind.clear();
        } else if (!line.starts_with("# ")) {
            text += line + "\n";
        }
    }
    finish();
    return c;
}

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t n) {
    return static_cast<std::size_t>(random() % n);
}

std::vector<std::string> mutate(const Corpus& c, std::vector<std::string> s, Random& random) {
    const std::size_t edits = 1 + below(random, 4);
    for (std::size_t i = 0; i < edits && !s.empty(); ++i) {
        const std::size_t at = below(random, s.size());
        const auto place = s.begin() + static_cast<std::ptrdiff_t>(at);
        const std::vector<std::string>& other = c.statements[below(random, c.statements.size())];
        const std::size_t from = below(random, other.size());
        const std::size_t length = std::min<std::size_t>(1 + below(random, 8), other.size() - from);
        const auto piece = other.begin() + static_cast<std::ptrdiff_t>(from);
        switch (below(random, 5)) {
            case 0:
                s.erase(place);
                break;
            case 1:
                *place = c.words[below(random, c.words.size())];
                break;
            case 2:
                s.insert(place, piece, piece + static_cast<std::ptrdiff_t>(length));
                break;
            case 3:
                std::swap(*place, s[below(random, s.size())]);
                break;
            default:
                s.insert(place, *place);
                break;
        }
    }
    return s;
}

void check(const Corpus& c, const std::string& text) {
    if (const char* last = std::getenv("LAST")) std::ofstream(last) << text;
    const Compilation got = compile(c.catalog, {"m.sql", text});
    ASSERT_NE(got.program.has_value(), has_errors(got.diagnostics)) << text;
    for (const Diagnostic& d : got.diagnostics) {
        ASSERT_TRUE(d.line >= 1 && d.col >= 1 && d.end_col > d.col && !d.message.empty()) << text;
    }
    if (got.program) {
        ASSERT_EQ(check_plan(*got.program), "") << text << "\n" << explain(*got.program);
    }
}

TEST(Mutations, GiveSoundPlansOrMessages) {
    const char* seed_text = std::getenv("SEED");
    const char* count_text = std::getenv("MUTATIONS");
    const std::uint64_t seed = seed_text != nullptr ? std::strtoull(seed_text, nullptr, 10) : 7;
    const int count = count_text != nullptr ? std::atoi(count_text) : 400;
    Random random(seed);
    int plans = 0;
    std::vector<std::filesystem::path> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(MR_SOURCE_DIR) / "tests/plans")) {
        if (entry.path().extension() == ".slt") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const auto& path : files) {
        const Corpus c = load(path);
        ASSERT_FALSE(c.statements.empty());
        for (int i = 0; i < count; ++i) {
            std::string text;
            for (std::size_t n = 1 + below(random, 2); n > 0; --n) {
                const auto s = mutate(c, c.statements[below(random, c.statements.size())], random);
                for (const std::string& w : s) text += w + " ";
                text += ";\n";
            }
            check(c, text);
            if (HasFatalFailure()) {
                std::printf("SEED=%llu\n", static_cast<unsigned long long>(seed));
                return;
            }
            plans += compile(c.catalog, {"m.sql", text}).program ? 1 : 0;
        }
    }
    EXPECT_GT(plans, 0);
}

}  // namespace
}  // namespace mr::sql
