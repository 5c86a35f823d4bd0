#include "cli/slt_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace mr::cli {
namespace {

/// LocalTime.toString: seconds and fraction only where they are not zero.
std::string time_text(std::int64_t ms) {
    std::string out = fmt::format("{:02}:{:02}", ms / 3'600'000, ms / 60'000 % 60);
    if (ms % 60'000 != 0) out += fmt::format(":{:02}", ms / 1'000 % 60);
    if (ms % 1'000 != 0) out += fmt::format(".{:03}", ms % 1'000);
    return out;
}

std::string joined(const std::vector<std::string>& items, char open, char close) {
    std::string out(1, open);
    for (std::size_t i = 0; i < items.size(); ++i) out += (i == 0 ? "" : ";") + items[i];
    return out + close;
}

std::string value_text(const Value& v, const DataType& t);

std::string nested_text(const Value& v, const DataType& t) {
    std::vector<std::string> items;
    const std::vector<Value>& list = v.list();
    if (t.kind == TypeKind::map) {
        std::set<std::string> entries;
        for (std::size_t i = 0; i + 1 < list.size(); i += 2) {
            entries.insert(value_text(list[i], t.child(0).type) + "=" +
                           value_text(list[i + 1], t.child(1).type));
        }
        items.assign(entries.begin(), entries.end());
        return joined(items, '{', '}');
    }
    const bool array = t.kind == TypeKind::array;
    for (std::size_t i = 0; i < list.size(); ++i)
        items.push_back(value_text(list[i], t.child(array ? 0 : i).type));
    return array ? joined(items, '[', ']') : joined(items, '(', ')');
}

std::string value_text(const Value& v, const DataType& t) {
    if (v.is_null()) return "null";
    switch (t.kind) {
        case TypeKind::boolean:
            return v.boolean() ? "true" : "false";
        case TypeKind::bytes: {
            std::string out;
            for (const char c : v.text()) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
            return out;
        }
        case TypeKind::time:
            return time_text(v.integer());
        case TypeKind::timestamp_ltz:
            return to_string(v, t) + "Z";
        case TypeKind::date: {
            const std::string text = to_string(v, t);  // LocalDate.toString: "+10000-01-01"
            return text.find('-', 1) > 4 ? "+" + text : text;
        }
        case TypeKind::array:
        case TypeKind::map:
        case TypeKind::row:
            return nested_text(v, t);
        default:
            return to_string(v, t);
    }
}

std::string quoted(const std::string& s) {
    if (!s.empty() && s.find_first_of(",\"\n\r") == std::string::npos) return s;
    std::string out = "\"";
    for (const char c : s) {
        // One line a row.
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '"') out += '"';
        out += c;
    }
    return out + "\"";
}

std::string type_text(const DataType& t) {
    switch (t.kind) {
        case TypeKind::string:
            return "STRING";
        case TypeKind::bytes:
            return "BYTES";
        case TypeKind::array:
            return "ARRAY<" + type_text(t.child(0).type) + ">";
        case TypeKind::map:
            return "MAP<" + type_text(t.child(0).type) + ", " + type_text(t.child(1).type) + ">";
        case TypeKind::row: {
            std::string out = "ROW<";
            for (std::size_t i = 0; i < t.children->size(); ++i) {
                const Field& f = t.child(i);
                out += (i == 0 ? "`" : ", `") + f.name + "` " + type_text(f.type);
            }
            return out + ">";
        }
        default:
            return t.with_nullable(true).to_string();
    }
}

}  // namespace

std::string record_text(std::span<const Value> values, const Schema& schema) {
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out += ',';
        if (!values[i].is_null()) out += quoted(value_text(values[i], schema[i].type));
    }
    // An empty line would end an expectation.
    return out.empty() ? "(null)" : out;
}

std::string types_text(const Schema& schema) {
    std::string out;
    for (const Field& f : schema.fields) out += (out.empty() ? "" : ", ") + f.name + " " + type_text(f.type);
    return out;
}

}  // namespace mr::cli
