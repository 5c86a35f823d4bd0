#include "columnar/codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace mr {
namespace {

// Key tags. NULL sorts before every value; with `descending` every byte of the value is inverted.
constexpr char kNull = 0x00;
constexpr char kPresent = 0x01;

void append_big_endian(std::string& out, std::uint64_t v) {
    char raw[8];
    internal::store(raw, v, Endian::big);
    out.append(raw, 8);
}

std::uint64_t order_integer(std::int64_t v) {
    return static_cast<std::uint64_t>(v) ^ (std::uint64_t{1} << 63);
}

/// IEEE bits in an order that sorts as numbers; -0 equals 0 and all NaN are one, the largest.
std::uint64_t order_real(double v) {
    if (v == 0) v = 0;
    if (std::isnan(v)) v = std::numeric_limits<double>::quiet_NaN();
    const auto bits = std::bit_cast<std::uint64_t>(v);
    return (bits >> 63) != 0 ? ~bits : bits | (std::uint64_t{1} << 63);
}

void append_decimal_key(std::string& out, Int128 v) {
    const auto flipped = static_cast<unsigned __int128>(v) ^ (static_cast<unsigned __int128>(1) << 127);
    append_big_endian(out, static_cast<std::uint64_t>(flipped >> 64));
    append_big_endian(out, static_cast<std::uint64_t>(flipped));
}

/// Text with 00 escaped as 00 FF and closed by 00 00, so that a prefix sorts before what extends it.
void append_text_key(std::string& out, std::string_view text) {
    for (auto zero = text.find('\0'); zero != std::string_view::npos; zero = text.find('\0')) {
        out.append(text.substr(0, zero + 1));
        out.push_back(static_cast<char>(0xff));
        text.remove_prefix(zero + 1);
    }
    out.append(text);
    out.append(2, '\0');
}

void invert(std::string& out, std::size_t from) {
    for (std::size_t i = from; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
}

void append_key_body(std::string& out, const DataType& type, const Value& v) {
    switch (type.kind) {
        case TypeKind::boolean:
            out.push_back(v.boolean() ? 1 : 0);
            return;
        case TypeKind::float_:
        case TypeKind::double_:
            return append_big_endian(out, order_real(v.real()));
        case TypeKind::decimal:
            return append_decimal_key(out, v.decimal());
        case TypeKind::string:
        case TypeKind::bytes:
            return append_text_key(out, v.text());
        case TypeKind::array:
        case TypeKind::map: {
            // Each element is preceded by 01, the end is 00: shorter lists sort first.
            const std::vector<Value>& items = v.list();
            const std::size_t width = type.kind == TypeKind::map ? 2 : 1;
            for (std::size_t i = 0; i < items.size(); ++i) {
                if (i % width == 0) out.push_back(kPresent);
                append_key(out, type.child(i % width).type, items[i]);
            }
            out.push_back(kNull);
            return;
        }
        case TypeKind::row:
            for (std::size_t i = 0; i < v.list().size(); ++i)
                append_key(out, type.child(i).type, v.list()[i]);
            return;
        default:
            return append_big_endian(out, order_integer(v.integer()));
    }
}

/// Reads the bytes of a key, un-inverting them where the column is descending.
class KeyBytes {
  public:
    KeyBytes(ByteReader& reader, bool inverted) : reader_(reader), mask_(inverted ? 0xff : 0) {}
    std::uint8_t u8() { return static_cast<std::uint8_t>(reader_.u8() ^ mask_); }
    std::uint64_t u64() {
        std::uint64_t v = 0;
        for (int i = 0; i < 8; ++i) v = (v << 8) | u8();
        return v;
    }
    [[nodiscard]] bool bad() const { return reader_.bad(); }
    void set_bad() { reader_.set_bad(); }

  private:
    ByteReader& reader_;
    std::uint8_t mask_;
};

Value read_key_value(KeyBytes& in, const DataType& type);

Value read_list_key(KeyBytes& in, const DataType& type) {
    std::vector<Value> items;
    while (!in.bad() && in.u8() == kPresent) {
        items.push_back(read_key_value(in, type.child(0).type));
        if (type.kind == TypeKind::map) items.push_back(read_key_value(in, type.child(1).type));
    }
    return Value::of(std::move(items));
}

Value read_text_key(KeyBytes& in) {
    std::string text;
    while (!in.bad()) {
        const std::uint8_t c = in.u8();
        if (c == 0 && in.u8() != 0xff) break;
        text.push_back(static_cast<char>(c));
    }
    return Value::of(std::move(text));
}

Value read_key_value(KeyBytes& in, const DataType& type) {
    const std::uint8_t tag = in.u8();
    if (tag == kNull || in.bad()) return Value::null();
    if (tag != kPresent) in.set_bad();
    switch (type.kind) {
        case TypeKind::boolean:
            return Value::of(in.u8() != 0);
        case TypeKind::float_:
        case TypeKind::double_: {
            const std::uint64_t bits = in.u64();
            return Value::of(
                std::bit_cast<double>((bits >> 63) != 0 ? bits & ~(std::uint64_t{1} << 63) : ~bits));
        }
        case TypeKind::decimal: {
            auto v = static_cast<unsigned __int128>(in.u64()) << 64;
            v |= in.u64();
            return Value::of(static_cast<Int128>(v ^ (static_cast<unsigned __int128>(1) << 127)));
        }
        case TypeKind::string:
        case TypeKind::bytes:
            return read_text_key(in);
        case TypeKind::array:
        case TypeKind::map:
            return read_list_key(in, type);
        case TypeKind::row: {
            std::vector<Value> items;
            for (const Field& f : *type.children) items.push_back(read_key_value(in, f.type));
            return Value::of(std::move(items));
        }
        case TypeKind::null:
            in.set_bad();
            return Value::null();
        default:
            return Value::of(static_cast<std::int64_t>(in.u64() ^ (std::uint64_t{1} << 63)));
    }
}

// Values. A tag byte: 0 NULL, 1 present; then the value. Integers are zigzag varints.

void append_decimal(ByteWriter& w, Int128 v) {
    w.u64(static_cast<std::uint64_t>(v));
    w.u64(static_cast<std::uint64_t>(static_cast<unsigned __int128>(v) >> 64));
}

void write_present(ByteWriter& w, const DataType& type, const Value& v);

void write_value(ByteWriter& w, const DataType& type, const Value& v) {
    w.u8(v.is_null() ? 0 : 1);
    if (!v.is_null()) write_present(w, type, v);
}

void write_present(ByteWriter& w, const DataType& type, const Value& v) {
    switch (type.kind) {
        case TypeKind::boolean:
            return w.u8(v.boolean() ? 1 : 0);
        case TypeKind::float_:
        case TypeKind::double_:
            return w.f64(v.real());
        case TypeKind::decimal:
            return append_decimal(w, v.decimal());
        case TypeKind::string:
        case TypeKind::bytes:
            return w.sized(v.text());
        case TypeKind::array:
        case TypeKind::map: {
            const std::size_t width = type.kind == TypeKind::map ? 2 : 1;
            w.uvarint(v.list().size() / width);
            for (std::size_t i = 0; i < v.list().size(); ++i)
                write_value(w, type.child(i % width).type, v.list()[i]);
            return;
        }
        case TypeKind::row:
            for (std::size_t i = 0; i < v.list().size(); ++i) write_value(w, type.child(i).type, v.list()[i]);
            return;
        default:
            return w.varint(v.integer());
    }
}

void write_value(ByteWriter& w, const Column& c, std::size_t row) {
    const bool null = c.type().kind == TypeKind::null || c.is_null(row);
    w.u8(null ? 0 : 1);
    if (null) return;
    switch (c.type().kind) {
        case TypeKind::boolean:
            return w.u8(c.boolean(row) ? 1 : 0);
        case TypeKind::float_:
        case TypeKind::double_:
            return w.f64(c.real(row));
        case TypeKind::decimal:
            return append_decimal(w, c.decimal(row));
        case TypeKind::string:
        case TypeKind::bytes:
            return w.sized(c.text(row));
        case TypeKind::array:
        case TypeKind::map:
            w.uvarint(c.list_end(row) - c.list_begin(row));
            for (std::uint32_t i = c.list_begin(row); i < c.list_end(row); ++i) {
                for (std::size_t k = 0; k < c.child_count(); ++k) write_value(w, *c.child(k), i);
            }
            return;
        case TypeKind::row:
            for (std::size_t k = 0; k < c.child_count(); ++k) write_value(w, *c.child(k), row);
            return;
        default:
            return w.varint(c.integer(row));
    }
}

Int128 read_decimal(ByteReader& r) {
    const std::uint64_t low = r.u64();
    return static_cast<Int128>((static_cast<unsigned __int128>(r.u64()) << 64) | low);
}

/// A count can not exceed the bytes left (every element takes at least its tag byte).
std::uint64_t read_count(ByteReader& r) {
    const std::uint64_t n = r.uvarint();
    if (n > r.remaining()) r.set_bad();
    return r.bad() ? 0 : n;
}

Value read_tagged(ByteReader& r, const DataType& type) {
    const std::uint8_t tag = r.u8();
    if (tag > 1) r.set_bad();
    if (tag != 1 || r.bad()) return Value::null();
    switch (type.kind) {
        case TypeKind::boolean:
            return Value::of(r.u8() != 0);
        case TypeKind::float_:
        case TypeKind::double_:
            return Value::of(r.f64());
        case TypeKind::decimal:
            return Value::of(read_decimal(r));
        case TypeKind::string:
        case TypeKind::bytes:
            return Value::of(std::string(r.sized()));
        case TypeKind::array:
        case TypeKind::map: {
            std::vector<Value> items;
            for (std::uint64_t n = read_count(r); n > 0 && !r.bad(); --n) {
                for (const Field& f : *type.children) items.push_back(read_tagged(r, f.type));
            }
            return Value::of(std::move(items));
        }
        case TypeKind::row: {
            std::vector<Value> items;
            for (const Field& f : *type.children) items.push_back(read_tagged(r, f.type));
            return Value::of(std::move(items));
        }
        case TypeKind::null:
            r.set_bad();
            return Value::null();
        default:
            return Value::of(r.varint());
    }
}

void read_into(ByteReader& r, ColumnBuilder& b) {
    const std::uint8_t tag = r.u8();
    if (tag > 1) r.set_bad();
    if (tag != 1 || r.bad()) return b.append_null();
    switch (b.type().kind) {
        case TypeKind::boolean:
            return b.append_boolean(r.u8() != 0);
        case TypeKind::float_:
        case TypeKind::double_:
            return b.append_real(r.f64());
        case TypeKind::decimal:
            return b.append_decimal(read_decimal(r));
        case TypeKind::string:
        case TypeKind::bytes:
            return b.append_text(r.sized());
        case TypeKind::array:
        case TypeKind::map:
            for (std::uint64_t n = read_count(r); n > 0 && !r.bad(); --n) {
                for (std::size_t i = 0; i < b.type().children->size(); ++i) read_into(r, b.child(i));
            }
            return b.append_list();
        case TypeKind::row:
            for (std::size_t i = 0; i < b.type().children->size(); ++i) read_into(r, b.child(i));
            return b.append_row();
        case TypeKind::null:
            r.set_bad();
            return b.append_null();
        default:
            return b.append_integer(r.varint());
    }
}

Status check_version(ByteReader& r) {
    const std::uint8_t version = r.u8();
    if (version != kRowCodecVersion) {
        return fail(Code::corrupt, "encoded row has version {}, this build reads {}", version,
                    kRowCodecVersion);
    }
    return {};
}

}  // namespace

void append_key(std::string& out, const DataType& type, const Value& value, bool descending) {
    const std::size_t from = out.size();
    if (value.is_null() || type.kind == TypeKind::null) {
        out.push_back(kNull);
    } else {
        out.push_back(kPresent);
        append_key_body(out, type, value);
    }
    if (descending) invert(out, from);
}

void append_key(std::string& out, const Column& c, std::size_t row, bool descending) {
    const std::size_t from = out.size();
    const DataType& type = c.type();
    if (type.kind == TypeKind::null || c.is_null(row)) {
        out.push_back(kNull);
    } else if (type.is_nested()) {
        out.push_back(kPresent);
        append_key_body(out, type, c.value(row));
    } else {
        out.push_back(kPresent);
        switch (type.kind) {
            case TypeKind::boolean:
                out.push_back(c.boolean(row) ? 1 : 0);
                break;
            case TypeKind::float_:
            case TypeKind::double_:
                append_big_endian(out, order_real(c.real(row)));
                break;
            case TypeKind::decimal:
                append_decimal_key(out, c.decimal(row));
                break;
            case TypeKind::string:
            case TypeKind::bytes:
                append_text_key(out, c.text(row));
                break;
            default:
                append_big_endian(out, order_integer(c.integer(row)));
        }
    }
    if (descending) invert(out, from);
}

Result<Value> read_key(ByteReader& reader, const DataType& type, bool descending) {
    KeyBytes in(reader, descending);
    Value v = read_key_value(in, type);
    MR_TRY_VOID(reader.status("key"));
    return v;
}

void append_row(std::string& out, const std::vector<ColumnPtr>& columns, std::size_t row) {
    ByteWriter w(out);
    w.u8(kRowCodecVersion);
    for (const ColumnPtr& c : columns) write_value(w, *c, row);
}

void append_row(std::string& out, const Schema& schema, std::span<const Value> values) {
    MR_CHECK(values.size() == schema.size(), "{} values for {}", values.size(), schema.to_string());
    ByteWriter w(out);
    w.u8(kRowCodecVersion);
    for (std::size_t i = 0; i < values.size(); ++i) write_value(w, schema[i].type, values[i]);
}

void append_value(std::string& out, const DataType& type, const Value& value) {
    ByteWriter w(out);
    write_value(w, type, value);
}

void append_value(std::string& out, const Column& column, std::size_t row) {
    ByteWriter w(out);
    write_value(w, column, row);
}

Result<Value> read_value(ByteReader& reader, const DataType& type) {
    Value v = read_tagged(reader, type);
    MR_TRY_VOID(reader.status("value"));
    return v;
}

Result<std::vector<Value>> read_row(std::string_view bytes, const Schema& schema) {
    ByteReader r(bytes);
    MR_TRY_VOID(check_version(r));
    std::vector<Value> values;
    values.reserve(schema.size());
    for (const Field& f : schema.fields) values.push_back(read_tagged(r, f.type));
    MR_TRY_VOID(r.finish("row"));
    return values;
}

Status read_row_into(std::string_view bytes, const Schema& schema, std::span<ColumnBuilder> builders) {
    MR_CHECK(builders.size() == schema.size(), "{} builders for {}", builders.size(), schema.to_string());
    ByteReader r(bytes);
    MR_TRY_VOID(check_version(r));
    for (ColumnBuilder& b : builders) read_into(r, b);
    return r.finish("row");
}

Status read_row_into(std::string_view bytes, const Schema& schema, DeltaBuilder& builder) {
    ByteReader r(bytes);
    MR_TRY_VOID(check_version(r));
    for (std::size_t i = 0; i < schema.size(); ++i) read_into(r, builder.column(i));
    return r.finish("row");
}

}  // namespace mr
