#include "engine/internal/match.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"

namespace mr::engine::internal {

std::int64_t MatchPath::end() const {
    std::int64_t at = start;
    for (const MatchRun& r : runs) at += r.rows;
    return at;
}

MatchPath MatchPath::prefix(std::int64_t rows) const {
    MatchPath out = *this;
    out.runs.clear();
    for (const MatchRun& r : runs) {
        if (rows <= 0) break;
        const auto part = static_cast<std::uint32_t>(std::min<std::int64_t>(rows, r.rows));
        out.runs.push_back({r.variable, part});
        rows -= part;
    }
    return out;
}

void MatchPath::take(std::uint32_t variable) {
    if (runs.empty() || runs.back().variable != variable) runs.push_back({variable, 0});
    ++runs.back().rows;
}

std::pair<std::int64_t, std::int64_t> MatchPath::rows_of(int variable) const {
    if (variable < 0) return {start, end()};
    std::int64_t at = start;
    for (const MatchRun& r : runs) {
        if (r.variable == static_cast<std::uint32_t>(variable)) return {at, at + r.rows};
        at += r.rows;
    }
    return {at, at};
}

std::optional<std::int64_t> MatchPath::find(int variable, bool first, std::int64_t offset) const {
    const auto [from, to] = rows_of(variable);
    if (offset >= to - from) return std::nullopt;
    return first ? from + offset : to - 1 - offset;
}

MatchAutomaton::MatchAutomaton(const std::vector<plan::MatchVariable>& variables) {
    states_.emplace_back();  // the end
    for (std::size_t i = variables.size(); i-- > 0;) {
        start_ = times(variables[i], static_cast<std::uint32_t>(i), start_);
    }
}

std::uint32_t MatchAutomaton::add_state(std::uint32_t variable) {
    states_.push_back({variable, {}});
    return static_cast<std::uint32_t>(states_.size() - 1);
}

std::uint32_t MatchAutomaton::single(std::uint32_t variable, std::uint32_t to,
                                     std::optional<std::uint32_t> past) {
    const std::uint32_t s = add_state(variable);
    states_[s].edges.push_back({true, to, {}});
    if (past) states_[s].edges.push_back({false, *past, {}});
    return s;
}

/// What follows a greedy variable leaves it the rows that it would take.
void MatchAutomaton::hold_back(std::uint32_t state, std::uint32_t variable) {
    for (Edge& e : states_[state].edges) e.unless.push_back(variable);
}

/// The states of a variable with its quantifier, from the last to the first.
std::uint32_t MatchAutomaton::times(const plan::MatchVariable& v, std::uint32_t variable, std::uint32_t to) {
    const bool optional = v.least == 0;
    const int least = std::max(v.least, 1);
    const std::optional<std::uint32_t> past = optional ? std::optional(to) : std::nullopt;
    if (v.most == 1) return single(variable, to, past);
    std::uint32_t last = to;
    if (v.most < 0) {
        last = add_state(variable);
        states_[last].edges.push_back({true, last, {}});
        states_[last].edges.push_back({false, to, {}});
    }
    if (v.greedy && v.least != v.most) hold_back(to, variable);
    for (int i = least; i < v.most; ++i) last = single(variable, last, to);
    for (int i = 1; i < least; ++i) last = single(variable, last, std::nullopt);
    return single(variable, last, past);
}

MatchPath MatchAutomaton::start() const {
    MatchPath p;
    p.state = start_;
    return p;
}

bool MatchAutomaton::open(const Edge& edge, const MatchPath& path, MatchCondition& condition) const {
    return std::ranges::none_of(edge.unless, [&](std::uint32_t v) { return condition.takes(path, v); });
}

/// Can the match end here, with nothing but optional variables to come?
bool MatchAutomaton::may_end(std::uint32_t state, const MatchPath& path, MatchCondition& condition) const {
    std::vector<std::uint32_t> todo{state};
    while (!todo.empty()) {
        const State& s = states_[todo.back()];
        todo.pop_back();
        for (const Edge& e : s.edges) {
            if (e.takes || !open(e, path, condition)) continue;
            if (e.to == kFinal) return true;
            todo.push_back(e.to);
        }
    }
    return false;
}

void MatchAutomaton::step(const MatchPath& path, std::int64_t position, std::int64_t time,
                          MatchCondition& condition, std::vector<MatchPath>& partial,
                          std::vector<MatchPath>& complete) const {
    std::vector<std::uint32_t> todo{path.state};
    while (!todo.empty()) {
        const State& s = states_[todo.back()];
        todo.pop_back();
        for (const Edge& e : s.edges) {
            if (!open(e, path, condition)) continue;
            if (!e.takes) {
                if (e.to != kFinal) todo.push_back(e.to);
                continue;
            }
            if (!condition.takes(path, s.variable)) continue;
            MatchPath next = path;
            if (next.runs.empty()) {
                next.start = position;
                next.start_time = time;
            }
            next.take(s.variable);
            next.state = e.to;
            if (e.to == kFinal || may_end(e.to, path, condition)) complete.push_back(next);
            if (e.to != kFinal) partial.push_back(std::move(next));
        }
    }
}

namespace {

void encode_path(ByteWriter& out, const MatchPath& p) {
    out.uvarint(p.state);
    out.varint(p.start);
    out.varint(p.start_time);
    out.uvarint(p.runs.size());
    for (const MatchRun& r : p.runs) {
        out.uvarint(r.variable);
        out.uvarint(r.rows);
    }
}

MatchPath decode_path(ByteReader& in) {
    MatchPath p;
    p.state = static_cast<std::uint32_t>(in.uvarint());
    p.start = in.varint();
    p.start_time = in.varint();
    const std::uint64_t runs = in.uvarint();
    for (std::uint64_t i = 0; i < runs && !in.bad(); ++i) {
        MatchRun r;
        r.variable = static_cast<std::uint32_t>(in.uvarint());
        r.rows = static_cast<std::uint32_t>(in.uvarint());
        p.runs.push_back(r);
    }
    return p;
}

bool earlier(const MatchPath& a, const MatchPath& b) {
    return a.start < b.start;
}

}  // namespace

void MatchProgress::encode(std::string& out) const {
    ByteWriter writer(out);
    writer.u8(1);
    writer.varint(next);
    writer.uvarint(partial.size());
    for (const MatchPath& p : partial) encode_path(writer, p);
    writer.uvarint(complete.size());
    for (const MatchPath& p : complete) encode_path(writer, p);
}

MatchProgress MatchProgress::decode(std::string_view bytes) {
    MatchProgress out;
    ByteReader in(bytes);
    const std::uint8_t version = in.u8();
    out.next = in.varint();
    for (std::vector<MatchPath>* paths : {&out.partial, &out.complete}) {
        const std::uint64_t count = in.uvarint();
        for (std::uint64_t i = 0; i < count && !in.bad(); ++i) paths->push_back(decode_path(in));
    }
    MR_CHECK(version == 1 && !in.bad(), "matches in state: {} bytes of version {}", bytes.size(), version);
    return out;
}

void MatchProgress::expire(std::int64_t time, std::int64_t within_ms) {
    std::erase_if(partial, [&](const MatchPath& p) { return time - p.start_time >= within_ms; });
}

std::int64_t MatchProgress::first_row() const {
    std::int64_t first = next;
    for (const MatchPath& p : partial) first = std::min(first, p.start);
    for (const MatchPath& p : complete) first = std::min(first, p.start);
    return first;
}

std::optional<MatchPath> MatchProgress::next_match(plan::MatchSkip skip, int variable, bool& stuck) {
    stuck = false;
    if (complete.empty()) return std::nullopt;
    const auto first = std::ranges::min_element(complete, earlier);
    const auto rival = std::ranges::min_element(partial, earlier);
    if (rival != partial.end() && rival->start < first->start) return std::nullopt;
    MatchPath match = std::move(*first);
    complete.erase(first);
    // Everything that began before `until` is skipped.
    std::int64_t until = match.start + 1;
    if (skip == plan::MatchSkip::past_last_row) until = match.end();
    if (skip == plan::MatchSkip::to_first || skip == plan::MatchSkip::to_last) {
        const auto target = match.find(variable, skip == plan::MatchSkip::to_first, 0);
        stuck = !target || *target == match.start;
        if (!stuck) until = *target;
    }
    // To the next row: what began with the same row, and nothing else.
    const std::int64_t from = skip == plan::MatchSkip::to_next_row || stuck ? match.start : INT64_MIN;
    const auto skipped = [&](const MatchPath& p) { return p.start >= from && p.start < until; };
    std::erase_if(partial, skipped);
    std::erase_if(complete, skipped);
    return match;
}

}  // namespace mr::engine::internal
