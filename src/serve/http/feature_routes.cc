#include "serve/http/feature_routes.h"

#include <algorithm>

#include "base/json_writer.h"
#include "columnar/codec.h"
#include "columnar/json_value.h"
#include "serve/view_params.h"
#include "views/parse_value.h"

namespace mr::serve {
namespace {

using net::HttpResponder;
using net::HttpResponse;
using views::View;
using views::ViewDefinition;

constexpr std::size_t kKeysMax = 10'000;

/// Texts of the key columns, in key order.
using KeyTexts = std::vector<std::optional<std::string>>;

Result<std::string> key_bytes(const ViewDefinition& view, const KeyTexts& texts) {
    if (texts.size() != view.key.size()) {
        return fail(Code::invalid_argument, "the key of view {} has {} columns, {} were given", view.name,
                    view.key.size(), texts.size());
    }
    std::string out;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const Field& field = view.schema[view.key[i]];
        Value value;
        if (texts[i]) {
            auto parsed = views::parse_value(field.type, *texts[i]);
            if (!parsed) return annotate(parsed.error(), fmt::format("key column {}", field.name));
            value = std::move(*parsed);
        }
        append_key(out, field.type, value);
    }
    return out;
}

Result<KeyTexts> named_key(const ViewDefinition& view, const Params& params) {
    KeyTexts out(view.key.size());
    std::size_t found = 0;
    for (const auto& [name, text] : params) {
        MR_TRY(const std::size_t column, views::find_column(view, name));
        const auto at = std::ranges::find(view.key, column);
        if (at == view.key.end()) {
            return fail(Code::invalid_argument, "{} is not a key column of view {}", name, view.name);
        }
        out[static_cast<std::size_t>(at - view.key.begin())] = text;
        ++found;
    }
    if (found != view.key.size()) {
        return fail(Code::invalid_argument, "the key of view {} has {} columns, {} were given", view.name,
                    view.key.size(), found);
    }
    return out;
}

Result<KeyTexts> key_of(const ViewDefinition& view, const Json& key) {
    KeyTexts out;
    if (key.object() != nullptr) {
        MR_TRY(const Params params, params_of(key));
        return named_key(view, params);
    }
    if (const auto* list = key.array()) {
        for (const Json& part : *list) {
            if (!part.is_scalar()) return fail(Code::invalid_argument, "a key is made of single values");
            out.push_back(part.as_parameter());
        }
        return out;
    }
    out.push_back(key.as_parameter());
    return out;
}

std::vector<std::size_t> value_columns(const ViewDefinition& view) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < view.schema.size(); ++i) {
        if (std::ranges::find(view.key, i) == view.key.end()) out.push_back(i);
    }
    return out;
}

Result<std::vector<std::size_t>> feature_columns(const ViewDefinition& view,
                                                 const std::vector<std::string>& names) {
    if (names.empty()) return value_columns(view);
    std::vector<std::size_t> out;
    for (const std::string& name : names) {
        MR_TRY(const std::size_t column, views::find_column(view, name));
        out.push_back(column);
    }
    return out;
}

void append_event_time(std::string& out, const ViewDefinition& view, const views::ViewRow& row) {
    if (view.time_column) {
        const auto values = read_row(row.row, view.schema);
        if (values) {
            append_json_value(out, view.schema[*view.time_column].type, (*values)[*view.time_column]);
            return;
        }
    }
    append_json_value(out, DataType::timestamp_ltz(3), Value::of(row.commit_time.value));
}

/// "key":{…},"found":…,"event_time":…,"row_version":…,"features":{…}
void append_answer(std::string& out, const View& view, const views::RowJson& json, std::string_view key,
                   const std::vector<std::size_t>& columns) {
    const ViewDefinition& d = view.definition();
    const views::RowPtr row = view.find(key);
    ByteReader reader(key);
    out.append("\"key\":{");
    for (std::size_t i = 0; i < d.key.size(); ++i) {
        const Field& field = d.schema[d.key[i]];
        if (i > 0) out.push_back(',');
        append_json_string(out, field.name);
        out.push_back(':');
        append_json_value(out, field.type, read_key(reader, field.type).value_or(Value::null()));
    }
    if (!row) {
        out.append("},\"found\":false,\"event_time\":null,\"row_version\":null,\"features\":null");
        return;
    }
    out.append("},\"found\":true,\"event_time\":");
    append_event_time(out, d, *row);
    fmt::format_to(std::back_inserter(out), ",\"row_version\":{},\"features\":", row->version);
    json.append_columns(out, *row, columns);
}

