#include "formats/csv_format.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <limits>

#include "base/base64.h"
#include "formats/text_values.h"

namespace mr::formats {
namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    return text;
}

std::string shorten(std::string_view text) {
    constexpr std::size_t kShown = 60;
    return text.size() <= kShown ? std::string(text) : std::string(text.substr(0, kShown)) + "…";
}

bool same_word(std::string_view a, std::string_view lower) {
    return std::ranges::equal(a, lower, [](char x, char y) { return (x | 32) == y; });
}

bool has_csv_form(const DataType& t, bool inside) {
    switch (t.kind) {
        case TypeKind::map:
        case TypeKind::interval_day:
        case TypeKind::interval_month:
            return false;
        case TypeKind::array:
        case TypeKind::row:
            return !inside && std::ranges::all_of(*t.children,
                                                  [](const Field& f) { return has_csv_form(f.type, true); });
        default:
            return true;
    }
}

Status check_columns(const Schema& columns) {
    for (const Field& f : columns.fields) {
        if (!has_csv_form(f.type, false))
            return fail(Code::unsupported, "column `{}`: CSV has no {}", f.name, f.type.to_string());
    }
    return {};
}

/// Splits one line into its fields; keeps its buffers.
class Splitter {
  public:
    explicit Splitter(const CsvOptions& options) : options_(options) {}

    struct FieldText {
        std::size_t begin = 0;
        std::size_t end = 0;
        bool quoted = false;
    };

    /// False: a quote is not closed, or something follows the line.
    bool split(std::string_view line) {
        text_.clear();
        fields_.clear();
        if (line.ends_with('\n')) line.remove_suffix(1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        std::size_t at = 0;
        while (true) {
            FieldText field{.begin = text_.size(), .end = 0, .quoted = false};
            std::size_t start = at;
            while (start < line.size() && line[start] == ' ' && line[start] != options_.delimiter) ++start;
            if (options_.quote && start < line.size() && line[start] == *options_.quote) {
                field.quoted = true;
                if (!quoted(line, at = start)) return false;
            } else if (!plain(line, at)) {
                return false;
            }
            field.end = text_.size();
            fields_.push_back(field);
            if (at >= line.size()) return true;
            ++at;  // the delimiter
        }
    }
    [[nodiscard]] std::size_t size() const { return fields_.size(); }
    [[nodiscard]] bool is_quoted(std::size_t i) const { return fields_[i].quoted; }
    [[nodiscard]] std::string_view operator[](std::size_t i) const {
        return std::string_view(text_).substr(fields_[i].begin, fields_[i].end - fields_[i].begin);
    }

  private:
    bool plain(std::string_view line, std::size_t& at) {
        for (; at < line.size() && line[at] != options_.delimiter; ++at) {
            if (options_.escape && line[at] == *options_.escape && at + 1 < line.size()) ++at;
            if (line[at] == '\n') return false;
            text_.push_back(line[at]);
        }
        return true;
    }

    bool quoted(std::string_view line, std::size_t& at) {
        const char quote = *options_.quote;
        for (++at; at < line.size(); ++at) {
            const char c = line[at];
            if (options_.escape && c == *options_.escape && at + 1 < line.size()) {
                text_.push_back(line[++at]);
            } else if (c == quote && at + 1 < line.size() && line[at + 1] == quote) {
                text_.push_back(line[++at]);
            } else if (c == quote) {
                ++at;
                while (at < line.size() && line[at] == ' ' && line[at] != options_.delimiter) ++at;
                return at == line.size() || line[at] == options_.delimiter;
            } else {
                text_.push_back(c);
            }
        }
        return false;
    }

    const CsvOptions& options_;
    std::string text_;
    std::vector<FieldText> fields_;
};

class Decoder final : public RowDecoder {
  public:
    Decoder(Schema columns, std::vector<bool> wanted, CsvOptions options)
        : columns_(std::move(columns)), wanted_(std::move(wanted)), options_(std::move(options)) {}

