#include "engine/internal/json_tape.h"

#include <algorithm>
#include <charconv>

#include "base/json_writer.h"
#include "engine/internal/text.h"

namespace mr::engine::internal {
namespace {

constexpr int kMaxDepth = 100;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::optional<char32_t> hex4(std::string_view s, std::size_t at) {
    if (at + 4 > s.size()) return std::nullopt;
    unsigned v = 0;
    const auto [end, error] = std::from_chars(s.data() + at, s.data() + at + 4, v, 16);
    if (error != std::errc() || end != s.data() + at + 4) return std::nullopt;
    return v;
}

}  // namespace

void JsonTape::blanks() {
    while (at_ < json_.size() &&
           (json_[at_] == ' ' || json_[at_] == '\t' || json_[at_] == '\n' || json_[at_] == '\r'))
        ++at_;
}

bool JsonTape::parse(std::string_view json) {
    json_ = json;
    at_ = 0;
    nodes_.clear();
    blanks();
    if (!value(0)) return false;
    blanks();
    return at_ == json_.size();
}

bool JsonTape::literal(std::string_view word, JsonKind kind) {
    if (!json_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    nodes_.push_back({kind, word, static_cast<std::uint32_t>(nodes_.size()) + 1});
    return true;
}

/// After the opening quote; leaves a string node.
bool JsonTape::string_body() {
    const std::size_t start = at_;
    while (at_ < json_.size() && json_[at_] != '"') {
        const char c = json_[at_];
        if (static_cast<unsigned char>(c) < 0x20) return false;
        if (c == '\\') {
            ++at_;
            if (at_ >= json_.size()) return false;
            if (json_[at_] == 'u') {
                if (!hex4(json_, at_ + 1)) return false;
                at_ += 4;
            } else if (std::string_view("\"\\/bfnrt").find(json_[at_]) == std::string_view::npos) {
                return false;
            }
        }
        ++at_;
    }
    if (at_ >= json_.size()) return false;
    nodes_.push_back(
        {JsonKind::string, json_.substr(start, at_ - start), static_cast<std::uint32_t>(nodes_.size()) + 1});
    ++at_;
    return true;
}

bool JsonTape::number() {
    const std::size_t start = at_;
    const auto digits = [&] {
        const std::size_t from = at_;
        while (at_ < json_.size() && is_digit(json_[at_])) ++at_;
        return at_ > from;
    };
    if (json_[at_] == '-') ++at_;
    if (at_ < json_.size() && json_[at_] == '0') {
        ++at_;
    } else if (!digits()) {
        return false;
    }
    if (at_ < json_.size() && json_[at_] == '.') {
        ++at_;
        if (!digits()) return false;
    }
    if (at_ < json_.size() && (json_[at_] == 'e' || json_[at_] == 'E')) {
        ++at_;
        if (at_ < json_.size() && (json_[at_] == '+' || json_[at_] == '-')) ++at_;
        if (!digits()) return false;
    }
    nodes_.push_back(
        {JsonKind::number, json_.substr(start, at_ - start), static_cast<std::uint32_t>(nodes_.size()) + 1});
    return true;
}

bool JsonTape::value(int depth) {
    if (at_ >= json_.size() || depth > kMaxDepth) return false;
    const char c = json_[at_];
    if (c == '"') {
        ++at_;
        return string_body();
    }
    if (c == '-' || is_digit(c)) return number();
    if (c == 't') return literal("true", JsonKind::boolean);
    if (c == 'f') return literal("false", JsonKind::boolean);
    if (c == 'n') return literal("null", JsonKind::null);
    if (c != '{' && c != '[') return false;
    const bool object = c == '{';
    const char close = object ? '}' : ']';
    const std::size_t self = nodes_.size(), start = at_;
    nodes_.push_back({object ? JsonKind::object : JsonKind::array, {}, 0});
    ++at_;
    blanks();
    bool first = true;
    while (at_ < json_.size() && json_[at_] != close) {
        if (!first) {
            if (json_[at_] != ',') return false;
            ++at_;
            blanks();
        }
        first = false;
        if (object) {
            if (at_ >= json_.size() || json_[at_] != '"') return false;
            ++at_;
            if (!string_body()) return false;
            blanks();
            if (at_ >= json_.size() || json_[at_] != ':') return false;
            ++at_;
            blanks();
        }
        if (!value(depth + 1)) return false;
        blanks();
    }
    if (at_ >= json_.size()) return false;
    ++at_;
    nodes_[self].after = static_cast<std::uint32_t>(nodes_.size());
    nodes_[self].text = json_.substr(start, at_ - start);
    return true;
}

std::optional<std::uint32_t> JsonTape::member(std::uint32_t object, std::string_view name) const {
    std::optional<std::uint32_t> found;
    for (std::uint32_t i = first_child(object); i < nodes_[object].after; i = nodes_[i + 1].after) {
        const std::string_view key = nodes_[i].text;
        const bool plain = key.find('\\') == std::string_view::npos;
        if (plain ? key == name : json_unescape(key) == name) found = i + 1;
    }
    return found;
}

std::uint32_t JsonTape::array_size(std::uint32_t array) const {
    std::uint32_t n = 0;
    for (std::uint32_t i = first_child(array); i < nodes_[array].after; i = nodes_[i].after) ++n;
    return n;
}

std::uint32_t JsonTape::element(std::uint32_t array, std::uint32_t index) const {
    std::uint32_t i = first_child(array);
    for (; index > 0; --index) i = nodes_[i].after;
    return i;
}

std::string json_unescape(std::string_view s) {
    std::string out;
    out.reserve(s.size());
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] != '\\') {
            out += s[i];
            continue;
        }
        const char c = i + 1 < s.size() ? s[++i] : '\\';
        static constexpr std::string_view kFrom = "bfnrt", kTo = "\b\f\n\r\t";
        const std::size_t simple = kFrom.find(c);
        if (simple != std::string_view::npos) {
            out += kTo[simple];
        } else if (c == 'u') {
            char32_t code = hex4(s, i + 1).value_or(0xfffd);
            i += 4;
            if (code >= 0xd800 && code < 0xdc00 && s.substr(i + 1).starts_with("\\u")) {
                const auto low = hex4(s, i + 3);
                if (low && *low >= 0xdc00 && *low < 0xe000) {
                    code = 0x10000 + ((code - 0xd800) << 10) + (*low - 0xdc00);
                    i += 6;
                }
            }
            append_char(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
        } else {
            out += c;
        }
    }
    return out;
}

