#include "lake/internal/arrow_columns.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/util/key_value_metadata.h>

#include <cstring>

#include "columnar/temporal.h"
#include "lake/parquet.h"

namespace mr::lake {
namespace {

using ArrayPtr = std::shared_ptr<arrow::ArrayData>;

std::shared_ptr<arrow::Buffer> buffer_of(const void* data, std::size_t bytes) {
    return arrow::Buffer::FromString(std::string(static_cast<const char*>(data), bytes));
}

template <class T, class F>
std::shared_ptr<arrow::Buffer> make_buffer(std::size_t count, F&& at) {
    std::string bytes(count * sizeof(T), '\0');
    for (std::size_t i = 0; i < count; ++i) {
        const T v = at(i);
        std::memcpy(bytes.data() + i * sizeof(T), &v, sizeof v);
    }
    return arrow::Buffer::FromString(std::move(bytes));
}

std::shared_ptr<arrow::DataType> arrow_type(const LakeType& lake, const DataType& type) {
    switch (type.kind) {
        case TypeKind::boolean:
            return arrow::boolean();
        case TypeKind::tinyint:
        case TypeKind::smallint:
        case TypeKind::integer:
        case TypeKind::interval_month:
            return arrow::int32();
        case TypeKind::bigint:
        case TypeKind::interval_day:
            return arrow::int64();
        case TypeKind::float_:
            return arrow::float32();
        case TypeKind::double_:
            return arrow::float64();
        case TypeKind::decimal:
            return arrow::decimal128(type.precision, type.scale);
        case TypeKind::string:
            return arrow::utf8();
        case TypeKind::bytes:
            return arrow::binary();
        case TypeKind::date:
            return arrow::date32();
        case TypeKind::time:
            return arrow::time64(arrow::TimeUnit::MICRO);
        case TypeKind::timestamp:
            return arrow::timestamp(arrow::TimeUnit::MICRO);
        case TypeKind::timestamp_ltz:
            return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
        case TypeKind::array:
            return arrow::list(arrow_field(lake.fields[0], type.child(0).type));
        case TypeKind::map:
            return std::make_shared<arrow::MapType>(arrow_field(lake.fields[0], type.child(0).type),
                                                    arrow_field(lake.fields[1], type.child(1).type));
        case TypeKind::row: {
            arrow::FieldVector fields;
            for (std::size_t i = 0; i < lake.fields.size(); ++i)
                fields.push_back(arrow_field(lake.fields[i], type.child(i).type));
            return arrow::struct_(fields);
        }
        case TypeKind::null:
            break;
    }
    return arrow::null();
}

std::shared_ptr<arrow::Buffer> fixed_values(const Column& c) {
    const std::size_t n = c.size();
    switch (c.type().kind) {
        case TypeKind::boolean:
            return buffer_of(c.bits(), (n + 7) / 8);
        case TypeKind::float_:
            return buffer_of(c.values<float>(), n * sizeof(float));
        case TypeKind::double_:
            return buffer_of(c.values<double>(), n * sizeof(double));
        case TypeKind::decimal:
            return buffer_of(c.values<Int128>(), n * sizeof(Int128));
        case TypeKind::time:
            return make_buffer<std::int64_t>(n, [&](std::size_t i) { return c.integer(i) * 1'000; });
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz: {
            const std::int64_t unit = c.type().time_unit();
            return make_buffer<std::int64_t>(n, [&](std::size_t i) { return to_micros(c.integer(i), unit); });
        }
        case TypeKind::bigint:
        case TypeKind::interval_day:
            return make_buffer<std::int64_t>(n, [&](std::size_t i) { return c.integer(i); });
        default:
            return make_buffer<std::int32_t>(
                n, [&](std::size_t i) { return static_cast<std::int32_t>(c.integer(i)); });
    }
}

ArrayPtr text_array(const Column& c, const std::shared_ptr<arrow::DataType>& type,
                    std::shared_ptr<arrow::Buffer> validity, std::int64_t nulls) {
    std::string bytes;
    const auto n = static_cast<std::int64_t>(c.size());
    auto offsets = make_buffer<std::int32_t>(c.size() + 1, [&](std::size_t i) {
        const auto at = static_cast<std::int32_t>(bytes.size());
        if (i < c.size() && !c.is_null(i)) bytes += c.text(i);
        return at;
    });
    return arrow::ArrayData::Make(
        type, n, {std::move(validity), std::move(offsets), arrow::Buffer::FromString(std::move(bytes))},
        nulls);
}

ArrayPtr list_array(const Column& c, const std::shared_ptr<arrow::DataType>& type,
                    std::shared_ptr<arrow::Buffer> validity, std::int64_t nulls) {
    auto offsets = make_buffer<std::int32_t>(c.size() + 1, [&](std::size_t i) {
        if (c.size() == 0) return 0;
        return static_cast<std::int32_t>(i < c.size() ? c.list_begin(i) : c.list_end(c.size() - 1));
    });
    ArrayPtr items;
    if (c.type().kind == TypeKind::array) {
        items = to_array(*c.child(0), type->field(0)->type());
    } else {
        const auto entries = type->field(0)->type();
        items = arrow::ArrayData::Make(entries, static_cast<std::int64_t>(c.child(0)->size()), {nullptr},
                                       {to_array(*c.child(0), entries->field(0)->type()),
                                        to_array(*c.child(1), entries->field(1)->type())},
                                       0);
    }
    return arrow::ArrayData::Make(type, static_cast<std::int64_t>(c.size()),
                                  {std::move(validity), std::move(offsets)}, {std::move(items)}, nulls);
}

Status other_type(const ColumnBuilder& out, const arrow::Array& array) {
    return fail(Code::corrupt, "a data file holds {} where the table says {}", array.type()->ToString(),
                out.type().to_string());
}

/// Calls `each(i)` for the rows of a range that are not NULL, append_null() for the others.
template <class F>
void each_value(ColumnBuilder& out, const arrow::Array& array, std::int64_t from, std::int64_t count,
                F&& each) {
    for (std::int64_t i = from; i < from + count; ++i) {
        if (array.IsNull(i)) {
            out.append_null();
        } else {
            each(i);
        }
    }
}

/// Ticks a second of a time of Arrow's; others: 1.
std::int64_t ticks_of(const arrow::DataType& type) {
    arrow::TimeUnit::type unit = arrow::TimeUnit::SECOND;
    if (type.id() == arrow::Type::TIMESTAMP) unit = static_cast<const arrow::TimestampType&>(type).unit();
    if (type.id() == arrow::Type::TIME32 || type.id() == arrow::Type::TIME64)
        unit = static_cast<const arrow::TimeType&>(type).unit();
    static constexpr std::int64_t kTicks[] = {1, 1'000, 1'000'000, 1'000'000'000};
    return kTicks[unit];
}

/// A time in other ticks a second, fractions cut towards the past; what does not fit is the largest or
/// smallest.
std::int64_t between_units(std::int64_t v, std::int64_t from, std::int64_t to) {
    if (from >= to) return floor_div(v, from / to);
    std::int64_t out = 0;
    if (__builtin_mul_overflow(v, to / from, &out)) return v < 0 ? INT64_MIN : INT64_MAX;
    return out;
}

template <class ArrowArray>
Status integers(ColumnBuilder& out, const arrow::Array& array, std::int64_t from, std::int64_t count) {
    const auto& typed = static_cast<const ArrowArray&>(array);
    const TypeKind kind = out.type().kind;
    const std::int64_t unit = out.type().is_timestamp() ? out.type().time_unit() : 0;
    const std::int64_t ticks = ticks_of(*array.type());
    each_value(out, array, from, count, [&](std::int64_t i) {
        const std::int64_t v = typed.Value(i);
        out.append_integer(unit > 0                 ? between_units(v, ticks, unit)
                           : kind == TypeKind::time ? between_units(v, ticks, 1'000)
                                                    : v);
    });
    return {};
}

Status append_range(ColumnBuilder& out, const arrow::Array& array, std::int64_t from, std::int64_t count);

Status append_nested(ColumnBuilder& out, const arrow::Array& array, std::int64_t from, std::int64_t count) {
    Status status;
    if (array.type_id() == arrow::Type::STRUCT) {
        const auto& rows = static_cast<const arrow::StructArray&>(array);
        std::vector<std::shared_ptr<arrow::Array>> fields;
        for (const Field& f : *out.type().children) fields.push_back(rows.GetFieldByName(f.name));
        each_value(out, array, from, count, [&](std::int64_t i) {
            for (std::size_t c = 0; c < fields.size(); ++c) {
                if (fields[c] == nullptr) {
                    out.child(c).append_null();
                } else if (status) {
                    status = append_range(out.child(c), *fields[c], i, 1);
                }
            }
            if (status) out.append_row();
        });
        return status;
    }
    const auto& lists = static_cast<const arrow::ListArray&>(array);
    const bool is_map = array.type_id() == arrow::Type::MAP;
    const auto keys = is_map ? static_cast<const arrow::MapArray&>(array).keys() : lists.values();
    const auto items = is_map ? static_cast<const arrow::MapArray&>(array).items() : nullptr;
    each_value(out, array, from, count, [&](std::int64_t i) {
        if (status) status = append_range(out.child(0), *keys, lists.value_offset(i), lists.value_length(i));
        if (status && is_map)
            status = append_range(out.child(1), *items, lists.value_offset(i), lists.value_length(i));
        if (status) out.append_list();
    });
    return status;
}

bool fits(TypeKind kind, arrow::Type::type id) {
    using T = arrow::Type;
    switch (kind) {
        case TypeKind::boolean:
            return id == T::BOOL;
        case TypeKind::float_:
            return id == T::FLOAT;
        case TypeKind::double_:
            return id == T::FLOAT || id == T::DOUBLE;
        case TypeKind::decimal:
            return id == T::DECIMAL128;
        case TypeKind::string:
        case TypeKind::bytes:
            return id == T::STRING || id == T::BINARY || id == T::FIXED_SIZE_BINARY;
        case TypeKind::array:
            return id == T::LIST;
        case TypeKind::map:
            return id == T::MAP;
        case TypeKind::row:
            return id == T::STRUCT;
        case TypeKind::date:
            return id == T::DATE32;
        case TypeKind::time:
            return id == T::TIME64 || id == T::TIME32;
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            return id == T::TIMESTAMP;
        case TypeKind::null:
            return false;
        default:
            return id == T::INT8 || id == T::INT16 || id == T::INT32 || id == T::INT64;
    }
}

Status append_range(ColumnBuilder& out, const arrow::Array& array, std::int64_t from, std::int64_t count) {
    using T = arrow::Type;
    if (!fits(out.type().kind, array.type_id())) return other_type(out, array);
    switch (array.type_id()) {
        case T::BOOL:
            each_value(out, array, from, count, [&](std::int64_t i) {
                out.append_boolean(static_cast<const arrow::BooleanArray&>(array).Value(i));
            });
            return {};
        case T::FLOAT:
            each_value(out, array, from, count, [&](std::int64_t i) {
                out.append_real(static_cast<double>(static_cast<const arrow::FloatArray&>(array).Value(i)));
            });
            return {};
        case T::DOUBLE:
            each_value(out, array, from, count, [&](std::int64_t i) {
                out.append_real(static_cast<const arrow::DoubleArray&>(array).Value(i));
            });
            return {};
        case T::DECIMAL128:
            each_value(out, array, from, count, [&](std::int64_t i) {
                Int128 v = 0;
                std::memcpy(&v, static_cast<const arrow::Decimal128Array&>(array).GetValue(i), sizeof v);
                out.append_decimal(v);
            });
            return {};
        case T::STRING:
        case T::BINARY:
            each_value(out, array, from, count, [&](std::int64_t i) {
                out.append_text(static_cast<const arrow::BinaryArray&>(array).GetView(i));
            });
            return {};
        case T::FIXED_SIZE_BINARY:
            each_value(out, array, from, count, [&](std::int64_t i) {
                out.append_text(static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(i));
            });
            return {};
        case T::INT8:
            return integers<arrow::Int8Array>(out, array, from, count);
        case T::INT16:
            return integers<arrow::Int16Array>(out, array, from, count);
        case T::INT32:
            return integers<arrow::Int32Array>(out, array, from, count);
        case T::DATE32:
            return integers<arrow::Date32Array>(out, array, from, count);
        case T::INT64:
            return integers<arrow::Int64Array>(out, array, from, count);
        case T::TIME32:
            return integers<arrow::Time32Array>(out, array, from, count);
        case T::TIME64:
            return integers<arrow::Time64Array>(out, array, from, count);
        case T::TIMESTAMP:
            return integers<arrow::TimestampArray>(out, array, from, count);
        default:
            return append_nested(out, array, from, count);
    }
}

}  // namespace

std::shared_ptr<arrow::Field> arrow_field(const LakeField& field, const DataType& type) {
    return arrow::field(field.name, arrow_type(field.type, type), !field.required,
                        arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(field.id)}));
}

std::shared_ptr<arrow::ArrayData> to_array(const Column& c, const std::shared_ptr<arrow::DataType>& type) {
    const auto n = static_cast<std::int64_t>(c.size());
    const auto nulls = static_cast<std::int64_t>(c.null_count());
    std::shared_ptr<arrow::Buffer> validity;
    if (c.has_nulls()) validity = buffer_of(c.validity().data(), (c.size() + 7) / 8);
    switch (c.type().kind) {
        case TypeKind::string:
        case TypeKind::bytes:
            return text_array(c, type, std::move(validity), nulls);
        case TypeKind::array:
        case TypeKind::map:
            return list_array(c, type, std::move(validity), nulls);
        case TypeKind::row: {
            std::vector<ArrayPtr> children;
            for (std::size_t i = 0; i < c.child_count(); ++i)
                children.push_back(to_array(*c.child(i), type->field(static_cast<int>(i))->type()));
            return arrow::ArrayData::Make(type, n, {std::move(validity)}, std::move(children), nulls);
        }
        default:
            return arrow::ArrayData::Make(type, n, {std::move(validity), fixed_values(c)}, nulls);
    }
}

Status append_array(ColumnBuilder& out, const arrow::ArrayData& array) {
    const auto typed = arrow::MakeArray(std::make_shared<arrow::ArrayData>(array));
    return append_range(out, *typed, 0, typed->length());
}

}  // namespace mr::lake
