#include "lake/parquet.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <cstring>

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

std::shared_ptr<arrow::Field> arrow_field(const LakeField& field, const DataType& type);

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

std::shared_ptr<arrow::Field> arrow_field(const LakeField& field, const DataType& type) {
    return arrow::field(field.name, arrow_type(field.type, type), !field.required,
                        arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(field.id)}));
}

ArrayPtr to_array(const Column& column, const std::shared_ptr<arrow::DataType>& type);

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

ArrayPtr to_array(const Column& c, const std::shared_ptr<arrow::DataType>& type) {
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

/// A bound as Iceberg stores it, from Arrow's plain encoding; nothing where there is none.
std::string bound_of(const parquet::ColumnDescriptor& column, const std::string& encoded, bool upper) {
    if (column.logical_type()->is_decimal()) {
        std::string bytes = encoded;
        if (column.physical_type() != parquet::Type::FIXED_LEN_BYTE_ARRAY) std::ranges::reverse(bytes);
        return minimal_decimal(bytes);
    }
    if (column.physical_type() != parquet::Type::BYTE_ARRAY) return encoded;
    const bool text = column.logical_type()->is_string();
    return upper ? upper_bound_of(encoded, text) : lower_bound_of(encoded, text);
}

template <class Type>
void merge(parquet::Statistics& into, const parquet::Statistics& from) {
    static_cast<parquet::TypedStatistics<Type>&>(into).Merge(
        static_cast<const parquet::TypedStatistics<Type>&>(from));
}

/// False for a physical type we never write.
bool merge_statistics(parquet::Type::type type, parquet::Statistics& into, const parquet::Statistics& from) {
    switch (type) {
        case parquet::Type::BOOLEAN:
            merge<parquet::BooleanType>(into, from);
            return true;
        case parquet::Type::INT32:
            merge<parquet::Int32Type>(into, from);
            return true;
        case parquet::Type::INT64:
            merge<parquet::Int64Type>(into, from);
            return true;
        case parquet::Type::FLOAT:
            merge<parquet::FloatType>(into, from);
            return true;
        case parquet::Type::DOUBLE:
            merge<parquet::DoubleType>(into, from);
            return true;
        case parquet::Type::BYTE_ARRAY:
            merge<parquet::ByteArrayType>(into, from);
            return true;
        case parquet::Type::FIXED_LEN_BYTE_ARRAY:
            merge<parquet::FLBAType>(into, from);
            return true;
        default:
            return false;
    }
}

void add_bounds(const parquet::FileMetaData& metadata, int column, DataFile& out) {
    const parquet::ColumnDescriptor& d = *metadata.schema()->Column(column);
    // Bounds of values inside lists and maps have no meaning in Iceberg.
    if (d.max_repetition_level() > 0) return;
    std::shared_ptr<parquet::Statistics> all;
    for (int g = 0; g < metadata.num_row_groups(); ++g) {
        auto s = metadata.RowGroup(g)->ColumnChunk(column)->statistics();
        if (s == nullptr) return;
        if (!s->HasMinMax()) {
            // A group of NULLs only has no bounds and needs none.
            if (s->HasNullCount() && s->null_count() == metadata.RowGroup(g)->num_rows()) continue;
            return;
        }
        if (all == nullptr) {
            all = std::move(s);
        } else if (!merge_statistics(d.physical_type(), *all, *s)) {
            return;
        }
    }
    if (all == nullptr) return;
    const int id = d.schema_node()->field_id();
    out.lower_bounds[id] = bound_of(d, all->EncodeMin(), false);
    const std::string highest = all->EncodeMax();
    std::string upper = bound_of(d, highest, true);
    if (!upper.empty() || highest.empty()) out.upper_bounds[id] = std::move(upper);
}

DataFile describe(const parquet::FileMetaData& metadata, const std::set<int>& raw_ids) {
    DataFile out;
    out.record_count = metadata.num_rows();
    for (int c = 0; c < metadata.num_columns(); ++c) {
        const int id = metadata.schema()->Column(c)->schema_node()->field_id();
        bool nulls_known = true;
        std::int64_t nulls = 0;
        for (int g = 0; g < metadata.num_row_groups(); ++g) {
            const auto chunk = metadata.RowGroup(g)->ColumnChunk(c);
            out.column_sizes[id] += chunk->total_compressed_size();
            out.value_counts[id] += chunk->num_values();
            const auto statistics = chunk->statistics();
            nulls_known = nulls_known && statistics != nullptr && statistics->HasNullCount();
            if (nulls_known) nulls += statistics->null_count();
        }
        if (nulls_known) out.null_counts[id] = nulls;
        if (!raw_ids.contains(id)) add_bounds(metadata, c, out);
    }
    for (int g = 0; g < metadata.num_row_groups(); ++g) {
        const auto first = metadata.RowGroup(g)->ColumnChunk(0);
        const std::int64_t data = first->data_page_offset();
        out.split_offsets.push_back(
            first->has_dictionary_page() ? std::min(data, first->dictionary_page_offset()) : data);
    }
    return out;
}

std::shared_ptr<parquet::WriterProperties> properties_of(const ParquetOptions& options, std::size_t rows,
                                                         std::size_t bytes) {
    parquet::WriterProperties::Builder builder;
    const std::size_t per_row = bytes / rows + 1;
    builder.compression(parquet::Compression::ZSTD)
        ->compression_level(3)
        ->enable_store_decimal_as_integer()
        ->max_row_group_length(
            static_cast<std::int64_t>(std::max<std::size_t>(1, options.row_group_bytes / per_row)));
    for (const auto* names : {&options.raw_columns, &options.plain_columns})
        for (const std::string& name : *names) builder.disable_dictionary(name);
    return builder.build();
}

Status arrow_error(const arrow::Status& status) {
    return fail(Code::internal, "Parquet: {}", status.ToString());
}

}  // namespace

