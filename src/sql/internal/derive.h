// What each operator's output is: schema, mode, keys, time columns, windows. Thread: any (functions).
#pragma once

#include <string>
#include <vector>

#include "sql/internal/builder.h"

namespace mr::sql {

struct Derived {
    Schema schema;
    plan::Mode mode = plan::Mode::append;
    bool single_row = false;
    std::vector<int> time_columns;
    Traits traits;
};

struct DeriveInput {
    const plan::Node& node;
    const Traits& traits;
};

Derived derive(const plan::Operator& op, const std::vector<DeriveInput>& inputs,
               const std::vector<std::string>& names);

/// The columns UNNEST of a collection adds.
std::vector<Field> unnest_fields(const plan::UnnestNode& unnest);

}  // namespace mr::sql
