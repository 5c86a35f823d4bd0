// LIKE, SIMILAR TO and the REGEXP family. LIKE is matched directly; the rest is RE2, which runs in linear
// time on any input. What only Java's engine knows (look-around, back-references, possessive quantifiers) is
// an error that says so.
#include <re2/re2.h>

#include <algorithm>
#include <memory>

#include "engine/internal/registry.h"
#include "engine/internal/text.h"

namespace mr::engine::internal {
namespace {

using Regex = std::shared_ptr<const re2::RE2>;

Result<Regex> compile(const std::string& pattern) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(8 << 20);
    auto made = std::make_shared<const re2::RE2>(pattern, options);
    if (!made->ok()) {
        const char* hint = "";
        for (const char* java : {"(?=", "(?!", "(?<=", "(?<!", "\\1", "*+", "++", "?+", "(?>"}) {
            if (pattern.find(java) != std::string::npos)
                hint =
                    "; look-around, back-references and possessive quantifiers are Java's and not supported";
        }
        return fail(Code::invalid_argument, "regular expression '{}': {}{}", pattern, made->error(), hint);
    }
    return made;
}

/// The compiled pattern of a row: the literal's, or the last one used.
class Patterns {
  public:
    static Result<Patterns> of(const plan::Expr& call, std::size_t i) {
        Patterns p;
        if (const auto text = literal_text(call, i)) {
            MR_TRY(p.fixed_, compile(*text));
        }
        return p;
    }
    /// nullptr, and the row failed, if the row's pattern does not compile.
    const re2::RE2* get(RowCall& c, std::size_t i) const {
        if (fixed_) return fixed_.get();
        if (last_text_ && *last_text_ == c.text(i)) return last_.get();
        auto made = compile(std::string(c.text(i)));
        if (!made) {
            c.fail(made.error().message);
            return nullptr;
        }
        last_text_ = std::string(c.text(i));
        last_ = *made;
        return last_.get();
    }

  private:
    Regex fixed_;
    mutable std::optional<std::string> last_text_;
    mutable Regex last_;
};

re2::StringPiece piece(std::string_view s) {
    return {s.data(), s.size()};
}

/// LIKE as a sequence of characters, '_' and '%'.
struct LikePattern {
    enum class Kind : std::uint8_t { text, one, any };
    struct Part {
        Kind kind;
        std::string text;
    };
    std::vector<Part> parts;

