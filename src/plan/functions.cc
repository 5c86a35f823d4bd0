#include "plan/functions.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>

#include "base/suggest.h"
#include "plan/internal/catalogue.h"

namespace mr::plan {
namespace internal {

bool CallSite::any_nullable() const {
    return std::ranges::any_of(args, [](const DataType& t) { return t.nullable; });
}

std::int64_t CallSite::literal_integer(std::size_t i, std::int64_t fallback) const {
    if (i >= literals.size()) return fallback;
    const auto* v = std::get_if<std::int64_t>(&literals[i].data);
    return v == nullptr ? fallback : *v;
}

std::unexpected<Error> mismatch(const CallSite& call) {
    std::string types;
    for (const DataType& t : call.args) types += (types.empty() ? "" : ", ") + t.to_string();
    return fail(Code::invalid_argument, "{} cannot be applied to ({}); it is {}", call.info.name, types,
                call.info.signature);
}

namespace {

/// The type an argument must have for a pattern letter; nothing if it does not fit.
std::optional<DataType> fit(char letter, const DataType& given) {
    const bool null = given.kind == TypeKind::null;
    const auto as = [&](DataType t) { return t.with_nullable(given.nullable); };
    const auto keep_if = [&](bool fits, DataType when_null) -> std::optional<DataType> {
        if (null) return when_null;
        if (fits) return given;
        return std::nullopt;
    };
    switch (letter) {
        case 'S':
            return keep_if(given.is_character(), DataType::string());
        case 'B':
            return keep_if(given.kind == TypeKind::boolean, DataType::boolean());
        case 'I':
            if (null || given.is_integer()) return as(DataType::integer());
            return std::nullopt;
        case 'L':
            if (null || given.is_integer()) return as(DataType::bigint());
            return std::nullopt;
        case 'D':
            if (null || given.is_numeric()) return as(DataType::double_type());
            return std::nullopt;
        case 'N':
            return keep_if(given.is_numeric(), DataType::double_type());
        case 'T':
            return keep_if(given.kind == TypeKind::date || given.is_timestamp(), DataType::timestamp());
        case 'Z':
            return keep_if(given.is_timestamp(), DataType::timestamp());
        case 'Y':
            return keep_if(given.kind == TypeKind::bytes, DataType::bytes());
        case 'X':
            return keep_if(given.kind == TypeKind::bytes || given.is_character(), DataType::string());
        case 'R':
            return keep_if(given.kind == TypeKind::array, DataType::array(DataType::null_type()));
        case 'M':
            return keep_if(given.kind == TypeKind::map,
                           DataType::map(DataType::null_type(), DataType::null_type()));
        default:
            return given;
    }
}

DataType with_nulls(DataType type, const CallSite& call, Nulls nulls) {
    return type.with_nullable(nulls == Nulls::always || (nulls == Nulls::propagate && call.any_nullable()));
}

}  // namespace

Result<std::vector<DataType>> match(const CallSite& call, std::string_view letters) {
    std::vector<DataType> types;
    std::size_t at = 0;
    std::size_t required = letters.size();
    bool optional = false;
    char repeated = 0;
    std::string flat;
    for (const char c : letters) {
        if (c == '?') {
            optional = true;
            required = flat.size();
        } else if (c == '*') {
            repeated = flat.back();
        } else {
            flat.push_back(c);
        }
    }
    if (!optional) required = flat.size();
    if (call.size() < required || (repeated == 0 && call.size() > flat.size())) return mismatch(call);
    for (const DataType& given : call.args) {
        const auto type = fit(at < flat.size() ? flat[at] : repeated, given);
        if (!type) return mismatch(call);
        types.push_back(*type);
        ++at;
    }
    return types;
}

TypeRule pattern(std::string_view letters, DataType result, Nulls nulls) {
    return [letters = std::string(letters), result = std::move(result),
            nulls](const CallSite& call) -> Result<ResolvedFunction> {
        MR_TRY(auto types, match(call, letters));
        return ResolvedFunction{call.info.name, std::move(types), with_nulls(result, call, nulls)};
    };
}

TypeRule pattern_as(std::string_view letters, std::size_t index, Nulls nulls) {
    return [letters = std::string(letters), index, nulls](const CallSite& call) -> Result<ResolvedFunction> {
        MR_TRY(auto types, match(call, letters));
        DataType result = with_nulls(types[index], call, nulls);
        return ResolvedFunction{call.info.name, std::move(types), std::move(result)};
    };
}

namespace {

std::string upper(std::string_view name) {
    std::string out(name);
    for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

/// The whole catalogue, made once.
struct Catalogue {
    Table table;
    std::vector<FunctionInfo> infos;
    /// Canonical names and aliases -> entries (an aggregate and a scalar may share a name).
    std::unordered_map<std::string, std::vector<std::size_t>> by_name;

    Catalogue() {
        add_operators(table);
        add_conditionals(table);
        add_numeric(table);
        add_strings(table);
        add_temporal(table);
        add_json(table);
        add_collections(table);
        add_aggregates(table);
        for (std::size_t i = 0; i < table.size(); ++i) {
            infos.push_back(table[i].info);
            by_name[table[i].info.name].push_back(i);
            for (const std::string& alias : table[i].info.aliases) by_name[alias].push_back(i);
        }
    }
};

const Catalogue& catalogue() {
    static const Catalogue made;
    return made;
}

std::unexpected<Error> unknown(const std::string& name) {
    if (std::ranges::find(known_but_unsupported(), name) != known_but_unsupported().end())
        return fail(Code::unsupported, "function {} is not supported yet", name);
    std::vector<std::string> names;
    for (const auto& [known, entries] : catalogue().by_name) {
        if (std::isalpha(static_cast<unsigned char>(known[0])) != 0) names.push_back(known);
    }
    std::ranges::sort(names);
    return fail(Code::not_found, "unknown function: {}{}", name, did_you_mean(name, names));
}

bool class_fits(FunctionClass wanted, FunctionClass has) {
    // An aggregate may stand in OVER.
    return wanted == has || (wanted == FunctionClass::window && has == FunctionClass::aggregate);
}

}  // namespace
}  // namespace internal

Result<ResolvedFunction> resolve_function(std::string_view name, FunctionClass kind,
                                          std::span<const DataType> args, std::span<const bool> is_literal,
                                          std::span<const Value> literals) {
    (void)is_literal;
    const internal::Catalogue& all = internal::catalogue();
    const std::string wanted = internal::upper(name);
    const auto found = all.by_name.find(wanted);
    if (found == all.by_name.end()) return internal::unknown(wanted);
    for (const std::size_t i : found->second) {
        const internal::Entry& entry = all.table[i];
        if (!internal::class_fits(kind, entry.info.kind)) continue;
        return entry.rule(internal::CallSite{entry.info, args, literals});
    }
    const FunctionInfo& info = all.infos[found->second.front()];
    if (kind == FunctionClass::scalar) {
        return fail(Code::invalid_argument, "{} is {}, not a scalar function", info.name,
                    info.kind == FunctionClass::aggregate ? "an aggregate function"
                                                          : "a window function: write it with OVER (…)");
    }
    return fail(Code::invalid_argument, "{} is {}: it cannot stand {}", info.name,
                info.kind == FunctionClass::scalar ? "a scalar function" : "a window function",
                kind == FunctionClass::window ? "before OVER" : "as an aggregate");
}

const FunctionInfo* find_function(std::string_view name) {
    const internal::Catalogue& all = internal::catalogue();
    const auto found = all.by_name.find(internal::upper(name));
    return found == all.by_name.end() ? nullptr : &all.infos[found->second.front()];
}

const std::vector<FunctionInfo>& all_functions() {
    return internal::catalogue().infos;
}

}  // namespace mr::plan
