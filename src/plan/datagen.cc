#include "plan/datagen.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "base/quantity.h"
#include "base/suggest.h"
#include "columnar/decimal.h"

namespace mr::plan {
namespace {

constexpr std::int64_t kLengthMax = 1 << 20;
constexpr std::int64_t kDefaultLength = 100;
constexpr std::int64_t kDefaultElements = 3;

struct Range {
    std::int64_t least, most;
};

Range range_of(const DataType& type) {
    switch (type.kind) {
        case TypeKind::tinyint:
            return {INT8_MIN, INT8_MAX};
        case TypeKind::smallint:
            return {INT16_MIN, INT16_MAX};
        case TypeKind::integer:
            return {INT32_MIN, INT32_MAX};
        case TypeKind::interval_month:
            return {0, 120'000};  // years have at most four digits
        case TypeKind::interval_day:
            return {0, 86'400'000'000};
        default:
            return {INT64_MIN, INT64_MAX};
    }
}

bool has_range(const DataType& type) {
    return type.is_numeric() || type.is_interval();
}
bool is_real(const DataType& type) {
    return type.kind == TypeKind::float_ || type.kind == TypeKind::double_;
}
bool has_length(const DataType& type) {
    return (type.is_character() || type.kind == TypeKind::bytes) && !type.fixed_length;
}

/// Reads the options below "fields." and remembers which were used.
class Parser {
  public:
    explicit Parser(const Table& table) : table_(table) {}

    DatagenSpec parse() {
        DatagenSpec spec;
        if (const auto n = count("rows-per-second")) spec.rows_per_second = std::max<std::int64_t>(1, *n);
        spec.rows = count("number-of-rows");
        for (const TableColumn& column : table_.columns) {
            if (column.kind != ColumnKind::physical) continue;
            spec.fields.push_back(field("fields." + column.name, column.type));
            end_of_sequence(spec.fields.back(), spec.rows);
        }
        for (const auto& [key, option] : table_.options) {
            if (key.starts_with("fields.") && !used_.contains(key)) unknown(key);
        }
        return spec;
    }

    std::optional<OptionProblem> problem;

  private:
    void wrong(std::string key, std::string message, std::string note = {}, std::string help = {}) {
        if (!problem) problem = {std::move(key), std::move(message), std::move(note), std::move(help)};
    }

    std::optional<std::string_view> find(const std::string& key) {
        known_.push_back(key);
        if (!table_.has_option(key)) return std::nullopt;
        used_.insert(key);
        return table_.option(key);
    }

    std::optional<std::int64_t> count(const std::string& key) {
        const auto text = find(key);
        if (!text) return std::nullopt;
        const auto n = parse_count(*text);
        if (!n) return wrong(key, fmt::format("option '{}': {}", key, n.error().message)), std::nullopt;
        return *n;
    }

    static void end_of_sequence(const DatagenField& field, std::optional<std::int64_t>& rows) {
        if (field.kind == DatagenField::Kind::sequence) {
            const auto n = static_cast<std::int64_t>(field.most - field.least + 1);
            rows = std::min(rows.value_or(n), n);
        }
        for (const DatagenField& child : field.children) end_of_sequence(child, rows);
    }

    DatagenField field(const std::string& at, const DataType& type) {
        DatagenField out;
        out.type = type;
        if (type.kind == TypeKind::row) {
            for (const Field& f : *type.children) out.children.push_back(field(at + "." + f.name, f.type));
            null_rate(at, out);
            return out;
        }
        if (type.kind == TypeKind::array || type.kind == TypeKind::map) {
            const bool array = type.kind == TypeKind::array;
            out.length = count(at + ".length").value_or(kDefaultElements);
            check_length(at, out);
            out.children.push_back(field(at + (array ? ".element" : ".key"), type.child(0).type));
            if (!array) out.children.push_back(field(at + ".value", type.child(1).type));
            null_rate(at, out);
            return out;
        }
        const auto kind = find(at + ".kind").value_or("random");
        if (kind == "sequence") {
            sequence(at, out);
        } else if (kind == "random") {
            random(at, out);
        } else {
            static const std::vector<std::string> kinds = {"random", "sequence"};
            const auto near = nearest_name(kind, kinds);
            wrong(at + ".kind", fmt::format("option '{}.kind' cannot be '{}'", at, kind),
                  near ? fmt::format("did you mean '{}'?", *near) : "", "it is 'random' or 'sequence'");
        }
        return out;
    }

    void sequence(const std::string& at, DatagenField& out) {
        out.kind = DatagenField::Kind::sequence;
        if (!has_range(out.type) && !out.type.is_character()) {
            return wrong(at + ".kind",
                         fmt::format("a sequence is of numbers or texts, not {}", out.type.to_string()));
        }
        const std::string first = at + ".start", last = at + ".end";
        const auto start = find(first), end = find(last);
        if (!start || !end) {
            return wrong(at + ".kind", fmt::format("a sequence needs '{}' and '{}'", first, last));
        }
        const auto from = number(first, *start), to = number(last, *end);
        if (!from || !to) return;
        out.least = *from;
        out.most = *to;
        const Range range = range_of(out.type);
        if (has_range(out.type) && (*from < range.least || *to > range.most))
            wrong(last, fmt::format("'{}' to '{}' is beyond {}", first, last, out.type.to_string()));
        if (*to < *from) wrong(last, fmt::format("'{}' is below '{}'", last, first));
    }

    /// Whole, of a sequence.
    std::optional<std::int64_t> number(const std::string& key, std::string_view text) {
        std::int64_t n = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
        if (failed == std::errc{} && end == text.data() + text.size()) return n;
        wrong(key, fmt::format("option '{}' is a whole number, not '{}'", key, text));
        return std::nullopt;
    }

    void random(const std::string& at, DatagenField& out) {
        null_rate(at, out);
        if (is_real(out.type)) {
            real_range(at, out);
        } else if (has_range(out.type)) {
            whole_range(at, out);
        } else if (out.type.is_timestamp()) {
            if (const auto past = find(at + ".max-past")) {
                const auto ms = parse_duration_ms(*past);
                if (!ms)
                    return wrong(at + ".max-past",
                                 fmt::format("option '{}.max-past': {}", at, ms.error().message));
                out.max_past_ms = *ms;
            }
        } else if (out.type.is_character() || out.type.kind == TypeKind::bytes) {
            text_length(at, out);
        }
    }

    void text_length(const std::string& at, DatagenField& out) {
        const std::int64_t declared = out.type.precision;
        out.length = declared > 0 ? (out.type.fixed_length ? declared : std::min(declared, kDefaultLength))
                                  : kDefaultLength;
        if (!has_length(out.type)) return;
        if (const auto n = count(at + ".length")) out.length = *n;
        check_length(at, out);
        if (declared > 0 && out.length > declared) {
            wrong(at + ".length",
                  fmt::format("option '{}.length' is beyond the column's {}", at, out.type.to_string()));
        }
        if (const auto var = find(at + ".var-len")) {
            if (*var != "true" && *var != "false")
                wrong(at + ".var-len", fmt::format("option '{}.var-len' is 'true' or 'false'", at));
            out.var_len = *var == "true";
        }
    }

    void check_length(const std::string& at, const DatagenField& out) {
        if (out.length > kLengthMax)
            wrong(at + ".length", fmt::format("option '{}.length' is at most {}", at, kLengthMax));
    }

    void null_rate(const std::string& at, DatagenField& out) {
        const std::string key = at + ".null-rate";
        const auto text = find(key);
        if (!text) return;
        double rate = 0;
        const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), rate);
        if (failed != std::errc{} || end != text->data() + text->size() || !(rate >= 0 && rate <= 1))
            return wrong(key, fmt::format("option '{}' is a number from 0 to 1", key));
        if (rate > 0 && !out.type.nullable)
            return wrong(key, fmt::format("the column is NOT NULL, and '{}' asks for NULLs", key));
        out.null_rate = rate;
    }

    void real_range(const std::string& at, DatagenField& out) {
        const bool single = out.type.kind == TypeKind::float_;
        out.most_real = single ? static_cast<double>(std::numeric_limits<float>::max())
                               : std::numeric_limits<double>::max();
        for (const auto& [suffix, value] : {std::pair{".min", &out.least_real}, {".max", &out.most_real}}) {
            const std::string key = at + suffix;
            const auto text = find(key);
            if (!text) continue;
            const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), *value);
            if (failed != std::errc{} || end != text->data() + text->size())
                wrong(key, fmt::format("option '{}' is a number, not '{}'", key, *text));
        }
        if (out.most_real < out.least_real)
            wrong(at + ".max", fmt::format("'{0}.max' is below '{0}.min'", at));
    }