    void add_text(std::string_view t) {
        if (parts.empty() || parts.back().kind != Kind::text) parts.push_back({Kind::text, {}});
        parts.back().text += t;
    }
};

Result<LikePattern> parse_like(std::string_view p, std::string_view escape) {
    LikePattern out;
    for (std::size_t i = 0; i < p.size();) {
        const std::size_t n = char_bytes(p, i);
        const std::string_view one = p.substr(i, n);
        i += n;
        if (!escape.empty() && one == escape) {
            if (i >= p.size())
                return fail(Code::invalid_argument, "LIKE pattern '{}' ends with its escape", p);
            const std::size_t m = char_bytes(p, i);
            const std::string_view next = p.substr(i, m);
            if (next != "%" && next != "_" && next != escape)
                return fail(Code::invalid_argument, "LIKE pattern '{}' escapes '{}'", p, next);
            out.add_text(next);
            i += m;
        } else if (one == "_") {
            out.parts.push_back({LikePattern::Kind::one, {}});
        } else if (one == "%") {
            if (out.parts.empty() || out.parts.back().kind != LikePattern::Kind::any)
                out.parts.push_back({LikePattern::Kind::any, {}});
        } else {
            out.add_text(one);
        }
    }
    return out;
}

/// Greedy with one point to come back to (the last '%'): linear times the number of '%'.
bool like(const LikePattern& p, std::string_view s) {
    std::size_t at = 0, part = 0;
    std::size_t back_part = SIZE_MAX, back_at = 0;
    while (true) {
        if (part == p.parts.size()) {
            if (at == s.size()) return true;
        } else if (p.parts[part].kind == LikePattern::Kind::any) {
            if (++part == p.parts.size()) return true;
            back_part = part;
            back_at = at;
            continue;
        } else if (p.parts[part].kind == LikePattern::Kind::one) {
            if (at < s.size()) {
                at += char_bytes(s, at);
                ++part;
                continue;
            }
        } else if (s.substr(at).starts_with(p.parts[part].text)) {
            at += p.parts[part].text.size();
            ++part;
            continue;
        }
        if (back_part == SIZE_MAX || back_at >= s.size()) return false;
        back_at += char_bytes(s, back_at);
        at = back_at;
        part = back_part;
    }
}

Result<RowFunction> make_like(const plan::Expr& call) {
    const auto pattern = literal_text(call, 1);
    const auto escape = call.args.size() > 2 ? literal_text(call, 2) : std::optional<std::string>("");
    if (escape && char_count(*escape) > 1)
        return fail(Code::invalid_argument, "ESCAPE takes one character, not '{}'", *escape);
    if (pattern && escape) {
        MR_TRY(LikePattern parsed, parse_like(*pattern, *escape));
        return [parsed](RowCall& c) { c.set_boolean(like(parsed, c.text(0))); };
    }
    return [](RowCall& c) {
        const auto parsed = parse_like(c.text(1), c.size() > 2 ? c.text(2) : "");
        parsed ? c.set_boolean(like(*parsed, c.text(0))) : c.fail(parsed.error().message);
    };
}

/// SQL's regular expression as RE2's: % and _ outside brackets, everything else as it is.
std::string similar_to_regex(std::string_view p, std::string_view escape) {
    std::string out = "(?s)\\A(?:";
    bool inside = false;
    for (std::size_t i = 0; i < p.size(); ++i) {
        const char ch = p[i];
        if (!escape.empty() && ch == escape[0] && i + 1 < p.size()) {
            out += re2::RE2::QuoteMeta(std::string(1, p[++i]));
        } else if (inside) {
            inside = ch != ']';
            out += ch;
        } else if (ch == '[') {
            inside = true;
            out += ch;
        } else if (ch == '%') {
            out += ".*";
        } else if (ch == '_') {
            out += '.';
        } else if (ch == '.' || ch == '^' || ch == '$' || ch == '\\') {
            out += '\\';
            out += ch;
        } else {
            out += ch;
        }
    }
    return out + ")\\z";
}

Result<RowFunction> make_similar(const plan::Expr& call) {
    const auto pattern = literal_text(call, 1);
    const auto escape = call.args.size() > 2 ? literal_text(call, 2) : std::optional<std::string>("");
    if (!pattern || !escape) return fail(Code::unsupported, "SIMILAR TO takes a literal pattern");
    MR_TRY(Regex regex, compile(similar_to_regex(*pattern, *escape)));
    return [regex](RowCall& c) { c.set_boolean(re2::RE2::PartialMatch(piece(c.text(0)), *regex)); };
}

Result<RowFunction> make_regexp(const plan::Expr& call) {
    MR_TRY(Patterns patterns, Patterns::of(call, 1));
    return [patterns](RowCall& c) {
        if (const re2::RE2* regex = patterns.get(c, 1))
            c.set_boolean(re2::RE2::PartialMatch(piece(c.text(0)), *regex));
    };
}

Result<RowFunction> make_extract(const plan::Expr& call) {
    MR_TRY(Patterns patterns, Patterns::of(call, 1));
    return [patterns](RowCall& c) {
        const std::int64_t group = c.size() > 2 ? c.integer(2) : 0;
        const re2::RE2* regex = patterns.get(c, 1);
        if (regex == nullptr) return;
        if (group < 0 || group > regex->NumberOfCapturingGroups()) return c.null();
        std::vector<re2::StringPiece> groups(static_cast<std::size_t>(group) + 1);
        const std::string_view s = c.text(0);
        if (!regex->Match(piece(s), 0, s.size(), re2::RE2::UNANCHORED, groups.data(),
                          static_cast<int>(groups.size())))
            return c.null();
        const re2::StringPiece& hit = groups.back();
        hit.data() == nullptr ? c.null() : c.set({hit.data(), hit.size()});
    };
}

/// Calls `use(groups)` for each match, in order; returns where the last one ended.
template <class Use>
void each_match(const re2::RE2& regex, std::string_view s, Use use) {
    std::vector<re2::StringPiece> groups(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) + 1);
    std::size_t at = 0;
    while (at <= s.size() && regex.Match(piece(s), at, s.size(), re2::RE2::UNANCHORED, groups.data(),
                                         static_cast<int>(groups.size()))) {
        const auto start = static_cast<std::size_t>(groups[0].data() - s.data());
        use(std::span<const re2::StringPiece>(groups), start);
        at = start + groups[0].size();
        if (groups[0].empty()) at += at < s.size() ? char_bytes(s, at) : 1;
    }
}

