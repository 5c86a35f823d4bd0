// JSON functions. How their clauses become arguments: plan/functions.h.
#include "plan/internal/catalogue.h"

namespace mr::plan::internal {

void add_json(Table& t) {
    const auto add = [&](const char* name, const char* signature, const char* help, TypeRule rule) {
        t.push_back({{name, {}, FunctionClass::scalar, signature, help}, std::move(rule)});
    };
    add("JSON_VALUE", "JSON_VALUE(json, path [RETURNING type] [… ON EMPTY] [… ON ERROR])",
        "The scalar at a path, by default as text.", pattern("SS?SASA", DataType::string(), Nulls::always));
    add("JSON_QUERY", "JSON_QUERY(json, path [… WRAPPER] [… ON EMPTY] [… ON ERROR])",
        "The object or array at a path, as JSON text.", pattern("SS?SSS", DataType::string(), Nulls::always));
    add("JSON_EXISTS", "JSON_EXISTS(json, path [… ON ERROR])", "TRUE if the path leads somewhere.",
        pattern("SS?S", DataType::boolean(), Nulls::always));
    add("IS JSON", "text IS JSON [OBJECT | ARRAY | SCALAR | VALUE]", "TRUE if the text is such JSON.",
        pattern("S?S", DataType::boolean()));
    add("JSON_QUOTE", "JSON_QUOTE(text)", "A text as a JSON string.", pattern("S", DataType::string()));
    add("JSON_UNQUOTE", "JSON_UNQUOTE(text)", "A JSON string as text; other text as it is.",
        pattern("S", DataType::string()));
    add("JSON", "JSON(text)", "JSON text as it is, inside JSON_OBJECT and JSON_ARRAY.",
        pattern("S", DataType::string()));
    add("JSON_STRING", "JSON_STRING(x)", "Any value as JSON text; NULL of NULL.",
        pattern("A", DataType::string()));
    add("JSON_OBJECT", "JSON_OBJECT(KEY k VALUE v, … [{NULL | ABSENT} ON NULL])", "A JSON object.",
        [](const CallSite& call) -> Result<ResolvedFunction> {
            if (call.size() % 2 == 0) return mismatch(call);
            for (std::size_t i = 1; i < call.size(); i += 2) {
                if (!call[i].is_character()) return mismatch(call);
            }
            return pattern("S?A*", DataType::string(), Nulls::never)(call);
        });
    add("JSON_ARRAY", "JSON_ARRAY(v, … [{NULL | ABSENT} ON NULL])", "A JSON array.",
        pattern("S?A*", DataType::string(), Nulls::never));
}

}  // namespace mr::plan::internal
