#include "columnar/column.h"

#include <bit>
#include <cstring>

namespace mr {
namespace {

/// Bytes of one fixed-width value; 0 for boolean (bits) and kinds without fixed values.
std::size_t fixed_width(TypeKind kind) {
    switch (kind) {
        case TypeKind::tinyint:
            return 1;
        case TypeKind::smallint:
            return 2;
        case TypeKind::integer:
        case TypeKind::float_:
        case TypeKind::date:
        case TypeKind::time:
        case TypeKind::interval_month:
            return 4;
        case TypeKind::bigint:
        case TypeKind::double_:
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
        case TypeKind::interval_day:
            return 8;
        case TypeKind::decimal:
            return 16;
        default:
            return 0;
    }
}

bool has_offsets(TypeKind kind) {
    return kind == TypeKind::string || kind == TypeKind::bytes || kind == TypeKind::array ||
           kind == TypeKind::map;
}

template <class T>
void copy_values(const char* from, std::span<const std::uint32_t> rows, char* to) {
    for (const std::uint32_t row : rows) {
        std::memcpy(to, from + row * sizeof(T), sizeof(T));
        to += sizeof(T);
    }
}

void copy_fixed(const char* from, std::size_t width, std::span<const std::uint32_t> rows, char* to) {
    switch (width) {
        case 1:
            return copy_values<std::uint8_t>(from, rows, to);
        case 2:
            return copy_values<std::uint16_t>(from, rows, to);
        case 4:
            return copy_values<std::uint32_t>(from, rows, to);
        case 8:
            return copy_values<std::uint64_t>(from, rows, to);
        default:
            return copy_values<Int128>(from, rows, to);
    }
}

/// Neighbours are copied together.
void copy_text(const std::vector<std::uint32_t>& offsets, const std::string& data,
               std::span<const std::uint32_t> rows, std::vector<std::uint32_t>& to_offsets,
               std::string& to_data) {
    to_offsets.reserve(rows.size() + 1);
    to_offsets.push_back(0);
    for (std::size_t i = 0; i < rows.size();) {
        std::size_t end = i + 1;
        while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
        const std::uint32_t first = offsets[rows[i]];
        const std::size_t at = to_data.size();
        to_data.append(data, first, offsets[rows[end - 1] + 1] - first);
        MR_CHECK(to_data.size() <= UINT32_MAX, "a column of more than 4 GiB of text");
        for (; i < end; ++i)
            to_offsets.push_back(static_cast<std::uint32_t>(at + offsets[rows[i] + 1] - first));
    }
}

}  // namespace

std::int64_t Column::integer(std::size_t row) const {
    switch (fixed_width(type_.kind)) {
        case 1:
            return values<std::int8_t>()[row];
        case 2:
            return values<std::int16_t>()[row];
        case 4:
            return values<std::int32_t>()[row];
        default:
            return values<std::int64_t>()[row];
    }
}

double Column::real(std::size_t row) const {
    if (type_.kind == TypeKind::float_) return static_cast<double>(values<float>()[row]);
    return values<double>()[row];
}

Value Column::value(std::size_t row) const {
    if (type_.kind == TypeKind::null || is_null(row)) return Value::null();
    switch (type_.kind) {
        case TypeKind::boolean:
            return Value::of(boolean(row));
        case TypeKind::float_:
        case TypeKind::double_:
            return Value::of(real(row));
        case TypeKind::decimal:
            return Value::of(decimal(row));
        case TypeKind::string:
        case TypeKind::bytes:
            return Value::of(std::string(text(row)));
        case TypeKind::array:
        case TypeKind::map: {
            std::vector<Value> items;
            for (std::uint32_t i = list_begin(row); i < list_end(row); ++i) {
                for (const ColumnPtr& c : children_) items.push_back(c->value(i));
            }
            return Value::of(std::move(items));
        }
        case TypeKind::row: {
            std::vector<Value> items;
            for (const ColumnPtr& c : children_) items.push_back(c->value(row));
            return Value::of(std::move(items));
        }
        default:
            return Value::of(integer(row));
    }
}

std::size_t Column::memory() const {
    std::size_t bytes = sizeof(Column) + validity_.capacity() + fixed_storage_.capacity() * sizeof(Int128) +
                        offsets_.capacity() * sizeof(std::uint32_t) + data_.capacity();
    for (const ColumnPtr& c : children_) bytes += c->memory();
    return bytes;
}

ColumnPtr Column::fixed(const DataType& type, std::size_t size, std::vector<Int128> storage,
                        std::vector<std::uint8_t> validity) {
    auto made = std::make_shared<Column>();
    made->type_ = type;
    made->size_ = size;
    const std::size_t width = fixed_width(type.kind);
    const std::size_t bytes = type.kind == TypeKind::boolean ? (size + 7) / 8 : size * width;
    MR_CHECK(bytes <= storage.size() * sizeof(Int128) && (validity.empty() || validity.size() * 8 >= size),
             "{} values of {} in {} bytes", size, type.to_string(), storage.size() * sizeof(Int128));
    if (!validity.empty()) {
        std::size_t valid = 0;
        for (std::size_t i = 0; i < size / 8; ++i)
            valid += static_cast<std::size_t>(std::popcount(validity[i]));
        for (std::size_t i = size / 8 * 8; i < size; ++i) valid += (validity[i >> 3] >> (i & 7)) & 1;
        made->null_count_ = size - valid;
    }
    if (made->null_count_ > 0) made->validity_ = std::move(validity);
    made->fixed_storage_ = std::move(storage);
    made->fixed_ = {reinterpret_cast<const char*>(made->fixed_storage_.data()), bytes};
    return made;
}

ColumnPtr Column::nulls(const DataType& type, std::size_t size) {
    ColumnBuilder b(type);
    b.reserve(size);
    for (std::size_t i = 0; i < size; ++i) b.append_null();
    return b.finish();
}

ColumnPtr Column::constant(const DataType& type, const Value& value, std::size_t size) {
    ColumnBuilder b(type);
    b.reserve(size);
    for (std::size_t i = 0; i < size; ++i) b.append_value(value);
    return b.finish();
}

ColumnPtr Column::take(const ColumnPtr& column, std::span<const std::uint32_t> rows) {
    const TypeKind kind = column->type().kind;
    const std::size_t width = fixed_width(kind);
    const bool text = kind == TypeKind::string || kind == TypeKind::bytes;
    if (width == 0 && !text && kind != TypeKind::row) {
        ColumnBuilder b(column->type());
        b.reserve(rows.size());
        for (const std::uint32_t row : rows) b.append_from(*column, row);
        return b.finish();
    }
    // Array by array: several times as fast as value by value, and this is what every filter does.
    auto made = std::make_shared<Column>();
    made->type_ = column->type_;
    made->size_ = rows.size();
    if (width > 0) {
        made->fixed_storage_.resize((rows.size() * width + sizeof(Int128) - 1) / sizeof(Int128));
        char* const to = reinterpret_cast<char*>(made->fixed_storage_.data());
        copy_fixed(column->fixed_.data(), width, rows, to);
        made->fixed_ = {to, rows.size() * width};
    }
    if (text) copy_text(column->offsets_, column->data_, rows, made->offsets_, made->data_);
    // A NULL row has NULL fields: that is how its children are stored.
    for (const ColumnPtr& child : column->children_) made->children_.push_back(take(child, rows));
    if (!column->has_nulls()) return made;
    made->validity_.assign((rows.size() + 7) / 8, 0);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (column->is_null(rows[i])) {
            ++made->null_count_;
        } else {
            made->validity_[i >> 3] = static_cast<std::uint8_t>(made->validity_[i >> 3] | (1U << (i & 7)));
        }
    }
    if (made->null_count_ == 0) made->validity_.clear();
    return made;
}

