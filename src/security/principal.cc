#include "security/principal.h"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>

namespace mr::security {
namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0)
        text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
    return text;
}

/// Java's "$1" is RE2's "\1"; backslashes mean themselves.
Result<std::string> to_rewrite(std::string_view replacement) {
    std::string out;
    for (std::size_t i = 0; i < replacement.size(); ++i) {
        const char c = replacement[i];
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '$') {
            if (i + 1 >= replacement.size() ||
                std::isdigit(static_cast<unsigned char>(replacement[i + 1])) == 0)
                return fail(Code::invalid_argument, "`$` must name a group: $1");
            out += '\\';
        } else {
            out += c;
        }
    }
    return out;
}

/// Up to the next '/' that is not escaped by '\'; nothing when there is none.
bool take_part(std::string_view& rest, std::string& part) {
    part.clear();
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] == '\\' && i + 1 < rest.size() && rest[i + 1] == '/') {
            part += '/';
            ++i;
        } else if (rest[i] == '/') {
            rest.remove_prefix(i + 1);
            return true;
        } else {
            part += rest[i];
        }
    }
    return false;
}

}  // namespace

Result<Principal> parse_principal(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
        return fail(Code::invalid_argument,
                    "expected a principal in format principalType:principalName but got {}", text);
    }
    return Principal{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

Result<std::vector<Principal>> parse_principals(std::string_view text) {
    std::vector<Principal> out;
    text = trim(text);
    while (!text.empty()) {
        std::size_t end = text.find(';');
        for (std::size_t at = text.find(','); at < end && at != std::string_view::npos;
             at = text.find(',', at + 1)) {
            if (trim(text.substr(at + 1)).starts_with("User:")) end = at;
        }
        const std::string_view one = trim(text.substr(0, end));
        if (!one.empty()) {
            MR_TRY(Principal principal, parse_principal(one));
            out.push_back(std::move(principal));
        }
        text = end == std::string_view::npos ? std::string_view() : trim(text.substr(end + 1));
    }
    return out;
}

struct PrincipalMapper::Rule {
    std::unique_ptr<re2::RE2> pattern;  ///< nullptr: DEFAULT
    std::string rewrite;
    enum class Case : std::uint8_t { kept, lower, upper } letters = Case::kept;
};

PrincipalMapper::PrincipalMapper() {
    rules_.emplace_back();
}
PrincipalMapper::~PrincipalMapper() = default;
PrincipalMapper::PrincipalMapper(PrincipalMapper&&) noexcept = default;
PrincipalMapper& PrincipalMapper::operator=(PrincipalMapper&&) noexcept = default;

Result<PrincipalMapper> PrincipalMapper::parse(std::string_view text) {
    PrincipalMapper mapper;
    mapper.rules_.clear();
    for (text = trim(text); !text.empty(); text = trim(text)) {
        Rule rule;
        const std::string_view shown = text;
        if (text.starts_with("DEFAULT")) {
            text.remove_prefix(7);
        } else if (text.starts_with("RULE:")) {
            text.remove_prefix(5);
            std::string pattern;
            std::string replacement;
            if (!take_part(text, pattern) || !take_part(text, replacement))
                return fail(Code::invalid_argument,
                            "expected RULE:pattern/replacement/[LU] or DEFAULT, found `{}`", shown);
            if (text.starts_with("L") || text.starts_with("U")) {
                rule.letters = text.front() == 'L' ? Rule::Case::lower : Rule::Case::upper;
                text.remove_prefix(1);
            }
            re2::RE2::Options options;
            options.set_log_errors(false);
            options.set_max_mem(1 << 20);
            rule.pattern = std::make_unique<re2::RE2>(pattern, options);
            if (!rule.pattern->ok())
                return fail(Code::invalid_argument, "`{}`: {}", pattern, rule.pattern->error());
            MR_TRY(rule.rewrite, to_rewrite(replacement));
            std::string why;
            if (!rule.pattern->CheckRewriteString(rule.rewrite, &why))
                return fail(Code::invalid_argument, "`{}`: {}", replacement, why);
        } else {
            return fail(Code::invalid_argument,
                        "expected RULE:pattern/replacement/[LU] or DEFAULT, found `{}`", shown);
        }
        mapper.rules_.push_back(std::move(rule));
        text = trim(text);
        if (text.empty()) break;
        if (text.front() != ',')
            return fail(Code::invalid_argument, "expected a comma between rules, found `{}`", text);
        text.remove_prefix(1);
    }
    if (mapper.rules_.empty()) mapper.rules_.emplace_back();
    return mapper;
}

Result<std::string> PrincipalMapper::name_of(std::string_view subject) const {
    for (const Rule& rule : rules_) {
        if (rule.pattern == nullptr) return std::string(subject);
        if (!re2::RE2::FullMatch(subject, *rule.pattern)) continue;
        std::string name(subject);
        re2::RE2::Replace(&name, *rule.pattern, rule.rewrite);
        const auto change = [&](auto f) {
            std::transform(name.begin(), name.end(), name.begin(),
                           [&](char c) { return static_cast<char>(f(static_cast<unsigned char>(c))); });
        };
        if (rule.letters == Rule::Case::lower) change([](unsigned char c) { return std::tolower(c); });
        if (rule.letters == Rule::Case::upper) change([](unsigned char c) { return std::toupper(c); });
        return name;
    }
    return fail(Code::permission_denied, "no rule of kafka.tls.principal-rules fits the certificate of {}",
                subject);
}

}  // namespace mr::security