std::string java_number(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const std::size_t e = text.find_first_of("eE");
    const std::string_view mantissa = text.substr(0, e);
    const std::size_t point = mantissa.find('.');
    if (e == std::string_view::npos && point == std::string_view::npos)
        return (negative && text != "0" ? "-" : "") + std::string(text);
    std::string digits;
    for (const char c : mantissa) {
        if (c != '.') digits += c;
    }
    std::int64_t scale =
        point == std::string_view::npos ? 0 : static_cast<std::int64_t>(mantissa.size() - point - 1);
    if (e != std::string_view::npos) {
        std::string_view power = text.substr(e + 1);
        if (power.starts_with('+')) power.remove_prefix(1);
        std::int64_t exponent = 0;
        std::from_chars(power.data(), power.data() + power.size(), exponent);
        scale -= exponent;
    }
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    digits.erase(0, zeros);
    const auto size = static_cast<std::int64_t>(digits.size());
    const std::int64_t adjusted = -scale + (size - 1);
    std::string out = negative && digits != "0" ? "-" : "";
    if (scale >= 0 && adjusted >= -6) {
        if (scale == 0) return out + digits;
        if (size > scale)
            return out + digits.substr(0, static_cast<std::size_t>(size - scale)) + "." +
                   digits.substr(static_cast<std::size_t>(size - scale));
        return out + "0." + std::string(static_cast<std::size_t>(scale - size), '0') + digits;
    }
    out += digits.substr(0, 1);
    if (size > 1) out += "." + digits.substr(1);
    if (adjusted != 0) out += fmt::format("E{}{}", adjusted > 0 ? "+" : "", adjusted);
    return out;
}

std::string& JsonMembers::add(std::string name) {
    std::string& value = members_[std::move(name)];
    value.clear();
    return value;
}

void JsonMembers::write(std::string& out) const {
    out += '{';
    bool first = true;
    for (const auto& [name, value] : members_) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, name);
        out += ':';
        out += value;
    }
    out += '}';
}

std::string JsonTape::scalar_text(std::uint32_t i) const {
    const JsonNode& n = nodes_[i];
    if (n.kind == JsonKind::string)
        return n.text.find('\\') == std::string_view::npos ? std::string(n.text) : json_unescape(n.text);
    if (n.kind == JsonKind::number) return java_number(n.text);
    return std::string(n.text);
}

void JsonTape::append_json(std::string& out, std::uint32_t i) const {
    const JsonNode& n = nodes_[i];
    switch (n.kind) {
        case JsonKind::string:
            return append_json_string(out, scalar_text(i));
        case JsonKind::number:
            out += java_number(n.text);
            return;
        case JsonKind::array:
            out += '[';
            for (std::uint32_t c = first_child(i); c < n.after; c = nodes_[c].after) {
                if (c != first_child(i)) out += ',';
                append_json(out, c);
            }
            out += ']';
            return;
        case JsonKind::object: {
            JsonMembers members;
            for (std::uint32_t c = first_child(i); c < n.after; c = nodes_[c + 1].after) {
                append_json(members.add(scalar_text(c)), c + 1);
            }
            return members.write(out);
        }
        default:
            out += n.text;
    }
}

Result<JsonPath> JsonPath::parse(std::string_view text) {
    JsonPath path;
    const std::string_view whole = text;
    text = trimmed(text);
    if (text.starts_with("lax ")) {
        text = trimmed(text.substr(4));
        path.strict_ = false;
    } else if (text.starts_with("strict ")) {
        text = trimmed(text.substr(7));
    }
    if (!text.starts_with('$'))
        return fail(Code::invalid_argument, "JSON path '{}' does not start with $", whole);
    std::size_t at = 1;
    while (at < text.size()) {
        if (auto step = path.parse_step(text, at); !step)
            return fail(Code::invalid_argument, "JSON path '{}': {}", whole, step.error().message);
    }
    for (const Part& p : path.parts_)
        path.definite_ = path.definite_ && p.step != Step::every && p.step != Step::deep;
    return path;
}

