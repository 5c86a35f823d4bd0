#include "engine/internal/match_rows.h"

#include "base/check.h"

namespace mr::engine::internal {

Result<std::unique_ptr<MatchRows>> MatchRows::create(const plan::MatchNode& node, const Schema& input,
                                                     const std::vector<int>& columns) {
    auto out = std::make_unique<MatchRows>(node);
    out->kept_at_.assign(input.size(), -1);
    std::vector<plan::ExprPtr> mapping(input.size());
    for (const int c : columns) {
        const auto at = static_cast<std::size_t>(c);
        out->kept_at_[at] = static_cast<int>(out->kept_.size());
        mapping[at] = plan::input(out->kept_at_[at], input[at].type);
        out->kept_.fields.push_back(input[at]);
    }
    for (const plan::MatchPlace& p : node.places) {
        std::unique_ptr<AggregateSet>& set = out->sets_.emplace_back();
        if (p.kind == plan::MatchPlace::Kind::row_time) out->time_ = RowTime(p.type);
        if (p.kind != plan::MatchPlace::Kind::aggregate) continue;
        plan::AggCall call = p.call;
        for (plan::ExprPtr& a : call.args) a = plan::rewrite(a, mapping);
        if (call.filter) call.filter = plan::rewrite(call.filter, mapping);
        MR_TRY(set, AggregateSet::create({&call, 1}, out->kept_, {}));
    }
    out->one_.emplace(out->kept_);
    out->many_.emplace(out->kept_);
    return out;
}

void MatchRows::put(std::int64_t position, std::int64_t time, std::string_view row) {
    decode_row(*one_, 0, row, kept_);
    one_->end_row(1, 0, kNoWatermark);
    rows_[position] = {time, one_->finish(kNoWatermark)};
}

const MatchRows::Row& MatchRows::at(std::int64_t position) {
    auto found = rows_.find(position);
    if (found == rows_.end()) {
        const Kept kept = fetch_(position);
        put(position, kept.time, kept.row);
        found = rows_.find(position);
    }
    return found->second;
}

void MatchRows::append_column(std::int64_t position, int column, ColumnBuilder& out) {
    const int kept = kept_at_[static_cast<std::size_t>(column)];
    MR_CHECK(kept >= 0, "column {} is not kept with the rows of a match", column);
    out.append_from(*at(position).delta.columns[static_cast<std::size_t>(kept)], 0);
}

void MatchRows::append(const MatchPath& path, std::size_t place, ColumnBuilder& out,
                       std::int64_t processing_time_ms, std::vector<RowError>& errors) {
    const plan::MatchPlace& p = node_.places[place];
    switch (p.kind) {
        case plan::MatchPlace::Kind::row_time:
            return out.append_integer(time_.ticks(at(path.end() - 1).time));
        case plan::MatchPlace::Kind::classifier:
            return out.append_text(node_.variables[path.runs.back().variable].name);
        case plan::MatchPlace::Kind::aggregate:
            return append_aggregate(path, place, out, processing_time_ms, errors);
        case plan::MatchPlace::Kind::first:
        case plan::MatchPlace::Kind::last:
            break;
    }
    const auto position = path.find(p.variable, p.kind == plan::MatchPlace::Kind::first, p.offset);
    if (!position) return out.append_null();
    append_column(*position, p.column, out);
}

void MatchRows::append_aggregate(const MatchPath& path, std::size_t place, ColumnBuilder& out,
                                 std::int64_t processing_time_ms, std::vector<RowError>& errors) {
    const auto [from, to] = path.rows_of(node_.places[place].variable);
    for (std::int64_t position = from; position < to; ++position) {
        const Row& row = at(position);
        copy_row(*many_, 0, row.delta.columns, 0);
        many_->end_row(1, 0, kNoWatermark);
    }
    const Delta rows = many_->finish(kNoWatermark);
    AggregateSet& set = *sets_[place];
    std::string fixed(set.fixed_size(), '\0');
    set.init(fixed.data());
    MemoryEntries entries;
    set.prepare(EvalInput::of(rows, processing_time_ms), errors);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        set.update(fixed.data(), &entries, i, 1, static_cast<std::uint64_t>(i));
    }
    set.result(fixed.data(), &entries, {&out, 1});
}

}  // namespace mr::engine::internal
