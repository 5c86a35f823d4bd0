// Date and time functions on values: EXTRACT and its shorthands, FLOOR and CEIL to a unit, differences, the
// clock of the step.
#include <algorithm>

#include "columnar/delta.h"
#include "engine/internal/calendar.h"
#include "engine/internal/registry.h"

namespace mr::engine::internal {

void floor_number(RowCall& c, bool up);

int iso_weekday(std::int64_t days) {
    // 1970-01-01 was a Thursday.
    return static_cast<int>((days + 3) - floor_div(days + 3, 7) * 7) + 1;
}

int day_of_year(std::int64_t days) {
    return static_cast<int>(days - days_from_civil({civil_from_days(days).year, 1, 1})) + 1;
}

IsoWeek iso_week(std::int64_t days) {
    // The week belongs to the year of its Thursday.
    const std::int64_t thursday = days - iso_weekday(days) + 4;
    return {civil_from_days(thursday).year, (day_of_year(thursday) - 1) / 7 + 1};
}

int us_week(std::int64_t days) {
    const std::int64_t first = days_from_civil({civil_from_days(days).year, 1, 1});
    const int offset = iso_weekday(first) % 7;  // Sunday = 0
    const int week = (day_of_year(days) - 1 + offset) / 7 + 1;
    // Days of the week that holds next January 1 are that year's week 1.
    const std::int64_t next = days_from_civil({civil_from_days(days).year + 1, 1, 1});
    return days >= next - iso_weekday(next) % 7 ? 1 : week;
}

Moment to_moment(std::int64_t value, const DataType& type) {
    switch (type.kind) {
        case TypeKind::date:
            return {value * 86'400, 0};
        case TypeKind::time:
            return Moment::of(value, 1000);
        default:
            return Moment::of(value, type.time_unit());
    }
}

std::int64_t from_moment(Moment m, const DataType& type) {
    if (type.kind == TypeKind::date) return floor_div(m.seconds, 86'400);
    return m.cut(type.precision).ticks(type.time_unit());
}

Result<Unit> parse_unit(std::string_view name) {
    static constexpr std::pair<std::string_view, Unit> kUnits[] = {{"NANOSECOND", Unit::nanosecond},
                                                                   {"MICROSECOND", Unit::microsecond},
                                                                   {"MILLISECOND", Unit::millisecond},
                                                                   {"SECOND", Unit::second},
                                                                   {"MINUTE", Unit::minute},
                                                                   {"HOUR", Unit::hour},
                                                                   {"DAY", Unit::day},
                                                                   {"WEEK", Unit::week},
                                                                   {"MONTH", Unit::month},
                                                                   {"QUARTER", Unit::quarter},
                                                                   {"YEAR", Unit::year},
                                                                   {"DECADE", Unit::decade},
                                                                   {"CENTURY", Unit::century},
                                                                   {"MILLENNIUM", Unit::millennium},
                                                                   {"DOW", Unit::day_of_week},
                                                                   {"ISODOW", Unit::iso_day_of_week},
                                                                   {"DOY", Unit::day_of_year},
                                                                   {"EPOCH", Unit::epoch},
                                                                   {"ISOYEAR", Unit::iso_year}};
    for (const auto& [text, unit] : kUnits) {
        if (text == name) return unit;
    }
    return fail(Code::invalid_argument, "unknown time unit {}", name);
}

namespace {

Result<Unit> unit_argument(const plan::Expr& call, std::size_t i) {
    const auto text = literal_text(call, i);
    if (!text) return fail(Code::invalid_argument, "{} needs a time unit", call.function);
    return parse_unit(*text);
}

std::int64_t extract_time(Moment m, Unit unit) {
    const std::int64_t days = floor_div(m.seconds, 86'400);
    const std::int64_t of_day = m.seconds - days * 86'400;
    const CivilDate date = civil_from_days(days);
    switch (unit) {
        case Unit::nanosecond:
            return m.nanos;
        case Unit::microsecond:
            return m.nanos / 1000;
        case Unit::millisecond:
            return m.nanos / 1'000'000;
        case Unit::second:
            return of_day % 60;
        case Unit::minute:
            return of_day / 60 % 60;
        case Unit::hour:
            return of_day / 3600;
        case Unit::day:
            return date.day;
        case Unit::week:
            return iso_week(days).week;
        case Unit::month:
            return date.month;
        case Unit::quarter:
            return (date.month + 2) / 3;
        case Unit::year:
            return date.year;
        case Unit::decade:
            return floor_div(date.year, 10);
        case Unit::century:
            return floor_div(date.year + 99, 100);
        case Unit::millennium:
            return floor_div(date.year + 999, 1000);
        case Unit::day_of_week:
            return iso_weekday(days) % 7 + 1;
        case Unit::iso_day_of_week:
            return iso_weekday(days);
        case Unit::day_of_year:
            return day_of_year(days);
        case Unit::epoch:
            return m.seconds;
        case Unit::iso_year:
            return iso_week(days).year;
    }
    return 0;
}

std::int64_t extract_interval(std::int64_t v, TypeKind kind, Unit unit) {
    if (kind == TypeKind::interval_month) {
        if (unit == Unit::year) return v / 12;
        if (unit == Unit::quarter) return v % 12 / 3 + 1;
        return unit == Unit::month ? v % 12 : 0;
    }
    switch (unit) {
        case Unit::day:
            return v / 86'400'000;
        case Unit::hour:
            return v / 3'600'000 % 24;
        case Unit::minute:
            return v / 60'000 % 60;
        case Unit::second:
            return v / 1000 % 60;
        case Unit::millisecond:
            return v % 1000;
        case Unit::epoch:
            return v / 1000;
        default:
            return 0;
    }
}

RowFunction extract(Unit unit, std::size_t arg) {
    return [unit, arg](RowCall& c) {
        const DataType& type = c.type(arg);
        const std::int64_t v = c.integer(arg);
        if (type.is_interval()) return c.set_integer(extract_interval(v, type.kind, unit));
        c.set_integer(extract_time(to_moment(v, type), unit));
    };
}

/// Seconds of the units that are plain multiples of a second; 0 for the rest.
std::int64_t plain_seconds(Unit unit) {
    switch (unit) {
        case Unit::second:
            return 1;
        case Unit::minute:
            return 60;
        case Unit::hour:
            return 3600;
        case Unit::day:
            return 86'400;
        default:
            return 0;
    }
}

/// Months of the units made of months; 0 for the rest.
std::int64_t months_of(Unit unit) {
    switch (unit) {
        case Unit::month:
            return 1;
        case Unit::quarter:
            return 3;
        case Unit::year:
            return 12;
        case Unit::decade:
            return 120;
        case Unit::century:
            return 1200;
        case Unit::millennium:
            return 12'000;
        default:
            return 0;
    }
}

Moment floor_to(Moment m, Unit unit) {
    if (const std::int64_t s = plain_seconds(unit); s > 0) return {floor_div(m.seconds, s) * s, 0};
    const std::int64_t days = floor_div(m.seconds, 86'400);
    if (unit == Unit::week) return {(days - iso_weekday(days) % 7) * 86'400, 0};
    if (unit == Unit::millisecond) return m.cut(3);
    if (unit == Unit::microsecond) return m.cut(6);
    if (unit == Unit::nanosecond) return m;
    CivilDate date = civil_from_days(days);
    date.day = 1;
    switch (unit) {
        case Unit::quarter:
            date.month = (date.month - 1) / 3 * 3 + 1;
            break;
        case Unit::year:
        case Unit::iso_year:
            date.month = 1;
            break;
        case Unit::decade:
            date.month = 1;
            date.year = floor_div(date.year, 10) * 10;
            break;
        case Unit::century:
            date.month = 1;
            date.year = floor_div(date.year - 1, 100) * 100 + 1;
            break;
        case Unit::millennium:
            date.month = 1;
            date.year = floor_div(date.year - 1, 1000) * 1000 + 1;
            break;
        default:
            break;
    }
    return {days_from_civil(date) * 86'400, 0};
}

Moment ceil_to(Moment m, Unit unit) {
    const Moment low = floor_to(m, unit);
    if (low.seconds == m.seconds && low.nanos == m.nanos) return m;
    if (const std::int64_t s = plain_seconds(unit); s > 0) return {low.seconds + s, 0};
    if (unit == Unit::week) return {low.seconds + 7 * 86'400, 0};
    if (unit < Unit::second) {
        const std::int32_t step = unit == Unit::millisecond ? 1'000'000 : 1000;
        const std::int32_t nanos = low.nanos + step;
        return nanos >= 1'000'000'000 ? Moment{low.seconds + 1, 0} : Moment{low.seconds, nanos};
    }
    return {add_months(floor_div(low.seconds, 86'400), months_of(unit)) * 86'400, 0};
}

Result<RowFunction> make_rounding(const plan::Expr& call, bool up) {
    if (call.args.size() == 1) return [up](RowCall& c) { floor_number(c, up); };
    MR_TRY(const Unit unit, unit_argument(call, 1));
    return [unit, up](RowCall& c) {
        const Moment m = to_moment(c.integer(0), c.type(0));
        const Moment r = up ? ceil_to(m, unit) : floor_to(m, unit);
        if (c.type(0).kind == TypeKind::time) return c.set_integer(r.ticks(1000));
        c.set_integer(from_moment(r, c.out_type()));
    };
}

/// Whole months from `from` to `to`, as Calcite counts: the last day of a shorter month completes one.
std::int64_t months_between(Moment from, Moment to) {
    if (to.seconds < from.seconds || (to.seconds == from.seconds && to.nanos < from.nanos))
        return -months_between(to, from);
    const std::int64_t d0 = floor_div(from.seconds, 86'400), d1 = floor_div(to.seconds, 86'400);
    std::int64_t m = (d1 - d0) / 31;
    while (add_months(d0, m) < d1 && add_months(d0, m + 1) <= d1) ++m;
    const auto of_day = [](Moment x, std::int64_t d) {
        return (x.seconds - d * 86'400) * 1'000'000'000 + x.nanos;
    };
    if (add_months(d0, m) == d1 && of_day(to, d1) < of_day(from, d0)) --m;
    return m;
}

Result<RowFunction> make_diff(const plan::Expr& call) {
    MR_TRY(const Unit unit, unit_argument(call, 0));
    return [unit](RowCall& c) {
        const Moment from = to_moment(c.integer(1), c.type(1)), to = to_moment(c.integer(2), c.type(2));
        if (const std::int64_t months = months_of(unit); months > 0)
            return c.set_integer(months_between(from, to) / months);
        const Int128 nanos =
            static_cast<Int128>(to.seconds - from.seconds) * 1'000'000'000 + (to.nanos - from.nanos);
        Int128 per =
            static_cast<Int128>(plain_seconds(unit == Unit::week ? Unit::day : unit)) * 1'000'000'000;
        if (unit == Unit::week) per *= 7;
        if (unit == Unit::millisecond) per = 1'000'000;
        if (unit == Unit::microsecond) per = 1000;
        if (unit == Unit::nanosecond) per = 1;
        if (per == 0) return c.fail("TIMESTAMPDIFF does not take this unit");
        c.set_integer(static_cast<std::int32_t>(static_cast<std::int64_t>(nanos / per)));
    };
}

Result<RowFunction> make_add(const plan::Expr& call) {
    MR_TRY(const Unit unit, unit_argument(call, 0));
    return [unit](RowCall& c) {
        const std::int64_t n = c.integer(1);
        constexpr std::int64_t kFar = 1'000'000'000'000;
        if (n > kFar || n < -kFar) return c.null();
        Moment m = to_moment(c.integer(2), c.type(2));
        if (const std::int64_t months = months_of(unit); months > 0) {
            if (n > 200'000 || n < -200'000) return c.null();
            const std::int64_t days = floor_div(m.seconds, 86'400);
            m.seconds += (add_months(days, n * months) - days) * 86'400;
        } else if (unit < Unit::second) {
            const std::int64_t step = unit == Unit::millisecond   ? 1'000'000
                                      : unit == Unit::microsecond ? 1000
                                                                  : 1;
            const Int128 total = static_cast<Int128>(n) * step + m.nanos;
            Int128 carry = total / 1'000'000'000;
            Int128 rest = total % 1'000'000'000;
            if (rest < 0) {
                rest += 1'000'000'000;
                --carry;
            }
            m = {m.seconds + static_cast<std::int64_t>(carry), static_cast<std::int32_t>(rest)};
        } else {
            m.seconds += n * (unit == Unit::week ? 7 * 86'400 : plain_seconds(unit));
        }
        if (c.type(2).kind == TypeKind::time) {
            const std::int64_t ms = m.ticks(1000);
            return c.set_integer(ms - floor_div(ms, 86'400'000) * 86'400'000);
        }
        c.set_integer(from_moment(m, c.out_type()));
    };
}

/// The step's processing time as the type asked for.
void now(RowCall& c) {
    const std::int64_t ms = c.input().processing_time_ms;
    switch (c.out_type().kind) {
        case TypeKind::date:
            return c.set_integer(floor_div(ms, 86'400'000));
        case TypeKind::time:
            return c.set_integer(ms - floor_div(ms, 86'400'000) * 86'400'000);
        default:
            return c.set_integer(from_moment(Moment::of(ms, 1000), c.out_type()));
    }
}

void current_watermark(RowCall& c) {
    if (c.input().wm.empty() || c.input().wm[c.row()] == kNoWatermark) return c.null();
    c.set_integer(from_moment(Moment::of(c.input().wm[c.row()], 1000), c.out_type()));
}

}  // namespace

void add_time(Registry& r) {
    const std::pair<const char*, Unit> fields[] = {
        {"YEAR", Unit::year},    {"QUARTER", Unit::quarter},       {"MONTH", Unit::month},
        {"WEEK", Unit::week},    {"DAYOFYEAR", Unit::day_of_year}, {"DAYOFMONTH", Unit::day},
        {"HOUR", Unit::hour},    {"DAYOFWEEK", Unit::day_of_week}, {"MINUTE", Unit::minute},
        {"SECOND", Unit::second}};
    for (const auto& [name, unit] : fields) r.add_row(name, extract(unit, 0));
    r.add_row_maker("EXTRACT", [](const plan::Expr& call) -> Result<RowFunction> {
        MR_TRY(const Unit unit, unit_argument(call, 0));
        return extract(unit, 1);
    });
    r.add_row_maker("FLOOR", [](const plan::Expr& call) { return make_rounding(call, false); });
    r.add_row_maker("CEIL", [](const plan::Expr& call) { return make_rounding(call, true); });
    r.add_row_maker("TIMESTAMPDIFF", make_diff);
    r.add_row_maker("TIMESTAMPADD", make_add);
    for (const char* name :
         {"CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "PROCTIME"}) {
        r.add_row_maker(
            name, [](const plan::Expr&) -> Result<RowFunction> { return now; }, Strictness::strict, false);
    }
    r.add_row_maker(
        "CURRENT_WATERMARK", [](const plan::Expr&) -> Result<RowFunction> { return current_watermark; },
        Strictness::lenient, false);
}

}  // namespace mr::engine::internal
