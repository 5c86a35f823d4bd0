#include "views/query.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/json_writer.h"
#include "base/suggest.h"
#include "columnar/codec.h"
#include "columnar/json_value.h"
#include "views/parse_value.h"

namespace mr::views {
namespace {

/// The value the filters fix for a column, if they do.
const Value* fixed_value(const std::vector<Equals>& filters, std::size_t column) {
    for (const Equals& filter : filters) {
        if (filter.column == column) return &filter.value;
    }
    return nullptr;
}

struct KeyPrefix {
    std::string bytes;
    std::size_t columns = 0;
};

/// Key bytes of the leading key columns that the filters fix.
KeyPrefix key_prefix(const ViewDefinition& view, const std::vector<Equals>& filters) {
    KeyPrefix out;
    for (const std::size_t column : view.key) {
        const Value* value = fixed_value(filters, column);
        if (value == nullptr) break;
        append_key(out.bytes, view.schema[column].type, *value);
        ++out.columns;
    }
    return out;
}

bool matches_values(const std::vector<Equals>& filters, const std::vector<Value>& values) {
    return std::ranges::all_of(filters, [&](const Equals& f) { return values[f.column] == f.value; });
}

struct Candidate {
    RowPtr row;
    std::vector<Value> values;
};

/// Keeps the `limit` first by `order`, which may be much fewer than there are.
void sort_candidates(std::vector<Candidate>& rows, const std::vector<OrderBy>& order, std::size_t limit) {
    const auto before = [&](const Candidate& a, const Candidate& b) {
        for (const OrderBy& by : order) {
            const int c = Value::compare(a.values[by.column], b.values[by.column]);
            if (c != 0) return by.descending ? c > 0 : c < 0;
        }
        return a.row->key < b.row->key;
    };
    const auto end = rows.begin() + static_cast<std::ptrdiff_t>(std::min(limit, rows.size()));
    std::partial_sort(rows.begin(), end, rows.end(), before);
    rows.erase(end, rows.end());
}

std::vector<Value> decode(const ViewDefinition& view, const ViewRow& row) {
    auto values = read_row(row.row, view.schema);
    // Written by our own codec and checked when it came in: anything else is a bug.
    MR_CHECK(values.has_value(), "view {}: {}", view.name, values.error().message);
    return std::move(*values);
}

}  // namespace

Result<std::size_t> find_column(const ViewDefinition& view, std::string_view name) {
    const int at = view.schema.find(name);
    if (at >= 0) return static_cast<std::size_t>(at);
    std::vector<std::string> names;
    for (const Field& field : view.schema.fields) names.push_back(field.name);
    const auto near = nearest_name(name, names);
    return fail(Code::invalid_argument, "view {} has no column {}{}", view.name, name,
                near ? fmt::format("; did you mean `{}`?", *near) : std::string());
}

Result<Equals> parse_filter(const ViewDefinition& view, std::string_view column,
                            const std::optional<std::string>& text) {
    MR_TRY(const std::size_t at, find_column(view, column));
    if (!text) return Equals{at, Value::null()};
    auto value = parse_value(view.schema[at].type, *text);
    if (!value) return annotate(value.error(), fmt::format("column {} of view {}", column, view.name));
    return Equals{at, std::move(*value)};
}

Result<std::vector<OrderBy>> parse_order(const ViewDefinition& view, std::string_view text) {
    std::vector<OrderBy> out;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        std::string_view item = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        OrderBy by;
        const std::size_t colon = item.rfind(':');
        const std::string_view direction =
            colon == std::string_view::npos ? std::string_view() : item.substr(colon + 1);
        if (direction == "asc" || direction == "desc") {
            by.descending = direction == "desc";
            item = item.substr(0, colon);
        } else if (colon != std::string_view::npos && view.schema.find(item) < 0) {
            return fail(Code::invalid_argument, "order is written column:asc or column:desc, not: {}", item);
        }
        MR_TRY(by.column, find_column(view, item));
        out.push_back(by);
    }
    return out;
}

Result<std::size_t> parse_limit(std::string_view text) {
    std::size_t limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || limit > kLimitMax) {
        return fail(Code::invalid_argument, "limit is a whole number up to {}, not: {}", kLimitMax, text);
    }
    return limit;
}

bool matches(const ViewDefinition& view, const std::vector<Equals>& filters, const RowPtr& row) {
    if (!row) return false;
    return filters.empty() || matches_values(filters, decode(view, *row));
}

QueryResult run_query(const ViewSnapshot& view, const ViewQuery& query) {
    const ViewDefinition& d = *view.definition;
    const KeyPrefix prefix = key_prefix(d, query.filters);
    const bool decoding = !query.filters.empty() || !query.order.empty();
    QueryResult out;
    std::vector<Candidate> found;
    view.rows.scan(prefix.bytes, [&](const RowPtr& row) {
        if (!row->key.starts_with(prefix.bytes)) return false;
        Candidate candidate{row, decoding ? decode(d, *row) : std::vector<Value>()};
        if (!matches_values(query.filters, candidate.values)) return true;
        if (query.order.empty() && found.size() == query.limit) {
            out.truncated = true;
            return false;
        }
        found.push_back(std::move(candidate));
        return true;
    });
    if (!query.order.empty()) {
        out.truncated = found.size() > query.limit;
        sort_candidates(found, query.order, query.limit);
    }
    out.rows.reserve(found.size());
    for (Candidate& candidate : found) out.rows.push_back(std::move(candidate.row));
    return out;
}

std::size_t query_cost(const ViewSnapshot& view, const ViewQuery& query) {
    const KeyPrefix prefix = key_prefix(*view.definition, query.filters);
    if (prefix.columns == view.definition->key.size()) return 1;
    if (query.filters.empty() && query.order.empty()) return std::min(query.limit, view.rows.size());
    return view.rows.size();
}

RowJson::RowJson(const ViewDefinition& view) : view_(view) {
    for (const Field& field : view.schema.fields) {
        std::string& name = names_.emplace_back();
        append_json_string(name, field.name);
        name.push_back(':');
    }
}

void RowJson::append_row(std::string& out, const ViewRow& row) const {
    const std::vector<Value> values = decode(view_, row);
    out.push_back('{');
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out.push_back(',');
        out.append(names_[i]);
        append_json_value(out, view_.schema[i].type, values[i]);
    }
    out.push_back('}');
}

void RowJson::append_columns(std::string& out, const ViewRow& row,
                             const std::vector<std::size_t>& columns) const {
    const std::vector<Value> values = decode(view_, row);
    out.push_back('{');
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) out.push_back(',');
        out.append(names_[columns[i]]);
        append_json_value(out, view_.schema[columns[i]].type, values[columns[i]]);
    }
    out.push_back('}');
}

void RowJson::append_key(std::string& out, std::string_view key) const {
    ByteReader reader(key);
    out.push_back('[');
    for (std::size_t i = 0; i < view_.key.size(); ++i) {
        if (i > 0) out.push_back(',');
        const DataType& type = view_.schema[view_.key[i]].type;
        const auto value = read_key(reader, type);
        MR_CHECK(value.has_value(), "view {}: {}", view_.name, value.error().message);
        append_json_value(out, type, *value);
    }
    out.push_back(']');
}

}  // namespace mr::views
