#include "registry/protobuf_schema.h"

#include <algorithm>
#include <array>

namespace mr::registry {
namespace {

/// The text without comments, blanks folded, strings untouched: what equality goes by. Nothing when a string,
/// a comment or a brace stays open.
Result<std::string> fold(std::string_view text) {
    std::string out;
    int depth = 0;
    std::size_t i = 0;
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    while (i < text.size()) {
        const std::string_view rest = text.substr(i);
        if (rest.starts_with("//")) {
            i = std::min(text.find('\n', i), text.size());
        } else if (rest.starts_with("/*")) {
            const std::size_t end = text.find("*/", i + 2);
            if (end == std::string_view::npos) return fail(Code::invalid_argument, "a comment is not closed");
            i = end + 2;
        } else if (text[i] == '"' || text[i] == '\'') {
            const char quote = text[i];
            out += text[i++];
            while (i < text.size() && text[i] != quote && text[i] != '\n') {
                if (text[i] == '\\' && i + 1 < text.size()) out += text[i++];
                out += text[i++];
            }
            if (i >= text.size() || text[i] != quote)
                return fail(Code::invalid_argument, "a string is not closed");
            out += text[i++];
        } else if (blank(text[i])) {
            while (i < text.size() && blank(text[i])) ++i;
            if (!out.empty() && out.back() != ' ') out += ' ';
        } else {
            depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
            if (depth < 0) return fail(Code::invalid_argument, "a '}}' without its '{{'");
            out += text[i++];
        }
    }
    if (depth != 0) return fail(Code::invalid_argument, "a '{{' is not closed");
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

class ProtobufSchema final : public ParsedSchema {
  public:
    ProtobufSchema(std::string text, std::string folded)
        : text_(std::move(text)), folded_(std::move(folded)) {}
    [[nodiscard]] SchemaType type() const override { return SchemaType::protobuf; }
    [[nodiscard]] std::string canonical() const override { return text_; }
    [[nodiscard]] std::vector<std::string> cannot_read(const ParsedSchema& writer) const override {
        if (folded_ == static_cast<const ProtobufSchema&>(writer).folded_) return {};
        return {
            "{errorType:'NOT_SUPPORTED', description:'Protobuf schemas are not compared yet; set the "
            "compatibility "
            "level of the subject to NONE to register a changed one', additionalInfo:''}"};
    }

  private:
    const std::string text_;
    const std::string folded_;
};

}  // namespace

Result<ParsedPtr> parse_protobuf(std::string_view text) {
    MR_TRY(std::string folded, fold(text));
    constexpr std::array<std::string_view, 8> kFirst = {"syntax", "edition", "package", "import",
                                                        "option", "message", "enum",    "service"};
    const bool known = std::any_of(kFirst.begin(), kFirst.end(),
                                   [&](std::string_view word) { return folded.starts_with(word); });
    if (!known)
        return fail(Code::invalid_argument, "not a Protobuf file: begins with \"{}\"", folded.substr(0, 40));
    return std::make_shared<const ProtobufSchema>(std::string(text), std::move(folded));
}

}  // namespace mr::registry
