#include "warehouse/vectors.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace mr::warehouse {
namespace {

duckdb_type primitive(const DataType& t) {
    switch (t.kind) {
        case TypeKind::boolean:
            return DUCKDB_TYPE_BOOLEAN;
        case TypeKind::tinyint:
            return DUCKDB_TYPE_TINYINT;
        case TypeKind::smallint:
            return DUCKDB_TYPE_SMALLINT;
        case TypeKind::null:
        case TypeKind::integer:
        case TypeKind::interval_month:
            return DUCKDB_TYPE_INTEGER;
        case TypeKind::bigint:
        case TypeKind::interval_day:
            return DUCKDB_TYPE_BIGINT;
        case TypeKind::float_:
            return DUCKDB_TYPE_FLOAT;
        case TypeKind::double_:
            return DUCKDB_TYPE_DOUBLE;
        case TypeKind::bytes:
            return DUCKDB_TYPE_BLOB;
        case TypeKind::date:
            return DUCKDB_TYPE_DATE;
        case TypeKind::time:
            return DUCKDB_TYPE_TIME;
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            return DUCKDB_TYPE_TIMESTAMP;
        default:
            return DUCKDB_TYPE_VARCHAR;
    }
}

std::int64_t to_micros(std::int64_t ticks, std::int64_t unit) {
    return unit <= 1'000'000 ? ticks * (1'000'000 / unit) : ticks / (unit / 1'000'000);
}

duckdb_hugeint to_hugeint(Int128 v) {
    return {static_cast<std::uint64_t>(v), static_cast<std::int64_t>(v >> 64)};
}
Int128 from_hugeint(duckdb_hugeint v) {
    return static_cast<Int128>((static_cast<unsigned __int128>(static_cast<std::uint64_t>(v.upper)) << 64) |
                               v.lower);
}

template <class T>
void copy(duckdb_vector vector, const Column& c, std::size_t from, std::size_t count) {
    std::memcpy(duckdb_vector_get_data(vector), c.values<T>() + from, count * sizeof(T));
}

void write_decimal(duckdb_vector vector, const Column& c, std::size_t from, std::size_t count) {
    void* data = duckdb_vector_get_data(vector);
    const int precision = c.type().precision;
    for (std::size_t i = 0; i < count; ++i) {
        const Int128 v = c.decimal(from + i);
        if (precision <= 4) {
            static_cast<std::int16_t*>(data)[i] = static_cast<std::int16_t>(v);
        } else if (precision <= 9) {
            static_cast<std::int32_t*>(data)[i] = static_cast<std::int32_t>(v);
        } else if (precision <= 18) {
            static_cast<std::int64_t*>(data)[i] = static_cast<std::int64_t>(v);
        } else {
            static_cast<duckdb_hugeint*>(data)[i] = to_hugeint(v);
        }
    }
}

void write_list(duckdb_vector vector, const Column& c, std::size_t from, std::size_t count) {
    auto* entries = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector));
    const std::uint32_t begin = c.list_begin(from);
    const std::uint32_t end = c.list_end(from + count - 1);
    duckdb_list_vector_reserve(vector, end - begin);
    duckdb_list_vector_set_size(vector, end - begin);
    for (std::size_t i = 0; i < count; ++i) {
        entries[i] = {c.list_begin(from + i) - begin, c.list_end(from + i) - c.list_begin(from + i)};
    }
    if (end == begin) return;
    duckdb_vector child = duckdb_list_vector_get_child(vector);
    if (c.type().kind == TypeKind::array) return write_vector(child, *c.child(0), begin, end - begin);
    // A MAP is a list of (key, value) structs.
    write_vector(duckdb_struct_vector_get_child(child, 0), *c.child(0), begin, end - begin);
    write_vector(duckdb_struct_vector_get_child(child, 1), *c.child(1), begin, end - begin);
}

