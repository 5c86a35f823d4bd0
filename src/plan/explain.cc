#include "plan/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json_writer.h"

namespace mr::plan {
namespace {

/// Nodes with more than one parent, in order of first visit from the root.
void count_parents(const NodePtr& node, std::map<const Node*, int>& parents) {
    if (++parents[node.get()] > 1) return;
    for (const NodePtr& in : node->inputs) count_parents(in, parents);
}

std::string names_of(const Schema& schema, const std::vector<int>& columns) {
    std::string out;
    for (const int c : columns) {
        out += (out.empty() ? "`" : ", `") + schema[static_cast<std::size_t>(c)].name + "`";
    }
    return "[" + out + "]";
}

std::string_view mode_of(const Node& node) {
    static constexpr std::string_view kModes[] = {"append", "upsert", "retract"};
    return kModes[static_cast<std::size_t>(node.mode)];
}

/// Insert, update before, update after, delete.
std::string_view changelog_of(const Node& node) {
    static constexpr std::string_view kLetters[] = {"I", "I,UA,D", "I,UB,UA,D"};
    return kLetters[static_cast<std::size_t>(node.mode)];
}

/// Where the node's watermark comes from.
std::string watermark_of(const Node& node) {
    if (const auto* source = std::get_if<SourceNode>(&node.op)) {
        const auto& w = source->table->watermark;
        if (!w) return "none";
        const Schema schema = source->table->schema();
        return fmt::format("`{}`: {}", schema[static_cast<std::size_t>(w->column)].name,
                           to_string(*w->expression, &schema));
    }
    if (std::holds_alternative<ProcessingTimeNode>(node.op)) return "the clock";
    if (node.inputs.empty()) return "none";
    std::string out = node.inputs.size() == 1 ? "its input's" : "the least of its inputs'";
    if (const auto* join = std::get_if<IntervalJoinNode>(&node.op)) {
        out += fmt::format(" - {} ms", std::max<std::int64_t>({join->upper_ms, -join->lower_ms, 0}));
    }
    return out;
}

std::string properties(const Node& node, const ExplainDetails& details) {
    std::string out(mode_of(node));
    if (node.single_row) out += ", single row";
    if (!node.unique_key.empty()) out += ", key " + names_of(node.schema, node.unique_key);
    if (!node.time_columns.empty()) out += ", time " + names_of(node.schema, node.time_columns);
    if (details.changelog_mode) out += fmt::format(", changelogMode=[{}]", changelog_of(node));
    if (details.watermark) out += fmt::format(", watermark=[{}]", watermark_of(node));
    return out;
}

class Tree {
  public:
    Tree(const NodePtr& root, const ExplainDetails& details) : details_(details) {
        count_parents(root, parents_);
        print(root, 0);
    }
    std::string text;

  private:
    void print(const NodePtr& node, int depth) {
        text.append(static_cast<std::size_t>(depth) * 2, ' ');
        const bool shared = parents_.at(node.get()) > 1;
        if (shared && numbers_.contains(node.get())) {
            text += fmt::format("Shared #{}\n", numbers_[node.get()]);
            return;
        }
        text += fmt::format("{}({})  <{}>", operator_name(node->op), describe(*node),
                            properties(*node, details_));
        if (shared) {
            const int number = static_cast<int>(numbers_.size()) + 1;
            numbers_[node.get()] = number;
            text += fmt::format("  #{}", number);
        }
        text += '\n';
        if (details_.note) {
            const std::string note = details_.note(*node);
            if (!note.empty()) text.append(static_cast<std::size_t>(depth) * 2 + 4, ' ').append(note) += '\n';
        }
        for (const NodePtr& in : node->inputs) print(in, depth + 1);
    }

    const ExplainDetails& details_;
    std::map<const Node*, int> parents_, numbers_;
};

/// Nodes with their numbers, inputs first.
class JsonNodes {
  public:
    JsonNodes(const NodePtr& root, const ExplainDetails& details) : details_(details), json_(text) {
        json_.begin_object().key("nodes").begin_array();
        add(root);
        json_.end_array().end_object();
    }
    std::string text;

  private:
    int add(const NodePtr& node) {
        if (const auto it = ids_.find(node.get()); it != ids_.end()) return it->second;
        std::vector<int> inputs;
        for (const NodePtr& in : node->inputs) inputs.push_back(add(in));
        const int id = static_cast<int>(ids_.size()) + 1;
        ids_[node.get()] = id;
        json_.begin_object()
            .member("id", id)
            .member("type", operator_name(node->op))
            .member("contents", describe(*node))
            .member("mode", mode_of(*node));
        if (details_.changelog_mode) json_.member("changelog_mode", changelog_of(*node));
        if (details_.watermark) json_.member("watermark", watermark_of(*node));
        json_.member("single_row", node->single_row);
        if (details_.members_of) details_.members_of(*node, json_);
        columns("columns", *node, all_of(*node));
        columns("key", *node, node->unique_key);
        columns("time", *node, node->time_columns);
        json_.key("predecessors").begin_array();
        for (const int in : inputs) json_.begin_object().member("id", in).end_object();
        json_.end_array().end_object();
        return id;
    }

    static std::vector<int> all_of(const Node& node) {
        std::vector<int> out(node.schema.size());
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<int>(i);
        return out;
    }

    void columns(std::string_view key, const Node& node, const std::vector<int>& wanted) {
        json_.key(key).begin_array();
        for (const int c : wanted) json_.value(node.schema[static_cast<std::size_t>(c)].name);
        json_.end_array();
    }

    const ExplainDetails& details_;
    std::map<const Node*, int> ids_;
    JsonWriter json_;
};

}  // namespace

std::string explain(const NodePtr& root, const ExplainDetails& details) {
    if (details.json) return JsonNodes(root, details).text + "\n";
    return Tree(root, details).text;
}

}  // namespace mr::plan
