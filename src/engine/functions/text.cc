// String functions without patterns. Positions count characters from 1.
#include "engine/internal/text.h"

#include <algorithm>

#include "engine/internal/registry.h"

namespace mr::engine::internal {
namespace {

/// What one text function may make of one row.
constexpr std::int64_t kMaxTextBytes = 16 << 20;

/// Flink's SUBSTRING: position 0 is 1, negative ones count from the end; a negative length gives NULL.
void substring(RowCall& c) {
    const std::string_view s = c.text(0);
    const std::int64_t count = c.size() > 2 ? c.integer(2) : INT32_MAX;
    if (count < 0) return c.null();
    std::int64_t from = c.integer(1);
    if (from < 0) {
        from += char_count(s);
        if (from < 0) return c.set("");
    } else if (from > 0) {
        --from;
    }
    c.set(char_slice(s, from, count));
}

bool is_one_of(std::string_view c, std::string_view set) {
    for (std::size_t i = 0; i < set.size(); i += char_bytes(set, i)) {
        if (set.substr(i, char_bytes(set, i)) == c) return true;
    }
    return false;
}

std::string_view strip(std::string_view s, std::string_view set, bool start, bool end) {
    while (start && !s.empty() && is_one_of(s.substr(0, char_bytes(s, 0)), set))
        s.remove_prefix(char_bytes(s, 0));
    while (end && !s.empty()) {
        std::size_t last = s.size() - 1;
        while (last > 0 && (static_cast<unsigned char>(s[last]) & 0xc0) == 0x80) --last;
        if (!is_one_of(s.substr(last), set)) break;
        s = s.substr(0, last);
    }
    return s;
}

RowFunction side_trim(bool start, bool end) {
    return [=](RowCall& c) { c.set(strip(c.text(0), c.size() > 1 ? c.text(1) : " ", start, end)); };
}

void trim(RowCall& c) {
    if (c.size() == 1) return c.set(strip(c.text(0), " ", true, true));
    const std::string_view side = c.text(0);
    c.set(strip(c.text(2), c.text(1), side != "TRAILING", side != "LEADING"));
}

/// Where `part` begins in `s` at or after character `from` (0-based), as a 1-based position; 0 if nowhere.
std::int64_t position_of(std::string_view part, std::string_view s, std::int64_t from) {
    const std::size_t start = char_offset(s, from);
    const std::size_t at = s.find(part, start);
    return at == std::string_view::npos ? 0 : char_count(s.substr(0, at)) + 1;
}

void locate(RowCall& c) {
    const std::int64_t from = c.size() > 2 ? c.integer(2) : 1;
    c.set_integer(from < 1 ? 0 : position_of(c.text(0), c.text(1), from - 1));
}

/// INSTR(text, part, from, nth); a negative `from` searches backwards from the end.
void instr(RowCall& c) {
    const std::string_view s = c.text(0), part = c.text(1);
    const std::int64_t from = c.size() > 2 ? c.integer(2) : 1;
    std::int64_t nth = c.size() > 3 ? c.integer(3) : 1;
    if (from == 0 || nth < 1) return c.set_integer(0);
    if (from > 0) {
        std::int64_t at = from - 1;
        std::int64_t found = 0;
        for (; nth > 0; --nth) {
            found = position_of(part, s, at);
            if (found == 0) break;
            at = found;
        }
        return c.set_integer(found);
    }
    std::size_t at = char_offset(s, std::max<std::int64_t>(0, char_count(s) + from));
    std::size_t found = std::string_view::npos;
    for (; nth > 0; --nth) {
        found = s.rfind(part, at);
        if (found == std::string_view::npos) return c.set_integer(0);
        if (found == 0 && nth > 1) return c.set_integer(0);
        at = found == 0 ? 0 : found - 1;
    }
    c.set_integer(char_count(s.substr(0, found)) + 1);
}

void replace(RowCall& c) {
    const std::string_view s = c.text(0), part = c.text(1), by = c.text(2);
    std::string out;
    std::size_t at = 0;
    if (part.empty()) {  // as Java's String.replace: between all characters and at both ends
        out = by;
        for (; at < s.size(); at += char_bytes(s, at)) out.append(s.substr(at, char_bytes(s, at))).append(by);
        return c.set(out);
    }
    for (std::size_t hit = s.find(part); hit != std::string_view::npos; hit = s.find(part, at)) {
        out.append(s.substr(at, hit - at)).append(by);
        at = hit + part.size();
    }
    c.set(out.append(s.substr(at)));
}

void translate(RowCall& c) {
    const std::string_view s = c.text(0), from = c.text(1), to = c.text(2);
    std::string out;
    for (std::size_t i = 0; i < s.size(); i += char_bytes(s, i)) {
        const std::string_view one = s.substr(i, char_bytes(s, i));
        const std::int64_t place = position_of(one, from, 0);
        if (place == 0) {
            out += one;
        } else {
            out += char_slice(to, place - 1, 1);
        }
    }
    c.set(out);
}

void overlay(RowCall& c) {
    const std::string_view s = c.text(0), by = c.text(1);
    const std::int64_t start = c.integer(2), size = char_count(s);
    if (start <= 0 || start > size) return c.set(s);
    const std::int64_t length = c.size() > 3 ? c.integer(3) : char_count(by);
    std::string out(char_slice(s, 0, start - 1));
    out += by;
    if (length >= 0 && start - 1 + length < size) out += char_slice(s, start - 1 + length, size);
    if (length < 0) out += s.substr(0, 0);
    c.set(out);
}

void repeat(RowCall& c) {
    const std::string_view s = c.text(0);
    const std::int64_t n = std::max<std::int64_t>(0, c.integer(1));
    if (static_cast<std::int64_t>(s.size()) * n > kMaxTextBytes)
        return c.fail("REPEAT makes more than 16 MiB");
    std::string out;
    for (std::int64_t i = 0; i < n; ++i) out += s;
    c.set(out);
}

void reverse(RowCall& c) {
    const std::string_view s = c.text(0);
    std::string out(s.size(), '\0');
    std::size_t end = s.size();
    for (std::size_t i = 0; i < s.size();) {
        const std::size_t n = char_bytes(s, i);
        end -= n;
        s.copy(out.data() + end, n, i);
        i += n;
    }
    c.set(out);
}

RowFunction pad(bool left) {
    return [left](RowCall& c) {
        const std::string_view s = c.text(0), with = c.text(2);
        const std::int64_t length = c.integer(1), have = char_count(s);
        if (length < 0 || with.empty()) return c.null();
        if (length > kMaxTextBytes / 4) return c.fail("LPAD and RPAD make at most 4 million characters");
        if (length <= have) return c.set(char_slice(s, 0, length));
        std::string filling;
        const std::int64_t width = char_count(with);
        std::int64_t need = length - have;
        for (; need >= width; need -= width) filling += with;
        filling += char_slice(with, 0, need);
        c.set(left ? filling + std::string(s) : std::string(s) + filling);
    };
}

void initcap(RowCall& c) {
    const std::string_view s = c.text(0);
    std::string out;
    bool inside = false;
    for (std::size_t i = 0; i < s.size();) {
        const std::size_t n = char_bytes(s, i);
        const std::string_view one = s.substr(i, n);
        const char ch = one[0];
        // As Flink: letters beyond ASCII stay as they are and end a word.
        const bool word =
            n == 1 && ((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z'));
        out += !word ? std::string(one) : inside ? to_lower(one) : to_upper(one);
        inside = word;
        i += n;
    }
    c.set(out);
}

/// Index from 0; an empty text has no parts.
void split_index(RowCall& c) {
    const std::string_view s = c.text(0);
    std::string code;
    if (!c.type(1).is_character()) {
        if (c.integer(1) < 0 || c.integer(1) > 255) return c.null();
        append_char(code, static_cast<char32_t>(c.integer(1)));
    }
    const std::string_view separator = code.empty() ? c.text(1) : std::string_view(code);
    std::int64_t index = c.integer(2);
    if (index < 0 || s.empty()) return c.null();
    if (separator.empty()) {  // without a separator: white space
        std::size_t begin = 0;
        const auto blank = [](char ch) { return ch == ' ' || (ch >= '\t' && ch <= '\r'); };
        for (std::size_t end = 0; end <= s.size(); ++end) {
            if (end < s.size() && !blank(s[end])) continue;
            if (index-- == 0) return c.set(s.substr(begin, end - begin));
            begin = end + 1;
        }
        return c.null();
    }
    std::size_t at = 0;
    for (; index > 0; --index) {
        const std::size_t hit = s.find(separator, at);
        if (hit == std::string_view::npos) return c.null();
        at = hit + separator.size();
    }
    const std::size_t end = s.find(separator, at);
    c.set(s.substr(at, end == std::string_view::npos ? end : end - at));
}

void concat(RowCall& c) {
    std::string out;
    for (std::size_t i = 0; i < c.size(); ++i) out += c.text(i);
    c.set(out);
}

void concat_ws(RowCall& c) {
    if (c.is_null(0)) return c.null();
    std::string out;
    bool any = false;
    for (std::size_t i = 1; i < c.size(); ++i) {
        if (c.is_null(i)) continue;
        if (any) out += c.text(0);
        out += c.text(i);
        any = true;
    }
    c.set(out);
}

void elt(RowCall& c) {
    if (c.is_null(0)) return c.null();
    const std::int64_t i = c.integer(0);
    if (i < 1 || i >= static_cast<std::int64_t>(c.size())) return c.null();
    const auto at = static_cast<std::size_t>(i);
    c.is_null(at) ? c.null() : c.set(c.text(at));
}

void right(RowCall& c) {
    const std::string_view s = c.text(0);
    const std::int64_t n = c.integer(1), size = char_count(s);
    c.set(n <= 0 ? std::string_view() : char_slice(s, std::max<std::int64_t>(0, size - n), n));
}

void chr(RowCall& c) {
    const std::int64_t n = c.integer(0);
    if (n < 0) return c.set("");
    std::string out;
    append_char(out, static_cast<char32_t>(n % 256));
    c.set(out);
}

}  // namespace

void add_text(Registry& r) {
    r.add_row("||", concat);
    r.add_row("CONCAT", concat);
    r.add_row("CONCAT_WS", concat_ws, Strictness::lenient);
    r.add_row("CHAR_LENGTH", [](RowCall& c) { c.set_integer(char_count(c.text(0))); });
    r.add_row("OCTET_LENGTH", [](RowCall& c) { c.set_integer(static_cast<std::int64_t>(c.text(0).size())); });
    // Flink keeps the type of the argument: UPPER of a CHAR(6) is cut to 6 characters.
    const auto with_length = [](std::string (*f)(std::string_view)) -> RowFunction {
        return [f](RowCall& c) {
            const std::string out = f(c.text(0));
            const int length = c.out_type().precision;
            c.set(length > 0 ? char_slice(out, 0, length) : std::string_view(out));
        };
    };
    r.add_row("UPPER", with_length(to_upper));
    r.add_row("LOWER", with_length(to_lower));
    r.add_row("INITCAP", initcap);
    r.add_row("TRIM", trim);
    r.add_row("LTRIM", side_trim(true, false));
    r.add_row("RTRIM", side_trim(false, true));
    r.add_row("BTRIM", side_trim(true, true));
    r.add_row("SUBSTRING", substring);
    r.add_row("OVERLAY", overlay);
    r.add_row("POSITION", [](RowCall& c) { c.set_integer(position_of(c.text(0), c.text(1), 0)); });
    r.add_row("LOCATE", locate);
    r.add_row("INSTR", instr);
    r.add_row("REPLACE", replace);
    r.add_row("TRANSLATE", translate);
    r.add_row("REPEAT", repeat);
    r.add_row("REVERSE", reverse);
    r.add_row("LPAD", pad(true));
    r.add_row("RPAD", pad(false));
    r.add_row("LEFT",
              [](RowCall& c) { c.set(char_slice(c.text(0), 0, std::max<std::int64_t>(0, c.integer(1)))); });
    r.add_row("RIGHT", right);
    // The first byte as Java's signed byte, as Flink does.
    r.add_row("ASCII", [](RowCall& c) {
        c.set_integer(c.text(0).empty() ? 0 : static_cast<signed char>(c.text(0)[0]));
    });
    r.add_row("CHR", chr);
    r.add_row("SPLIT_INDEX", split_index);
    r.add_row("STARTSWITH", [](RowCall& c) { c.set_boolean(c.text(0).starts_with(c.text(1))); });
    r.add_row("ENDSWITH", [](RowCall& c) { c.set_boolean(c.text(0).ends_with(c.text(1))); });
    r.add_row("ELT", elt, Strictness::lenient);
}

}  // namespace mr::engine::internal
