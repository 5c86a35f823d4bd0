// Unnest: one row for each element of an array or map, with the input row's weight, arrival and watermark.
// ROW elements are spread into their fields; NULLs among them are left out but WITH ORDINALITY.
#include "engine/internal/operators.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {
namespace {

class Unnest final : public Operator {
  public:
    Unnest(plan::NodePtr node, const plan::UnnestNode& unnest, std::unique_ptr<Evaluator> evaluator)
        : Operator(std::move(node)), unnest_(unnest), evaluator_(std::move(evaluator)) {
        for (std::size_t i = input_schema().size(); i < this->node().schema.size(); ++i) {
            elements_.emplace_back(this->node().schema[i].type);
        }
    }

    Delta run(const Round& round, std::span<const Delta* const> inputs) override {
        const Delta& in = *inputs[0];
        const ColumnPtr collection =
            evaluator_->evaluate_one(EvalInput::of(in, round.processing_time_ms), errors_);
        report_failed(round, in, errors_, failed_);
        rows_.clear();
        for (std::uint32_t row = 0; row < in.size(); ++row) {
            if (!failed_.empty() && failed_[row]) continue;
            const bool null = collection->type().kind == TypeKind::null || collection->is_null(row);
            const std::uint32_t begin = null ? 0 : collection->list_begin(row);
            const std::uint32_t end = null ? 0 : collection->list_end(row);
            const std::size_t before = rows_.size();
            for (std::uint32_t i = begin; i < end; ++i) {
                if (!unnest_.ordinality && is_missing_row(*collection, i)) continue;
                rows_.push_back(row);
                append_element(*collection, i, i - begin + 1);
            }
            if (rows_.size() == before && unnest_.outer) {
                rows_.push_back(row);
                for (ColumnBuilder& b : elements_) b.append_null();
            }
        }
        Delta out = take_rows(in, rows_);
        for (ColumnBuilder& b : elements_) out.columns.push_back(b.finish());
        return out;
    }

  private:
    /// A NULL among ROWs makes no row, as in Flink; a NULL among other elements does.
    static bool is_missing_row(const Column& collection, std::size_t i) {
        if (collection.type().kind != TypeKind::array) return false;
        const Column& child = *collection.child(0);
        return child.type().kind == TypeKind::row && child.is_null(i);
    }

    void append_element(const Column& collection, std::size_t i, std::int64_t ordinal) {
        std::size_t at = 0;
        for (std::size_t c = 0; c < collection.child_count(); ++c) {
            const Column& child = *collection.child(c);
            if (collection.type().kind == TypeKind::array && child.type().kind == TypeKind::row) {
                const bool null = child.is_null(i);
                for (std::size_t f = 0; f < child.child_count(); ++f, ++at) {
                    if (null) {
                        elements_[at].append_null();
                    } else {
                        elements_[at].append_from(*child.child(f), i);
                    }
                }
            } else {
                elements_[at++].append_from(child, i);
            }
        }
        if (unnest_.ordinality) elements_[at].append_integer(ordinal);
    }

    plan::UnnestNode unnest_;
    std::unique_ptr<Evaluator> evaluator_;
    std::vector<ColumnBuilder> elements_;
    std::vector<std::uint32_t> rows_;
    std::vector<RowError> errors_;
    std::vector<bool> failed_;
};

/// Columns that an element of the collection makes.
std::size_t element_columns(const DataType& type, bool ordinality) {
    std::size_t n = type.children->size();
    if (type.kind == TypeKind::array && type.child(0).type.kind == TypeKind::row) {
        n = type.child(0).type.children->size();
    }
    return n + (ordinality ? 1 : 0);
}

}  // namespace

Result<OperatorPtr> make_unnest(const MakeContext& context, const plan::UnnestNode& node) {
    const DataType& type = node.collection->type;
    if (type.kind != TypeKind::array && type.kind != TypeKind::map) {
        return fail(Code::invalid_argument, "UNNEST of {}: an ARRAY or MAP is needed", type.to_string());
    }
    const std::size_t columns = context.input().size() + element_columns(type, node.ordinality);
    if (columns != context.node->schema.size()) {
        return fail(Code::internal, "UNNEST of {} makes {} columns, the plan has {}", type.to_string(),
                    columns, context.node->schema.size());
    }
    MR_TRY(auto evaluator, Evaluator::create(node.collection, context.input()));
    return std::make_unique<Unnest>(context.node, node, std::move(evaluator));
}

}  // namespace mr::engine::internal
