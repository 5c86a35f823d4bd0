#include "warehouse/pushdown.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

namespace mr::warehouse {
namespace {

using Json = nlohmann::json;

/// now() of the query comes later than ours.
constexpr std::int64_t kSlackMicros = 60'000'000;

/// Functions of constants that give the same whenever they are called (now() within the slack).
constexpr std::array<std::string_view, 24> kPure = {"+",
                                                    "-",
                                                    "*",
                                                    "/",
                                                    "now",
                                                    "get_current_timestamp",
                                                    "today",
                                                    "trunc",
                                                    "date_trunc",
                                                    "to_seconds",
                                                    "to_minutes",
                                                    "to_hours",
                                                    "to_days",
                                                    "to_weeks",
                                                    "to_months",
                                                    "to_years",
                                                    "to_milliseconds",
                                                    "to_microseconds",
                                                    "to_timestamp",
                                                    "make_timestamp",
                                                    "epoch_ms",
                                                    "make_date",
                                                    "timezone",
                                                    "abs"};

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

/// The text of the only value a query gives; nothing where it fails or is NULL.
std::optional<std::string> value_of(duckdb_connection connection, const std::string& sql) {
    ResultHandle result;
    if (duckdb_query(connection, sql.c_str(), result.get()) != DuckDBSuccess) return std::nullopt;
    ChunkHandle chunk(duckdb_fetch_chunk(*result.get()));
    if (chunk.get() == nullptr || duckdb_data_chunk_get_size(chunk.get()) != 1) return std::nullopt;
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk.get(), 0);
    std::uint64_t* validity = duckdb_vector_get_validity(vector);
    if (validity != nullptr && !duckdb_validity_row_is_valid(validity, 0)) return std::nullopt;
    auto* text = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
    return std::string(duckdb_string_t_data(text), duckdb_string_t_length(*text));
}

std::string text_of(const Json& node, const char* key) {
    const auto found = node.find(key);
    return found != node.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_null(const Json& node, const char* key) {
    const auto found = node.find(key);
    return found == node.end() || found->is_null();
}

bool is_constant(const Json& e) {
    const std::string kind = text_of(e, "class");
    if (kind == "CONSTANT") return true;
    if (kind == "CAST") return e.contains("child") && is_constant(e["child"]);
    if (kind != "FUNCTION" || std::ranges::find(kPure, text_of(e, "function_name")) == kPure.end())
        return false;
    return e.contains("children") &&
           std::ranges::all_of(e["children"], [](const Json& child) { return is_constant(child); });
}

/// The name a catalog would know a table reference by.
std::string scan_name(const Json& table) {
    const std::string schema = text_of(table, "schema_name"), name = text_of(table, "table_name");
    return schema.empty() || schema == "main" ? name : schema + "/" + name;
}

class Finder {
  public:
    Finder(duckdb_connection connection, ScanCatalog& catalog) : connection_(connection), catalog_(catalog) {}

    ScanRanges run(const Json& ast) {
        count(ast);
        visit(ast);
        return std::move(out_);
    }

  private:
    void count(const Json& node) {
        if (node.is_object() && text_of(node, "type") == "BASE_TABLE") ++references_[scan_name(node)];
        for (const Json& child : node)
            if (child.is_structured()) count(child);
    }
    void visit(const Json& node) {
        if (node.is_object() && text_of(node, "type") == "SELECT_NODE") select(node);
        for (const Json& child : node)
            if (child.is_structured()) visit(child);
    }

    /// One that reads one table, which no other part of the query reads.
    void select(const Json& node) {
        if (is_null(node, "where_clause") || is_null(node, "from_table") || !is_null(node, "sample")) return;
        const Json& from = node["from_table"];
        if (text_of(from, "type") != "BASE_TABLE" || !is_null(from, "sample") ||
            !is_null(from, "at_clause") ||
            (from.contains("column_name_alias") && !from["column_name_alias"].empty()))
            return;
        const std::string name = scan_name(from);
        if (references_[name] != 1) return;
        const auto table = catalog_.find(name);
        if (!table || table->ranged.empty()) return;
        names_ = {lower(text_of(from, "table_name")), lower(text_of(from, "alias"))};
        condition(node["where_clause"], *table, out_[name]);
    }

    void condition(const Json& e, const ScanTable& table, Ranges& out) {
        const std::string type = text_of(e, "type");
        if (type == "CONJUNCTION_AND") {
            for (const Json& child : e["children"]) condition(child, table, out);
        } else if (type == "COMPARE_BETWEEN") {
            const int column = column_of(e["input"], table);
            narrow(table, column, e["lower"], true, out);
            narrow(table, column, e["upper"], false, out);
        } else if (text_of(e, "class") == "COMPARISON") {
            compare(e, table, type, out);
        }
    }
    void compare(const Json& e, const ScanTable& table, const std::string& type, Ranges& out) {
        const int left = column_of(e["left"], table), right = column_of(e["right"], table);
        if ((left < 0) == (right < 0)) return;
        const Json& constant = left >= 0 ? e["right"] : e["left"];
        const int column = std::max(left, right);
        const bool equal = type == "COMPARE_EQUAL";
        const bool greater = type.starts_with("COMPARE_GREATERTHAN"),
                   less = type.starts_with("COMPARE_LESSTHAN");
        if (equal || (left >= 0 ? greater : less)) narrow(table, column, constant, true, out);
        if (equal || (left >= 0 ? less : greater)) narrow(table, column, constant, false, out);
    }

    /// The ranged column an expression is; -1: it is none.
    [[nodiscard]] int column_of(const Json& e, const ScanTable& table) const {
        if (text_of(e, "class") != "COLUMN_REF") return -1;
        const Json& path = e["column_names"];
        if (path.empty() || path.size() > 2) return -1;
        if (path.size() == 2 && std::ranges::find(names_, lower(path[0].get<std::string>())) == names_.end())
            return -1;
        const std::string name = lower(path.back().get<std::string>());
        for (const int c : table.ranged)
            if (lower(table.schema[static_cast<std::size_t>(c)].name) == name) return c;
        return -1;
    }

    void narrow(const ScanTable& table, int column, const Json& constant, bool from_below, Ranges& out) {
        if (column < 0 || !is_constant(constant)) return;
        const bool is_time = table.schema[static_cast<std::size_t>(column)].type.is_timestamp();
        const auto value = evaluate(constant, is_time);
        if (!value) return;
        const std::int64_t slack = is_time ? kSlackMicros : 0;
        Range& range = out[column];
        // Rounding to an integer and the strictness of < cost at most a row at the end.
        if (from_below && *value > INT64_MIN + slack) range.low = std::max(range.low, *value - slack);
        if (!from_below && *value < INT64_MAX - slack) range.high = std::min(range.high, *value + slack);
    }

    std::optional<std::int64_t> evaluate(const Json& constant, bool is_time) {
        std::string& form = is_time ? time_form_ : number_form_;
        if (form.empty())
            form =
                value_of(connection_, is_time ? "SELECT json_serialize_sql('SELECT "
                                                "CAST(epoch_us(CAST(NULL AS TIMESTAMP)) AS VARCHAR)')"
                                              : "SELECT json_serialize_sql('SELECT CAST(CAST(NULL AS BIGINT) "
                                                "AS VARCHAR)')")
                    .value_or("null");
        Json query = Json::parse(form, nullptr, false);
        const Json::json_pointer place("/statements/0/node/select_list/0/child" +
                                       std::string(is_time ? "/children/0/child" : "/child"));
        if (!query.is_object() || !query.contains(place)) return std::nullopt;
        query[place] = constant;
        const auto text = value_of(
            connection_, fmt::format("SELECT * FROM json_execute_serialized_sql({})", literal(query.dump())));
        if (!text) return std::nullopt;
        std::int64_t out = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
        return error == std::errc() && end == text->data() + text->size() ? std::optional(out) : std::nullopt;
    }

    duckdb_connection connection_;
    ScanCatalog& catalog_;
    std::map<std::string, int> references_;
    std::array<std::string, 2> names_;  ///< of the table of the SELECT at hand
    std::string number_form_, time_form_;
    ScanRanges out_;
};

}  // namespace

ScanRanges find_ranges(duckdb_connection connection, const std::string& sql, ScanCatalog& catalog) {
    const std::string small = lower(sql);
    // Other ways to a scan than its name are not counted.
    if (small.find("where") == std::string::npos || small.find("millrace_scan") != std::string::npos ||
        small.find("query_table") != std::string::npos)
        return {};
    const auto text =
        value_of(connection, fmt::format("SELECT CAST(json_serialize_sql({}) AS VARCHAR)", literal(sql)));
    if (!text) return {};
    const Json ast = Json::parse(*text, nullptr, false);
    if (!ast.is_object() || ast.value("error", true)) return {};
    return Finder(connection, catalog).run(ast);
}

Ranges ScanContext::ranges(std::string_view table) {
    const std::lock_guard lock(mutex_);
    const auto query = by_thread_.find(std::this_thread::get_id());
    if (query == by_thread_.end()) return {};
    const auto found = query->second.find(table);
    return found == query->second.end() ? Ranges() : found->second;
}

ScanContext::Use::Use(ScanContext& context, ScanRanges ranges) : context_(context) {
    const std::lock_guard lock(context_.mutex_);
    context_.by_thread_[std::this_thread::get_id()] = std::move(ranges);
}

ScanContext::Use::~Use() {
    const std::lock_guard lock(context_.mutex_);
    context_.by_thread_.erase(std::this_thread::get_id());
}

}  // namespace mr::warehouse
