#include "cli/terminal.h"

#include <algorithm>
#include <cstdio>

namespace mr::cli {
namespace {

constexpr std::string_view kHelp = "\nhelp: ";
constexpr std::string_view kNull = "NULL";

std::string cell(const Json& row, const std::string& column, std::string_view null = "") {
    if (!row.contains(column)) return "";
    const Json& v = row[column];
    if (v.is_null()) return std::string(null);
    return v.is_string() ? v.get<std::string>() : v.dump();
}

/// Columns a terminal needs for UTF-8 text (code points; good enough without wide characters).
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

void print_table(const std::vector<std::string>& columns, const Json& rows) {
    std::vector<std::size_t> widths;
    std::vector<bool> numeric;
    for (const std::string& c : columns) {
        std::size_t w = width(c);
        bool number = !rows.empty();
        for (const Json& row : rows) {
            w = std::max(w, width(cell(row, c, kNull)));
            number = number && row.contains(c) && (row[c].is_number() || row[c].is_null());
        }
        widths.push_back(w);
        numeric.push_back(number);
    }
    const auto line = [&](const auto& text) {
        std::string out;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const std::string value = text(i);
            const std::string pad(widths[i] - width(value), ' ');
            if (i > 0) out += "  ";
            out += numeric[i] ? pad + value : value + pad;
        }
        out.erase(out.find_last_not_of(' ') + 1);
        std::printf("%s\n", out.c_str());
    };
    line([&](std::size_t i) { return columns[i]; });
    line([&](std::size_t i) { return std::string(widths[i], '-'); });
    for (const Json& row : rows) line([&](std::size_t i) { return cell(row, columns[i], kNull); });
}

std::string csv(const std::string& text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) {
        out.push_back(c);
        if (c == '"') out.push_back('"');
    }
    return out + "\"";
}

void print_csv(const std::vector<std::string>& columns, const Json& rows) {
    std::string header;
    for (const std::string& c : columns) header += (header.empty() ? "" : ",") + csv(c);
    std::printf("%s\n", header.c_str());
    for (const Json& row : rows) {
        std::string out;
        for (std::size_t i = 0; i < columns.size(); ++i)
            out += (i == 0 ? "" : ",") + csv(cell(row, columns[i]));
        std::printf("%s\n", out.c_str());
    }
}

}  // namespace

void print_rows(const Output& output, const std::vector<std::string>& columns, const Json& rows) {
    switch (output.format) {
        case Format::table:
            return print_table(columns, rows);
        case Format::csv:
            return print_csv(columns, rows);
        case Format::json:
            return print_json(rows);
        case Format::ndjson:
            for (const Json& row : rows) std::printf("%s\n", row.dump().c_str());
            return;
    }
}

void print_json(const Json& value) {
    std::printf("%s\n", value.dump(2).c_str());
}

void print_object(const Output& output, const Json& value) {
    if (output.format == Format::json) return print_json(value);
    if (output.format == Format::ndjson) {
        std::printf("%s\n", value.dump().c_str());
        return;
    }
    std::size_t longest = 0;
    for (const auto& [name, member] : value.items()) {
        if (!member.is_structured()) longest = std::max(longest, width(name));
    }
    for (const auto& [name, member] : value.items()) {
        if (member.is_structured()) continue;
        if (output.format == Format::csv) {
            std::printf("%s,%s\n", csv(name).c_str(), csv(cell(value, name)).c_str());
        } else {
            std::printf("%s%s  %s\n", name.c_str(), std::string(longest - width(name), ' ').c_str(),
                        cell(value, name).c_str());
        }
    }
}

std::string with_help(std::string message, std::string_view help) {
    if (!help.empty()) message.append(kHelp).append(help);
    return message;
}

int report(const Output& output, const Error& error) {
    const auto at = error.message.find(kHelp);
    const std::string message = error.message.substr(0, at);
    const std::string help = at == std::string::npos ? "" : error.message.substr(at + kHelp.size());
    std::string code(to_string(error.code));
    std::ranges::replace(code, ' ', '_');
    if (output.format == Format::json || output.format == Format::ndjson) {
        const Json json = {
            {"error", {{"code", code}, {"severity", "error"}, {"message", message}, {"help", help}}}};
        std::fprintf(stderr, "%s\n", json.dump().c_str());
    } else {
        std::fprintf(stderr, "error[%s]: %s\n", code.c_str(), message.c_str());
        if (!help.empty()) std::fprintf(stderr, "help: %s\n", help.c_str());
    }
    return error.code == Code::unavailable ? Exit::unreachable : Exit::failed;
}

}  // namespace mr::cli
