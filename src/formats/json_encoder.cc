#include "formats/json_encoder.h"

#include <cmath>

#include "base/base64.h"
#include "base/json_writer.h"

namespace mr::formats {
namespace {

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

void append_decimal(std::string& out, Int128 v, int scale) {
    std::string text = decimal_to_string(v, scale);
    if (text.find('.') != std::string::npos) {
        while (text.back() == '0') text.pop_back();
        if (text.back() == '.') text.pop_back();
    }
    out += text;
}

void append_time(std::string& out, std::int64_t ms) {
    out += fmt::format("{:02}:{:02}:{:02}", ms / 3'600'000, ms / 60'000 % 60, ms / 1'000 % 60);
    if (ms % 1'000 != 0) {
        std::string fraction = fmt::format(".{:03}", ms % 1'000);
        while (fraction.back() == '0') fraction.pop_back();
        out += fraction;
    }
}

}  // namespace

JsonEncoder::JsonEncoder(const Schema& schema, JsonEncodeOptions options) : options_(std::move(options)) {
    for (const Field& f : schema.fields) names_.push_back(quoted(f.name) + ":");
}

bool JsonEncoder::encode(std::span<const ColumnPtr> columns, std::size_t row, std::string& out) const {
    out.push_back('{');
    bool comma = false;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const Column& c = *columns[i];
        if (options_.ignore_null_fields && (c.type().kind == TypeKind::null || c.is_null(row))) continue;
        if (comma) out.push_back(',');
        comma = true;
        out += names_[i];
        if (!append(out, c, row)) return false;
    }
    out.push_back('}');
    return true;
}

bool JsonEncoder::append(std::string& out, const Column& column, std::size_t row) const {
    if (column.type().kind == TypeKind::null || column.is_null(row)) {
        out += "null";
        return true;
    }
    return append_present(out, column, row);
}

bool JsonEncoder::append_present(std::string& out, const Column& c, std::size_t row) const {
    const DataType& t = c.type();
    switch (t.kind) {
        case TypeKind::boolean:
            out += c.boolean(row) ? "true" : "false";
            return true;
        case TypeKind::float_:
        case TypeKind::double_: {
            const double v = c.real(row);
            const std::string text =
                t.kind == TypeKind::float_ ? float_to_string(static_cast<float>(v)) : double_to_string(v);
            out += std::isfinite(v) ? text : quoted(text);  // Jackson quotes what JSON does not have
            return true;
        }
        case TypeKind::decimal:
            append_decimal(out, c.decimal(row), t.scale);
            return true;
        case TypeKind::string:
            append_json_string(out, c.text(row));
            return true;
        case TypeKind::bytes:
            append_json_string(out, base64_encode(c.text(row)));
            return true;
        case TypeKind::date:
            out += quoted(date_to_string(c.integer(row)));
            return true;
        case TypeKind::time:
            out.push_back('"');
            append_time(out, c.integer(row));
            out.push_back('"');
            return true;
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            out.push_back('"');
            append_timestamp(out, c.integer(row), t.time_unit(), options_.timestamps,
                             t.kind == TypeKind::timestamp_ltz);
            out.push_back('"');
            return true;
        case TypeKind::array:
            out.push_back('[');
            for (std::uint32_t i = c.list_begin(row); i < c.list_end(row); ++i) {
                if (i > c.list_begin(row)) out.push_back(',');
                if (!append(out, *c.child(0), i)) return false;
            }
            out.push_back(']');
            return true;
        case TypeKind::map:
            return append_map(out, c, row);
        case TypeKind::row:
            out.push_back('{');
            for (std::size_t k = 0; k < c.child_count(); ++k) {
                if (k > 0) out.push_back(',');
                append_json_string(out, t.child(k).name);
                out.push_back(':');
                if (!append(out, *c.child(k), row)) return false;
            }
            out.push_back('}');
            return true;
        default:
            out += std::to_string(c.integer(row));
            return true;
    }
}

bool JsonEncoder::append_map(std::string& out, const Column& c, std::size_t row) const {
    out.push_back('{');
    bool comma = false;
    for (std::uint32_t i = c.list_begin(row); i < c.list_end(row); ++i) {
        const bool null_key = c.child(0)->is_null(i);
        if (null_key && options_.null_keys == NullKeys::fail) return false;
        if (null_key && options_.null_keys == NullKeys::drop) continue;
        if (comma) out.push_back(',');
        comma = true;
        append_json_string(out, null_key ? options_.null_key_literal
                                         : to_string(c.child(0)->value(i), c.type().child(0).type));
        out.push_back(':');
        if (!append(out, *c.child(1), i)) return false;
    }
    out.push_back('}');
    return true;
}

}  // namespace mr::formats