    Status decode(std::string_view bytes, Seq, std::span<ColumnBuilder> builders) override {
        if (!simdjson::validate_utf8(bytes.data(), bytes.size()))
            return fail(Code::invalid_argument, "not CSV: not UTF-8");
        if (options_.allow_comments && bytes.starts_with('#'))
            return fail(Code::invalid_argument, "a comment, not a row");
        if (!splitter_.split(bytes))
            return fail(Code::invalid_argument, "not one CSV line: a quote is not closed, or lines follow");
        if (splitter_.size() != columns_.size()) {
            return fail(Code::invalid_argument, "{} fields expected, found {}", columns_.size(),
                        splitter_.size());
        }
        const std::size_t before = builders.empty() ? 0 : builders[0].size();
        std::size_t next = 0;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (!wanted_[i]) continue;
            ColumnBuilder& out = builders[next++];
            if (field(splitter_[i], splitter_.is_quoted(i), out)) continue;
            out.truncate(before);
            if (options_.ignore_parse_errors) {
                out.append_null();
                continue;
            }
            for (ColumnBuilder& b : builders) b.truncate(before);
            return fail(Code::invalid_argument, "field `{}`: expected {}, found `{}`", columns_[i].name,
                        columns_[i].type.to_string(), shorten(splitter_[i]));
        }
        return {};
    }

  private:
    bool field(std::string_view text, bool quoted, ColumnBuilder& out) const {
        if (!quoted && options_.null_literal && text == *options_.null_literal) {
            out.append_null();
            return true;
        }
        const TypeKind kind = out.type().kind;
        if (kind == TypeKind::array) return list(text, out);
        if (kind == TypeKind::row) return row(text, out);
        return scalar(text, out);
    }

    [[nodiscard]] std::vector<std::string_view> parts(std::string_view text) const {
        std::vector<std::string_view> out;
        while (true) {
            const std::size_t end = text.find(options_.array_delimiter);
            out.push_back(text.substr(0, end));
            if (end == std::string_view::npos) return out;
            text.remove_prefix(end + options_.array_delimiter.size());
        }
    }

    bool list(std::string_view text, ColumnBuilder& out) const {
        if (!text.empty()) {
            for (const std::string_view part : parts(text)) {
                if (!field(part, false, out.child(0))) return false;
            }
        }
        out.append_list();
        return true;
    }

    bool row(std::string_view text, ColumnBuilder& out) const {
        const auto found = parts(text);
        if (found.size() != out.type().children->size()) return false;
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (!field(found[i], false, out.child(i))) return false;
        }
        out.append_row();
        return true;
    }

    template <class T>
    static bool append(const std::optional<T>& v, ColumnBuilder& out) {
        if (v) out.append_integer(*v);
        return v.has_value();
    }

    static bool whole(std::string_view text, std::int64_t low, std::int64_t high, ColumnBuilder& out) {
        const auto v = parse_integer(text);
        if (!v || *v < low || *v > high) return false;
        out.append_integer(*v);
        return true;
    }

    static bool scalar(std::string_view text, ColumnBuilder& out) {
        const DataType& t = out.type();
        if (t.kind == TypeKind::string) {
            out.append_text(text);
            return true;
        }
        text = trim(text);
        switch (t.kind) {
            case TypeKind::boolean:
                out.append_boolean(same_word(text, "true"));
                return true;
            case TypeKind::tinyint:
                return whole(text, INT8_MIN, INT8_MAX, out);
            case TypeKind::smallint:
                return whole(text, INT16_MIN, INT16_MAX, out);
            case TypeKind::integer:
                return whole(text, INT32_MIN, INT32_MAX, out);
            case TypeKind::bigint:
                return whole(text, INT64_MIN, INT64_MAX, out);
            case TypeKind::float_:
            case TypeKind::double_: {
                const auto v = parse_real(text);
                if (v) out.append_real(*v);
                return v.has_value();
            }
            case TypeKind::decimal: {
                bool overflow = false;
                const auto v = parse_decimal(text, t.precision, t.scale, overflow);
                if (v && overflow) out.append_null();  // as Flink
                if (v && !overflow) out.append_decimal(*v);
                return v.has_value();
            }
            case TypeKind::date:
                return append(parse_date(text), out);
            case TypeKind::time:
                return append(parse_time(text), out);
            case TypeKind::timestamp:
            case TypeKind::timestamp_ltz:
                return append(parse_timestamp(text, TimestampStyle::sql, t.time_unit(),
                                              t.kind == TypeKind::timestamp_ltz),
                              out);
            case TypeKind::bytes: {
                const auto bytes = base64_decode(text);
                if (bytes) out.append_text(*bytes);
                return bytes.has_value();
            }
            default:
                return false;
        }
    }

    const Schema columns_;
    const std::vector<bool> wanted_;
    const CsvOptions options_;
    Splitter splitter_{options_};
};