ColumnPtr Column::retype(const ColumnPtr& column, const DataType& type) {
    MR_CHECK(column->type().kind == type.kind || column->type().kind == TypeKind::null, "{} as {}",
             column->type().to_string(), type.to_string());
    if (column->type().kind == TypeKind::null) return nulls(type, column->size());
    auto copy = std::make_shared<Column>(*column);
    copy->type_ = type;
    copy->fixed_ = {reinterpret_cast<const char*>(copy->fixed_storage_.data()), column->fixed_.size()};
    return copy;
}

ColumnBuilder::ColumnBuilder(DataType type) : type_(std::move(type)) {
    if (has_offsets(type_.kind)) offsets_.push_back(0);
    if (!type_.is_nested()) return;
    for (const Field& f : *type_.children) children_.emplace_back(f.type);
}

void ColumnBuilder::reserve(std::size_t rows) {
    const std::size_t width = fixed_width(type_.kind);
    if (width > 0) fixed_.reserve((rows * width + sizeof(Int128) - 1) / sizeof(Int128));
    if (has_offsets(type_.kind)) offsets_.reserve(rows + 1);
}

/// The validity bitmap is made at the first NULL; a column without NULLs never has one.
void ColumnBuilder::mark(bool valid) {
    if (!valid && null_count_ == 0) validity_.assign(size_ / 8 + 1, 0xff);
    if (!valid || null_count_ > 0) {
        if (validity_.size() <= size_ / 8) validity_.push_back(0);
        const auto bit = static_cast<std::uint8_t>(1U << (size_ & 7));
        std::uint8_t& byte = validity_[size_ / 8];
        byte = valid ? static_cast<std::uint8_t>(byte | bit) : static_cast<std::uint8_t>(byte & ~bit);
    }
    null_count_ += valid ? 0 : 1;
    ++size_;
}

