// Which tables and views a file reads: the order in which files can be compiled. Thread: any (a function).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sql/internal/statement.h"

namespace mr::sql {

/// Names in FROM, JOIN, TABLE(…), of every statement, without those WITH or the file itself declares.
std::set<std::string> referenced_tables(const std::vector<ast::Statement>& statements);

}  // namespace mr::sql
