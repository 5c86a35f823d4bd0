#include "pipeline/view_pairs.h"

#include <utility>

#include "columnar/codec.h"
#include "formats/json_encoder.h"

namespace mr::pipeline {
namespace {

constexpr std::size_t kPieceRows = 512;

/// Keys of the same types are the same bytes.
bool same_keys(const views::ViewDefinition& a, const views::ViewDefinition& b) {
    if (a.key.size() != b.key.size()) return false;
    for (std::size_t i = 0; i < a.key.size(); ++i) {
        if (!a.schema[a.key[i]].type.same_as(b.schema[b.key[i]].type)) return false;
    }
    return true;
}

/// Columns that both have, with their indexes.
struct Shared {
    std::vector<std::string> names;
    std::vector<std::pair<std::size_t, std::size_t>> columns;
    bool all = false;  ///< rows can be compared as they are
};

Shared shared_columns(const views::SnapshotPtr& before, const views::SnapshotPtr& now) {
    Shared out;
    if (before == nullptr || now == nullptr) return out;
    const Schema& a = before->definition->schema;
    const Schema& b = now->definition->schema;
    out.all = a == b;
    for (std::size_t i = 0; i < b.size(); ++i) {
        const int at = a.find(b[i].name);
        if (at < 0 || !a[static_cast<std::size_t>(at)].type.same_as(b[i].type)) continue;
        out.names.push_back(b[i].name);
        out.columns.emplace_back(static_cast<std::size_t>(at), i);
    }
    return out;
}

bool equal_rows(const ViewPairs::Pair& pair, const Shared& shared, const Schema& before, const Schema& now) {
    if (shared.all) return pair.before->row == pair.now->row;
    const auto a = read_row(pair.before->row, before);
    const auto b = read_row(pair.now->row, now);
    // The view checked them when they came in.
    if (!a || !b) return false;
    for (const auto& [i, k] : shared.columns) {
        if (to_string((*a)[i], before[i].type) != to_string((*b)[k], now[k].type)) return false;
    }
    return true;
}

std::string json_of(const views::RowPtr& row, const views::SnapshotPtr& view) {
    std::string out;
    if (row == nullptr) return out;
    const Schema& schema = view->definition->schema;
    std::vector<ColumnBuilder> builders;
    for (const Field& f : schema.fields) builders.emplace_back(f.type);
    if (!read_row_into(row->row, schema, builders)) return out;
    std::vector<ColumnPtr> columns;
    for (ColumnBuilder& b : builders) columns.push_back(b.finish());
    formats::JsonEncoder(schema, {}).encode(columns, 0, out);
    return out;
}

}  // namespace

ViewPairs::ViewPairs(views::SnapshotPtr before, views::SnapshotPtr now)
    : before_(before),
      now_(now),
      comparable_(before == nullptr || now == nullptr || same_keys(*before->definition, *now->definition)) {}

views::RowPtr ViewPairs::Cursor::peek() {
    if (at_ == rows_.size() && !end_) {
        rows_.clear();
        at_ = 0;
        end_ = true;
        view_->rows.scan(from_, [this](const views::RowPtr& row) {
            if (rows_.size() == kPieceRows) {
                from_ = row->key;
                end_ = false;
                return false;
            }
            rows_.push_back(row);
            return true;
        });
    }
    return at_ < rows_.size() ? rows_[at_] : nullptr;
}

std::optional<ViewPairs::Pair> ViewPairs::next() {
    Pair out{before_.peek(), now_.peek()};
    if (!out.before && !out.now) return std::nullopt;
    if (out.before && out.now) {
        if (!comparable_ || out.before->key < out.now->key) {
            out.now = nullptr;
        } else if (out.now->key < out.before->key) {
            out.before = nullptr;
        }
    }
    if (out.before) before_.skip();
    if (out.now) now_.skip();
    return out;
}

ViewComparison compare_views(std::string name, const views::SnapshotPtr& before,
                             const views::SnapshotPtr& now, std::size_t examples_max) {
    ViewComparison out;
    out.view = std::move(name);
    Shared shared = shared_columns(before, now);
    out.columns = shared.names;
    ViewPairs pairs(before, now);
    while (const auto pair = pairs.next()) {
        out.rows_before += pair->before ? 1 : 0;
        out.rows_now += pair->now ? 1 : 0;
        if (pair->before && pair->now &&
            equal_rows(*pair, shared, before->definition->schema, now->definition->schema)) {
            ++out.equal;
            continue;
        }
        ++(!pair->before ? out.only_now : !pair->now ? out.only_before : out.different);
        if (out.examples.size() < examples_max)
            out.examples.push_back({json_of(pair->before, before), json_of(pair->now, now)});
    }
    return out;
}

}  // namespace mr::pipeline