template <class T>
void ColumnBuilder::append_fixed(T v) {
    if (fixed_bytes_ + sizeof(T) > fixed_.size() * sizeof(Int128)) fixed_.emplace_back();
    std::memcpy(reinterpret_cast<char*>(fixed_.data()) + fixed_bytes_, &v, sizeof v);
    fixed_bytes_ += sizeof(T);
}

void ColumnBuilder::append_null() {
    switch (fixed_width(type_.kind)) {
        case 1:
            append_fixed(std::int8_t{0});
            break;
        case 2:
            append_fixed(std::int16_t{0});
            break;
        case 4:
            append_fixed(std::int32_t{0});
            break;
        case 8:
            append_fixed(std::int64_t{0});
            break;
        case 16:
            append_fixed(Int128{0});
            break;
        default:
            break;
    }
    if (type_.kind == TypeKind::boolean && size_ % 8 == 0) append_fixed(std::int8_t{0});
    if (has_offsets(type_.kind)) offsets_.push_back(offsets_.back());
    if (type_.kind == TypeKind::row) {
        for (ColumnBuilder& c : children_) c.append_null();
    }
    mark(false);
}

void ColumnBuilder::append_boolean(bool v) {
    MR_DCHECK(type_.kind == TypeKind::boolean, "{}", type_.to_string());
    if (size_ % 8 == 0) append_fixed(std::int8_t{0});
    if (v) {
        char& byte = reinterpret_cast<char*>(fixed_.data())[size_ / 8];
        byte = static_cast<char>(byte | (1 << (size_ & 7)));
    }
    mark(true);
}

void ColumnBuilder::append_integer(std::int64_t v) {
    switch (fixed_width(type_.kind)) {
        case 1:
            append_fixed(static_cast<std::int8_t>(v));
            break;
        case 2:
            append_fixed(static_cast<std::int16_t>(v));
            break;
        case 4:
            append_fixed(static_cast<std::int32_t>(v));
            break;
        case 8:
            append_fixed(v);
            break;
        default:
            MR_CHECK(false, "integer into {}", type_.to_string());
    }
    mark(true);
}

void ColumnBuilder::append_real(double v) {
    if (type_.kind == TypeKind::float_) {
        append_fixed(static_cast<float>(v));
    } else {
        MR_DCHECK(type_.kind == TypeKind::double_, "{}", type_.to_string());
        append_fixed(v);
    }
    mark(true);
}

void ColumnBuilder::append_decimal(Int128 v) {
    MR_DCHECK(type_.kind == TypeKind::decimal, "{}", type_.to_string());
    append_fixed(v);
    mark(true);
}

void ColumnBuilder::append_text(std::string_view v) {
    MR_DCHECK(type_.kind == TypeKind::string || type_.kind == TypeKind::bytes, "{}", type_.to_string());
    data_.append(v);
    MR_CHECK(data_.size() <= UINT32_MAX, "a column of more than 4 GiB of text");
    offsets_.push_back(static_cast<std::uint32_t>(data_.size()));
    mark(true);
}

void ColumnBuilder::append_list() {
    MR_DCHECK(type_.kind == TypeKind::array || type_.kind == TypeKind::map, "{}", type_.to_string());
    MR_DCHECK(children_.back().size() == children_.front().size(), "map keys and values differ in number");
    offsets_.push_back(static_cast<std::uint32_t>(children_.front().size()));
    mark(true);
}

