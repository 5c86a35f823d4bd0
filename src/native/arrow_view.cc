#include "native/arrow_view.h"

namespace mr::native {
namespace {

// Borrowed: there is nothing to give back.
void forget_schema(ArrowSchema* schema) {
    schema->release = nullptr;
}
void forget_array(ArrowArray* array) {
    array->release = nullptr;
}

std::string_view time_format(const DataType& type) {
    switch (type.time_unit()) {
        case 1'000:
            return "tsm:";
        case 1'000'000:
            return "tsu:";
        default:
            return "tsn:";
    }
}

}  // namespace

std::string arrow_format(const DataType& type) {
    switch (type.kind) {
        case TypeKind::boolean:
            return "b";
        case TypeKind::tinyint:
            return "c";
        case TypeKind::smallint:
            return "s";
        case TypeKind::integer:
            return "i";
        case TypeKind::bigint:
            return "l";
        case TypeKind::float_:
            return "f";
        case TypeKind::double_:
            return "g";
        case TypeKind::decimal:
            return fmt::format("d:{},{}", type.precision, type.scale);
        case TypeKind::string:
            return "u";
        case TypeKind::bytes:
            return "z";
        case TypeKind::date:
            return "tdD";
        case TypeKind::time:
            return "ttm";
        case TypeKind::timestamp:
            return std::string(time_format(type));
        case TypeKind::timestamp_ltz:
            return std::string(time_format(type)) + "UTC";
        case TypeKind::array:
            return "+l";
        case TypeKind::row:
            return "+s";
        case TypeKind::null:
        case TypeKind::interval_month:
        case TypeKind::interval_day:
        case TypeKind::map:
            break;
    }
    MR_CHECK(false, "{} does not cross", type.to_string());
    return {};
}

SchemaView::SchemaView(std::string name, const DataType& type)
    : name_(std::move(name)), format_(arrow_format(type)) {
    if (type.is_nested()) {
        for (const Field& f : *type.children) {
            children_.push_back(
                std::make_unique<SchemaView>(type.kind == TypeKind::array ? "item" : f.name, f.type));
            pointers_.push_back(&children_.back()->schema_);
        }
    }
    schema_.format = format_.c_str();
    schema_.name = name_.c_str();
    schema_.flags = type.nullable ? ARROW_FLAG_NULLABLE : 0;
    schema_.n_children = static_cast<std::int64_t>(pointers_.size());
    schema_.children = pointers_.empty() ? nullptr : pointers_.data();
    schema_.release = forget_schema;
}

ArrayView::ArrayView(const Column& column) {
    const TypeKind kind = column.type().kind;
    // Nothing but what is NULL: an address all the same, for who adds zero to it.
    static constexpr std::array<std::int64_t, 2> kNothing{};
    const auto or_nothing = [](const void* p) { return p == nullptr ? kNothing.data() : p; };
    buffers_[0] = column.has_nulls() ? column.validity().data() : nullptr;
    array_.n_buffers = 2;
    if (kind == TypeKind::string || kind == TypeKind::bytes) {
        array_.n_buffers = 3;
        buffers_[1] = or_nothing(column.offset_buffer());
        buffers_[2] = or_nothing(column.text_buffer());
    } else if (kind == TypeKind::array) {
        buffers_[1] = or_nothing(column.offset_buffer());
    } else if (kind == TypeKind::row) {
        array_.n_buffers = 1;
    } else {
        buffers_[1] = or_nothing(column.fixed_buffer());
    }
    for (std::size_t i = 0; i < column.child_count(); ++i) {
        children_.push_back(std::make_unique<ArrayView>(*column.child(i)));
        pointers_.push_back(&children_.back()->array_);
    }
    array_.length = static_cast<std::int64_t>(column.size());
    array_.null_count = static_cast<std::int64_t>(column.null_count());
    array_.n_children = static_cast<std::int64_t>(pointers_.size());
    array_.buffers = buffers_.data();
    array_.children = pointers_.empty() ? nullptr : pointers_.data();
    array_.release = forget_array;
}

}  // namespace mr::native