Result<ParquetFile> write_parquet(const std::vector<LakeField>& fields, const std::vector<ColumnPtr>& columns,
                                  const ParquetOptions& options) {
    MR_CHECK(fields.size() == columns.size() && !columns.empty(), "{} columns for {} fields", columns.size(),
             fields.size());
    const std::size_t rows = columns[0]->size();
    MR_CHECK(rows > 0, "a data file without rows");
    arrow::FieldVector arrow_fields;
    std::vector<ArrayPtr> arrays;
    std::size_t bytes = 0;
    std::set<int> raw_ids;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        MR_CHECK(columns[i]->size() == rows, "{} of {} rows", columns[i]->size(), rows);
        arrow_fields.push_back(arrow_field(fields[i], columns[i]->type()));
        arrays.push_back(to_array(*columns[i], arrow_fields.back()->type()));
        bytes += columns[i]->memory();
        if (options.raw_columns.contains(fields[i].name)) raw_ids.insert(fields[i].id);
    }
    try {
        const auto schema = arrow::schema(arrow_fields);
        auto sink = arrow::io::BufferOutputStream::Create(1 << 16);
        if (!sink.ok()) return std::unexpected(arrow_error(sink.status()).error());
        auto writer = parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), *sink,
                                                       properties_of(options, rows, bytes));
        if (!writer.ok()) return std::unexpected(arrow_error(writer.status()).error());
        auto batch = arrow::RecordBatch::Make(schema, static_cast<std::int64_t>(rows), std::move(arrays));
        auto status = (*writer)->WriteRecordBatch(*batch);
        if (status.ok()) status = (*writer)->Close();
        if (!status.ok()) return std::unexpected(arrow_error(status).error());
        auto buffer = (*sink)->Finish();
        if (!buffer.ok()) return std::unexpected(arrow_error(buffer.status()).error());
        ParquetFile out{.bytes = (*buffer)->ToString(), .file = describe(*(*writer)->metadata(), raw_ids)};
        out.file.bytes = static_cast<std::int64_t>(out.bytes.size());
        return out;
    } catch (const std::exception& e) {
        return fail(Code::internal, "Parquet: {}", e.what());
    }
}

}  // namespace mr::lake
