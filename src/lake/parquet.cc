#include "lake/parquet.h"

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lake/internal/arrow_columns.h"

namespace mr::lake {
namespace {

/// However narrow the rows are.
constexpr std::int64_t kRowGroupRows = 1 << 20;

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

std::shared_ptr<parquet::WriterProperties> properties_of(const ParquetOptions& options) {
    parquet::WriterProperties::Builder builder;
    builder.compression(parquet::Compression::ZSTD)
        ->compression_level(3)
        ->enable_store_decimal_as_integer()
        ->max_row_group_length(kRowGroupRows);
    for (const auto* names : {&options.raw_columns, &options.plain_columns})
        for (const std::string& name : *names) builder.disable_dictionary(name);
    return builder.build();
}

Status arrow_error(const arrow::Status& status) {
    return fail(Code::internal, "Parquet: {}", status.ToString());
}

/// Arrow's stream over a function of ours; the first error of that is kept.
class Output final : public arrow::io::OutputStream {
  public:
    explicit Output(ParquetWriter::Sink sink) : sink_(std::move(sink)) {}
    arrow::Status Close() override {
        closed_ = true;
        return arrow::Status::OK();
    }
    arrow::Result<std::int64_t> Tell() const override { return at_; }
    bool closed() const override { return closed_; }
    arrow::Status Write(const void* data, std::int64_t bytes) override {
        at_ += bytes;
        if (status) status = sink_({static_cast<const char*>(data), static_cast<std::size_t>(bytes)});
        return status ? arrow::Status::OK() : arrow::Status::IOError(status.error().message);
    }
    Status status;

  private:
    ParquetWriter::Sink sink_;
    std::int64_t at_ = 0;
    bool closed_ = false;
};

/// NaNs of a floating column, which no bound covers.
std::int64_t nans_of(const Column& c) {
    std::int64_t out = 0;
    for (std::size_t i = 0; i < c.size(); ++i)
        if (!c.is_null(i) && std::isnan(c.real(i))) ++out;
    return out;
}

}  // namespace

class ParquetWriter::Impl {
  public:
    Impl(const std::vector<LakeField>& fields, ParquetOptions options, Sink sink)
        : fields_(fields), options_(std::move(options)), out_(std::make_shared<Output>(std::move(sink))) {
        for (const LakeField& f : fields_)
            if (options_.raw_columns.contains(f.name)) raw_ids_.insert(f.id);
    }

    Status open(const std::vector<DataType>& types) {
        arrow::FieldVector arrow_fields;
        for (std::size_t i = 0; i < fields_.size(); ++i) {
            arrow_fields.push_back(arrow_field(fields_[i], types[i]));
            if (types[i].kind == TypeKind::float_ || types[i].kind == TypeKind::double_)
                nans_[fields_[i].id] = 0;
        }
        schema_ = arrow::schema(arrow_fields);
        auto writer = parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), out_,
                                                       properties_of(options_));
        if (!writer.ok()) return arrow_error(writer.status());
        writer_ = std::move(*writer);
        return {};
    }

    Status write(const std::vector<ColumnPtr>& columns) {
        const std::size_t rows = columns[0]->size();
        if (group_bytes_ >= options_.row_group_bytes) {
            const auto status = writer_->NewBufferedRowGroup();
            if (!status.ok()) return error(status);
            group_bytes_ = 0;
        }
        std::vector<std::shared_ptr<arrow::ArrayData>> arrays;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            MR_CHECK(columns[i]->size() == rows, "{} of {} rows", columns[i]->size(), rows);
            arrays.push_back(to_array(*columns[i], schema_->field(static_cast<int>(i))->type()));
            group_bytes_ += columns[i]->memory();
            if (const auto nan = nans_.find(fields_[i].id); nan != nans_.end())
                nan->second += nans_of(*columns[i]);
        }
        const auto batch =
            arrow::RecordBatch::Make(schema_, static_cast<std::int64_t>(rows), std::move(arrays));
        const auto status = writer_->WriteRecordBatch(*batch);
        return status.ok() ? Status() : error(status);
    }

    Result<DataFile> finish() {
        const auto status = writer_->Close();
        if (!status.ok()) return std::unexpected(error(status).error());
        DataFile file = describe(*writer_->metadata(), raw_ids_);
        file.nan_counts = nans_;
        file.bytes = *out_->Tell();
        return file;
    }

    [[nodiscard]] std::int64_t bytes() const { return *out_->Tell(); }

  private:
    Status error(const arrow::Status& status) const {
        return out_->status ? arrow_error(status) : out_->status;
    }

    const std::vector<LakeField> fields_;
    const ParquetOptions options_;
    std::set<int> raw_ids_;
    std::map<int, std::int64_t> nans_;
    std::shared_ptr<Output> out_;
    std::shared_ptr<arrow::Schema> schema_;
    std::unique_ptr<parquet::arrow::FileWriter> writer_;
    std::size_t group_bytes_ = 0;
};

namespace {

/// Arrow throws where a file format is at fault.
template <class F>
auto guarded(F&& work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::exception& e) {
        return fail(Code::internal, "Parquet: {}", e.what());
    }
}

}  // namespace

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::open(const std::vector<LakeField>& fields,
                                                           const std::vector<DataType>& types,
                                                           const ParquetOptions& options, Sink sink) {
    MR_CHECK(fields.size() == types.size() && !fields.empty(), "{} types for {} fields", types.size(),
             fields.size());
    auto impl = std::make_unique<Impl>(fields, options, std::move(sink));
    MR_TRY_VOID(guarded([&] { return impl->open(types); }));
    return std::make_unique<ParquetWriter>(std::move(impl));
}

ParquetWriter::ParquetWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetWriter::~ParquetWriter() = default;
Status ParquetWriter::write(const std::vector<ColumnPtr>& columns) {
    return guarded([&] { return impl_->write(columns); });
}
Result<DataFile> ParquetWriter::finish() {
    return guarded([&] { return impl_->finish(); });
}
std::int64_t ParquetWriter::bytes() const {
    return impl_->bytes();
}

Result<ParquetFile> write_parquet(const std::vector<LakeField>& fields, const std::vector<ColumnPtr>& columns,
                                  const ParquetOptions& options) {
    MR_CHECK(fields.size() == columns.size() && !columns.empty(), "{} columns for {} fields", columns.size(),
             fields.size());
    const std::size_t rows = columns[0]->size();
    MR_CHECK(rows > 0, "a data file without rows");
    std::vector<DataType> types;
    std::size_t bytes = 0;
    for (const ColumnPtr& c : columns) {
        types.push_back(c->type());
        bytes += c->memory();
    }
    ParquetFile out;
    MR_TRY(const auto writer,
           ParquetWriter::open(fields, types, options, [&](std::string_view part) -> Status {
               out.bytes.append(part);
               return {};
           }));
    // In slices, so that no row group grows beyond what is asked for.
    const std::size_t slice = std::max<std::size_t>(1, options.row_group_bytes / (bytes / rows + 1));
    if (slice >= rows) {
        MR_TRY_VOID(writer->write(columns));
    } else {
        for (std::size_t from = 0; from < rows; from += slice) {
            std::vector<std::uint32_t> picked(std::min(slice, rows - from));
            std::iota(picked.begin(), picked.end(), static_cast<std::uint32_t>(from));
            std::vector<ColumnPtr> part;
            for (const ColumnPtr& c : columns) part.push_back(Column::take(c, picked));
            MR_TRY_VOID(writer->write(part));
        }
    }
    MR_TRY(out.file, writer->finish());
    return out;
}

}  // namespace mr::lake
