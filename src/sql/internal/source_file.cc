#include "sql/internal/source_file.h"

#include <algorithm>
#include <cctype>

namespace mr::sql {
namespace {

/// A text with thousands of mistakes gets this many messages.
constexpr std::size_t kMaxDiagnostics = 200;
/// Longest source line shown.
constexpr std::size_t kMaxShown = 240;

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

}  // namespace

SourceFile::SourceFile(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)) {
    line_starts_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i) {
        if (text_[i] == '\n') line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
    }
}

std::string_view SourceFile::text(Span span) const {
    const std::size_t begin = std::min<std::size_t>(span.begin, text_.size());
    const std::size_t end = std::clamp<std::size_t>(span.end, begin, text_.size());
    return std::string_view(text_).substr(begin, end - begin);
}

Place SourceFile::place(std::uint32_t offset) const {
    const auto at = std::min<std::size_t>(offset, text_.size());
    const auto it = std::upper_bound(line_starts_.begin(), line_starts_.end(), at) - 1;
    Place p;
    p.line = static_cast<int>(it - line_starts_.begin()) + 1;
    p.col = 1;
    for (std::size_t i = *it; i < at; ++i) {
        if (!continues_character(text_[i])) ++p.col;
    }
    return p;
}

std::string_view SourceFile::line(int number) const {
    if (number < 1 || static_cast<std::size_t>(number) > line_starts_.size()) return {};
    const std::size_t begin = line_starts_[static_cast<std::size_t>(number) - 1];
    std::string_view rest = std::string_view(text_).substr(begin);
    rest = rest.substr(0, rest.find('\n'));
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    return rest;
}

Span SourceFile::word_at(int line, int col) const {
    if (line < 1 || static_cast<std::size_t>(line) > line_starts_.size()) return {};
    std::size_t at = line_starts_[static_cast<std::size_t>(line) - 1];
    for (int c = 1; c < col && at < text_.size(); ++c) {
        ++at;
        while (at < text_.size() && continues_character(text_[at])) ++at;
    }
    std::size_t end = at;
    bool quoted = false;
    while (end < text_.size()) {
        const char c = text_[end];
        if (c == '`') quoted = !quoted;
        const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '`' ||
                          c == '.' || (static_cast<unsigned char>(c) & 0x80) != 0;
        if (!word && !quoted) break;
        ++end;
    }
    return {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(std::max(end, at + 1))};
}

void Diagnostics::add(const SourceFile& file, Span span, std::string_view code, Severity severity,
                      Text text) {
    if (severity == Severity::error) ++errors_;
    if (all_.size() >= kMaxDiagnostics) return;
    Diagnostic d;
    d.code = code;
    d.severity = severity;
    d.file = file.path();
    const Place begin = file.place(span.begin);
    const Place end = file.place(std::max(span.begin, span.end));
    d.line = begin.line;
    d.col = begin.col;
    const std::string_view line = file.line(begin.line);
    d.source_line = line.substr(0, kMaxShown);
    int width = 1;
    for (const char c : d.source_line) width += continues_character(c) ? 0 : 1;
    d.end_col = end.line == begin.line ? end.col : width;
    d.end_col = std::max(std::min(d.end_col, width), d.col + 1);
    d.message = std::move(text.message);
    d.note = std::move(text.note);
    d.help = std::move(text.help);
    const bool repeated = std::ranges::any_of(all_, [&](const Diagnostic& other) {
        return other.line == d.line && other.col == d.col && other.code == d.code && other.file == d.file &&
               other.message == d.message;
    });
    if (!repeated) all_.push_back(std::move(d));
}

void Diagnostics::error(const SourceFile& file, Span span, std::string_view code, Text text) {
    add(file, span, code, Severity::error, std::move(text));
}

void Diagnostics::warning(const SourceFile& file, Span span, std::string_view code, Text text) {
    add(file, span, code, Severity::warning, std::move(text));
}

void Diagnostics::not_yet(const SourceFile& file, Span span, std::string_view what, std::string help) {
    add(file, span, code::kNotYet, Severity::error,
        Text{std::string(what) + " not supported yet", {}, std::move(help)});
}

}  // namespace mr::sql
