// Goal: MATCH_RECOGNIZE's automaton finds Flink's matches, and the operator gives the same however rows are
// cut into rounds and after restarts. Method: patterns over words, a letter a row; what each finds is written
// down. (tests/slt/match has the language, with answers recorded from Flink.)
#include "engine/internal/match.h"

#include <gtest/gtest.h>

#include "engine/dataflow_harness.h"

namespace mr::engine::test {
namespace {

using internal::MatchAutomaton;
using internal::MatchPath;
using internal::MatchProgress;
using plan::MatchSkip;
using plan::MatchVariable;

/// A variable that takes the letters of `letters`.
struct Letters {
    std::string letters;
    int least = 1;
    int most = 1;
    bool greedy = true;
};

class TakesLetters final : public internal::MatchCondition {
  public:
    TakesLetters(const std::vector<Letters>& variables, char letter)
        : variables_(variables), letter_(letter) {}
    bool takes(const MatchPath&, std::uint32_t variable) override {
        return variables_[variable].letters.find(letter_) != std::string::npos;
    }

  private:
    const std::vector<Letters>& variables_;
    char letter_;
};

/// The matches of a word, as pieces of it, in the order found.
std::string matches(const std::vector<Letters>& pattern, const std::string& word, MatchSkip skip,
                    int variable = -1) {
    std::vector<MatchVariable> variables;
    for (const Letters& l : pattern) variables.push_back({l.letters, l.least, l.most, l.greedy, nullptr});
    const MatchAutomaton automaton(variables);
    MatchProgress progress;
    std::string out;
    for (const char letter : word) {
        TakesLetters condition(pattern, letter);
        std::vector<MatchPath> partial;
        const std::int64_t position = progress.next++;
        for (const MatchPath& p : progress.partial) {
            automaton.step(p, position, position, condition, partial, progress.complete);
        }
        automaton.step(automaton.start(), position, position, condition, partial, progress.complete);
        progress.partial = std::move(partial);
        // What is under way survives being written and read.
        std::string bytes;
        progress.encode(bytes);
        progress = MatchProgress::decode(bytes);
        bool stuck = false;
        while (const auto m = progress.next_match(skip, variable, stuck)) {
            out += out.empty() ? "" : " ";
            out += word.substr(static_cast<std::size_t>(m->start),
                               static_cast<std::size_t>(m->end() - m->start));
            if (stuck) out += "!";
        }
    }
    return out;
}

TEST(Match, QuantifiersFindTheirRows) {
    const auto past = MatchSkip::past_last_row;
    EXPECT_EQ(matches({{"a"}, {"b"}}, "abxaab", past), "ab ab");
    EXPECT_EQ(matches({{"a"}, {"b", 0, -1}, {"c"}}, "acabcabbc", past), "ac abc abbc");
    EXPECT_EQ(matches({{"a"}, {"b", 1, -1}, {"c"}}, "acabcabbc", past), "abc abbc");
    EXPECT_EQ(matches({{"a"}, {"b", 2, 2}, {"c"}}, "abcabbcabbbc", past), "abbc");
    EXPECT_EQ(matches({{"a"}, {"b", 1, 2}, {"c"}}, "acabcabbcabbbc", past), "abc abbc");
    EXPECT_EQ(matches({{"a"}, {"b", 2, -1}, {"c"}}, "abcabbcabbbc", past), "abbc abbbc");
    EXPECT_EQ(matches({{"a"}, {"b", 0, 2}, {"c"}}, "acabcabbcabbbc", past), "ac abc abbc");
    EXPECT_EQ(matches({{"a"}, {"b", 0, 1}, {"c"}}, "acabcabbc", past), "ac abc");
    EXPECT_EQ(matches({{"x", 0, 1}, {"a"}, {"b"}}, "abxab", past), "ab xab");
    // An option at the end is left out as soon as the rest is there.
    EXPECT_EQ(matches({{"a"}, {"b", 0, 1}}, "abaab", past), "a a a");
    EXPECT_EQ(matches({{"a"}, {"b", 1, -1, false}}, "abbb", past), "ab");
}

TEST(Match, GreedyIsGreedyRowByRow) {
    const auto next = MatchSkip::to_next_row;
    // "k" fits B and C: the greedy B takes it, and nothing is left for C.
    EXPECT_EQ(matches({{"a"}, {"bk", 0, -1, true}, {"kc"}}, "abkx", next), "");
    EXPECT_EQ(matches({{"a"}, {"bk", 0, -1, true}, {"kc"}}, "abkc", next), "abkc");
    EXPECT_EQ(matches({{"a"}, {"bk", 0, -1, false}, {"kc"}}, "abkc", next), "abk");
    EXPECT_EQ(matches({{"a"}, {"bk", 1, 3, true}, {"kc"}}, "akkkk", next), "");
    EXPECT_EQ(matches({{"a"}, {"bk", 1, 3, false}, {"kc"}}, "akkkk", next), "akk");
}

TEST(Match, SkippingDecidesWhichOverlap) {
    const std::vector<Letters> three = {{"ab"}, {"ab"}, {"ab"}};
    EXPECT_EQ(matches(three, "ababab", MatchSkip::past_last_row), "aba bab");
    EXPECT_EQ(matches(three, "ababa", MatchSkip::to_next_row), "aba bab aba");
    EXPECT_EQ(matches(three, "ababa", MatchSkip::to_last, 2), "aba aba");
    EXPECT_EQ(matches(three, "ababa", MatchSkip::to_first, 1), "aba bab aba");
    // Nothing to skip to.
    EXPECT_EQ(matches({{"a"}, {"b", 0, 1}, {"c"}}, "acabc", MatchSkip::to_first, 1), "ac! abc");
}

TEST(Match, AFinishedMatchWaitsForEarlierOnes) {
    // Both end with the same row: the one that began first comes first.
    const std::vector<Letters> pattern = {{"ab"}, {"b", 0, -1}, {"c"}, {"d", 0, 1}, {"e"}};
    EXPECT_EQ(matches(pattern, "abcde", MatchSkip::to_next_row), "abcde bcde");
}

constexpr std::int64_t kEnd = 1'000'000;

TEST(Match, OperatorGivesTheSameHoweverRowsAreCut) {
    const Schema schema{
        {{"k", DataType::string()}, {"v", DataType::bigint()}, {"ts", DataType::timestamp()}}};
    Plan p;
    const auto source = p.source(schema);
    plan::MatchNode node;
    node.partition_keys = {0};
    node.order_column = 2;
    node.skip = MatchSkip::past_last_row;
    node.within_ms = 40;
    using Place = plan::MatchPlace;
    const DataType number = DataType::bigint();
    node.places = {{Place::Kind::last, 0, 0, 1, {}, number},  // A.v
                   {Place::Kind::last, 1, 0, 1, {}, number},  // B.v
                   {Place::Kind::last, 1, 1, 1, {}, number},  // LAST(B.v, 1)
                   {Place::Kind::first, -1, 0, 1, {}, number}};
    Place sum;
    sum.kind = Place::Kind::aggregate;
    sum.variable = 1;
    sum.call = agg(source, "SUM", 1);
    sum.type = number;
    node.places.push_back(sum);
    const auto place = [&](int i) { return plan::input(i, number); };
    const auto less = [&](plan::ExprPtr a, plan::ExprPtr b) {
        return plan::call("<", {std::move(a), std::move(b)}, DataType::boolean());
    };
    // A v > 5, then falling values, summed up to 20 at most, then anything.
    node.variables = {
        {"A", 1, 1, true, less(test::number(5), place(0))},
        {"B", 1, -1, true,
         plan::call(
             "AND",
             {plan::call("OR",
                         {plan::call("IS NULL", {place(2)}, DataType::boolean()), less(place(1), place(2))},
                         DataType::boolean()),
              less(place(4), test::number(21))},
             DataType::boolean())},
        {"C", 1, 1, true, nullptr}};
    node.measures = {place(3), place(4), place(1)};
    const Schema out{{{"k", DataType::string()}, {"first", number}, {"sum", number}, {"last", number}}};
    const auto program = p.program({p.add(node, {source}, out)});
    std::vector<Event> events;
    std::uint64_t random = 7;
    for (int i = 0; i < 240; ++i) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        const auto draw = [&](std::uint64_t shift, std::uint64_t n) {
            return static_cast<std::int64_t>((random >> shift) % n);
        };
        const std::int64_t time = i * 10 - draw(20, 40);
        const char* key = draw(30, 2) == 0 ? "a" : "b";
        Event e{0, {draw(50, 9) == 0 ? N() : S(key), draw(40, 12) == 0 ? N() : I(draw(33, 11)), I(time)}};
        e.watermark = i * 10 - 15;
        events.push_back(std::move(e));
    }
    const Output all = run_all_cuts(program, events, kEnd);
    EXPECT_TRUE(all.failed.empty());
    EXPECT_FALSE(all.late.empty());
    EXPECT_GT(all.sequence[0].size(), 5u);
    // After the end no rows are kept: every partial match has become too old.
    EXPECT_LT(all.state_keys, 10u);
}

}  // namespace
}  // namespace mr::engine::test
