// The parameters of a question to a view, as a query string, a batch item or a subscription carries them:
// equality filters by column, `order`, `limit`, `min_version`. A column of a reserved name is filtered as
// `where.order`; `where.` may stand before any column. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "net/http_message.h"
#include "serve/json.h"
#include "views/query.h"

namespace mr::serve {

/// Name and value; no value means NULL.
using Params = std::vector<std::pair<std::string, std::optional<std::string>>>;

struct ViewParams {
    views::ViewQuery query;
    std::optional<Seq> min_version;
    bool ordered = false;  ///< `order` was given
    bool limited = false;  ///< `limit` was given
    /// The same question has the same text, whatever the order of its parameters (min_version left out).
    std::string canonical;
    /// … of its filters only.
    std::string canonical_filters;
};

Result<ViewParams> parse_view_params(const views::ViewDefinition& view, const Params& params);
Params params_of(const net::QueryParams& query);
/// From a JSON object of scalars.
Result<Params> params_of(const Json& object);

}  // namespace mr::serve
