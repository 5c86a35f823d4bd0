// Reads the places of a match (plan/match.h): which row of a path a column is of, aggregates over its rows.
// Rows come from a store by position and are kept while one row of the input is worked on. Thread: the
// operator's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "columnar/delta.h"
#include "engine/functions/aggregate.h"
#include "engine/internal/match.h"
#include "engine/internal/rows.h"

namespace mr::engine::internal {

class MatchRows {
  public:
    /// `columns`: of the input, that rows are kept with; every column a place reads is among them.
    static Result<std::unique_ptr<MatchRows>> create(const plan::MatchNode& node, const Schema& input,
                                                     const std::vector<int>& columns);
    explicit MatchRows(const plan::MatchNode& node) : node_(node) {}

    /// Starts with another row or partition: `fetch` gives the row at a position as it was kept: its time and
    /// its columns' bytes.
    struct Kept {
        std::int64_t time = 0;
        std::string row;
    };
    using Fetch = std::function<Kept(std::int64_t position)>;
    void open(Fetch fetch) {
        fetch_ = std::move(fetch);
        rows_.clear();
    }
    /// A row that is at hand.
    void put(std::int64_t position, std::int64_t time, std::string_view row);

    /// Appends what `place` is in a match.
    void append(const MatchPath& path, std::size_t place, ColumnBuilder& out, std::int64_t processing_time_ms,
                std::vector<RowError>& errors);
    /// Appends columns of one row, by the input's index.
    void append_column(std::int64_t position, int column, ColumnBuilder& out);
    [[nodiscard]] std::int64_t time(std::int64_t position) { return at(position).time; }

  private:
    struct Row {
        std::int64_t time = 0;
        Delta delta;
    };
    const Row& at(std::int64_t position);
    void append_aggregate(const MatchPath& path, std::size_t place, ColumnBuilder& out,
                          std::int64_t processing_time_ms, std::vector<RowError>& errors);

    const plan::MatchNode& node_;
    Schema kept_;
    std::vector<int> kept_at_;                         ///< by the input's columns: place in a kept row, or -1
    std::vector<std::unique_ptr<AggregateSet>> sets_;  ///< by place; nullptr: no aggregate
    RowTime time_;
    Fetch fetch_;
    std::map<std::int64_t, Row> rows_;
    std::optional<DeltaBuilder> one_;
    std::optional<DeltaBuilder> many_;
};

}  // namespace mr::engine::internal
