// What the command line prints: data to stdout as a table or JSON, everything else to stderr.
// Exit codes: 0 done; 1 what was asked failed; 2 wrong usage or settings; 3 server unreachable or timed out;
// 130 interrupted.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::cli {

/// Members in their order; numbers with as many digits as a double needs. (With long double the library prints
/// every fraction as 0.0.)
using Json = nlohmann::ordered_json;

enum Exit : int { done = 0, failed = 1, usage = 2, unreachable = 3, interrupted = 130 };

enum class Format : std::uint8_t { table, json, ndjson, csv };

struct Output {
    Format format = Format::table;
    bool quiet = false;
};

/// Rows as an aligned table with a header line (a column that is null says NULL, one that is missing
/// nothing), as CSV (both empty) or as JSON. `rows` is an array of objects.
void print_rows(const Output& output, const std::vector<std::string>& columns, const Json& rows);
void print_json(const Json& value);
/// One object: as JSON, or a line for each member that is no list or object.
void print_object(const Output& output, const Json& value);
/// Joins what helps to the message of an error; report() shows it on a line of its own.
std::string with_help(std::string message, std::string_view help);
/// To stderr, and the exit code that fits:
///   error[not_found]: no topic `ordrs`; did you mean `orders`?
///   help: `millrace topic list` shows what there is
/// or, where JSON is asked for, {"error":{"code","severity","message","help"}}.
int report(const Output& output, const Error& error);

}  // namespace mr::cli
