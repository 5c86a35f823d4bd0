#include "sql/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>

namespace mr::sql {
namespace {

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
                } else {
                    out += c;
                }
        }
    }
    return out + "\"";
}

/// The caret line's indentation: as many characters as come before `col`, tabs kept.
std::string indentation(std::string_view line, int col) {
    std::string out;
    int at = 1;
    for (const char c : line) {
        if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;  // inside a UTF-8 character
        if (at++ >= col) break;
        out += c == '\t' ? '\t' : ' ';
    }
    while (static_cast<int>(out.size()) < col - 1) out += ' ';
    return out;
}

}  // namespace

std::string render(const Diagnostic& d) {
    std::string out =
        fmt::format("{}[{}]: {}\n", d.severity == Severity::error ? "error" : "warning", d.code, d.message);
    if (d.line > 0) {
        const std::string number = fmt::format("{:>4}", d.line);
        out += fmt::format("  --> {}:{}:{}\n", d.file, d.line, d.col);
        out += fmt::format("{} | {}\n", number, d.source_line);
        const int width = std::max(1, d.end_col - d.col);
        out +=
            fmt::format("{} | {}{}{}{}\n", std::string(number.size(), ' '), indentation(d.source_line, d.col),
                        std::string(static_cast<std::size_t>(width), '^'), d.note.empty() ? "" : " ", d.note);
    } else {
        out += fmt::format("  --> {}\n", d.file);
    }
    if (!d.help.empty()) out += "help: " + d.help + "\n";
    return out;
}

std::string render(std::span<const Diagnostic> diagnostics) {
    std::string out;
    for (const Diagnostic& d : diagnostics) {
        if (!out.empty()) out += "\n";
        out += render(d);
    }
    return out;
}

std::string to_json(const Diagnostic& d) {
    // A hint beside the caret is part of the message where there is no caret.
    const std::string message = d.note.empty() ? d.message : d.message + "; " + d.note;
    return fmt::format(
        R"({{"code":{},"severity":{},"file":{},"line":{},"col":{},"end_col":{},"message":{},"help":{}}})",
        json_string(d.code), d.severity == Severity::error ? "\"error\"" : "\"warning\"", json_string(d.file),
        d.line, d.col, d.end_col, json_string(message), json_string(d.help));
}

std::string to_json(std::span<const Diagnostic> diagnostics) {
    std::string out = "[";
    for (const Diagnostic& d : diagnostics) out += (out.size() == 1 ? "" : ",") + to_json(d);
    return out + "]";
}

bool has_errors(std::span<const Diagnostic> diagnostics) {
    return std::ranges::any_of(diagnostics,
                               [](const Diagnostic& d) { return d.severity == Severity::error; });
}

}  // namespace mr::sql