Result<RowFunction> make_replace(const plan::Expr& call) {
    MR_TRY(Patterns patterns, Patterns::of(call, 1));
    return [patterns](RowCall& c) {
        const re2::RE2* regex = patterns.get(c, 1);
        if (regex == nullptr) return;
        const std::string_view s = c.text(0);
        std::string out;
        std::size_t copied = 0;
        each_match(*regex, s, [&](std::span<const re2::StringPiece> groups, std::size_t start) {
            out += s.substr(copied, start - copied);
            out += c.text(2);  // as it is: Flink quotes it, so that $1 is no group
            copied = start + groups[0].size();
        });
        c.set(out.append(s.substr(copied)));
    };
}

Result<RowFunction> make_count(const plan::Expr& call) {
    MR_TRY(Patterns patterns, Patterns::of(call, 1));
    return [patterns](RowCall& c) {
        const re2::RE2* regex = patterns.get(c, 1);
        if (regex == nullptr) return;
        std::int64_t n = 0;
        each_match(*regex, c.text(0), [&](std::span<const re2::StringPiece>, std::size_t) { ++n; });
        c.set_integer(n);
    };
}

Result<RowFunction> make_extract_all(const plan::Expr& call) {
    MR_TRY(Patterns patterns, Patterns::of(call, 1));
    return [patterns](RowCall& c) {
        const re2::RE2* regex = patterns.get(c, 1);
        if (regex == nullptr) return;
        const std::int64_t group = c.size() > 2 ? c.integer(2) : 1;
        if (group < 0 || group > regex->NumberOfCapturingGroups()) return c.null();
        std::vector<Value> out;
        each_match(*regex, c.text(0), [&](std::span<const re2::StringPiece> groups, std::size_t) {
            const re2::StringPiece& hit = groups[static_cast<std::size_t>(group)];
            out.push_back(hit.data() == nullptr ? Value::null()
                                                : Value::of(std::string(hit.data(), hit.size())));
        });
        c.set_value(Value::of(std::move(out)));
    };
}

/// REGEXP_INSTR and REGEXP_SUBSTR: where the first match is, and what.
template <class Use>
Result<RowFunction> make_first(const plan::Expr& call, Use use) {
    MR_TRY(Patterns patterns, Patterns::of(call, 1));
    return [patterns, use](RowCall& c) {
        const re2::RE2* regex = patterns.get(c, 1);
        if (regex == nullptr) return;
        const std::string_view s = c.text(0);
        re2::StringPiece hit;
        const bool found = regex->Match(piece(s), 0, s.size(), re2::RE2::UNANCHORED, &hit, 1);
        use(c, s, found, hit);
    };
}

Result<RowFunction> make_instr(const plan::Expr& call) {
    return make_first(call, [](RowCall& c, std::string_view s, bool found, re2::StringPiece hit) {
        c.set_integer(found ? char_count(s.substr(0, static_cast<std::size_t>(hit.data() - s.data()))) + 1
                            : 0);
    });
}

Result<RowFunction> make_substr(const plan::Expr& call) {
    return make_first(call, [](RowCall& c, std::string_view, bool found, re2::StringPiece hit) {
        found ? c.set({hit.data(), hit.size()}) : c.null();
    });
}

}  // namespace

void add_patterns(Registry& r) {
    r.add_row_maker("LIKE", make_like);
    r.add_row_maker("SIMILAR TO", make_similar);
    r.add_row_maker("REGEXP", make_regexp);
    r.add_row_maker("REGEXP_EXTRACT", make_extract);
    r.add_row_maker("REGEXP_REPLACE", make_replace);
    r.add_row_maker("REGEXP_COUNT", make_count);
    r.add_row_maker("REGEXP_EXTRACT_ALL", make_extract_all);
    r.add_row_maker("REGEXP_INSTR", make_instr);
    r.add_row_maker("REGEXP_SUBSTR", make_substr);
}

}  // namespace mr::engine::internal
