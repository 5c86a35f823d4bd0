// A view in two versions of its pipeline, both as of the same input: row by row, for what a swap has to write
// to the view's topic, and for people who want to know what a change does. Thread: any (snapshots do not
// change).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "views/view.h"

namespace mr::pipeline {

/// Rows of both by key, in key order. Where the versions' keys are of other types no rows correspond: then
/// all of `before` come first.
class ViewPairs {
  public:
    struct Pair {
        views::RowPtr before;  ///< nullptr: none of that key
        views::RowPtr now;
    };
    /// Either may be nullptr: the version has no such view.
    ViewPairs(views::SnapshotPtr before, views::SnapshotPtr now);
    /// Nothing at the end.
    [[nodiscard]] std::optional<Pair> next();

  private:
    /// Reads a snapshot in pieces.
    class Cursor {
      public:
        explicit Cursor(views::SnapshotPtr view) : view_(std::move(view)), end_(view_ == nullptr) {}
        [[nodiscard]] views::RowPtr peek();
        void skip() { ++at_; }

      private:
        views::SnapshotPtr view_;
        std::vector<views::RowPtr> rows_;
        std::size_t at_ = 0;
        std::string from_;
        bool end_;
    };
    Cursor before_, now_;
    bool comparable_ = true;
};

/// How the rows of a view differ between two versions, over the columns that both have.
struct ViewComparison {
    struct Row {
        std::string before, now;  ///< JSON; empty: there is none
    };
    std::string view;
    std::vector<std::string> columns;  ///< compared
    std::size_t rows_before = 0, rows_now = 0;
    std::size_t equal = 0, different = 0, only_before = 0, only_now = 0;
    std::vector<Row> examples;  ///< the first rows that are not equal
};
/// REQUIRES: at least one of them.
ViewComparison compare_views(std::string name, const views::SnapshotPtr& before,
                             const views::SnapshotPtr& now, std::size_t examples_max);

}  // namespace mr::pipeline
