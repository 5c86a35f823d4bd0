#include "plan/native_function.h"

#include <algorithm>

namespace mr::plan {

bool is_native_type(const DataType& type) {
    switch (type.kind) {
        case TypeKind::boolean:
        case TypeKind::tinyint:
        case TypeKind::smallint:
        case TypeKind::integer:
        case TypeKind::bigint:
        case TypeKind::float_:
        case TypeKind::double_:
        case TypeKind::decimal:
        case TypeKind::date:
        case TypeKind::time:
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            return true;
        case TypeKind::string:
        case TypeKind::bytes:
            return type.precision == 0;
        case TypeKind::array:
        case TypeKind::row:
            return std::ranges::all_of(*type.children, [](const Field& f) { return is_native_type(f.type); });
        case TypeKind::null:
        case TypeKind::interval_month:
        case TypeKind::interval_day:
        case TypeKind::map:
            break;
    }
    return false;
}

std::string native_name(std::string_view name, const NativeFunction& function) {
    return fmt::format("{}@{:016x}", name, function.description().digest);
}

bool is_volatile(const Expr& expr) {
    return expr.native != nullptr && expr.native->description().is_volatile;
}

}  // namespace mr::plan
