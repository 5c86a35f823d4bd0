#include "columnar/delta.h"

#include <utility>

namespace mr {

void Delta::check(const Schema& schema) const {
    MR_CHECK(columns.size() == schema.size(), "{} columns for {}", columns.size(), schema.to_string());
    MR_CHECK(arrival.size() == size() && wm.size() == size(), "{} weights, {} arrivals, {} watermarks",
             size(), arrival.size(), wm.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
        MR_CHECK(columns[i] != nullptr && columns[i]->size() == size(), "column {} of {}", i, schema[i].name);
        MR_CHECK(columns[i]->type().kind == schema[i].type.kind, "column {} is {}, expected {}",
                 schema[i].name, columns[i]->type().to_string(), schema[i].type.to_string());
    }
    for (std::size_t i = 0; i < size(); ++i) {
        MR_CHECK(weight[i] != 0, "weight 0 at row {}", i);
        MR_CHECK(wm[i] <= watermark_after(i), "watermark falls at row {}", i);
        MR_CHECK(i == 0 || arrival[i - 1] <= arrival[i], "arrival falls at row {}", i);
    }
}

DeltaBuilder::DeltaBuilder(const Schema& schema) {
    columns_.reserve(schema.size());
    for (const Field& f : schema.fields) columns_.emplace_back(f.type);
}

Delta DeltaBuilder::finish(std::int64_t end_watermark) {
    for (ColumnBuilder& b : columns_) delta_.columns.push_back(b.finish());
    delta_.end_watermark = end_watermark;
    return std::exchange(delta_, Delta{});
}

}  // namespace mr
