// A text with its line table, and the list of things said about it. Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/diagnostic.h"

namespace mr::sql {

/// Byte range of a text.
struct Span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
};

/// From the first of `a` to the last of `b`.
inline Span join(Span a, Span b) {
    return {a.begin, b.end > a.end ? b.end : a.end};
}

struct Place {
    int line = 0;
    int col = 0;  ///< in characters
};

class SourceFile {
  public:
    SourceFile(std::string path, std::string text);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] std::string_view text(Span span) const;
    [[nodiscard]] Place place(std::uint32_t offset) const;
    [[nodiscard]] std::string_view line(int number) const;
    /// The name that starts at a place, with what qualifies it: "a.b".
    [[nodiscard]] Span word_at(int line, int col) const;

  private:
    std::string path_;
    std::string text_;
    std::vector<std::uint32_t> line_starts_;
};
using SourceFilePtr = std::shared_ptr<const SourceFile>;

/// Error codes: docs/sql/errors.md.
namespace code {
inline constexpr std::string_view kLexical = "M1001";
inline constexpr std::string_view kSyntax = "M1002";
inline constexpr std::string_view kLimit = "M1003";
inline constexpr std::string_view kUnknownTable = "M2001";
inline constexpr std::string_view kDuplicate = "M2002";
inline constexpr std::string_view kUnknownFunction = "M2003";
inline constexpr std::string_view kUnknownColumn = "M2004";
inline constexpr std::string_view kAmbiguous = "M2005";
inline constexpr std::string_view kType = "M2006";
inline constexpr std::string_view kNotGrouped = "M2007";
inline constexpr std::string_view kMisplaced = "M2008";
inline constexpr std::string_view kColumnCount = "M2009";
inline constexpr std::string_view kTime = "M3001";
inline constexpr std::string_view kMode = "M3002";
inline constexpr std::string_view kKey = "M3003";
inline constexpr std::string_view kJoin = "M3004";
inline constexpr std::string_view kOver = "M3005";
inline constexpr std::string_view kState = "M3006";
inline constexpr std::string_view kMatch = "M3007";
inline constexpr std::string_view kLibrary = "M2010";
inline constexpr std::string_view kOption = "M4001";
inline constexpr std::string_view kOptionMissing = "M4002";
inline constexpr std::string_view kOptionValue = "M4003";
inline constexpr std::string_view kNotYet = "M9001";
}  // namespace code

/// Collects what is said. One object for a compilation; `muted` while something is only tried.
class Diagnostics {
  public:
    struct Text {
        std::string message;
        std::string note = {};
        std::string help = {};
    };

    void error(const SourceFile& file, Span span, std::string_view code, Text text);
    void warning(const SourceFile& file, Span span, std::string_view code, Text text);
    /// "… is not supported yet"
    void not_yet(const SourceFile& file, Span span, std::string_view what, std::string help = {});

    [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }
    [[nodiscard]] std::vector<Diagnostic> take() { return std::move(all_); }
    [[nodiscard]] std::size_t errors() const { return errors_; }

  private:
    void add(const SourceFile& file, Span span, std::string_view code, Severity severity, Text text);
    std::vector<Diagnostic> all_;
    std::size_t errors_ = 0;
};

}  // namespace mr::sql
