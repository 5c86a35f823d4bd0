// The rows of a 'datagen' table, as its options describe them (Flink's names): how many, how fast, and how
// each column's values are made. Thread: any (immutable).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "columnar/type.h"
#include "columnar/value.h"
#include "plan/table.h"

namespace mr::plan {

/// How the values of a column, or of a part of one, are made.
struct DatagenField {
    enum class Kind : std::uint8_t { random, sequence };
    Kind kind = Kind::random;
    DataType type;
    /// Numbers, both included; decimals unscaled, intervals as they lie in memory. A sequence: first and
    /// last.
    Int128 least = 0, most = 0;
    double least_real = 0, most_real = 0;  ///< FLOAT, DOUBLE
    std::int64_t length = 0;               ///< of text, bytes, ARRAY and MAP
    bool var_len = false;                  ///< text and bytes: `length` is the longest
    std::int64_t max_past_ms = 0;          ///< timestamps: now minus up to this
    double null_rate = 0;
    std::vector<DatagenField> children;  ///< ARRAY: the element; MAP: key, value; ROW: its fields
};

struct DatagenSpec {
    std::int64_t rows_per_second = 10'000;
    std::optional<std::int64_t> rows;  ///< of all columns' sequences and 'number-of-rows' the least
    std::vector<DatagenField> fields;  ///< of the physical columns, in order
};

/// What is wrong with an option, in parts for a message with a caret.
struct OptionProblem {
    std::string key;
    std::string message;
    std::string note;  ///< "did you mean …?", or empty
    std::string help;
};

std::expected<DatagenSpec, OptionProblem> datagen_spec(const Table& table);

}  // namespace mr::plan
