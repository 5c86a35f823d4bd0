// What EXPLAIN prints of a plan: the indented tree, with more about each operator where it is asked for, or
// JSON. Thread: any.
#pragma once

#include <functional>
#include <string>

#include "base/json_writer.h"
#include "plan/node.h"

namespace mr::plan {

/// Flink's explain details, and what a running pipeline knows of its nodes.
struct ExplainDetails {
    bool changelog_mode = false;  ///< which kinds of changes each operator gives, in Flink's letters
    bool watermark = false;       ///< where each operator's watermark comes from
    bool json = false;            ///< {"nodes": [...]} instead of the tree, inputs before who reads them
    std::function<std::string(const Node&)> note{};  ///< a line of its own below a node's; empty: none
    std::function<void(const Node&, JsonWriter&)> members_of{};  ///< further members of a node's object
};

/// The indented tree, shared nodes marked.
std::string explain(const NodePtr& root, const ExplainDetails& details = {});

}  // namespace mr::plan