void write_values(duckdb_vector vector, const Column& c, std::size_t from, std::size_t count) {
    switch (c.type().kind) {
        case TypeKind::null:
            return;
        case TypeKind::boolean: {
            auto* data = static_cast<bool*>(duckdb_vector_get_data(vector));
            for (std::size_t i = 0; i < count; ++i) data[i] = c.boolean(from + i);
            return;
        }
        case TypeKind::tinyint:
            return copy<std::int8_t>(vector, c, from, count);
        case TypeKind::smallint:
            return copy<std::int16_t>(vector, c, from, count);
        case TypeKind::integer:
        case TypeKind::interval_month:
        case TypeKind::date:
            return copy<std::int32_t>(vector, c, from, count);
        case TypeKind::bigint:
        case TypeKind::interval_day:
            return copy<std::int64_t>(vector, c, from, count);
        case TypeKind::float_:
            return copy<float>(vector, c, from, count);
        case TypeKind::double_:
            return copy<double>(vector, c, from, count);
        case TypeKind::decimal:
            return write_decimal(vector, c, from, count);
        case TypeKind::time:
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz: {
            auto* data = static_cast<std::int64_t*>(duckdb_vector_get_data(vector));
            const std::int64_t unit = c.type().kind == TypeKind::time ? 1'000 : c.type().time_unit();
            for (std::size_t i = 0; i < count; ++i) data[i] = to_micros(c.integer(from + i), unit);
            return;
        }
        case TypeKind::string:
        case TypeKind::bytes:
            for (std::size_t i = 0; i < count; ++i) {
                const std::string_view text = c.text(from + i);
                duckdb_vector_assign_string_element_len(vector, i, text.data(), text.size());
            }
            return;
        case TypeKind::array:
        case TypeKind::map:
            return write_list(vector, c, from, count);
        case TypeKind::row:
            for (std::size_t k = 0; k < c.child_count(); ++k) {
                write_vector(duckdb_struct_vector_get_child(vector, k), *c.child(k), from, count);
            }
            return;
    }
}

}  // namespace

TypeHandle to_duckdb(const DataType& t) {
    switch (t.kind) {
        case TypeKind::decimal:
            return TypeHandle(duckdb_create_decimal_type(static_cast<std::uint8_t>(t.precision),
                                                         static_cast<std::uint8_t>(t.scale)));
        case TypeKind::array: {
            const TypeHandle child = to_duckdb(t.child(0).type);
            return TypeHandle(duckdb_create_list_type(child.get()));
        }
        case TypeKind::map: {
            const TypeHandle key = to_duckdb(t.child(0).type);
            const TypeHandle value = to_duckdb(t.child(1).type);
            return TypeHandle(duckdb_create_map_type(key.get(), value.get()));
        }
        case TypeKind::row: {
            std::vector<TypeHandle> owned;
            std::vector<duckdb_logical_type> types;
            std::vector<const char*> names;
            for (const Field& f : *t.children) {
                owned.push_back(to_duckdb(f.type));
                types.push_back(owned.back().get());
                names.push_back(f.name.c_str());
            }
            return TypeHandle(duckdb_create_struct_type(types.data(), names.data(), types.size()));
        }
        default:
            return TypeHandle(duckdb_create_logical_type(primitive(t)));
    }
}

std::string duckdb_type_name(const DataType& t) {
    switch (t.kind) {
        case TypeKind::null:
        case TypeKind::integer:
        case TypeKind::interval_month:
            return "INTEGER";
        case TypeKind::interval_day:
            return "BIGINT";
        case TypeKind::float_:
            return "FLOAT";
        case TypeKind::decimal:
            return fmt::format("DECIMAL({}, {})", t.precision, t.scale);
        case TypeKind::string:
            return "VARCHAR";
        case TypeKind::bytes:
            return "BLOB";
        case TypeKind::time:
            return "TIME";
        case TypeKind::timestamp:
        case TypeKind::timestamp_ltz:
            return "TIMESTAMP";
        case TypeKind::array:
            return duckdb_type_name(t.child(0).type) + "[]";
        case TypeKind::map:
            return fmt::format("MAP({}, {})", duckdb_type_name(t.child(0).type),
                               duckdb_type_name(t.child(1).type));
        case TypeKind::row: {
            std::string out;
            for (const Field& f : *t.children) {
                out +=
                    fmt::format("{}{} {}", out.empty() ? "" : ", ", quote(f.name), duckdb_type_name(f.type));
            }
            return "STRUCT(" + out + ")";
        }
        default:
            return DataType::of(t.kind).to_string();
    }
}

