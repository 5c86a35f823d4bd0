#include "columnar/type.h"

#include <fmt/format.h>

#include "base/check.h"

namespace mr {

bool DataType::same_as(const DataType& other) const {
    if (kind != other.kind) return false;
    switch (kind) {
        case TypeKind::decimal:
            return precision == other.precision && scale == other.scale;
        case TypeKind::string:
        case TypeKind::bytes:
            return precision == other.precision && fixed_length == other.fixed_length;
        case TypeKind::time:
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            return precision == other.precision;
        case TypeKind::array:
            return child(0).type == other.child(0).type;
        case TypeKind::map:
            return child(0).type == other.child(0).type && child(1).type == other.child(1).type;
        case TypeKind::row:
            return *children == *other.children;
        default:
            return true;
    }
}

DataType DataType::with_nullable(bool yes) const {
    DataType t = *this;
    t.nullable = yes;
    return t;
}

namespace {

std::string base_name(const DataType& t) {
    switch (t.kind) {
        case TypeKind::null:
            return "NULL";
        case TypeKind::boolean:
            return "BOOLEAN";
        case TypeKind::tinyint:
            return "TINYINT";
        case TypeKind::smallint:
            return "SMALLINT";
        case TypeKind::integer:
            return "INT";
        case TypeKind::bigint:
            return "BIGINT";
        case TypeKind::float_:
            return "FLOAT";
        case TypeKind::double_:
            return "DOUBLE";
        case TypeKind::decimal:
            return fmt::format("DECIMAL({}, {})", t.precision, t.scale);
        case TypeKind::string:
            if (t.precision == 0) return "STRING";
            return fmt::format("{}({})", t.fixed_length ? "CHAR" : "VARCHAR", t.precision);
        case TypeKind::bytes:
            if (t.precision == 0) return "BYTES";
            return fmt::format("{}({})", t.fixed_length ? "BINARY" : "VARBINARY", t.precision);
        case TypeKind::date:
            return "DATE";
        case TypeKind::time:
            return fmt::format("TIME({})", t.precision);
        case TypeKind::timestamp:
            return fmt::format("TIMESTAMP({})", t.precision);
        case TypeKind::timestamp_ltz:
            return fmt::format("TIMESTAMP_LTZ({})", t.precision);
        case TypeKind::interval_month:
            return "INTERVAL YEAR TO MONTH";
        case TypeKind::interval_day:
            return "INTERVAL DAY TO SECOND(3)";
        case TypeKind::array:
            return fmt::format("ARRAY<{}>", t.child(0).type.to_string());
        case TypeKind::map:
            return fmt::format("MAP<{}, {}>", t.child(0).type.to_string(), t.child(1).type.to_string());
        case TypeKind::row: {
            std::string out = "ROW<";
            for (std::size_t i = 0; i < t.children->size(); ++i) {
                out += fmt::format("{}`{}` {}", i == 0 ? "" : ", ", t.child(i).name,
                                   t.child(i).type.to_string());
            }
            return out + ">";
        }
    }
    return "?";
}

}  // namespace

std::string DataType::to_string() const {
    return base_name(*this) + (nullable || kind == TypeKind::null ? "" : " NOT NULL");
}

bool DataType::is_integer() const {
    return kind == TypeKind::tinyint || kind == TypeKind::smallint || kind == TypeKind::integer ||
           kind == TypeKind::bigint;
}

bool DataType::is_numeric() const {
    return is_integer() || kind == TypeKind::float_ || kind == TypeKind::double_ || kind == TypeKind::decimal;
}

bool DataType::is_temporal() const {
    return kind == TypeKind::date || kind == TypeKind::time || is_timestamp();
}

bool DataType::is_nested() const {
    return kind == TypeKind::array || kind == TypeKind::map || kind == TypeKind::row;
}

std::int64_t DataType::time_unit() const {
    if (precision <= 3) return 1'000;
    return precision <= 6 ? 1'000'000 : 1'000'000'000;
}

const Field& DataType::child(std::size_t i) const {
    MR_DCHECK(children && i < children->size(), "child {} of a type with {}", i,
              children ? children->size() : 0);
    return (*children)[i];
}

DataType DataType::decimal(int precision, int scale) {
    DataType t = of(TypeKind::decimal);
    t.precision = static_cast<std::int16_t>(precision);
    t.scale = static_cast<std::int16_t>(scale);
    return t;
}
DataType DataType::timestamp(int precision) {
    DataType t = of(TypeKind::timestamp);
    t.precision = static_cast<std::int16_t>(precision);
    return t;
}
DataType DataType::timestamp_ltz(int precision) {
    DataType t = of(TypeKind::timestamp_ltz);
    t.precision = static_cast<std::int16_t>(precision);
    return t;
}
DataType DataType::array(DataType element) {
    DataType t = of(TypeKind::array);
    t.children =
        std::make_shared<const std::vector<Field>>(std::vector<Field>{{"element", std::move(element)}});
    return t;
}
DataType DataType::map(DataType key, DataType value) {
    DataType t = of(TypeKind::map);
    t.children = std::make_shared<const std::vector<Field>>(
        std::vector<Field>{{"key", std::move(key)}, {"value", std::move(value)}});
    return t;
}
DataType DataType::row(std::vector<Field> fields) {
    DataType t = of(TypeKind::row);
    t.children = std::make_shared<const std::vector<Field>>(std::move(fields));
    return t;
}

int Schema::find(std::string_view name) const {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].name == name) return static_cast<int>(i);
    }
    return -1;
}

std::string Schema::to_string() const {
    std::string out;
    for (const Field& f : fields)
        out += fmt::format("{}`{}` {}", out.empty() ? "" : ", ", f.name, f.type.to_string());
    return "(" + out + ")";
}

}  // namespace mr
