// Date and time functions.
#include "plan/internal/catalogue.h"

namespace mr::plan::internal {
namespace {

/// What EXTRACT and its shorthands take: a date, a time, a timestamp, an interval.
Result<ResolvedFunction> extract_rule(const CallSite& call) {
    const bool spelled = call.info.name == "EXTRACT";
    if (call.size() != (spelled ? 2U : 1U)) return mismatch(call);
    const DataType& from = call[spelled ? 1 : 0];
    if (!from.is_temporal() && !from.is_interval() && from.kind != TypeKind::null) return mismatch(call);
    MR_TRY(auto types, match(call, spelled ? "SA" : "A"));
    if (from.kind == TypeKind::null) types.back() = DataType::timestamp();
    return ResolvedFunction{call.info.name, std::move(types),
                            DataType::bigint().with_nullable(from.nullable)};
}

/// TO_TIMESTAMP_LTZ(number, precision), TO_TIMESTAMP_LTZ(number), TO_TIMESTAMP_LTZ(text [, format [, zone]]).
Result<ResolvedFunction> to_ltz_rule(const CallSite& call) {
    const bool text = call.size() > 0 && call[0].is_character();
    return pattern(text ? "S?SS" : "N?I", DataType::timestamp_ltz(3), Nulls::always)(call);
}

Result<ResolvedFunction> diff_rule(const CallSite& call) {
    MR_TRY(auto types, match(call, "STT"));
    return ResolvedFunction{call.info.name, std::move(types),
                            DataType::integer().with_nullable(call.any_nullable())};
}

Result<ResolvedFunction> add_rule(const CallSite& call) {
    MR_TRY(auto types, match(call, "SLA"));
    if (!types[2].is_temporal()) return mismatch(call);
    return ResolvedFunction{call.info.name, types, types[2].with_nullable(call.any_nullable())};
}

Result<ResolvedFunction> format_rule(const CallSite& call) {
    if (call.size() > 0 && call[0].is_character())
        return pattern("SS", DataType::string(), Nulls::always)(call);
    return pattern("TS", DataType::string())(call);
}

}  // namespace

void add_temporal(Table& t) {
    const auto add = [&](const char* name, const char* signature, const char* help, TypeRule rule,
                         std::vector<std::string> aliases = {}, bool deterministic = true) {
        t.push_back({{name, std::move(aliases), FunctionClass::scalar, signature, help, deterministic},
                     std::move(rule)});
    };
    const auto now = [&](const char* name, DataType type, std::vector<std::string> aliases = {}) {
        add(name, name, "Processing time of the row's step.", pattern("", std::move(type), Nulls::never),
            std::move(aliases), false);
    };
    now("CURRENT_TIMESTAMP", DataType::timestamp_ltz(3), {"NOW", "CURRENT_ROW_TIMESTAMP"});
    now("LOCALTIMESTAMP", DataType::timestamp(3));
    now("CURRENT_DATE", DataType::date());
    now("CURRENT_TIME", DataType::of(TypeKind::time), {"LOCALTIME"});
    now("PROCTIME", DataType::timestamp_ltz(3));
    add("CURRENT_WATERMARK", "CURRENT_WATERMARK(rowtime)",
        "The watermark before the row; NULL if there is none.", pattern_as("Z", 0, Nulls::always), {}, false);
    add("UNIX_TIMESTAMP", "UNIX_TIMESTAMP([text [, format]])",
        "Seconds since 1970 of now or of a text in UTC.", pattern("?SS", DataType::bigint()), {}, false);
    add("FROM_UNIXTIME", "FROM_UNIXTIME(seconds [, format])", "Seconds since 1970 as text in UTC.",
        pattern("L?S", DataType::string()));
    add("TO_TIMESTAMP", "TO_TIMESTAMP(text [, format])", "Text as TIMESTAMP(3); NULL if it is none.",
        pattern("S?S", DataType::timestamp(3), Nulls::always));
    add("TO_TIMESTAMP_LTZ",
        "TO_TIMESTAMP_LTZ(number [, precision]), TO_TIMESTAMP_LTZ(text [, format [, zone]])",
        "Seconds (precision 0) or milliseconds (3) since 1970, or text in UTC, as an instant.", to_ltz_rule);
    add("TO_DATE", "TO_DATE(text [, format])", "Text as DATE; NULL if it is none.",
        pattern("S?S", DataType::date(), Nulls::always));
    add("DATE_FORMAT", "DATE_FORMAT(timestamp, format)", "By a Java DateTimeFormatter pattern.", format_rule);
    add("CONVERT_TZ", "CONVERT_TZ(text, from_zone, to_zone)", "Text of a time in another zone.",
        pattern("SSS", DataType::string(), Nulls::always));
    add("EXTRACT", "EXTRACT(unit FROM time)", "A field of a date, time, timestamp or interval.",
        extract_rule);
    const struct {
        const char* name;
        const char* help;
    } fields[] = {{"YEAR", "The year."},
                  {"QUARTER", "The quarter, 1-4."},
                  {"MONTH", "The month, 1-12."},
                  {"WEEK", "The ISO week, 1-53."},
                  {"DAYOFYEAR", "The day of the year, 1-366."},
                  {"DAYOFMONTH", "The day of the month, 1-31."},
                  {"DAYOFWEEK", "The day of the week, Sunday = 1."},
                  {"HOUR", "The hour, 0-23."},
                  {"MINUTE", "The minute, 0-59."},
                  {"SECOND", "The second, 0-59."}};
    for (const auto& f : fields) add(f.name, fmt::format("{}(time)", f.name).c_str(), f.help, extract_rule);
    add("TIMESTAMPDIFF", "TIMESTAMPDIFF(unit, from, to)", "Whole units between two times.", diff_rule);
    add("TIMESTAMPADD", "TIMESTAMPADD(unit, n, time)", "A time n units later.", add_rule);
}

}  // namespace mr::plan::internal