class Encoder final : public RowEncoder {
  public:
    explicit Encoder(CsvOptions options) : options_(std::move(options)) {}

    Result<bool> encode(std::span<const ColumnPtr> columns, std::size_t row, std::string& out) override {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (i > 0) out.push_back(options_.delimiter);
            const Column& c = *columns[i];
            if (c.type().kind == TypeKind::null || c.is_null(row)) {
                out += options_.null_literal.value_or("");
                continue;
            }
            text_.clear();
            append(text_, c, row);
            quote(out, text_, i == 0);
        }
        return true;
    }

  private:
    void append(std::string& out, const Column& c, std::size_t row) const {
        const DataType& t = c.type();
        switch (t.kind) {
            case TypeKind::string:
                out += c.text(row);
                return;
            case TypeKind::bytes:
                out += base64_encode(c.text(row));
                return;
            case TypeKind::boolean:
                out += c.boolean(row) ? "true" : "false";
                return;
            case TypeKind::timestamp:
            case TypeKind::timestamp_ltz:
                return append_timestamp(out, c.integer(row), t.time_unit(), TimestampStyle::sql,
                                        t.kind == TypeKind::timestamp_ltz);
            case TypeKind::array:
                for (std::uint32_t i = c.list_begin(row); i < c.list_end(row); ++i)
                    append_part(out, *c.child(0), i, i > c.list_begin(row));
                return;
            case TypeKind::row:
                for (std::size_t i = 0; i < c.child_count(); ++i) append_part(out, *c.child(i), row, i > 0);
                return;
            default:
                out += to_string(c.value(row), t);
        }
    }

    void append_part(std::string& out, const Column& c, std::size_t row, bool separate) const {
        if (separate) out += options_.array_delimiter;
        if (c.type().kind == TypeKind::null || c.is_null(row)) {
            out += options_.null_literal.value_or("");
        } else {
            append(out, c, row);
        }
    }

    /// Quotes what would not read back as it is.
    void quote(std::string& out, std::string_view text, bool first) const {
        const bool special = std::ranges::any_of(text,
                                                 [&](char c) {
                                                     return c == options_.delimiter || c == options_.quote ||
                                                            c == options_.escape || c == '\n' || c == '\r';
                                                 }) ||
                             text.starts_with(' ') || (first && text.starts_with('#')) ||
                             text == options_.null_literal;
        if (!special) {
            out += text;
            return;
        }
        const bool quoted = options_.quote.has_value();
        if (quoted) out.push_back(*options_.quote);
        for (const char c : text) {
            if (quoted && c == options_.quote) {
                out.push_back(options_.escape.value_or(c));
            } else if (options_.escape && (c == options_.escape || (!quoted && c == options_.delimiter))) {
                out.push_back(*options_.escape);
            }
            out.push_back(c);
        }
        if (quoted) out.push_back(*options_.quote);
    }

    const CsvOptions options_;
    std::string text_;
};

}  // namespace

Result<std::unique_ptr<RowDecoder>> csv_decoder(const Schema& columns, const std::vector<bool>& wanted,
                                                CsvOptions options) {
    MR_TRY_VOID(check_columns(columns));
    return std::make_unique<Decoder>(columns, wanted, std::move(options));
}

Result<std::unique_ptr<RowEncoder>> csv_encoder(const Schema& columns, CsvOptions options) {
    MR_TRY_VOID(check_columns(columns));
    return std::make_unique<Encoder>(std::move(options));
}

}  // namespace mr::formats
