#include "engine/fields_read.h"

#include <set>

namespace mr::engine {
namespace {

using formats::FieldsRead;
using plan::Expr;
using plan::ExprKind;

void read_all(FieldsRead& value) {
    value = {.all = true, .fields = {}};
}

/// Notes what an expression reads of its input's columns.
void add(const Expr& e, std::vector<FieldsRead>& columns) {
    std::vector<int> path;
    const Expr* at = &e;
    for (; at->kind == ExprKind::field; at = at->args[0].get()) path.push_back(at->index);
    if (at->kind == ExprKind::input) {
        FieldsRead* value = &columns[static_cast<std::size_t>(at->index)];
        for (; !path.empty() && !value->all; path.pop_back()) {
            const auto field = static_cast<std::size_t>(path.back());
            if (value->fields.size() <= field) value->fields.resize(field + 1);
            value = &value->fields[field];
        }
        read_all(*value);
        return;
    }
    for (const plan::ExprPtr& arg : at->args) add(*arg, columns);
}

/// Walks the operators above one source.
class Walk {
  public:
    Walk(const plan::NodePtr& source, std::size_t columns) : source_(source), out(columns) {}

    void sink(const plan::NodePtr& root) {
        visit(root);
        if (passes(root)) everything();
    }

  private:
    /// Does the node give the source's rows as they are?
    [[nodiscard]] bool passes(const plan::NodePtr& node) const {
        if (node == source_) return true;
        return std::holds_alternative<plan::FilterNode>(node->op) && passes(node->inputs[0]);
    }

    void visit(const plan::NodePtr& node) {
        if (!seen_.insert(node.get()).second) return;
        for (const plan::NodePtr& input : node->inputs) {
            visit(input);
            if (!passes(input)) continue;
            if (const auto* filter = std::get_if<plan::FilterNode>(&node->op)) {
                add(*filter->condition, out);
            } else if (const auto* project = std::get_if<plan::ProjectNode>(&node->op)) {
                for (const plan::ExprPtr& e : project->expressions) add(*e, out);
            } else {
                everything();
            }
        }
    }

    void everything() {
        for (FieldsRead& column : out) read_all(column);
    }

    const plan::NodePtr& source_;
    std::set<const plan::Node*> seen_;

  public:
    std::vector<FieldsRead> out;
};

}  // namespace

std::vector<FieldsRead> fields_read(const plan::Program& program, std::size_t source) {
    const plan::NodePtr& node = program.sources[source];
    const auto& op = std::get<plan::SourceNode>(node->op);
    Walk walk(node, op.columns.size());
    for (const plan::Sink& sink : program.sinks) walk.sink(sink.root);

    const plan::Table& table = *op.table;
    std::vector<FieldsRead> reads(table.columns.size());
    for (std::size_t i = 0; i < op.columns.size(); ++i)
        reads[static_cast<std::size_t>(op.columns[i])] = std::move(walk.out[i]);
    // Computed columns stand over physical ones only, so one look at each is enough.
    const auto computed_of = [&](int column) {
        const plan::TableColumn& c = table.columns[static_cast<std::size_t>(column)];
        if (c.kind == plan::ColumnKind::computed) add(*c.expression, reads);
    };
    for (const int column : op.columns) computed_of(column);
    if (table.watermark) {
        add(*table.watermark->expression, reads);
        for (const int column : plan::columns_read(*table.watermark->expression)) computed_of(column);
        computed_of(table.watermark->column);
        read_all(reads[static_cast<std::size_t>(table.watermark->column)]);
    }
    return reads;
}

}  // namespace mr::engine