void ColumnBuilder::append_row() {
    MR_DCHECK(type_.kind == TypeKind::row, "{}", type_.to_string());
    for (const ColumnBuilder& c : children_) {
        MR_DCHECK(c.size() == size_ + 1, "a field has {} values at row {}", c.size(), size_);
    }
    mark(true);
}

void ColumnBuilder::append_value(const Value& v) {
    if (v.is_null() || type_.kind == TypeKind::null) return append_null();
    switch (type_.kind) {
        case TypeKind::boolean:
            return append_boolean(v.boolean());
        case TypeKind::float_:
        case TypeKind::double_:
            return append_real(v.real());
        case TypeKind::decimal:
            return append_decimal(v.decimal());
        case TypeKind::string:
        case TypeKind::bytes:
            return append_text(v.text());
        case TypeKind::array:
        case TypeKind::map: {
            const std::vector<Value>& items = v.list();
            for (std::size_t i = 0; i < items.size(); ++i)
                children_[i % children_.size()].append_value(items[i]);
            return append_list();
        }
        case TypeKind::row: {
            const std::vector<Value>& items = v.list();
            MR_CHECK(items.size() == children_.size(), "{} values for {}", items.size(), type_.to_string());
            for (std::size_t i = 0; i < items.size(); ++i) children_[i].append_value(items[i]);
            return append_row();
        }
        default:
            return append_integer(v.integer());
    }
}

void ColumnBuilder::append_from(const Column& column, std::size_t row) {
    if (column.type().kind == TypeKind::null || column.is_null(row)) return append_null();
    switch (type_.kind) {
        case TypeKind::boolean:
            return append_boolean(column.boolean(row));
        case TypeKind::float_:
        case TypeKind::double_:
            return append_real(column.real(row));
        case TypeKind::decimal:
            return append_decimal(column.decimal(row));
        case TypeKind::string:
        case TypeKind::bytes:
            return append_text(column.text(row));
        case TypeKind::array:
        case TypeKind::map:
            for (std::uint32_t i = column.list_begin(row); i < column.list_end(row); ++i) {
                for (std::size_t c = 0; c < children_.size(); ++c)
                    children_[c].append_from(*column.child(c), i);
            }
            return append_list();
        case TypeKind::row:
            for (std::size_t c = 0; c < children_.size(); ++c)
                children_[c].append_from(*column.child(c), row);
            return append_row();
        case TypeKind::null:
            return append_null();
        default:
            return append_integer(column.integer(row));
    }
}

void ColumnBuilder::truncate(std::size_t size) {
    MR_CHECK(size <= size_, "{} of {}", size, size_);
    if (null_count_ > 0) {
        for (std::size_t row = size; row < size_; ++row)
            null_count_ -= ((validity_[row >> 3] >> (row & 7)) & 1) == 0 ? 1 : 0;
        validity_.resize(null_count_ > 0 ? (size + 7) / 8 : 0);
    }
    size_ = size;
    if (type_.kind == TypeKind::boolean) {
        fixed_bytes_ = (size + 7) / 8;
        // append_boolean() only sets bits.
        if (size % 8 != 0) {
            char& byte = reinterpret_cast<char*>(fixed_.data())[size / 8];
            byte = static_cast<char>(byte & ((1 << (size % 8)) - 1));
        }
    } else {
        fixed_bytes_ = size * fixed_width(type_.kind);
    }
    if (has_offsets(type_.kind)) {
        offsets_.resize(size + 1);
        if (children_.empty()) data_.resize(offsets_.back());
    }
    for (ColumnBuilder& c : children_) c.truncate(type_.kind == TypeKind::row ? size : offsets_.back());
}

ColumnPtr ColumnBuilder::finish() {
    auto made = std::make_shared<Column>();
    made->type_ = type_;
    made->size_ = size_;
    made->null_count_ = null_count_;
    made->validity_ = std::move(validity_);
    made->fixed_storage_ = std::move(fixed_);
    made->fixed_ = {reinterpret_cast<const char*>(made->fixed_storage_.data()), fixed_bytes_};
    made->offsets_ = std::move(offsets_);
    made->data_ = std::move(data_);
    for (ColumnBuilder& c : children_) made->children_.push_back(c.finish());
    size_ = null_count_ = fixed_bytes_ = 0;
    validity_.clear();
    fixed_.clear();
    data_.clear();
    offsets_.clear();
    if (has_offsets(type_.kind)) offsets_.push_back(0);
    return made;
}

}  // namespace mr
