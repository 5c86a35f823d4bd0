// ROW, ARRAY and MAP: constructors, access, and functions over them.
#include "plan/internal/catalogue.h"

namespace mr::plan::internal {
namespace {

Result<ResolvedFunction> row_rule(const CallSite& call) {
    std::vector<Field> fields;
    for (std::size_t i = 0; i < call.size(); ++i) fields.push_back({fmt::format("EXPR${}", i), call[i]});
    return ResolvedFunction{call.info.name,
                            {call.args.begin(), call.args.end()},
                            DataType::row(std::move(fields)).with_nullable(false)};
}

/// The common type of every `step`-th argument from `first` on.
Result<DataType> common_from(const CallSite& call, std::size_t first, std::size_t step) {
    DataType common = DataType::null_type();
    for (std::size_t i = first; i < call.size(); i += step) {
        if (i == first) {
            common = call[i];
            continue;
        }
        auto next = common_type(common, call[i]);
        if (!next) return mismatch(call);
        common = *next;
    }
    return common;
}

Result<ResolvedFunction> array_rule(const CallSite& call) {
    if (call.size() == 0) return mismatch(call);
    MR_TRY(const DataType element, common_from(call, 0, 1));
    return ResolvedFunction{call.info.name, std::vector<DataType>(call.size(), element),
                            DataType::array(element).with_nullable(false)};
}

Result<ResolvedFunction> map_rule(const CallSite& call) {
    if (call.size() == 0 || call.size() % 2 != 0) return mismatch(call);
    MR_TRY(const DataType key, common_from(call, 0, 2));
    MR_TRY(const DataType value, common_from(call, 1, 2));
    std::vector<DataType> args;
    for (std::size_t i = 0; i < call.size(); ++i) args.push_back(i % 2 == 0 ? key : value);
    return ResolvedFunction{call.info.name, std::move(args), DataType::map(key, value).with_nullable(false)};
}

/// array[i] and map[k].
Result<ResolvedFunction> item_rule(const CallSite& call) {
    if (call.size() != 2) return mismatch(call);
    if (call[0].kind == TypeKind::array) {
        if (!call[1].is_integer() && call[1].kind != TypeKind::null) return mismatch(call);
        return ResolvedFunction{call.info.name,
                                {call[0], DataType::integer().with_nullable(call[1].nullable)},
                                call[0].child(0).type.with_nullable(true)};
    }
    if (call[0].kind != TypeKind::map) return mismatch(call);
    const DataType& key = call[0].child(0).type;
    if (!can_store(call[1], key) && !(key.is_character() && call[1].is_character())) return mismatch(call);
    return ResolvedFunction{call.info.name,
                            {call[0], key.with_nullable(call[1].nullable)},
                            call[0].child(1).type.with_nullable(true)};
}

Result<ResolvedFunction> cardinality_rule(const CallSite& call) {
    if (call.size() != 1 || (call[0].kind != TypeKind::array && call[0].kind != TypeKind::map))
        return mismatch(call);
    return ResolvedFunction{call.info.name, {call[0]}, DataType::integer().with_nullable(call[0].nullable)};
}

Result<ResolvedFunction> element_rule(const CallSite& call) {
    MR_TRY(auto types, match(call, "R"));
    const DataType result = types[0].child(0).type.with_nullable(true);
    return ResolvedFunction{call.info.name, std::move(types), result};
}

/// (array, element): the element in the array's type.
Result<ResolvedFunction> with_element(const CallSite& call, DataType result, bool nullable) {
    if (call.size() != 2 || call[0].kind != TypeKind::array) return mismatch(call);
    const DataType& element = call[0].child(0).type;
    if (!common_type(element, call[1])) return mismatch(call);
    return ResolvedFunction{
        call.info.name, {call[0], element.with_nullable(true)}, result.with_nullable(nullable)};
}

/// (array, array) of one type.
Result<ResolvedFunction> with_array(const CallSite& call) {
    if (call.size() < 2) return mismatch(call);
    MR_TRY(auto types, match(call, "RR*"));
    MR_TRY(const DataType common, common_from(call, 0, 1));
    return ResolvedFunction{call.info.name, std::vector<DataType>(call.size(), common),
                            common.with_nullable(call.any_nullable())};
}

Result<ResolvedFunction> map_part(const CallSite& call, int part) {
    MR_TRY(auto types, match(call, "M"));
    const DataType& map = types[0];
    DataType element = map.child(static_cast<std::size_t>(part < 2 ? part : 0)).type;
    if (part == 2) element = DataType::row({{"key", map.child(0).type}, {"value", map.child(1).type}});
    const DataType result = DataType::array(element).with_nullable(map.nullable);
    return ResolvedFunction{call.info.name, std::move(types), result};
}

}  // namespace

void add_collections(Table& t) {
    const auto add = [&](const char* name, const char* signature, const char* help, TypeRule rule) {
        t.push_back({{name, {}, FunctionClass::scalar, signature, help}, std::move(rule)});
    };
    add("ROW", "ROW(a, b, …)", "A row of values.", row_rule);
    add("ARRAY", "ARRAY[a, b, …]", "An array of values.", array_rule);
    add("MAP", "MAP[k, v, …]", "A map of keys and values.", map_rule);
    add("ITEM", "array[index], map[key]", "An element, from 1; NULL if there is none.", item_rule);
    add("CARDINALITY", "CARDINALITY(array | map)", "Number of elements.", cardinality_rule);
    add("ELEMENT", "ELEMENT(array)", "The only element; NULL of an empty array.", element_rule);
    add("ARRAY_CONTAINS", "ARRAY_CONTAINS(array, element)", "TRUE if it is an element.",
        [](const CallSite& c) {
            return with_element(c, DataType::boolean(), c.size() > 0 && c[0].nullable);
        });
    add("ARRAY_POSITION", "ARRAY_POSITION(array, element)", "Where it first stands, from 1; 0 if nowhere.",
        [](const CallSite& c) { return with_element(c, DataType::integer(), c.any_nullable()); });
    add("ARRAY_APPEND", "ARRAY_APPEND(array, element)", "With an element at the end.", [](const CallSite& c) {
        return with_element(c, c.size() > 0 ? c[0] : DataType(), c.size() > 0 && c[0].nullable);
    });
    add("ARRAY_PREPEND", "ARRAY_PREPEND(array, element)", "With an element at the start.",
        [](const CallSite& c) {
            return with_element(c, c.size() > 0 ? c[0] : DataType(), c.size() > 0 && c[0].nullable);
        });
    add("ARRAY_REMOVE", "ARRAY_REMOVE(array, element)", "Without that element.", [](const CallSite& c) {
        return with_element(c, c.size() > 0 ? c[0] : DataType(), c.size() > 0 && c[0].nullable);
    });
    add("ARRAY_CONCAT", "ARRAY_CONCAT(array, array, …)", "One after the other.", with_array);
    add("ARRAY_UNION", "ARRAY_UNION(array, array)", "Elements of either, each once.", with_array);
    add("ARRAY_INTERSECT", "ARRAY_INTERSECT(array, array)", "Elements of both, each once.", with_array);
    add("ARRAY_EXCEPT", "ARRAY_EXCEPT(array, array)", "Elements of the first that the second lacks.",
        with_array);
    add("ARRAY_DISTINCT", "ARRAY_DISTINCT(array)", "Each element once.", pattern_as("R", 0));
    add("ARRAY_REVERSE", "ARRAY_REVERSE(array)", "In reverse order.", pattern_as("R", 0));
    add("ARRAY_SORT", "ARRAY_SORT(array [, ascending [, nulls_first]])",
        "Sorted; NULLs first when ascending.", pattern_as("R?BB", 0));
    add("ARRAY_SLICE", "ARRAY_SLICE(array, from [, to])", "Elements from..to, from 1, negative from the end.",
        pattern_as("RI?I", 0));
    add("ARRAY_MAX", "ARRAY_MAX(array)", "The greatest element.", element_rule);
    add("ARRAY_MIN", "ARRAY_MIN(array)", "The smallest element.", element_rule);
    add("ARRAY_JOIN", "ARRAY_JOIN(array, separator [, null_text])",
        "Elements as one text; NULLs are skipped.", pattern("RS?S", DataType::string()));
    add("MAP_KEYS", "MAP_KEYS(map)", "The keys.", [](const CallSite& c) { return map_part(c, 0); });
    add("MAP_VALUES", "MAP_VALUES(map)", "The values.", [](const CallSite& c) { return map_part(c, 1); });
    add("MAP_ENTRIES", "MAP_ENTRIES(map)", "Rows of key and value.",
        [](const CallSite& c) { return map_part(c, 2); });
    add("MAP_UNION", "MAP_UNION(map, map, …)", "All entries; of equal keys the last counts.",
        [](const CallSite& call) -> Result<ResolvedFunction> {
            MR_TRY(auto types, match(call, "MM*"));
            MR_TRY(const DataType common, common_from(call, 0, 1));
            return ResolvedFunction{call.info.name, std::vector<DataType>(call.size(), common),
                                    common.with_nullable(call.any_nullable())};
        });
    add("MAP_FROM_ARRAYS", "MAP_FROM_ARRAYS(keys, values)", "A map of the n-th key to the n-th value.",
        [](const CallSite& call) -> Result<ResolvedFunction> {
            MR_TRY(auto types, match(call, "RR"));
            if (call.size() != 2) return mismatch(call);
            const DataType map = DataType::map(types[0].child(0).type, types[1].child(0).type);
            return ResolvedFunction{call.info.name, std::move(types), map.with_nullable(call.any_nullable())};
        });
    add("STR_TO_MAP", "STR_TO_MAP(text [, pair_separator [, key_separator]])", "\"a=1,b=2\" as a map.",
        pattern("S?SS", DataType::map(DataType::string(), DataType::string())));
}

}  // namespace mr::plan::internal
