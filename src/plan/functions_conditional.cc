// CASE, COALESCE and their relatives.
#include <set>

#include "plan/internal/catalogue.h"

namespace mr::plan::internal {
namespace {

Entry function(std::string name, std::string signature, std::string help, TypeRule rule,
               std::vector<std::string> aliases = {}) {
    return {
        {std::move(name), std::move(aliases), FunctionClass::scalar, std::move(signature), std::move(help)},
        std::move(rule)};
}

/// The common type of the arguments for which `picked` holds, or why there is none.
Result<DataType> common_of(const CallSite& call, auto picked) {
    DataType common = DataType::null_type();
    bool first = true;
    for (std::size_t i = 0; i < call.size(); ++i) {
        if (!picked(i)) continue;
        if (first) {
            common = call[i];
            first = false;
            continue;
        }
        auto next = common_type(common, call[i]);
        if (!next) return mismatch(call);
        common = *next;
    }
    return common;
}

Result<ResolvedFunction> case_rule(const CallSite& call) {
    if (call.size() < 2) return mismatch(call);
    const std::size_t n = call.size();
    const auto is_value = [n](std::size_t i) { return i % 2 == 1 || (i == n - 1 && n % 2 == 1); };
    MR_TRY(const DataType common, common_of(call, is_value));
    std::vector<DataType> args;
    for (std::size_t i = 0; i < n; ++i) {
        if (is_value(i)) {
            args.push_back(common.with_nullable(call[i].nullable));
        } else {
            if (call[i].kind != TypeKind::boolean && call[i].kind != TypeKind::null) return mismatch(call);
            args.push_back(DataType::boolean().with_nullable(call[i].nullable));
        }
    }
    // Without ELSE the branch not taken is NULL.
    const bool nullable = common.nullable || n % 2 == 0;
    return ResolvedFunction{call.info.name, std::move(args), common.with_nullable(nullable)};
}

Result<ResolvedFunction> if_rule(const CallSite& call) {
    if (call.size() != 3 || (call[0].kind != TypeKind::boolean && call[0].kind != TypeKind::null))
        return mismatch(call);
    MR_TRY(const DataType common, common_of(call, [](std::size_t i) { return i > 0; }));
    return ResolvedFunction{
        call.info.name, {DataType::boolean().with_nullable(call[0].nullable), common, common}, common};
}

Result<ResolvedFunction> coalesce_rule(const CallSite& call) {
    if (call.size() == 0) return mismatch(call);
    MR_TRY(const DataType common, common_of(call, [](std::size_t) { return true; }));
    std::vector<DataType> args;
    bool nullable = true;
    for (const DataType& t : call.args) {
        args.push_back(common.with_nullable(t.nullable));
        nullable = nullable && t.nullable;
    }
    return ResolvedFunction{call.info.name, std::move(args), common.with_nullable(nullable)};
}

Result<ResolvedFunction> nullif_rule(const CallSite& call) {
    if (call.size() != 2) return mismatch(call);
    MR_TRY(const DataType common, common_of(call, [](std::size_t) { return true; }));
    // The binder makes CASE WHEN a = b THEN NULL ELSE a of it, so that the result has the type of a.
    return ResolvedFunction{call.info.name, {common, common}, common.with_nullable(true)};
}

Result<ResolvedFunction> extreme_rule(const CallSite& call) {
    if (call.size() == 0) return mismatch(call);
    MR_TRY(const DataType common, common_of(call, [](std::size_t) { return true; }));
    if (common.is_nested()) return mismatch(call);
    std::vector<DataType> args;
    for (const DataType& t : call.args) args.push_back(common.with_nullable(t.nullable));
    return ResolvedFunction{call.info.name, std::move(args), common};
}

}  // namespace

void add_conditionals(Table& t) {
    t.push_back(function("CASE", "CASE WHEN c THEN v … [ELSE e] END", "The value of the first TRUE branch.",
                         case_rule));
    t.push_back(function("IF", "IF(condition, then, else)", "`then` if TRUE, otherwise `else`.", if_rule));
    t.push_back(function("COALESCE", "COALESCE(a, b, …)", "The first that is not NULL.", coalesce_rule));
    t.push_back(function("IFNULL", "IFNULL(a, b)", "b where a is NULL.", [](const CallSite& call) {
        return call.size() == 2 ? coalesce_rule(call) : mismatch(call);
    }));
    t.push_back(function("NULLIF", "NULLIF(a, b)", "NULL where a = b, otherwise a.", nullif_rule));
    t.push_back(
        function("GREATEST", "GREATEST(a, b, …)", "The greatest; NULL if one is NULL.", extreme_rule));
    t.push_back(function("LEAST", "LEAST(a, b, …)", "The smallest; NULL if one is NULL.", extreme_rule));
    t.push_back(function("TYPEOF", "TYPEOF(x)", "The type of x, as text.",
                         pattern("A", DataType::string(), Nulls::never)));
}

}  // namespace mr::plan::internal
