#include "serve/view_params.h"

#include <algorithm>
#include <charconv>

#include "base/json_writer.h"
#include "base/suggest.h"

namespace mr::serve {
namespace {

constexpr std::string_view kWhere = "where.";

Result<Seq> parse_version(std::string_view text) {
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return fail(Code::invalid_argument, "min_version is a version of the view, not: {}", text);
    }
    return Seq(version);
}

/// "[\"zone\",\"C-07\"]": escaped, so that no value can look like a separator.
void append_pair(std::string& out, std::string_view name, const std::optional<std::string>& value) {
    JsonWriter w(out);
    w.begin_array().value(name);
    if (value) {
        w.value(*value);
    } else {
        w.null();
    }
    w.end_array();
}

Status add_filter(ViewParams& out, const views::ViewDefinition& view, std::string_view column,
                  const std::optional<std::string>& value) {
    auto filter = views::parse_filter(view, column, value);
    if (!filter && filter.error().code == Code::invalid_argument && view.schema.find(column) < 0) {
        // The typo may be in a reserved name as well.
        std::vector<std::string> names{"order", "limit", "min_version"};
        for (const Field& field : view.schema.fields) names.push_back(field.name);
        return fail(Code::invalid_argument, "view {} has no column {}{}", view.name, column,
                    did_you_mean(column, names));
    }
    if (!filter) return std::unexpected(filter.error());
    for (const views::Equals& other : out.query.filters) {
        if (other.column == filter->column) {
            return fail(Code::invalid_argument, "column {} is filtered twice", column);
        }
    }
    out.query.filters.push_back(std::move(*filter));
    return {};
}

}  // namespace

Result<ViewParams> parse_view_params(const views::ViewDefinition& view, const Params& params) {
    ViewParams out;
    std::string order, limit;
    std::vector<std::string> pairs;
    for (const auto& [name, value] : params) {
        if (name == "order") {
            MR_TRY(out.query.order, views::parse_order(view, value.value_or("")));
            out.ordered = true;
            append_pair(order, name, value);
        } else if (name == "limit") {
            MR_TRY(out.query.limit, views::parse_limit(value.value_or("")));
            out.limited = true;
            append_pair(limit, name, value);
        } else if (name == "min_version") {
            MR_TRY(out.min_version, parse_version(value.value_or("")));
        } else {
            std::string_view column = name;
            if (column.starts_with(kWhere) && view.schema.find(column) < 0)
                column.remove_prefix(kWhere.size());
            MR_TRY_VOID(add_filter(out, view, column, value));
            append_pair(pairs.emplace_back(), column, value);
        }
    }
    std::ranges::sort(pairs);
    for (const std::string& pair : pairs) out.canonical_filters += pair;
    out.canonical = out.canonical_filters + order + limit;
    return out;
}

Params params_of(const net::QueryParams& query) {
    Params out;
    for (const auto& [name, value] : query) out.emplace_back(name, value);
    return out;
}

Result<Params> params_of(const Json& object) {
    Params out;
    if (object.is_null()) return out;
    if (object.object() == nullptr)
        return fail(Code::invalid_argument, "params is an object of columns and values");
    for (const auto& [name, value] : *object.object()) {
        if (!value.is_scalar()) {
            return fail(Code::invalid_argument,
                        "the parameter {} is a list or an object; only single values "
                        "can be compared",
                        name);
        }
        out.emplace_back(name, value.as_parameter());
    }
    return out;
}

}  // namespace mr::serve
