// Functions of shared libraries: CREATE FUNCTION f AS 'name' LANGUAGE C USING LIBRARY 'geo.so'. What there
// is, and of which types, the library says; where it cannot be used, the message stands at the word of the
// statement that is wrong.
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/binder.h"
#include "sql/internal/parser.h"

namespace mr::sql {

using namespace plan;

namespace {

constexpr std::string_view kForm = "CREATE FUNCTION f AS 'name' LANGUAGE C USING LIBRARY 'file.so'";

bool is_word(std::string_view text, std::string_view upper) {
    return std::ranges::equal(text, upper, {},
                              [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
}

std::string list(const std::vector<DataType>& types) {
    std::string out;
    for (const DataType& t : types) out += (out.empty() ? "" : ", ") + t.to_string();
    return "(" + out + ")";
}

/// "what; did you mean `x`?; what to do".
struct Parts {
    std::string message;
    std::string note;
    std::string help;
};
Parts parts_of(std::string_view text) {
    const auto cut = [&] {
        const std::size_t end = text.find("; ");
        const std::string_view piece = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
        return std::string(piece);
    };
    Parts out;
    out.message = cut();
    if (text.starts_with("did you mean")) out.note = cut();
    out.help = text;
    return out;
}

}  // namespace

void Binder::create_native_function(const ast::CreateFunction& f, const std::string& key) {
    // Whatever comes of it: the name is declared, and no call of it is told so again.
    broken_functions_.insert(key);
    if (!is_word(f.language.text, "C")) {
        const Span place = f.language.text.empty() ? f.uses.front().first.span : f.language.span;
        return error(place, code::kLibrary, "functions of a library are LANGUAGE C", {}, std::string(kForm));
    }
    if (f.uses.size() != 1 || !is_word(f.uses[0].first.text, "LIBRARY")) {
        const Span place = f.uses.empty() ? f.language.span : f.uses.back().first.span;
        return error(place, code::kLibrary, "a function in LANGUAGE C is in one LIBRARY", {},
                     std::string(kForm));
    }
    if (!is_free_function_name(f, key)) {
        broken_functions_.erase(key);
        return;
    }
    if (catalog_.libraries() == nullptr) {
        return error(f.uses[0].second.span, code::kLibrary, "libraries are not loaded here", {},
                     "write the function in SQL: CREATE FUNCTION f (a INT) AS $$ a + 1 $$");
    }
    auto found = catalog_.libraries()->find(f.uses[0].second.text, f.definition.text);
    if (!found) {
        Parts told = parts_of(found.error().message);
        // The library is there, the function is not.
        const bool function = found.error().message.find("has no function") != std::string::npos;
        return error(function ? f.definition.span : f.uses[0].second.span, code::kLibrary,
                     std::move(told.message), std::move(told.note), std::move(told.help));
    }
    FunctionText out;
    out.name = key;
    out.file = file_;
    out.native = std::move(*found);
    if (!take_native_types(f, out)) return;
    broken_functions_.erase(key);
    keep_function(std::move(out));
}

std::optional<std::vector<DataType>> Binder::native_types(const ast::CreateFunction& f,
                                                          const std::string& text) {
    Diagnostics said;
    Parser parser(std::make_shared<const SourceFile>(f.uses[0].second.text, text), said);
    std::vector<DataType> out = parser.single_type_list();
    std::string wrong;
    if (said.errors() > 0) wrong = said.all().front().message;
    for (const DataType& t : out) {
        if (wrong.empty() && !is_native_type(t))
            wrong = fmt::format("{} cannot be passed to a library", t.to_string());
    }
    if (wrong.empty()) return out;
    error(f.definition.span, code::kLibrary,
          fmt::format("library {} says that {} has the types \"{}\": {}", f.uses[0].second.text,
                      f.definition.text, text, wrong),
          {}, "types are as in SQL; texts are STRING or BYTES; no MAP, no INTERVAL");
    return std::nullopt;
}

/// The library's types are the function's; what the statement says of them must be the same.
bool Binder::take_native_types(const ast::CreateFunction& f, FunctionText& out) {
    const NativeFunction::Description& d = out.native->description();
    const auto arguments = native_types(f, d.arguments);
    const auto result = arguments ? native_types(f, d.result) : std::nullopt;
    if (!result) return false;
    if (result->size() != 1) {
        error(f.definition.span, code::kLibrary,
              fmt::format("library {} says that {} returns \"{}\"", d.library, d.name, d.result), {},
              "a function has one result");
        return false;
    }
    out.returns = result->front();
    for (std::size_t i = 0; i < arguments->size(); ++i) {
        ast::Name name{std::to_string(i + 1), f.definition.span};
        if (i < f.parameters.size()) name = f.parameters[i].first;
        out.parameters.emplace_back(std::move(name), (*arguments)[i]);
    }
    const auto same = [](const DataType& a, const auto& b) { return a.same_as(b.second); };
    const bool as_said = (!f.has_parameters || std::ranges::equal(*arguments, f.parameters, same)) &&
                         (!f.returns || f.returns->same_as(*out.returns));
    if (as_said) return true;
    error(f.name.back().span, code::kType,
          fmt::format("in library {} {} is {} RETURNS {}", d.library, d.name, list(*arguments),
                      out.returns->to_string()),
          {}, "declare it so, or leave the types out");
    return false;
}

ExprPtr Binder::bind_native_call(const FunctionText& function, std::vector<ExprPtr> args, Span span) {
    const bool strict = function.native->description().null_on_null;
    const bool may_be_null =
        function.returns->nullable ||
        (strict && std::ranges::any_of(args, [](const ExprPtr& a) { return a->type.nullable; }));
    Expr e;
    e.kind = ExprKind::call;
    e.type = function.returns->with_nullable(may_be_null);
    e.function = native_name(function.name, *function.native);
    e.args = std::move(args);
    e.native = function.native;
    return at(std::make_shared<const Expr>(std::move(e)), span);
}

}  // namespace mr::sql
