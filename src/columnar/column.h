// Columns in Arrow's layout: a validity bitmap (absent when nothing is NULL), fixed-width values, int32
// offsets for strings and lists, child columns for nested types. A Column is immutable once built and shared
// between deltas; ColumnBuilder makes one.
//
// Reading on the hot path: `column.values<std::int64_t>()[row]`, `column.text(row)`, `column.is_null(row)`;
// the value of a NULL slot is zero (or empty) but must not be relied on. Thread: any (a builder: one).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "columnar/type.h"
#include "columnar/value.h"

namespace mr {

class Column;
using ColumnPtr = std::shared_ptr<const Column>;

class Column {
  public:
    [[nodiscard]] const DataType& type() const { return type_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool has_nulls() const { return null_count_ > 0; }
    [[nodiscard]] std::size_t null_count() const { return null_count_; }

    [[nodiscard]] bool is_null(std::size_t row) const {
        MR_DCHECK(row < size_, "row {} of {}", row, size_);
        return null_count_ > 0 && ((validity_[row >> 3] >> (row & 7)) & 1) == 0;
    }
    [[nodiscard]] bool boolean(std::size_t row) const {
        return ((static_cast<unsigned char>(fixed_[row >> 3]) >> (row & 7)) & 1) != 0;
    }
    /// T is the physical type of columnar/type.h: int8_t … int64_t, float, double, Int128.
    template <class T>
    [[nodiscard]] const T* values() const {
        MR_DCHECK(fixed_.size() >= size_ * sizeof(T), "{} bytes for {} values of {}", fixed_.size(), size_,
                  sizeof(T));
        return reinterpret_cast<const T*>(fixed_.data());
    }
    /// Any integer-like kind (integers, date, time, timestamps, intervals) widened.
    [[nodiscard]] std::int64_t integer(std::size_t row) const;
    /// float or double, widened.
    [[nodiscard]] double real(std::size_t row) const;
    [[nodiscard]] Int128 decimal(std::size_t row) const { return values<Int128>()[row]; }
    [[nodiscard]] std::string_view text(std::size_t row) const {
        return std::string_view(data_).substr(offsets_[row], offsets_[row + 1] - offsets_[row]);
    }
    /// Elements of row `row` of an array or map are child rows [list_begin, list_end).
    [[nodiscard]] std::uint32_t list_begin(std::size_t row) const { return offsets_[row]; }
    [[nodiscard]] std::uint32_t list_end(std::size_t row) const { return offsets_[row + 1]; }
    [[nodiscard]] const ColumnPtr& child(std::size_t i) const { return children_[i]; }
    [[nodiscard]] std::size_t child_count() const { return children_.size(); }

    [[nodiscard]] Value value(std::size_t row) const;
    /// Heap bytes held, children included.
    [[nodiscard]] std::size_t memory() const;

    /// The validity bits (1: not NULL), or nothing where no value is NULL.
    [[nodiscard]] std::span<const std::uint8_t> validity() const {
        return null_count_ > 0 ? std::span<const std::uint8_t>(validity_) : std::span<const std::uint8_t>();
    }
    /// The buffers themselves, for who takes columns in Arrow's layout: the fixed-width values (booleans:
    /// bits), the offsets of texts and lists (size() + 1 of them), the bytes of texts.
    [[nodiscard]] const char* fixed_buffer() const { return fixed_.data(); }
    [[nodiscard]] const std::uint32_t* offset_buffer() const { return offsets_.data(); }
    [[nodiscard]] const char* text_buffer() const { return data_.data(); }

    /// The bits of a boolean column.
    [[nodiscard]] const std::uint8_t* bits() const {
        return reinterpret_cast<const std::uint8_t*>(fixed_.data());
    }

    /// A column computed in place: `storage` begins with `size` values of the type's physical width
    /// (booleans: bits), `validity` is empty or has `size` bits.
    static ColumnPtr fixed(const DataType& type, std::size_t size, std::vector<Int128> storage,
                           std::vector<std::uint8_t> validity);
    /// `size` NULLs of a type.
    static ColumnPtr nulls(const DataType& type, std::size_t size);
    /// `size` times one value.
    static ColumnPtr constant(const DataType& type, const Value& value, std::size_t size);
    /// The rows of `column` at `rows`, in that order.
    static ColumnPtr take(const ColumnPtr& column, std::span<const std::uint32_t> rows);
    /// The same values under another type of the same physical layout (e.g. nullability, names of fields).
    static ColumnPtr retype(const ColumnPtr& column, const DataType& type);

  private:
    friend class ColumnBuilder;
    DataType type_;
    std::size_t size_ = 0;
    std::size_t null_count_ = 0;
    std::vector<std::uint8_t> validity_;
    /// Fixed-width values or the bits of booleans, 16-byte aligned so that Int128 may be read in place.
    std::vector<Int128> fixed_storage_;
    std::span<const char> fixed_;
    std::vector<std::uint32_t> offsets_;
    std::string data_;
    std::vector<ColumnPtr> children_;
};

/// Appends values of one type; finish() freezes them. Reusable after finish().
class ColumnBuilder {
  public:
    explicit ColumnBuilder(DataType type);

    [[nodiscard]] const DataType& type() const { return type_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    void reserve(std::size_t rows);

    void append_null();
    void append_boolean(bool v);
    /// Any integer-like kind; narrowed to the physical width.
    void append_integer(std::int64_t v);
    void append_real(double v);
    void append_decimal(Int128 v);
    void append_text(std::string_view v);
    /// Closes a list row after its elements were appended to child(0) (map: child(0) and child(1)).
    void append_list();
    /// Closes a row value after each field was appended to child(i).
    void append_row();
    void append_value(const Value& v);
    /// Row `row` of a column of the same physical type.
    void append_from(const Column& column, std::size_t row);

    /// Takes back everything from value `size` on: a row that turned out bad half-way. REQUIRES: size <=
    /// size().
    void truncate(std::size_t size);

    [[nodiscard]] ColumnBuilder& child(std::size_t i) { return children_[i]; }
    [[nodiscard]] ColumnPtr finish();

  private:
    template <class T>
    void append_fixed(T v);
    void mark(bool valid);

    DataType type_;
    std::size_t size_ = 0;
    std::size_t null_count_ = 0;
    std::vector<std::uint8_t> validity_;
    std::vector<Int128> fixed_;
    std::size_t fixed_bytes_ = 0;
    std::vector<std::uint32_t> offsets_;
    std::string data_;
    std::vector<ColumnBuilder> children_;
};

}  // namespace mr
