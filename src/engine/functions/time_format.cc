// Java's date patterns, and the functions that take or give text.
#include <fmt/format.h>

#include <array>

#include "engine/internal/calendar.h"
#include "engine/internal/registry.h"
#include "engine/internal/text.h"
#include "engine/internal/time_zone.h"

namespace mr::engine::internal {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};
constexpr std::string_view kNumeric = "yuMLdDHhKkmsSnAQqwec";

bool is_number(char letter, int count) {
    if (letter == 'M' || letter == 'L' || letter == 'Q' || letter == 'q' || letter == 'e' || letter == 'c')
        return count <= 2;
    return kNumeric.find(letter) != std::string_view::npos;
}

/// A point's fields, as patterns ask for them.
struct Fields {
    explicit Fields(Moment m)
        : days(floor_div(m.seconds, 86'400)),
          date(civil_from_days(days)),
          of_day(static_cast<int>(m.seconds - days * 86'400)),
          nanos(m.nanos) {}
    std::int64_t days;
    CivilDate date;
    int of_day;
    std::int32_t nanos;
    [[nodiscard]] int hour() const { return of_day / 3600; }
};

std::int64_t number_of(const Fields& f, char letter) {
    switch (letter) {
        case 'y':
        case 'u':
            return f.date.year;
        case 'M':
        case 'L':
            return f.date.month;
        case 'd':
            return f.date.day;
        case 'D':
            return day_of_year(f.days);
        case 'H':
            return f.hour();
        case 'k':
            return f.hour() == 0 ? 24 : f.hour();
        case 'K':
            return f.hour() % 12;
        case 'h':
            return f.hour() % 12 == 0 ? 12 : f.hour() % 12;
        case 'm':
            return f.of_day / 60 % 60;
        case 's':
            return f.of_day % 60;
        case 'n':
            return f.nanos;
        case 'A':
            return f.of_day * std::int64_t{1000} + f.nanos / 1'000'000;
        case 'Q':
        case 'q':
            return (f.date.month + 2) / 3;
        case 'w':
            return us_week(f.days);
        default:  // e, c: Sunday = 1
            return iso_weekday(f.days) % 7 + 1;
    }
}

std::string name_of(std::string_view full, int count) {
    return std::string(count >= 4 ? full : full.substr(0, 3));
}

std::string zone_text(char letter, int count) {
    switch (letter) {
        case 'X':
            return "Z";
        case 'x':
            return count == 1 ? "+00" : count % 2 == 0 ? "+0000" : "+00:00";
        case 'Z':
            return count == 4 ? "GMT" : count == 5 ? "Z" : "+0000";
        case 'O':
            return "GMT";
        default:
            return "UTC";
    }
}

}  // namespace

Result<TimePattern> TimePattern::parse(std::string_view pattern) {
    TimePattern out;
    const auto literal = [&](std::string_view text) {
        if (out.tokens_.empty() || out.tokens_.back().letter != 0) out.tokens_.push_back({});
        out.tokens_.back().text += text;
    };
    for (std::size_t i = 0; i < pattern.size();) {
        const char c = pattern[i];
        if (c == '\'') {
            const std::size_t end = pattern.find('\'', i + 1);
            if (end == std::string_view::npos)
                return fail(Code::invalid_argument, "date pattern '{}': a quote is not closed", pattern);
            literal(end == i + 1 ? std::string_view("'") : pattern.substr(i + 1, end - i - 1));
            i = end + 1;
        } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            std::size_t end = i;
            while (end < pattern.size() && pattern[end] == c) ++end;
            if (std::string_view("GyuMLdDEecaHhKkmsSnAQqwzVXxZO").find(c) == std::string_view::npos)
                return fail(Code::invalid_argument, "date pattern '{}': letter '{}' is not supported",
                            pattern, c);
            const int count = static_cast<int>(end - i);
            if (!out.tokens_.empty()) {
                Token& before = out.tokens_.back();
                before.adjacent =
                    before.letter != 0 && is_number(before.letter, before.count) && is_number(c, count);
            }
            out.tokens_.push_back({c, count, {}, false});
            i = end;
        } else if (c == '[' || c == ']' || c == '{' || c == '}' || c == '#') {
            return fail(Code::invalid_argument, "date pattern '{}': '{}' is not supported", pattern, c);
        } else {
            literal(pattern.substr(i, 1));
            ++i;
        }
    }
    return out;
}

std::string TimePattern::format(Moment m) const {
    const Fields f(m);
    std::string out;
    for (const Token& t : tokens_) {
        switch (t.letter) {
            case 0:
                out += t.text;
                break;
            case 'G':
                out += t.count >= 4 ? "Anno Domini" : "AD";
                break;
            case 'a':
                out += f.hour() < 12 ? "AM" : "PM";
                break;
            case 'E':
                out += name_of(kDays[static_cast<std::size_t>(iso_weekday(f.days) - 1)], t.count);
                break;
            case 'S':
                out +=
                    fmt::format("{:09}", f.nanos).substr(0, static_cast<std::size_t>(std::min(t.count, 9)));
                break;
            case 'z':
            case 'V':
            case 'X':
            case 'x':
            case 'Z':
            case 'O':
                out += zone_text(t.letter, t.count);
                break;
            default:
                if ((t.letter == 'M' || t.letter == 'L') && t.count >= 3) {
                    out += name_of(kMonths[static_cast<std::size_t>(f.date.month - 1)], t.count);
                } else if ((t.letter == 'Q' || t.letter == 'q') && t.count >= 3) {
                    out += fmt::format("Q{}", number_of(f, t.letter));
                } else if ((t.letter == 'e' || t.letter == 'c') && t.count >= 3) {
                    out += name_of(kDays[static_cast<std::size_t>(iso_weekday(f.days) - 1)], t.count);
                } else if ((t.letter == 'y' || t.letter == 'u') && t.count == 2) {
                    out += fmt::format("{:02}", f.date.year % 100);
                } else {
                    out += fmt::format("{:0{}}", number_of(f, t.letter), t.count);
                }
        }
    }
    return out;
}

/// Reads a text by a pattern, token by token.
struct PatternReader {
    std::string_view text;
    std::size_t at = 0;
    CivilDate date;
    int hour = 0, minute = 0, second = 0;
    std::int32_t nanos = 0;
    int half = -1;    ///< 0 AM, 1 PM
    int clock = -1;   ///< hour of the half day
    int of_year = 0;  ///< D

    std::optional<std::int64_t> number(int least, int most) {
        std::int64_t v = 0;
        int n = 0;
        while (n < most && at < text.size() && text[at] >= '0' && text[at] <= '9') {
            v = v * 10 + (text[at++] - '0');
            ++n;
        }
        if (n < least) return std::nullopt;
        return v;
    }
    /// The index of the name that stands here.
    template <std::size_t N>
    int name(const std::array<std::string_view, N>& names, int count) {
        for (std::size_t i = 0; i < N; ++i) {
            const std::string one = name_of(names[i], count);
            if (text.substr(at).starts_with(one)) {
                at += one.size();
                return static_cast<int>(i);
            }
        }
        return -1;
    }

    bool take(const TimePattern::Token& t);
    bool take_number(const TimePattern::Token& t);
};

bool PatternReader::take_number(const TimePattern::Token& t) {
    const bool year = t.letter == 'y' || t.letter == 'u';
    const int widest = year                                 ? (t.count == 2 ? 2 : 9)
                       : t.letter == 'D'                    ? 3
                       : t.letter == 'n' || t.letter == 'A' ? 9
                                                            : 2;
    const auto v = t.letter == 'S' ? number(t.count, t.count)
                                   : number(t.count, t.adjacent ? t.count : std::max(t.count, widest));
    if (!v) return false;
    const int n = static_cast<int>(*v);
    switch (t.letter) {
        case 'y':
        case 'u':
            date.year = t.count == 2 ? 2000 + n : n;
            return true;
        case 'M':
        case 'L':
            date.month = n;
            return true;
        case 'd':
            date.day = n;
            return true;
        case 'D':
            of_year = n;
            return true;
        case 'H':
            hour = n;
            return true;
        case 'k':
            hour = n == 24 ? 0 : n;
            return n >= 1;
        case 'h':
            clock = n == 12 ? 0 : n;
            return n >= 1 && n <= 12;
        case 'K':
            clock = n;
            return n <= 11;
        case 'm':
            minute = n;
            return true;
        case 's':
            second = n;
            return true;
        case 'S': {
            std::int64_t scaled = *v;
            for (int i = t.count; i < 9; ++i) scaled *= 10;
            for (int i = 9; i < t.count; ++i) scaled /= 10;
            nanos = static_cast<std::int32_t>(scaled);
            return true;
        }
        case 'n':
            nanos = n;
            return true;
        default:
            return true;  // Q, w, e: derived, not resolved
    }
}

bool PatternReader::take(const TimePattern::Token& t) {
    if (t.letter == 0) {
        if (!text.substr(at).starts_with(t.text)) return false;
        at += t.text.size();
        return true;
    }
    if ((t.letter == 'M' || t.letter == 'L') && t.count >= 3) {
        date.month = name(kMonths, t.count) + 1;
        return date.month > 0;
    }
    if (t.letter == 'E') return name(kDays, t.count) >= 0;
    if (t.letter == 'a') {
        half = text.substr(at).starts_with("AM") ? 0 : text.substr(at).starts_with("PM") ? 1 : -1;
        at += 2;
        return half >= 0;
    }
    if (std::string_view("zVXxZO").find(t.letter) != std::string_view::npos) {
        const std::string zone = zone_text(t.letter, t.count);
        if (!text.substr(at).starts_with(zone)) return false;
        at += zone.size();
        return true;
    }
    return take_number(t);
}

std::optional<Moment> TimePattern::read(std::string_view text, bool smart) const {
    std::size_t end = 0;
    const auto m = take(text, smart, end);
    return end == text.size() ? m : std::nullopt;
}

std::optional<Moment> TimePattern::read_start(std::string_view text) const {
    std::size_t end = 0;
    return take(text, false, end);
}

std::optional<Moment> TimePattern::take(std::string_view text, bool smart, std::size_t& end) const {
    PatternReader r;
    r.text = text;
    for (const Token& t : tokens_) {
        if (!r.take(t)) return std::nullopt;
    }
    end = r.at;
    if (r.clock >= 0) r.hour = r.clock + (r.half == 1 ? 12 : 0);
    if (r.hour > 23 || r.minute > 59 || r.second > 59) return std::nullopt;
    if (r.date.month < 1 || r.date.month > 12 || r.date.day < 1 ||
        (r.date.day > days_in_month(r.date.year, r.date.month) && !(smart && r.date.day <= 31)))
        return std::nullopt;
    r.date.day = std::min(r.date.day, days_in_month(r.date.year, r.date.month));
    std::int64_t days = days_from_civil(r.date);
    if (r.of_year > 0) {
        if (r.of_year > (is_leap_year(r.date.year) ? 366 : 365)) return std::nullopt;
        days = days_from_civil({r.date.year, 1, 1}) + r.of_year - 1;
    }
    return Moment{days * 86'400 + r.hour * 3600 + r.minute * 60 + r.second, r.nanos};
}

namespace {

/// The pattern of an argument: a literal's, or each row's own.
class PatternArgument {
  public:
    static Result<PatternArgument> of(const plan::Expr& call, std::size_t i) {
        PatternArgument p;
        p.index_ = i;
        if (const auto text = literal_text(call, i)) {
            MR_TRY(p.fixed_, TimePattern::parse(*text));
        }
        return p;
    }
    [[nodiscard]] bool given(const RowCall& c) const { return c.size() > index_; }
    /// Calls `use` with the row's pattern; a bad one fails the row.
    template <class Use>
    void with(RowCall& c, Use use) const {
        if (fixed_) return use(*fixed_);
        const auto made = TimePattern::parse(c.text(index_));
        made ? use(*made) : c.fail(made.error().message);
    }

  private:
    std::size_t index_ = 0;
    std::optional<TimePattern> fixed_;
};

void put(RowCall& c, std::optional<Moment> m) {
    m ? c.set_integer(from_moment(*m, c.out_type())) : c.null();
}

/// Text as a timestamp; "2024-02-30 …" is the last of February, as Java's resolver has it.
std::optional<Moment> parse_smart(std::string_view text) {
    if (auto m = parse_timestamp(text, TimestampText::lenient)) return m;
    const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
    if (text.size() < 10 || text[4] != '-' || text[7] != '-' || !digit(8) || !digit(9) || text[8] < '2' ||
        text[8] > '3' || (text[8] == '3' && text[9] > '1'))
        return std::nullopt;
    // The month's last day is at most three days earlier.
    std::string earlier(text);
    for (int day = (text[8] - '0') * 10 + (text[9] - '0') - 1; day >= 28; --day) {
        earlier[8] = static_cast<char>('0' + day / 10);
        earlier[9] = static_cast<char>('0' + day % 10);
        if (auto m = parse_timestamp(earlier, TimestampText::lenient)) return m;
    }
    return std::nullopt;
}

/// TO_TIMESTAMP, TO_DATE, and TO_TIMESTAMP_LTZ of text.
Result<RowFunction> make_parse(const plan::Expr& call) {
    MR_TRY(PatternArgument pattern, PatternArgument::of(call, 1));
    std::optional<TimeZone> zone;
    if (call.args.size() > 2) {
        const auto name = literal_text(call, 2);
        if (!name) return fail(Code::unsupported, "TO_TIMESTAMP_LTZ takes a literal time zone");
        MR_TRY(zone, TimeZone::find(*name));
    }
    const bool smart = call.function != "TO_DATE";
    return [pattern, smart, zone](RowCall& c) {
        if (!pattern.given(c))
            return put(c,
                       smart ? parse_smart(c.text(0)) : parse_timestamp(c.text(0), TimestampText::lenient));
        pattern.with(c, [&](const TimePattern& p) {
            std::optional<Moment> m = p.read(c.text(0), smart);
            if (m && zone) m->seconds = zone->to_utc(m->seconds);
            put(c, m);
        });
    };
}

/// 0001-01-01 to 9999-12-31, as Flink bounds TO_TIMESTAMP_LTZ.
constexpr std::int64_t kFirstMs = -62'135'596'800'000, kLastMs = 253'402'300'799'999;

Result<RowFunction> make_to_ltz(const plan::Expr& call) {
    if (call.args[0]->type.is_character()) return make_parse(call);
    return [](RowCall& c) {
        const std::int64_t precision = c.size() > 1 ? c.integer(1) : 3;
        if (precision != 0 && precision != 3)
            return c.fail("TO_TIMESTAMP_LTZ takes a precision of 0 (seconds) or 3 (milliseconds)");
        const std::int64_t scale = precision == 0 ? 1000 : 1;
        const DataType& type = c.type(0);
        if (type.is_integer()) {
            std::int64_t ms = 0;
            if (__builtin_mul_overflow(c.integer(0), scale, &ms)) return c.null();
            if (ms < kFirstMs || ms > kLastMs) return c.null();
            return c.set_integer(ms);
        }
        double v = type.kind == TypeKind::decimal ? static_cast<double>(c.decimal(0)) : c.real(0);
        if (type.kind == TypeKind::decimal) {
            for (int i = 0; i < type.scale; ++i) v /= 10;
        }
        v *= static_cast<double>(scale);
        if (!(v >= static_cast<double>(kFirstMs) && v <= static_cast<double>(kLastMs))) return c.null();
        c.set_integer(static_cast<std::int64_t>(v));
    };
}

Result<RowFunction> make_format(const plan::Expr& call) {
    MR_TRY(PatternArgument pattern, PatternArgument::of(call, 1));
    const bool text = call.args[0]->type.is_character();
    return [pattern, text](RowCall& c) {
        std::optional<Moment> m;
        if (text) {
            m = parse_timestamp(c.text(0), TimestampText::lenient);
            if (!m) return c.null();
        } else {
            m = to_moment(c.integer(0), c.type(0));
        }
        pattern.with(c, [&](const TimePattern& p) { c.set(p.format(*m)); });
    };
}

constexpr std::string_view kDefaultPattern = "yyyy-MM-dd HH:mm:ss";

Result<RowFunction> make_from_unixtime(const plan::Expr& call) {
    MR_TRY(PatternArgument pattern, PatternArgument::of(call, 1));
    MR_TRY(const TimePattern standard, TimePattern::parse(kDefaultPattern));
    return [pattern, standard](RowCall& c) {
        // Flink counts in milliseconds, and what is beyond these wraps around.
        const auto ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(c.integer(0)) * 1'000);
        const Moment m{floor_div(ms, 1'000), 0};
        if (m.seconds < -62'135'596'800 || m.seconds > 253'402'300'799) return c.null();
        if (!pattern.given(c)) return c.set(standard.format(m));
        pattern.with(c, [&](const TimePattern& p) { c.set(p.format(m)); });
    };
}

Result<RowFunction> make_unix_timestamp(const plan::Expr& call) {
    MR_TRY(PatternArgument pattern, PatternArgument::of(call, 1));
    MR_TRY(const TimePattern standard, TimePattern::parse(kDefaultPattern));
    return [pattern, standard](RowCall& c) {
        if (c.size() == 0) return c.set_integer(floor_div(c.input().processing_time_ms, 1000));
        const auto answer = [&](const TimePattern& p) {
            const auto m = p.read_start(c.text(0));
            // Flink's answer for a text that is no time.
            c.set_integer(m ? m->seconds : INT64_MIN);
        };
        if (!pattern.given(c)) return answer(standard);
        pattern.with(c, answer);
    };
}

/// The zone of an argument: a literal's, or each row's own.
class ZoneArgument {
  public:
    static Result<ZoneArgument> of(const plan::Expr& call, std::size_t i) {
        ZoneArgument z;
        z.index_ = i;
        if (const auto name = literal_text(call, i)) {
            MR_TRY(z.fixed_, TimeZone::find(*name));
        }
        return z;
    }
    /// Calls `use` with the row's zone; a name that is none fails the row.
    template <class Use>
    void with(RowCall& c, Use use) const {
        if (fixed_) return use(*fixed_);
        const auto found = TimeZone::find(c.text(index_));
        found ? use(*found) : c.fail(found.error().message);
    }

  private:
    std::size_t index_ = 0;
    std::optional<TimeZone> fixed_;
};

Result<RowFunction> make_convert_tz(const plan::Expr& call) {
    MR_TRY(ZoneArgument from, ZoneArgument::of(call, 1));
    MR_TRY(ZoneArgument to, ZoneArgument::of(call, 2));
    MR_TRY(const TimePattern standard, TimePattern::parse(kDefaultPattern));
    return [standard, from, to](RowCall& c) {
        const auto m = parse_timestamp(c.text(0), TimestampText::lenient);
        if (!m) return c.null();
        from.with(c, [&](const TimeZone& there) {
            to.with(c, [&](const TimeZone& here) {
                const std::int64_t instant = there.to_utc(m->seconds);
                c.set(standard.format({instant + here.offset_at(instant), 0}));
            });
        });
    };
}

}  // namespace

void add_time_format(Registry& r) {
    r.add_row_maker("TO_TIMESTAMP", make_parse);
    r.add_row_maker("TO_DATE", make_parse);
    r.add_row_maker("TO_TIMESTAMP_LTZ", make_to_ltz);
    r.add_row_maker("DATE_FORMAT", make_format);
    r.add_row_maker("FROM_UNIXTIME", make_from_unixtime);
    r.add_row_maker("UNIX_TIMESTAMP", make_unix_timestamp, Strictness::strict, false);
    r.add_row_maker("CONVERT_TZ", make_convert_tz);
}

}  // namespace mr::engine::internal
