#include "columnar/json_value.h"

#include "base/base64.h"
#include "base/check.h"
#include "base/json_writer.h"

namespace mr {
namespace {

int fraction_digits(const DataType& type) {
    switch (type.time_unit()) {
        case 1'000:
            return 3;
        case 1'000'000:
            return 6;
        default:
            return 9;
    }
}

void append_timestamp(std::string& out, const DataType& type, std::int64_t ticks) {
    std::string text = timestamp_to_string(ticks, type.time_unit(), fraction_digits(type));
    const std::size_t blank = text.find(' ');
    if (blank != std::string::npos) text[blank] = 'T';
    out.append("\"").append(text).append("Z\"");
}

void append_list(std::string& out, const DataType& type, const Value& value) {
    out.push_back('[');
    bool first = true;
    for (const Value& element : value.list()) {
        if (!first) out.push_back(',');
        first = false;
        append_json_value(out, type.child(0).type, element);
    }
    out.push_back(']');
}

void append_row(std::string& out, const DataType& type, const Value& value) {
    const auto& fields = value.list();
    out.push_back('{');
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i > 0) out.push_back(',');
        append_json_string(out, type.child(i).name);
        out.push_back(':');
        append_json_value(out, type.child(i).type, fields[i]);
    }
    out.push_back('}');
}

void append_map(std::string& out, const DataType& type, const Value& value) {
    const auto& list = value.list();
    const DataType& key_type = type.child(0).type;
    out.push_back('{');
    for (std::size_t i = 0; i + 1 < list.size(); i += 2) {
        if (i > 0) out.push_back(',');
        const bool text = key_type.is_character() && !list[i].is_null();
        append_json_string(out, text ? list[i].text() : to_string(list[i], key_type));
        out.push_back(':');
        append_json_value(out, type.child(1).type, list[i + 1]);
    }
    out.push_back('}');
}

}  // namespace

void append_json_value(std::string& out, const DataType& type, const Value& value) {
    if (value.is_null()) {
        out.append("null");
        return;
    }
    switch (type.kind) {
        case TypeKind::null:
            out.append("null");
            return;
        case TypeKind::boolean:
            out.append(value.boolean() ? "true" : "false");
            return;
        case TypeKind::tinyint:
        case TypeKind::smallint:
        case TypeKind::integer:
        case TypeKind::bigint:
        case TypeKind::interval_month:
        case TypeKind::interval_day:
            out.append(std::to_string(value.integer()));
            return;
        case TypeKind::float_:
            append_json_float(out, static_cast<float>(value.real()));
            return;
        case TypeKind::double_:
            append_json_double(out, value.real());
            return;
        case TypeKind::decimal:
            out.append(decimal_to_string(value.decimal(), type.scale));
            return;
        case TypeKind::string:
            append_json_string(out, value.text());
            return;
        case TypeKind::bytes:
            out.append("\"").append(base64_encode(value.text())).append("\"");
            return;
        case TypeKind::date:
            out.append("\"").append(date_to_string(value.integer())).append("\"");
            return;
        case TypeKind::time: {
            const std::string text = timestamp_to_string(value.integer(), 1'000, 3);
            out.append("\"").append(text.substr(text.find(' ') + 1)).append("\"");
            return;
        }
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            append_timestamp(out, type, value.integer());
            return;
        case TypeKind::array:
            append_list(out, type, value);
            return;
        case TypeKind::map:
            append_map(out, type, value);
            return;
        case TypeKind::row:
            append_row(out, type, value);
            return;
    }
    MR_CHECK(false, "type kind {}", static_cast<int>(type.kind));
}

}  // namespace mr