DataType from_duckdb(duckdb_logical_type type) {
    switch (duckdb_get_type_id(type)) {
        case DUCKDB_TYPE_BOOLEAN:
            return DataType::boolean();
        case DUCKDB_TYPE_TINYINT:
            return DataType::of(TypeKind::tinyint);
        case DUCKDB_TYPE_SMALLINT:
        case DUCKDB_TYPE_UTINYINT:
            return DataType::of(TypeKind::smallint);
        case DUCKDB_TYPE_INTEGER:
        case DUCKDB_TYPE_USMALLINT:
            return DataType::integer();
        case DUCKDB_TYPE_BIGINT:
        case DUCKDB_TYPE_UINTEGER:
            return DataType::bigint();
        case DUCKDB_TYPE_HUGEINT:
        case DUCKDB_TYPE_UBIGINT:
            return DataType::decimal(38, 0);
        case DUCKDB_TYPE_FLOAT:
            return DataType::of(TypeKind::float_);
        case DUCKDB_TYPE_DOUBLE:
            return DataType::double_type();
        case DUCKDB_TYPE_DECIMAL:
            return DataType::decimal(duckdb_decimal_width(type), duckdb_decimal_scale(type));
        case DUCKDB_TYPE_DATE:
            return DataType::date();
        case DUCKDB_TYPE_TIMESTAMP:
            return DataType::timestamp(6);
        case DUCKDB_TYPE_TIMESTAMP_TZ:
            return DataType::timestamp_ltz(6);
        case DUCKDB_TYPE_TIMESTAMP_MS:
        case DUCKDB_TYPE_TIMESTAMP_S:
            return DataType::timestamp(3);
        case DUCKDB_TYPE_BLOB:
            return DataType::bytes();
        case DUCKDB_TYPE_LIST: {
            const TypeHandle child(duckdb_list_type_child_type(type));
            return DataType::array(from_duckdb(child.get()));
        }
        case DUCKDB_TYPE_MAP: {
            const TypeHandle key(duckdb_map_type_key_type(type));
            const TypeHandle value(duckdb_map_type_value_type(type));
            return DataType::map(from_duckdb(key.get()), from_duckdb(value.get()));
        }
        case DUCKDB_TYPE_STRUCT: {
            std::vector<Field> fields;
            for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
                const TypeHandle child(duckdb_struct_type_child_type(type, i));
                char* name = duckdb_struct_type_child_name(type, i);
                fields.push_back({name, from_duckdb(child.get())});
                duckdb_free(name);
            }
            return DataType::row(std::move(fields));
        }
        default:
            return DataType::string();
    }
}

void write_vector(duckdb_vector vector, const Column& column, std::size_t from, std::size_t count) {
    if (count == 0) return;
    write_values(vector, column, from, count);
    const bool all_null = column.type().kind == TypeKind::null;
    if (!all_null && !column.has_nulls()) return;
    duckdb_vector_ensure_validity_writable(vector);
    std::uint64_t* validity = duckdb_vector_get_validity(vector);
    for (std::size_t i = 0; i < count; ++i) {
        duckdb_validity_set_row_validity(validity, i, !all_null && !column.is_null(from + i));
    }
}

namespace {

Int128 read_decimal(const void* data, duckdb_logical_type type, std::size_t row) {
    switch (duckdb_decimal_internal_type(type)) {
        case DUCKDB_TYPE_SMALLINT:
            return static_cast<const std::int16_t*>(data)[row];
        case DUCKDB_TYPE_INTEGER:
            return static_cast<const std::int32_t*>(data)[row];
        case DUCKDB_TYPE_BIGINT:
            return static_cast<const std::int64_t*>(data)[row];
        default:
            return from_hugeint(static_cast<const duckdb_hugeint*>(data)[row]);
    }
}

std::string_view read_string(const void* data, std::size_t row) {
    // duckdb_string_t accessors take a mutable pointer but do not write.
    auto* text = const_cast<duckdb_string_t*>(static_cast<const duckdb_string_t*>(data) + row);
    return {duckdb_string_t_data(text), duckdb_string_t_length(*text)};
}

class VectorReader {
  public:
    VectorReader(duckdb_vector vector, duckdb_logical_type type, ColumnBuilder& out)
        : vector_(vector),
          type_(type),
          id_(duckdb_get_type_id(type)),
          out_(out),
          data_(duckdb_vector_get_data(vector)),
          validity_(duckdb_vector_get_validity(vector)) {
        if (id_ == DUCKDB_TYPE_LIST || id_ == DUCKDB_TYPE_MAP) {
            duckdb_vector child = duckdb_list_vector_get_child(vector);
            if (id_ == DUCKDB_TYPE_LIST) {
                add_child(child, duckdb_list_type_child_type(type), 0);
            } else {
                add_child(duckdb_struct_vector_get_child(child, 0), duckdb_map_type_key_type(type), 0);
                add_child(duckdb_struct_vector_get_child(child, 1), duckdb_map_type_value_type(type), 1);
            }
        }
        if (id_ == DUCKDB_TYPE_STRUCT) {
            for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
                add_child(duckdb_struct_vector_get_child(vector, i), duckdb_struct_type_child_type(type, i),
                          i);
            }
        }
    }

