// What EXPLAIN prints of a plan: the indented tree, with more about each operator where it is asked for, or
// JSON. Thread: any.
#pragma once

#include <string>

#include "plan/node.h"

namespace mr::plan {

/// Flink's explain details, and WATERMARK.
struct ExplainDetails {
    bool changelog_mode = false;  ///< which kinds of changes each operator gives, in Flink's letters
    bool watermark = false;       ///< where each operator's watermark comes from
    bool json = false;            ///< {"nodes": [...]} instead of the tree, inputs before who reads them
};

/// The indented tree, shared nodes marked.
std::string explain(const NodePtr& root, const ExplainDetails& details = {});

}  // namespace mr::plan