    void whole_range(const std::string& at, DatagenField& out) {
        const bool decimal = out.type.kind == TypeKind::decimal;
        const Range range = range_of(out.type);
        out.least = decimal ? 0 : range.least;
        out.most = decimal ? power_of_ten(out.type.precision) - 1 : Int128{range.most};
        if (decimal) out.least = -out.most;
        for (const auto& [suffix, value] : {std::pair{".min", &out.least}, {".max", &out.most}}) {
            const std::string key = at + suffix;
            const auto text = find(key);
            if (!text) continue;
            const DecimalShape shape = decimal ? DecimalShape{out.type.precision, out.type.scale}
                                               : DecimalShape{.precision = 19, .scale = 0};
            const auto n = parse_decimal(*text, shape);
            if (!n || (!decimal && (*n < range.least || *n > range.most))) {
                return wrong(key, fmt::format("option '{}' is a value of {}, not '{}'", key,
                                              out.type.to_string(), *text));
            }
            *value = *n;
        }
        if (out.most < out.least) wrong(at + ".max", fmt::format("'{0}.max' is below '{0}.min'", at));
    }

    void unknown(const std::string& key) {
        std::vector<std::string> fields;
        for (const std::string& k : known_) {
            if (k.starts_with("fields.")) fields.push_back(k);
        }
        const auto near = nearest_name(key, fields);
        const std::string column = key.substr(7, key.find('.', 7) - 7);
        const bool there = table_.find(column) >= 0;
        wrong(key,
              there ? fmt::format("column `{}` of a 'datagen' table has no option '{}'", column, key)
                    : fmt::format("option '{}': there is no column `{}`", key, column),
              near ? fmt::format("did you mean '{}'?", *near) : "");
    }

    const Table& table_;
    std::vector<std::string> known_;
    std::set<std::string> used_;
};

}  // namespace

std::expected<DatagenSpec, OptionProblem> datagen_spec(const Table& table) {
    Parser parser(table);
    DatagenSpec spec = parser.parse();
    if (parser.problem) return std::unexpected(std::move(*parser.problem));
    return spec;
}

}  // namespace mr::plan
