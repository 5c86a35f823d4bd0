// String functions.
#include "plan/internal/catalogue.h"

namespace mr::plan::internal {
namespace {

/// Concatenation: text, or bytes by bytes.
Result<ResolvedFunction> concat_rule(const CallSite& call) {
    if (call.size() == 0) return mismatch(call);
    if (call[0].kind == TypeKind::bytes) return pattern("YY*", DataType::bytes())(call);
    return pattern("SS*", DataType::string())(call);
}

/// TRIM(x), TRIM('BOTH', c, x).
Result<ResolvedFunction> trim_rule(const CallSite& call) {
    return pattern(call.size() == 1 ? "S" : "SSS", DataType::string())(call);
}

/// SPLIT_INDEX(text, separator, i); the separator may be a character's code.
Result<ResolvedFunction> split_index_rule(const CallSite& call) {
    const bool code = call.size() == 3 && call[1].is_integer();
    return pattern(code ? "SII" : "SSI", DataType::string(), Nulls::always)(call);
}

}  // namespace

void add_strings(Table& t) {
    const DataType text = DataType::string(), number = DataType::integer(), yes = DataType::boolean();
    const auto add = [&](const char* name, const char* signature, const char* help, TypeRule rule,
                         std::vector<std::string> aliases = {}, bool deterministic = true) {
        t.push_back({{name, std::move(aliases), FunctionClass::scalar, signature, help, deterministic},
                     std::move(rule)});
    };
    add("||", "a || b", "Concatenation; NULL if a side is NULL.", concat_rule);
    add("CONCAT", "CONCAT(a, b, …)", "Concatenation; NULL if one is NULL.", [](const CallSite& call) {
        return call.size() == 1 ? pattern("S", DataType::string())(call) : concat_rule(call);
    });
    add("CONCAT_WS", "CONCAT_WS(separator, a, b, …)", "Concatenation with a separator; NULLs are skipped.",
        [](const CallSite& call) -> Result<ResolvedFunction> {
            MR_TRY(auto types, match(call, "S?S*"));
            const bool nullable = types[0].nullable;
            return ResolvedFunction{call.info.name, std::move(types),
                                    DataType::string().with_nullable(nullable)};
        });
    add("CHAR_LENGTH", "CHAR_LENGTH(text)", "Number of characters.", pattern("S", number),
        {"CHARACTER_LENGTH"});
    add("OCTET_LENGTH", "OCTET_LENGTH(text | bytes)", "Number of bytes.", pattern("X", number));
    add("UPPER", "UPPER(text)", "In upper case.", pattern_as("S", 0), {"UCASE"});
    add("LOWER", "LOWER(text)", "In lower case.", pattern_as("S", 0), {"LCASE"});
    add("INITCAP", "INITCAP(text)", "Each word with a capital.", pattern("S", text));
    add("TRIM", "TRIM([BOTH | LEADING | TRAILING] [chars FROM] text)", "Without characters at the ends.",
        trim_rule);
    add("LTRIM", "LTRIM(text [, chars])", "Without characters at the start.", pattern("S?S", text));
    add("RTRIM", "RTRIM(text [, chars])", "Without characters at the end.", pattern("S?S", text));
    add("BTRIM", "BTRIM(text [, chars])", "Without characters at both ends.", pattern("S?S", text));
    add("SUBSTRING", "SUBSTRING(text, from [, length])", "Part of a text; from 1, negative from the end.",
        pattern("SI?I", text), {"SUBSTR"});
    add("OVERLAY", "OVERLAY(text PLACING other FROM start [FOR length])", "Text with a part replaced.",
        pattern("SSI?I", text));
    add("POSITION", "POSITION(part IN text)", "Where a part begins, from 1; 0 if it does not occur.",
        pattern("SS", number));
    add("LOCATE", "LOCATE(part, text [, from])", "Where a part begins, from 1; 0 if it does not occur.",
        pattern("SS?I", number));
    add("INSTR", "INSTR(text, part [, from [, nth]])", "Where a part begins, from 1; 0 if it does not occur.",
        pattern("SS?II", number));
    add("REPLACE", "REPLACE(text, part, by)", "Every occurrence replaced.", pattern("SSS", text));
    add("TRANSLATE", "TRANSLATE(text, from, to)", "Characters replaced one by one.", pattern("SSS", text),
        {"TRANSLATE3"});
    add("REPEAT", "REPEAT(text, n)", "The text n times.", pattern("SI", text));
    add("REVERSE", "REVERSE(text)", "Characters in reverse order.", pattern("S", text));
    add("LPAD", "LPAD(text, length, pad)", "Padded at the start, or cut, to a length.",
        pattern("SIS", text, Nulls::always));
    add("RPAD", "RPAD(text, length, pad)", "Padded at the end, or cut, to a length.",
        pattern("SIS", text, Nulls::always));
    add("LEFT", "LEFT(text, n)", "The first n characters.", pattern("SI", text));
    add("RIGHT", "RIGHT(text, n)", "The last n characters.", pattern("SI", text));
    add("ASCII", "ASCII(text)", "Code of the first character, 0 for an empty text.", pattern("S", number));
    add("CHR", "CHR(n)", "The character of a code (modulo 256).", pattern("L", text));
    add("SPLIT_INDEX", "SPLIT_INDEX(text, separator, index)",
        "A part between separators, from 0; NULL beyond.", split_index_rule);
    add("STARTSWITH", "STARTSWITH(text, part)", "TRUE if the text begins so.", pattern("XX", yes));
    add("ENDSWITH", "ENDSWITH(text, part)", "TRUE if the text ends so.", pattern("XX", yes));
    add("ELT", "ELT(index, a, b, …)", "The index-th text, from 1; NULL beyond.",
        pattern("LSS*", text, Nulls::always));
    add("REGEXP", "REGEXP(text, pattern)", "TRUE if the pattern occurs in the text.", pattern("SS", yes),
        {"RLIKE", "REGEXP_LIKE"});
    add("REGEXP_EXTRACT", "REGEXP_EXTRACT(text, pattern [, group])",
        "The first match or a group of it, or NULL.", pattern("SS?I", text, Nulls::always));
    add("REGEXP_REPLACE", "REGEXP_REPLACE(text, pattern, by)",
        "Every match replaced by a text, taken as it is.", pattern("SSS", text, Nulls::always));
    add("REGEXP_COUNT", "REGEXP_COUNT(text, pattern)", "Number of matches.",
        pattern("SS", number, Nulls::always));
    add("MD5", "MD5(text)", "MD5 in hexadecimal.", pattern("X", text));
    add("SHA1", "SHA1(text)", "SHA-1 in hexadecimal.", pattern("X", text));
    add("SHA224", "SHA224(text)", "SHA-224 in hexadecimal.", pattern("X", text));
    add("SHA256", "SHA256(text)", "SHA-256 in hexadecimal.", pattern("X", text));
    add("SHA384", "SHA384(text)", "SHA-384 in hexadecimal.", pattern("X", text));
    add("SHA512", "SHA512(text)", "SHA-512 in hexadecimal.", pattern("X", text));
    add("SHA2", "SHA2(text, bits)", "SHA-2 of 224, 256, 384 or 512 bits in hexadecimal.",
        pattern("XI", text, Nulls::always));
    add("TO_BASE64", "TO_BASE64(text)", "Base64 of the UTF-8 bytes.", pattern("X", text));
    add("FROM_BASE64", "FROM_BASE64(text)", "Text whose base64 is given.", pattern("S", text, Nulls::always));
    add("URL_ENCODE", "URL_ENCODE(text)", "application/x-www-form-urlencoded.", pattern("S", text));
    add("URL_DECODE", "URL_DECODE(text)", "Back from URL_ENCODE; NULL if it is none.",
        pattern("S", text, Nulls::always));
    add("PARSE_URL", "PARSE_URL(url, part [, key])",
        "HOST, PATH, QUERY, REF, PROTOCOL, AUTHORITY, FILE or USERINFO of a URL, or one query key.",
        pattern("SS?S", text, Nulls::always));
    add("SPLIT", "SPLIT(text, separator)", "The parts between separators, as an array.",
        pattern("SS", DataType::array(text.with_nullable(false))));
    add("PRINTF", "PRINTF(format, a, …)", "As Java's String.format; NULL if the format does not fit.",
        pattern("S?A*", text, Nulls::always));
    add("ENCODE", "ENCODE(text, charset)", "Bytes of a text: UTF-8, UTF-16[BE|LE], US-ASCII, ISO-8859-1.",
        pattern("SS", DataType::bytes()));
    add("DECODE", "DECODE(bytes, charset)", "Text of bytes.", pattern("YS", text));
    add("UNHEX", "UNHEX(text)", "Bytes of hexadecimal digits; NULL if it is none.",
        pattern("S", DataType::bytes(), Nulls::always));
    add("REGEXP_EXTRACT_ALL", "REGEXP_EXTRACT_ALL(text, pattern [, group])",
        "The first group (or another) of every match.",
        pattern("SS?I", DataType::array(text), Nulls::always));
    add("REGEXP_INSTR", "REGEXP_INSTR(text, pattern)", "Where the first match begins, from 1; 0 without one.",
        pattern("SS", number, Nulls::always));
    add("REGEXP_SUBSTR", "REGEXP_SUBSTR(text, pattern)", "The first match, or NULL.",
        pattern("SS", text, Nulls::always));
    add("IS_ALPHA", "IS_ALPHA(text)", "TRUE if it has letters only.", pattern("S", yes, Nulls::never));
    add("IS_DIGIT", "IS_DIGIT(text)", "TRUE if it has digits only.", pattern("S", yes, Nulls::never));
    add("IS_DECIMAL", "IS_DECIMAL(text)", "TRUE if it is a number.", pattern("S", yes, Nulls::never));
    add("UUID", "UUID()", "A random UUID.", pattern("", text, Nulls::never), {}, false);
}

}  // namespace mr::plan::internal
