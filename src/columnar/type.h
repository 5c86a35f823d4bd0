// The data types of streaming SQL (Flink's names) and how each lies in memory.
//
//   kind            physical          unit / layout (Arrow's)
//   boolean         bit-packed
//   tinyint…bigint  int8…int64
//   float_, double_ IEEE 754
//   decimal         int128            unscaled value, `precision` 1-38, `scale` 0-precision
//   date            int32             days since 1970-01-01
//   time            int32             milliseconds of the day
//   timestamp       int64             wall-clock text without zone: unit since 1970 by `precision` (see
//   time_unit) timestamp_ltz   int64             an instant: the same units since 1970-01-01T00:00Z
//   interval_month  int32             months          (INTERVAL YEAR TO MONTH)
//   interval_day    int64             milliseconds    (INTERVAL DAY TO SECOND)
//   string, bytes   int32 offsets + bytes (UTF-8)
//   array           int32 offsets + child column 0
//   map             int32 offsets + child columns 0 (keys) and 1 (values)
//   row             child columns, one a field
//   null            no values: the type of a bare NULL
//
// Nullability is part of a type. CHAR(n) and VARCHAR(n) are `string` with `precision` = n (0: unbounded) and,
// for CHAR, `fixed_length`. Thread: any (immutable values).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mr {

enum class TypeKind : std::uint8_t {
    null,
    boolean,
    tinyint,
    smallint,
    integer,
    bigint,
    float_,
    double_,
    decimal,
    string,
    bytes,
    date,
    time,
    timestamp,
    timestamp_ltz,
    interval_month,
    interval_day,
    array,
    map,
    row,
};

struct Field;

struct DataType {
    TypeKind kind = TypeKind::null;
    bool nullable = true;
    bool fixed_length = false;   ///< CHAR(n), BINARY(n)
    std::int16_t precision = 0;  ///< decimal digits; length of CHAR/VARCHAR; fractional digits of times
    std::int16_t scale = 0;      ///< decimal
    /// array: {element}; map: {key, value}; row: its fields. Names matter for row only.
    std::shared_ptr<const std::vector<Field>> children;

    /// Equal in everything but nullability at the top.
    [[nodiscard]] bool same_as(const DataType& other) const;
    bool operator==(const DataType& other) const { return nullable == other.nullable && same_as(other); }
    [[nodiscard]] DataType with_nullable(bool yes) const;
    /// As SQL writes it: "DECIMAL(10, 2) NOT NULL", "ROW<`a` INT, `b` STRING>".
    [[nodiscard]] std::string to_string() const;

    [[nodiscard]] bool is_numeric() const;
    [[nodiscard]] bool is_integer() const;  ///< tinyint … bigint
    [[nodiscard]] bool is_character() const { return kind == TypeKind::string; }
    [[nodiscard]] bool is_temporal() const;  ///< date, time, timestamp, timestamp_ltz
    [[nodiscard]] bool is_timestamp() const {
        return kind == TypeKind::timestamp || kind == TypeKind::timestamp_ltz;
    }
    [[nodiscard]] bool is_interval() const {
        return kind == TypeKind::interval_month || kind == TypeKind::interval_day;
    }
    [[nodiscard]] bool is_nested() const;  ///< array, map, row
    /// Ticks per second of a timestamp: 1'000 (precision 0-3), 1'000'000 (4-6) or 1'000'000'000 (7-9).
    [[nodiscard]] std::int64_t time_unit() const;
    [[nodiscard]] const Field& child(std::size_t i) const;

    static DataType null_type() { return {}; }
    static DataType boolean() { return of(TypeKind::boolean); }
    static DataType integer() { return of(TypeKind::integer); }
    static DataType bigint() { return of(TypeKind::bigint); }
    static DataType double_type() { return of(TypeKind::double_); }
    static DataType string() { return of(TypeKind::string); }
    static DataType bytes() { return of(TypeKind::bytes); }
    static DataType date() { return of(TypeKind::date); }
    static DataType decimal(int precision, int scale);
    static DataType timestamp(int precision = 3);
    static DataType timestamp_ltz(int precision = 3);
    static DataType array(DataType element);
    static DataType map(DataType key, DataType value);
    static DataType row(std::vector<Field> fields);
    static DataType of(TypeKind kind) {
        DataType t;
        t.kind = kind;
        return t;
    }
};

struct Field {
    std::string name;
    DataType type;
    bool operator==(const Field&) const = default;
};

/// The columns of a table, a delta, a plan node. Names are unique where a user can see them.
struct Schema {
    std::vector<Field> fields;

    [[nodiscard]] std::size_t size() const { return fields.size(); }
    [[nodiscard]] const Field& operator[](std::size_t i) const { return fields[i]; }
    /// Index of the column of that name, or -1.
    [[nodiscard]] int find(std::string_view name) const;
    bool operator==(const Schema&) const = default;
    [[nodiscard]] std::string to_string() const;
};

}  // namespace mr
