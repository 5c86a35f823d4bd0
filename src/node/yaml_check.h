// Mistakes in YAML files in the shape of every other error (sql/diagnostic.h): code, place, the line, a
// caret, a suggestion; and the checks of dashboards and alert rules against the project's views. Codes:
// docs/sql/errors.md. Thread: any (values).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/diagnostic.h"

namespace mr::node {

struct YamlFile;

/// `error.message` is "FILE:LINE:COL: what is wrong; did you mean `x`?" with `file` as FILE. Without a place
/// it is about the file as a whole.
sql::Diagnostic yaml_diagnostic(const Error& error, std::string_view file, std::string_view text);

/// The columns of every view a page or a rule may name.
using ViewColumns = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Unknown fields, panel types, views and columns. Form: docs/formats/dashboard.md
void check_dashboard(const YamlFile& file, const ViewColumns& views, std::vector<sql::Diagnostic>& out);
/// The rules' form, and that their views and columns exist.
void check_alerts(const YamlFile& file, const ViewColumns& views, std::vector<sql::Diagnostic>& out);

}  // namespace mr::node
