// Questions a reader may ask of a view: equality filters, order, limit; and its rows as JSON.
// Thread: any (a query and a snapshot are immutable).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/value.h"
#include "views/view.h"

namespace mr::views {

/// column = value; a NULL value matches NULLs (there is nothing else to ask of them here).
struct Equals {
    std::size_t column = 0;
    Value value;
};

struct OrderBy {
    std::size_t column = 0;
    bool descending = false;
};

/// Rows answered when the question names no limit, and the most it may name.
inline constexpr std::size_t kDefaultLimit = 100'000;
inline constexpr std::size_t kLimitMax = 1'000'000;

struct ViewQuery {
    std::vector<Equals> filters;
    std::vector<OrderBy> order;  ///< then by key; without one, by key
    std::size_t limit = kDefaultLimit;
};

/// `column` of a view by name, or an error that suggests one.
Result<std::size_t> find_column(const ViewDefinition& view, std::string_view name);
/// column = text; nothing means NULL.
Result<Equals> parse_filter(const ViewDefinition& view, std::string_view column,
                            const std::optional<std::string>& text);
/// "amount:desc,zone" (asc is the default).
Result<std::vector<OrderBy>> parse_order(const ViewDefinition& view, std::string_view text);
Result<std::size_t> parse_limit(std::string_view text);

/// Decides for single rows, as live subscriptions do.
bool matches(const ViewDefinition& view, const std::vector<Equals>& filters, const RowPtr& row);

struct QueryResult {
    std::vector<RowPtr> rows;
    bool truncated = false;  ///< there were more than the limit
};
/// A key lookup when the filters fix every key column, a range of keys when they fix the first ones, else a
/// scan of the whole view.
QueryResult run_query(const ViewSnapshot& view, const ViewQuery& query);
/// How many rows run_query may have to look at: to decide where to run it.
std::size_t query_cost(const ViewSnapshot& view, const ViewQuery& query);

/// Writes rows and keys of one view as JSON; column names are escaped once.
class RowJson {
  public:
    explicit RowJson(const ViewDefinition& view);
    /// {"column":value,…}
    void append_row(std::string& out, const ViewRow& row) const;
    /// As append_row, of some columns only.
    void append_columns(std::string& out, const ViewRow& row, const std::vector<std::size_t>& columns) const;
    /// [value,…] in key order.
    void append_key(std::string& out, std::string_view key) const;

  private:
    const ViewDefinition& view_;      ///< the caller's, which outlives this
    std::vector<std::string> names_;  ///< "\"zone\":"
};

}  // namespace mr::views
