// Alert rules: alerts/*.yaml. Each watches one view; a row that matches fires one alert. Reference:
// docs/formats/alerts.md. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace mr::alerts {

struct Rule {
    std::string name;
    std::string title;
    std::string view;
    std::vector<std::pair<std::string, std::string>> where;  ///< column = value, as text; all must hold
    std::vector<std::string> key;                            ///< empty: the view's key
    std::string severity = "warning";
    std::string summary;  ///< {{column}} is replaced
    std::string dashboard;
    std::string place;  ///< "alerts/x.yaml:3:3", for messages
};

/// One rule or a list of them. Unknown fields and severities are errors with their place.
Result<std::vector<Rule>> parse_rules(std::string_view text, std::string_view file);

}  // namespace mr::alerts