Status JsonPath::parse_step(std::string_view text, std::size_t& at) {
    if (text[at] == '[') return parse_bracket(text, at);
    if (text[at] != '.') return fail(Code::invalid_argument, "'{}' is not expected", text.substr(at, 1));
    ++at;
    Part part;
    if (at < text.size() && text[at] == '.') {
        ++at;
        part.step = Step::deep;
        if (at < text.size() && text[at] == '[') {
            // ..[x]: every value, then the bracket.
            parts_.push_back(part);
            return parse_bracket(text, at);
        }
    }
    const std::size_t start = at;
    while (at < text.size() && text[at] != '.' && text[at] != '[') ++at;
    const std::string_view name = text.substr(start, at - start);
    if (name.empty()) return fail(Code::invalid_argument, "a name is missing");
    if (name.find('(') != std::string_view::npos)
        return fail(Code::unsupported, "functions such as {} are not supported yet", name);
    if (name == "*") {
        if (part.step == Step::deep) parts_.push_back(part);
        part.step = Step::every;
    } else if (part.step == Step::deep) {
        parts_.push_back(part);
        part.step = Step::member;
    }
    if (part.step == Step::member) part.name = std::string(name);
    parts_.push_back(std::move(part));
    return {};
}

Status JsonPath::parse_bracket(std::string_view text, std::size_t& at) {
    ++at;
    Part part;
    const auto close = [&]() -> Status {
        while (at < text.size() && text[at] == ' ') ++at;
        if (at >= text.size() || text[at] != ']') return fail(Code::invalid_argument, "']' is missing");
        ++at;
        parts_.push_back(std::move(part));
        return {};
    };
    while (at < text.size() && text[at] == ' ') ++at;
    if (at < text.size() && text[at] == '*') {
        part.step = Step::every;
        ++at;
        return close();
    }
    if (at < text.size() && (text[at] == '\'' || text[at] == '"')) {
        const char quote = text[at++];
        while (at < text.size() && text[at] != quote) {
            if (text[at] == '\\' && at + 1 < text.size()) ++at;
            part.name += text[at++];
        }
        if (at >= text.size()) return fail(Code::invalid_argument, "a quote is not closed");
        ++at;
        return close();
    }
    part.step = Step::index;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), part.index);
    if (error != std::errc())
        return fail(Code::unsupported, "'[{}' is not supported: names, indexes and * are",
                    text.substr(at, 20));
    at = static_cast<std::size_t>(end - text.data());
    return close();
}

void JsonPath::find(const JsonTape& tape, std::vector<std::uint32_t>& out) const {
    out.clear();
    walk(tape, 0, 0, out);
}

bool JsonPath::begins(const JsonTape& tape) const {
    JsonPath prefix;
    for (const Part& p : parts_) {
        if (p.step == Step::every || p.step == Step::deep) break;
        prefix.parts_.push_back(p);
    }
    std::vector<std::uint32_t> found;
    prefix.find(tape, found);
    return !found.empty();
}

void JsonPath::descend(const JsonTape& tape, std::uint32_t node, std::size_t part,
                       std::vector<std::uint32_t>& out) const {
    walk(tape, node, part, out);
    const JsonNode& n = tape.at(node);
    if (n.kind != JsonKind::array && n.kind != JsonKind::object) return;
    for (std::uint32_t c = tape.first_child(node); c < n.after; c = tape.at(c).after) {
        if (n.kind == JsonKind::object) ++c;
        descend(tape, c, part, out);
    }
}

void JsonPath::walk(const JsonTape& tape, std::uint32_t node, std::size_t part,
                    std::vector<std::uint32_t>& out) const {
    if (part == parts_.size()) {
        out.push_back(node);
        return;
    }
    const Part& p = parts_[part];
    const JsonNode& n = tape.at(node);
    switch (p.step) {
        case Step::member:
            if (n.kind != JsonKind::object) return;
            if (const auto m = tape.member(node, p.name)) walk(tape, *m, part + 1, out);
            return;
        case Step::index: {
            if (n.kind != JsonKind::array) return;
            const auto size = static_cast<std::int64_t>(tape.array_size(node));
            const std::int64_t i = p.index < 0 ? size + p.index : p.index;
            if (i >= 0 && i < size)
                walk(tape, tape.element(node, static_cast<std::uint32_t>(i)), part + 1, out);
            return;
        }
        case Step::every:
            if (n.kind != JsonKind::array && n.kind != JsonKind::object) return;
            for (std::uint32_t c = tape.first_child(node); c < n.after; c = tape.at(c).after) {
                if (n.kind == JsonKind::object) ++c;
                walk(tape, c, part + 1, out);
            }
            return;
        case Step::deep:
            return descend(tape, node, part + 1, out);
    }
}

}  // namespace mr::engine::internal
