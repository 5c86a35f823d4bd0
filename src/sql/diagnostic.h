// What the compiler has to say about a text: errors and warnings with their place, as text for people (with
// the source line and a caret) and as JSON for tools. The shape is the same for everything millrace checks.
// Codes: docs/sql/errors.md. Thread: any (values).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mr::sql {

/// A file as it was read; `path` is only for messages.
struct SourceText {
    std::string path;
    std::string text;
};

enum class Severity : std::uint8_t { error, warning };

struct Diagnostic {
    std::string code;  ///< "M2004"
    Severity severity = Severity::error;
    std::string file;
    int line = 0;     ///< 1-based; 0: about the file as a whole
    int col = 0;      ///< 1-based, in characters
    int end_col = 0;  ///< the first character after; at most the end of the line
    std::string message;
    std::string note;         ///< beside the caret: `did you mean "order_id"?`
    std::string help;         ///< what to do, or what there is
    std::string source_line;  ///< the text of `line`
};

/// error[M2004]: column "ordr_id" not found in view "orders"
///   --> sql/20_views.sql:7:10
///    7 |   SELECT ordr_id
///      |          ^^^^^^^ did you mean "order_id"?
/// help: columns are …
std::string render(const Diagnostic& diagnostic);
std::string render(std::span<const Diagnostic> diagnostics);
/// {"code":…,"severity":…,"file":…,"line":…,"col":…,"end_col":…,"message":…,"help":…}
std::string to_json(const Diagnostic& diagnostic);
/// A JSON array of them.
std::string to_json(std::span<const Diagnostic> diagnostics);
[[nodiscard]] bool has_errors(std::span<const Diagnostic> diagnostics);

}  // namespace mr::sql