    void read(std::size_t row) {
        if (validity_ != nullptr && !duckdb_validity_row_is_valid(validity_, row)) return out_.append_null();
        switch (id_) {
            case DUCKDB_TYPE_BOOLEAN:
                return out_.append_boolean(at<bool>(row));
            case DUCKDB_TYPE_TINYINT:
                return out_.append_integer(at<std::int8_t>(row));
            case DUCKDB_TYPE_UTINYINT:
                return out_.append_integer(at<std::uint8_t>(row));
            case DUCKDB_TYPE_SMALLINT:
                return out_.append_integer(at<std::int16_t>(row));
            case DUCKDB_TYPE_USMALLINT:
                return out_.append_integer(at<std::uint16_t>(row));
            case DUCKDB_TYPE_DATE:
            case DUCKDB_TYPE_INTEGER:
                return out_.append_integer(at<std::int32_t>(row));
            case DUCKDB_TYPE_UINTEGER:
                return out_.append_integer(at<std::uint32_t>(row));
            case DUCKDB_TYPE_BIGINT:
            case DUCKDB_TYPE_TIMESTAMP:
            case DUCKDB_TYPE_TIMESTAMP_TZ:
            case DUCKDB_TYPE_TIMESTAMP_MS:
                return out_.append_integer(at<std::int64_t>(row));
            case DUCKDB_TYPE_TIMESTAMP_S:
                return out_.append_integer(at<std::int64_t>(row) * 1'000);
            case DUCKDB_TYPE_UBIGINT:
                return out_.append_decimal(at<std::uint64_t>(row));
            case DUCKDB_TYPE_HUGEINT:
                return out_.append_decimal(from_hugeint(at<duckdb_hugeint>(row)));
            case DUCKDB_TYPE_FLOAT:
                return out_.append_real(static_cast<double>(at<float>(row)));
            case DUCKDB_TYPE_DOUBLE:
                return out_.append_real(at<double>(row));
            case DUCKDB_TYPE_DECIMAL:
                return out_.append_decimal(read_decimal(data_, type_, row));
            case DUCKDB_TYPE_VARCHAR:
            case DUCKDB_TYPE_BLOB:
                return out_.append_text(read_string(data_, row));
            case DUCKDB_TYPE_LIST:
            case DUCKDB_TYPE_MAP: {
                const auto entry = at<duckdb_list_entry>(row);
                for (idx_t i = entry.offset; i < entry.offset + entry.length; ++i) {
                    for (VectorReader& c : children_) c.read(i);
                }
                return out_.append_list();
            }
            case DUCKDB_TYPE_STRUCT:
                for (VectorReader& c : children_) c.read(row);
                return out_.append_row();
            default:
                return out_.append_null();
        }
    }

  private:
    template <class T>
    [[nodiscard]] T at(std::size_t row) const {
        return static_cast<const T*>(data_)[row];
    }
    void add_child(duckdb_vector vector, duckdb_logical_type type, std::size_t i) {
        types_.emplace_back(type);
        children_.emplace_back(vector, type, out_.child(i));
    }
    duckdb_vector vector_;
    duckdb_logical_type type_;
    duckdb_type id_;
    ColumnBuilder& out_;
    const void* data_;
    std::uint64_t* validity_;
    std::vector<TypeHandle> types_;
    std::vector<VectorReader> children_;
};

}  // namespace

std::size_t text_bytes(duckdb_vector vector, duckdb_logical_type type, std::size_t count) {
    switch (duckdb_get_type_id(type)) {
        case DUCKDB_TYPE_VARCHAR:
        case DUCKDB_TYPE_BLOB: {
            std::size_t out = 0;
            auto* texts = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
            std::uint64_t* validity = duckdb_vector_get_validity(vector);
            for (std::size_t i = 0; i < count; ++i)
                if (validity == nullptr || duckdb_validity_row_is_valid(validity, i))
                    out += duckdb_string_t_length(texts[i]);
            return out;
        }
        case DUCKDB_TYPE_LIST: {
            const TypeHandle child(duckdb_list_type_child_type(type));
            return text_bytes(duckdb_list_vector_get_child(vector), child.get(),
                              duckdb_list_vector_get_size(vector));
        }
        case DUCKDB_TYPE_MAP: {
            const TypeHandle key(duckdb_map_type_key_type(type)), value(duckdb_map_type_value_type(type));
            duckdb_vector entries = duckdb_list_vector_get_child(vector);
            const std::size_t size = duckdb_list_vector_get_size(vector);
            return text_bytes(duckdb_struct_vector_get_child(entries, 0), key.get(), size) +
                   text_bytes(duckdb_struct_vector_get_child(entries, 1), value.get(), size);
        }
        case DUCKDB_TYPE_STRUCT: {
            std::size_t out = 0;
            for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
                const TypeHandle child(duckdb_struct_type_child_type(type, i));
                out += text_bytes(duckdb_struct_vector_get_child(vector, i), child.get(), count);
            }
            return out;
        }
        default:
            return 0;
    }
}

void read_vector(duckdb_vector vector, duckdb_logical_type type, std::size_t count, ColumnBuilder& out) {
    VectorReader reader(vector, type, out);
    for (std::size_t i = 0; i < count; ++i) reader.read(i);
}

}  // namespace mr::warehouse
