// How types meet: common types, casts, stores and decimal arithmetic, after Flink's LogicalTypeMerging and
// LogicalTypeCasts.
#include <algorithm>

#include "plan/functions.h"

namespace mr::plan {
namespace {

constexpr int kMaxPrecision = 38;
/// What Flink never shrinks a scale below when precision overflows.
constexpr int kMinScale = 6;

int integer_rank(TypeKind kind) {
    switch (kind) {
        case TypeKind::tinyint:
            return 1;
        case TypeKind::smallint:
            return 2;
        case TypeKind::integer:
            return 3;
        default:
            return 4;
    }
}

struct Decimal {
    int precision;
    int scale;
};

/// The exact number type as a decimal.
Decimal as_decimal(const DataType& t) {
    switch (t.kind) {
        case TypeKind::tinyint:
            return {3, 0};
        case TypeKind::smallint:
            return {5, 0};
        case TypeKind::integer:
            return {10, 0};
        case TypeKind::decimal:
            return {t.precision, t.scale};
        default:
            return {19, 0};
    }
}

DataType adjusted(int precision, int scale) {
    if (precision <= kMaxPrecision) return DataType::decimal(precision, scale);
    const int whole = precision - scale;
    const int least = std::min(scale, kMinScale);
    return DataType::decimal(kMaxPrecision, std::max(kMaxPrecision - whole, least));
}

DataType common_numeric(const DataType& a, const DataType& b) {
    const auto approximate = [](const DataType& t) {
        return t.kind == TypeKind::float_ || t.kind == TypeKind::double_;
    };
    if (approximate(a) || approximate(b)) {
        const bool wide = a.kind == TypeKind::double_ || b.kind == TypeKind::double_ ||
                          a.kind == TypeKind::decimal || b.kind == TypeKind::decimal;
        return DataType::of(wide ? TypeKind::double_ : TypeKind::float_);
    }
    if (a.is_integer() && b.is_integer())
        return DataType::of(integer_rank(a.kind) >= integer_rank(b.kind) ? a.kind : b.kind);
    const Decimal x = as_decimal(a), y = as_decimal(b);
    const int whole = std::min(kMaxPrecision, std::max(x.precision - x.scale, y.precision - y.scale));
    const int scale = std::min(std::max(x.scale, y.scale), kMaxPrecision - whole);
    return DataType::decimal(whole + scale, scale);
}

DataType common_text(const DataType& a, const DataType& b) {
    DataType t = DataType::of(a.kind);
    if (a.precision == 0 || b.precision == 0) return t;
    t.precision = std::max(a.precision, b.precision);
    t.fixed_length = a.fixed_length && b.fixed_length && a.precision == b.precision;
    return t;
}

Result<DataType> common_nested(const DataType& a, const DataType& b) {
    if (a.children->size() != b.children->size())
        return fail(Code::invalid_argument, "{} and {} have no common type", a.to_string(), b.to_string());
    std::vector<Field> fields;
    for (std::size_t i = 0; i < a.children->size(); ++i) {
        MR_TRY(DataType child, common_type(a.child(i).type, b.child(i).type));
        fields.push_back({a.child(i).name, std::move(child)});
    }
    DataType t = a;
    t.children = std::make_shared<const std::vector<Field>>(std::move(fields));
    return t;
}

DataType common_time(const DataType& a, const DataType& b) {
    // DATE meets a timestamp as that timestamp; an instant meets wall-clock text as wall-clock text.
    DataType t = a.is_timestamp() ? a : b;
    if (a.kind != b.kind && a.is_timestamp() && b.is_timestamp()) t.kind = TypeKind::timestamp;
    t.precision = std::max(a.precision, b.precision);
    return t;
}

bool dates_meet(const DataType& a, const DataType& b) {
    const auto datelike = [](const DataType& t) { return t.kind == TypeKind::date || t.is_timestamp(); };
    return datelike(a) && datelike(b);
}

}  // namespace

Result<DataType> common_type(const DataType& a, const DataType& b) {
    const bool nullable = a.nullable || b.nullable;
    if (a.kind == TypeKind::null) return b.with_nullable(true);
    if (b.kind == TypeKind::null) return a.with_nullable(true);
    if (a.same_as(b)) return a.with_nullable(nullable);
    if (a.is_numeric() && b.is_numeric()) return common_numeric(a, b).with_nullable(nullable);
    if (a.kind == b.kind && (a.kind == TypeKind::string || a.kind == TypeKind::bytes))
        return common_text(a, b).with_nullable(nullable);
    if (a.kind == b.kind && a.kind == TypeKind::time) {
        DataType t = a;
        t.precision = std::max(a.precision, b.precision);
        return t.with_nullable(nullable);
    }
    if (dates_meet(a, b)) return common_time(a, b).with_nullable(nullable);
    if (a.kind == b.kind && a.is_nested()) {
        MR_TRY(const DataType t, common_nested(a, b));
        return t.with_nullable(nullable);
    }
    return fail(Code::invalid_argument, "{} and {} have no common type", a.to_string(), b.to_string());
}

bool can_cast(const DataType& from, const DataType& to) {
    if (from.kind == TypeKind::null || from.same_as(to)) return true;
    if (to.kind == TypeKind::null) return false;
    if (to.is_character()) return true;
    if (from.is_nested() || to.is_nested()) {
        if (from.kind != to.kind || from.children->size() != to.children->size()) return false;
        for (std::size_t i = 0; i < from.children->size(); ++i) {
            if (!can_cast(from.child(i).type, to.child(i).type)) return false;
        }
        return true;
    }
    if (from.is_character()) return !to.is_interval();
    if (from.kind == TypeKind::bytes || to.kind == TypeKind::bytes) return from.kind == to.kind;
    const bool from_number = from.is_numeric(), to_number = to.is_numeric();
    if (from_number && to_number) return true;
    if (from.kind == TypeKind::boolean) return to_number;
    if (to.kind == TypeKind::boolean) return from_number;
    if (from.is_interval()) return from.kind == to.kind || to.is_integer();
    if (to.is_interval()) return from.is_integer();
    if (from_number || to_number) return false;
    // What is left are dates, times and timestamps.
    if (from.kind == TypeKind::date) return to.is_timestamp();
    if (from.kind == TypeKind::time) return to.kind == TypeKind::time || to.is_timestamp();
    return from.is_timestamp();
}

bool can_store(const DataType& from, const DataType& to) {
    if (from.kind == TypeKind::null) return true;
    if (from.same_as(to)) return true;
    if (from.is_numeric() && to.is_numeric()) {
        if (to.kind == TypeKind::decimal || to.kind == TypeKind::double_) return true;
        if (to.kind == TypeKind::float_) return from.kind != TypeKind::double_;
        return from.is_integer() && integer_rank(from.kind) <= integer_rank(to.kind);
    }
    if (from.is_nested() && from.kind == to.kind && from.children->size() == to.children->size()) {
        for (std::size_t i = 0; i < from.children->size(); ++i) {
            if (!can_store(from.child(i).type, to.child(i).type)) return false;
        }
        return true;
    }
    if (from.is_timestamp())
        return to.is_timestamp() ||
               (from.kind == TypeKind::timestamp && (to.kind == TypeKind::date || to.kind == TypeKind::time));
    return from.kind == to.kind;
}

DataType decimal_result(char op, const DataType& a, const DataType& b) {
    const Decimal x = as_decimal(a), y = as_decimal(b);
    switch (op) {
        case '*':
            return adjusted(x.precision + y.precision + 1, x.scale + y.scale);
        case '/': {
            const int scale = std::max(kMinScale, x.scale + y.precision + 1);
            return adjusted(x.precision - x.scale + y.scale + scale, scale);
        }
        case '%': {
            const int scale = std::max(x.scale, y.scale);
            return adjusted(std::min(x.precision - x.scale, y.precision - y.scale) + scale, scale);
        }
        default: {
            const int scale = std::max(x.scale, y.scale);
            return adjusted(std::max(x.precision - x.scale, y.precision - y.scale) + scale + 1, scale);
        }
    }
}

}  // namespace mr::plan
