// Functions of users: declared by CREATE FUNCTION. Those in SQL are written out where they are called; those
// of libraries (bind_native.cc) are calls.
#include <fmt/format.h>

#include <algorithm>

#include "sql/internal/binder.h"
#include "sql/internal/parser.h"

namespace mr::sql {

using namespace plan;

namespace {

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return out;
}

}  // namespace

void Binder::create_function(const ast::CreateFunction& f) {
    const ast::Name& name = f.name.back();
    const std::string key = upper(name.text);
    const bool library =
        std::ranges::any_of(f.uses, [](const auto& use) { return upper(use.first.text) == "LIBRARY"; });
    if (library || upper(f.language.text) == "C") return create_native_function(f, key);
    const bool in_sql = f.has_parameters || file_->text(f.definition.span).starts_with("$$");
    if (!in_sql) {
        functions_.insert(name.text);
        functions_.insert(key);
        return not_yet(
            name.span, "a function by class name is",
            "write it in SQL: CREATE FUNCTION f (a INT) RETURNS INT AS $$ a + 1 $$; or in C: CREATE "
            "FUNCTION f AS 'name' LANGUAGE C USING LIBRARY 'file.so'");
    }
    if (!is_free_function_name(f, key)) return;
    FunctionText out;
    out.name = key;
    out.file = std::make_shared<const SourceFile>(fmt::format("{} (function {})", file_->path(), name.text),
                                                  f.definition.text);
    Parser parser(out.file, diagnostics_);
    out.body = parser.single_expression();
    out.parameters = f.parameters;
    out.returns = f.returns;
    for (std::size_t i = 0; i < out.parameters.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            if (out.parameters[i].first.text == out.parameters[k].first.text) {
                error(out.parameters[i].first.span, code::kDuplicate,
                      fmt::format("two parameters are named \"{}\"", out.parameters[i].first.text));
                out.body = nullptr;
            }
        }
    }
    if (!out.body) {
        functions_.insert(key);  // it is there, but calling it makes no sense
        return;
    }
    keep_function(std::move(out));
}

bool Binder::is_free_function_name(const ast::CreateFunction& f, const std::string& key) {
    const ast::Name& name = f.name.back();
    if (find_function(key) != nullptr) {
        error(name.span, code::kDuplicate, fmt::format("{} is a built-in function", key), {},
              "give the function another name");
        return false;
    }
    if (!local_functions_.contains(key) && catalog_.function(key) == nullptr) return true;
    if (!f.if_not_exists) {
        error(name.span, code::kDuplicate, fmt::format("function \"{}\" is declared twice", name.text));
    }
    return false;
}

void Binder::keep_function(FunctionText function) {
    CatalogFunction shared;
    static_cast<FunctionText&>(shared) = function;
    functions.push_back(std::move(shared));
    const std::string key = function.name;
    local_functions_[key] = std::move(function);
}

const FunctionText* Binder::find_user_function(std::string_view name) const {
    const std::string key = upper(name);
    if (const auto it = local_functions_.find(key); it != local_functions_.end()) return &it->second;
    return catalog_.function(key);
}

ExprPtr Binder::bind_user_function(const FunctionText& function, const ast::Expr& e, const Context& context) {
    constexpr std::size_t kDeepest = 32;
    if (std::ranges::find(calling_, &function) != calling_.end() || calling_.size() >= kDeepest) {
        error(e.span, code::kLimit,
              fmt::format("function {} calls itself, or functions too deep", function.name));
        return nullptr;
    }
    std::vector<ExprPtr> args;
    if (!bind_args(e, context, args)) return nullptr;
    if (args.size() != function.parameters.size()) {
        error(e.span, code::kType,
              fmt::format("{} takes {} argument{}, {} are given", function.name, function.parameters.size(),
                          function.parameters.size() == 1 ? "" : "s", args.size()));
        return nullptr;
    }
    Node row;
    Relation parameters;
    for (std::size_t i = 0; i < args.size(); ++i) {
        const auto& [name, type] = function.parameters[i];
        if (args[i]->type.kind != TypeKind::null && !can_store(args[i]->type, type)) {
            error(e.args[i]->span, code::kType,
                  fmt::format("parameter \"{}\" of {} is {}, this is {}", name.text, function.name,
                              type.to_string(), args[i]->type.to_string()));
            return nullptr;
        }
        if (!function.native && !may_repeat(args[i], e.span)) return nullptr;
        args[i] = implicit_cast(args[i], type.with_nullable(args[i]->type.nullable));
        row.schema.fields.push_back({name.text, args[i]->type});
        parameters.columns.push_back({name.text, "", false});
    }
    if (function.native) return bind_native_call(function, std::move(args), e.span);
    row.op = UnionAllNode{};
    parameters.node = std::make_shared<const Node>(std::move(row));
    Context inner;
    inner.input = &parameters;
    inner.place = "a function";
    SourceFilePtr file = function.file;
    std::swap(file, file_);
    calling_.push_back(&function);
    ExprPtr body = bind(*function.body, inner);
    if (body && function.returns) {
        if (can_cast(body->type, *function.returns) || body->type.kind == TypeKind::null) {
            body = implicit_cast(body, function.returns->with_nullable(body->type.nullable));
        } else {
            error(function.body->span, code::kType,
                  fmt::format("{} returns {}, its expression is {}", function.name,
                              function.returns->to_string(), body->type.to_string()));
            body = nullptr;
        }
    }
    calling_.pop_back();
    std::swap(file, file_);
    if (!body) return nullptr;
    ExprPtr out =
        replace_inputs(body, [&](const ExprPtr& i) { return args[static_cast<std::size_t>(i->index)]; });
    return at(out, e.span);
}

}  // namespace mr::sql
