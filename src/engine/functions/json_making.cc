// JSON_STRING, JSON_OBJECT, JSON_ARRAY: SQL values as JSON text, as Flink writes them.
#include <cmath>

#include "base/base64.h"
#include "base/json_writer.h"
#include "engine/internal/json_tape.h"
#include "engine/internal/registry.h"
#include "engine/internal/text.h"

namespace mr::engine::internal {
namespace {

std::string iso_time(const Value& v, const DataType& type) {
    std::string text = to_string(v, type);
    if (const std::size_t blank = text.find(' '); blank != std::string::npos) text[blank] = 'T';
    if (text.find('.') != std::string::npos) {
        while (text.ends_with('0')) text.pop_back();
        if (text.ends_with('.')) text.pop_back();
    }
    if (type.kind == TypeKind::timestamp_ltz) text += 'Z';
    return text;
}

void append_value(std::string& out, const Value& v, const DataType& type) {
    if (v.is_null()) {
        out += "null";
        return;
    }
    switch (type.kind) {
        case TypeKind::boolean:
            out += v.boolean() ? "true" : "false";
            return;
        case TypeKind::float_:
        case TypeKind::double_:
            // JSON has no such numbers: Flink writes them as text.
            if (!std::isfinite(v.real())) return append_json_string(out, double_to_string(v.real()));
            // A FLOAT as the DOUBLE it is, with Java's exponents: 1.0E+20.
            out += java_number(double_to_string(v.real()));
            return;
        case TypeKind::decimal:
            out += java_number(to_string(v, type));
            return;
        case TypeKind::bytes: {
            append_json_string(out, base64_encode(v.text()));
            return;
        }
        case TypeKind::array: {
            const std::vector<Value>& items = v.list();
            out += '[';
            for (std::size_t i = 0; i < items.size(); ++i) {
                if (i > 0) out += ',';
                append_value(out, items[i], type.child(0).type);
            }
            out += ']';
            return;
        }
        case TypeKind::row:
        case TypeKind::map: {
            const std::vector<Value>& items = v.list();
            JsonMembers members;
            if (type.kind == TypeKind::map) {
                for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
                    std::string& value = members.add(to_string(items[i], type.child(0).type));
                    append_value(value, items[i + 1], type.child(1).type);
                }
            } else {
                for (std::size_t i = 0; i < items.size(); ++i) {
                    append_value(members.add(type.child(i).name), items[i], type.child(i).type);
                }
            }
            return members.write(out);
        }
        case TypeKind::tinyint:
        case TypeKind::smallint:
        case TypeKind::integer:
        case TypeKind::bigint:
            out += std::to_string(v.integer());
            return;
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
        case TypeKind::time:
            return append_json_string(out, iso_time(v, type));
        default:
            return append_json_string(out, to_string(v, type));
    }
}

/// True for an argument that is JSON already: the result of a JSON function inside another.
std::vector<bool> json_arguments(const plan::Expr& call) {
    std::vector<bool> out;
    for (const plan::ExprPtr& a : call.args) {
        out.push_back(a->kind == plan::ExprKind::call &&
                      (a->function == "JSON_OBJECT" || a->function == "JSON_ARRAY" || a->function == "JSON"));
    }
    return out;
}

void append_argument(std::string& out, RowCall& c, std::size_t i, const std::vector<bool>& json) {
    if (json[i] && !c.is_null(i)) {
        out += c.text(i);
    } else {
        append_value(out, c.is_null(i) ? Value::null() : c.value(i), c.type(i));
    }
}

bool absent(RowCall& c, std::size_t i) {
    return c.is_null(i) && c.text(0) == "ABSENT";
}

Result<RowFunction> make_object(const plan::Expr& call) {
    return [json = json_arguments(call)](RowCall& c) {
        JsonMembers members;
        for (std::size_t i = 1; i + 1 < c.size(); i += 2) {
            if (c.is_null(i)) return c.fail("JSON_OBJECT: a key is NULL");
            if (absent(c, i + 1)) continue;
            append_argument(members.add(std::string(c.text(i))), c, i + 1, json);
        }
        std::string out;
        members.write(out);
        c.set(out);
    };
}

Result<RowFunction> make_array(const plan::Expr& call) {
    return [json = json_arguments(call)](RowCall& c) {
        std::string out = "[";
        for (std::size_t i = 1; i < c.size(); ++i) {
            if (absent(c, i)) continue;
            if (out.size() > 1) out += ',';
            append_argument(out, c, i, json);
        }
        c.set(out + "]");
    };
}

/// A JSON string literal in ASCII: everything else is escaped.
void quote(RowCall& c) {
    const std::string_view s = c.text(0);
    std::string out = "\"";
    const auto unit = [&](std::uint32_t u) { out += fmt::format("\\u{:04x}", u); };
    for (std::size_t at = 0; at < s.size(); at += char_bytes(s, at)) {
        const char32_t ch = decode_char(s, at);
        constexpr std::string_view kSpecial = "\"\\/\b\f\n\r\t";
        constexpr std::string_view kEscape = "\"\\/bfnrt";
        const std::size_t special = ch < 0x80 ? kSpecial.find(static_cast<char>(ch)) : std::string_view::npos;
        if (special != std::string_view::npos) {
            out += '\\';
            out += kEscape[special];
        } else if (ch >= 0x10000) {
            unit(0xd800 + ((ch - 0x10000) >> 10));
            unit(0xdc00 + ((ch - 0x10000) & 0x3ff));
        } else if (ch < 0x20 || ch > 0x7e) {
            unit(ch);
        } else {
            out += static_cast<char>(ch);
        }
    }
    c.set(out + "\"");
}

/// The text of a JSON string; anything else stays as it is.
void unquote(RowCall& c) {
    const std::string_view s = c.text(0);
    JsonTape tape;
    if (s.size() < 2 || !s.starts_with('"') || !tape.parse(s) || tape.at(0).kind != JsonKind::string)
        return c.set(s);
    c.set(json_unescape(tape.at(0).text));
}

void json(RowCall& c) {
    JsonTape tape;
    if (!tape.parse(c.text(0))) return c.fail("JSON: the text is not JSON");
    std::string out;
    tape.append_json(out, 0);
    c.set(out);
}

}  // namespace

void append_json_value(std::string& out, const Value& v, const DataType& type) {
    append_value(out, v, type);
}

void add_json_making(Registry& r) {
    r.add_row("JSON_STRING", [](RowCall& c) {
        std::string out;
        append_value(out, c.value(0), c.type(0));
        c.set(out);
    });
    r.add_row("JSON_QUOTE", quote);
    r.add_row("JSON_UNQUOTE", unquote);
    r.add_row("JSON", json);
    r.add_row_maker("JSON_OBJECT", make_object, Strictness::lenient);
    r.add_row_maker("JSON_ARRAY", make_array, Strictness::lenient);
}

}  // namespace mr::engine::internal
