// Runs .slt tests: SQL tests of streaming pipelines, in process, on a virtual clock. Reference:
// docs/testing.md.
//
//   produce TOPIC [FILE]   records for a topic: the file's lines, or the lines that follow up to a blank one;
//   "key<TAB>value" if keyed clock +31m             moves processing time settle                 computes
//   until nothing is left; views are then up to date query [T…] [rowsort]   SQL over views and topics, then
//   ---- and the expected rows, columns separated by a blank
//   view NAME              a whole view, exact in types and values: ---- and a line of types, then its rows,
//   sorted, as CSV         statement error TEXT   SQL that must fail with a
//   message that contains TEXT
//
// Every file runs three times: with one record a step, with steps of 7, and with steps of 1,024; results must
// be equal.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace mr::cli {

struct SltOptions {
    std::string path;  ///< a project folder (its tests/*.slt), or one .slt file below one
    std::string filter;
    bool update = false;
};

struct SltReport {
    std::size_t passed = 0;
    std::size_t failed = 0;
};

/// Failures are printed to stdout with file, line, expected and actual.
Result<SltReport> run_slt(const SltOptions& options);

}  // namespace mr::cli
