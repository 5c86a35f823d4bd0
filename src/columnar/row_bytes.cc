#include "columnar/row_bytes.h"

#include <algorithm>
#include <bit>

#include "base/bytes.h"
#include "columnar/codec.h"

namespace mr {
namespace {

bool same_value(const Column& c, std::size_t a, std::size_t b) {
    const bool null = c.type().kind == TypeKind::null || c.is_null(a);
    if (null || c.is_null(b)) return c.type().kind == TypeKind::null || (null && c.is_null(b));
    switch (c.type().kind) {
        case TypeKind::boolean:
            return c.boolean(a) == c.boolean(b);
        case TypeKind::float_:
        case TypeKind::double_:
            return std::bit_cast<std::uint64_t>(c.real(a)) == std::bit_cast<std::uint64_t>(c.real(b));
        case TypeKind::decimal:
            return c.decimal(a) == c.decimal(b);
        case TypeKind::string:
        case TypeKind::bytes:
            return c.text(a) == c.text(b);
        case TypeKind::array:
        case TypeKind::map: {
            const std::uint32_t count = c.list_end(a) - c.list_begin(a);
            if (count != c.list_end(b) - c.list_begin(b)) return false;
            for (std::uint32_t i = 0; i < count; ++i) {
                for (std::size_t k = 0; k < c.child_count(); ++k) {
                    if (!same_value(*c.child(k), c.list_begin(a) + i, c.list_begin(b) + i)) return false;
                }
            }
            return true;
        }
        case TypeKind::row:
            for (std::size_t k = 0; k < c.child_count(); ++k) {
                if (!same_value(*c.child(k), a, b)) return false;
            }
            return true;
        default:
            return c.integer(a) == c.integer(b);
    }
}

/// A count can not exceed the bytes left (every element takes at least its tag byte).
std::uint64_t read_count(ByteReader& r) {
    const std::uint64_t n = r.uvarint();
    if (n > r.remaining()) r.set_bad();
    return r.bad() ? 0 : n;
}

void skip_tagged(ByteReader& r, const DataType& type) {
    const std::uint8_t tag = r.u8();
    if (tag > 1) r.set_bad();
    if (tag != 1 || r.bad()) return;
    switch (type.kind) {
        case TypeKind::boolean:
            return r.skip(1);
        case TypeKind::float_:
        case TypeKind::double_:
            return r.skip(8);
        case TypeKind::decimal:
            return r.skip(16);
        case TypeKind::string:
        case TypeKind::bytes:
            static_cast<void>(r.sized());
            return;
        case TypeKind::array:
        case TypeKind::map:
            for (std::uint64_t n = read_count(r); n > 0 && !r.bad(); --n) {
                for (const Field& f : *type.children) skip_tagged(r, f.type);
            }
            return;
        case TypeKind::row:
            for (const Field& f : *type.children) skip_tagged(r, f.type);
            return;
        case TypeKind::null:
            r.set_bad();
            return;
        default:
            static_cast<void>(r.varint());
            return;
    }
}

}  // namespace

bool same_row(const std::vector<ColumnPtr>& columns, std::size_t a, std::size_t b) {
    return std::ranges::all_of(columns, [=](const ColumnPtr& c) { return same_value(*c, a, b); });
}

Status check_row(std::string_view bytes, const Schema& schema) {
    ByteReader r(bytes);
    if (const std::uint8_t version = r.u8(); version != kRowCodecVersion) {
        return fail(Code::corrupt, "encoded row has version {}, this build reads {}", version,
                    kRowCodecVersion);
    }
    for (const Field& f : schema.fields) skip_tagged(r, f.type);
    return r.finish("row");
}

}  // namespace mr