std::string head(const View& view) {
    std::string out = "{\"view\":";
    append_json_string(out, view.name());
    out.append(",\"epoch\":");
    append_json_string(out, view.epoch());
    fmt::format_to(std::back_inserter(out), ",\"version\":{},\"commit_time\":{},", view.version(),
                   view.commit_time());
    return out;
}

std::vector<std::string> split_names(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        if (comma > 0) out.emplace_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return out;
}

struct FeatureQuestion {
    std::vector<std::string> keys;  ///< memcomparable
    std::vector<std::size_t> columns;
};

Result<FeatureQuestion> read_get(const ViewDefinition& view, const net::QueryParams& query) {
    KeyTexts positional;
    Params named;
    std::vector<std::string> features;
    for (const auto& [name, value] : query) {
        if (name == "key") {
            positional.emplace_back(value);
        } else if (name == "features") {
            features = split_names(value);
        } else {
            named.emplace_back(name, value);
        }
    }
    if (!positional.empty() && !named.empty()) {
        return fail(Code::invalid_argument, "give the key either as key=… or by column, not both");
    }
    if (!named.empty() || positional.empty()) {
        MR_TRY(positional, named_key(view, named));
    }
    FeatureQuestion out;
    MR_TRY(std::string key, key_bytes(view, positional));
    out.keys.push_back(std::move(key));
    MR_TRY(out.columns, feature_columns(view, features));
    return out;
}

Result<FeatureQuestion> read_post(const ViewDefinition& view, std::string_view body) {
    MR_TRY(const Json json, parse_json(body));
    const Json* keys = json.get("keys");
    if (keys == nullptr || keys->array() == nullptr || keys->array()->size() > kKeysMax) {
        return fail(Code::invalid_argument, "the body needs \"keys\": a list of at most {} keys", kKeysMax);
    }
    FeatureQuestion out;
    std::vector<std::string> names;
    if (const Json* features = json.get("features"); features != nullptr && !features->is_null()) {
        if (features->array() == nullptr)
            return fail(Code::invalid_argument, "features is a list of columns");
        for (const Json& name : *features->array()) {
            if (name.text() == nullptr) return fail(Code::invalid_argument, "features is a list of columns");
            names.push_back(*name.text());
        }
    }
    MR_TRY(out.columns, feature_columns(view, names));
    for (const Json& key : *keys->array()) {
        MR_TRY(const KeyTexts texts, key_of(view, key));
        MR_TRY(std::string bytes, key_bytes(view, texts));
        out.keys.push_back(std::move(bytes));
    }
    return out;
}

}  // namespace

void FeatureRoutes::add_to(Router& router) {
    router.add("GET", "/api/v1/features/{view}",
               [this](RouteCall call, HttpResponder r) { get(std::move(call), std::move(r)); });
    router.add("POST", "/api/v1/features/{view}",
               [this](RouteCall call, HttpResponder r) { post(std::move(call), std::move(r)); });
}

Result<View*> FeatureRoutes::view_of(const RouteCall& call) const {
    const std::string& name = call.capture("view");
    if (View* view = store_.find(name)) return view;
    const auto near = store_.suggest(name);
    return fail(Code::not_found, "unknown view: {}{}", name,
                near ? fmt::format("; did you mean `{}`?", *near) : std::string());
}

void FeatureRoutes::get(RouteCall call, HttpResponder responder) {
    const auto view = view_of(call);
    const auto question = view ? read_get((*view)->definition(), call.request.query)
                               : Result<FeatureQuestion>(std::unexpected(view.error()));
    if (!question) {
        responder.respond(HttpResponse::error(question.error()));
        return;
    }
    std::string out = head(**view);
    append_answer(out, **view, views::RowJson((*view)->definition()), question->keys[0], question->columns);
    out.push_back('}');
    const bool found = (*view)->find(question->keys[0]) != nullptr;
    responder.respond(
        HttpResponse::json(found ? 200 : 404, std::move(out)).with("Cache-Control", "private, no-cache"));
}

void FeatureRoutes::post(RouteCall call, HttpResponder responder) {
    const auto view = view_of(call);
    const auto question = view ? read_post((*view)->definition(), call.request.body)
                               : Result<FeatureQuestion>(std::unexpected(view.error()));
    if (!question) {
        responder.respond(HttpResponse::error(question.error()));
        return;
    }
    const views::RowJson json((*view)->definition());
    std::string out = head(**view) + "\"rows\":[";
    for (std::size_t i = 0; i < question->keys.size(); ++i) {
        out.append(i > 0 ? ",{" : "{");
        append_answer(out, **view, json, question->keys[i], question->columns);
        out.push_back('}');
    }
    out.append("]}");
    responder.respond(HttpResponse::json(200, std::move(out)));
}

}  // namespace mr::serve
