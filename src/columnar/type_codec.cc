#include "columnar/type_codec.h"

namespace mr {
namespace {

constexpr int kDepthMax = 32;

void append_fields(ByteWriter& out, const std::vector<Field>& fields) {
    out.uvarint(fields.size());
    for (const Field& f : fields) {
        out.sized(f.name);
        append_type(out, f.type);
    }
}

Result<DataType> read_nested(ByteReader& r, int depth);

Result<std::vector<Field>> read_fields(ByteReader& r, int depth) {
    const std::uint64_t count = r.uvarint();
    if (count > r.remaining())
        return fail(Code::corrupt, "type: {} fields in {} bytes", count, r.remaining());
    std::vector<Field> fields;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::string name(r.sized());
        MR_TRY(DataType type, read_nested(r, depth));
        fields.push_back({std::move(name), std::move(type)});
    }
    return fields;
}

Result<DataType> read_nested(ByteReader& r, int depth) {
    if (depth > kDepthMax) return fail(Code::corrupt, "type: nested more than {} deep", kDepthMax);
    const std::uint8_t kind = r.u8();
    const std::uint8_t flags = r.u8();
    if (kind > static_cast<std::uint8_t>(TypeKind::row))
        return fail(Code::corrupt, "type: unknown kind {}", kind);
    DataType t = DataType::of(static_cast<TypeKind>(kind));
    t.nullable = (flags & 1) != 0;
    t.fixed_length = (flags & 2) != 0;
    t.precision = static_cast<std::int16_t>(r.varint());
    t.scale = static_cast<std::int16_t>(r.varint());
    MR_TRY_VOID(r.status("type"));
    if (!t.is_nested()) return t;
    MR_TRY(auto fields, read_fields(r, depth + 1));
    const std::size_t wanted = t.kind == TypeKind::array ? 1 : t.kind == TypeKind::map ? 2 : fields.size();
    if (fields.size() != wanted)
        return fail(Code::corrupt, "type: {} children for kind {}", fields.size(), kind);
    t.children = std::make_shared<const std::vector<Field>>(std::move(fields));
    return t;
}

}  // namespace

void append_type(ByteWriter& out, const DataType& t) {
    out.u8(static_cast<std::uint8_t>(t.kind));
    out.u8(static_cast<std::uint8_t>((t.nullable ? 1 : 0) | (t.fixed_length ? 2 : 0)));
    out.varint(t.precision);
    out.varint(t.scale);
    if (t.is_nested()) append_fields(out, *t.children);
}

Result<DataType> read_type(ByteReader& reader) {
    return read_nested(reader, 0);
}

void append_schema(ByteWriter& out, const Schema& schema) {
    append_fields(out, schema.fields);
}

Result<Schema> read_schema(ByteReader& reader) {
    MR_TRY(auto fields, read_fields(reader, 0));
    MR_TRY_VOID(reader.status("schema"));
    return Schema{std::move(fields)};
}

}  // namespace mr
