#include "lake/parquet_reader.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <charconv>
#include <map>
#include <numeric>

#include "lake/internal/arrow_columns.h"

namespace mr::lake {
namespace {

constexpr std::int64_t kColumnBuffer = 256 << 10;

/// A file of ours as Arrow's.
class Input final : public arrow::io::RandomAccessFile {
  public:
    Input(std::unique_ptr<File> file, std::int64_t bytes) : file_(std::move(file)), bytes_(bytes) {}
    arrow::Status Close() override {
        file_.reset();
        return arrow::Status::OK();
    }
    bool closed() const override { return file_ == nullptr; }
    arrow::Result<std::int64_t> Tell() const override { return at_; }
    arrow::Status Seek(std::int64_t to) override {
        at_ = to;
        return arrow::Status::OK();
    }
    arrow::Result<std::int64_t> GetSize() override { return bytes_; }
    arrow::Result<std::int64_t> ReadAt(std::int64_t at, std::int64_t bytes, void* out) override {
        ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(at, bytes));
        std::memcpy(out, buffer->data(), static_cast<std::size_t>(buffer->size()));
        return buffer->size();
    }
    arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t at, std::int64_t bytes) override {
        if (at < 0 || bytes < 0 || at > bytes_) return arrow::Status::IOError("a read beyond the end");
        std::string text;
        const auto read = file_->read_at(static_cast<std::uint64_t>(at),
                                         static_cast<std::size_t>(std::min(bytes, bytes_ - at)), text);
        if (!read) return arrow::Status::IOError(read.error().message);
        return arrow::Buffer::FromString(std::move(text));
    }
    arrow::Result<std::int64_t> Read(std::int64_t bytes, void* out) override {
        ARROW_ASSIGN_OR_RAISE(const std::int64_t read, ReadAt(at_, bytes, out));
        at_ += read;
        return read;
    }
    arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t bytes) override {
        ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(at_, bytes));
        at_ += buffer->size();
        return buffer;
    }

  private:
    std::unique_ptr<File> file_;
    const std::int64_t bytes_;
    std::int64_t at_ = 0;
};

int number_in(std::string_view text) {
    int out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

}  // namespace

Result<DataType> data_type(const LakeType& type) {
    static const std::map<std::string, DataType, std::less<>> primitives = {
        {"boolean", DataType::boolean()},
        {"int", DataType::integer()},
        {"long", DataType::bigint()},
        {"float", DataType::of(TypeKind::float_)},
        {"double", DataType::double_type()},
        {"string", DataType::string()},
        {"binary", DataType::bytes()},
        {"date", DataType::date()},
        {"time", DataType::of(TypeKind::time)},
        {"timestamp", DataType::timestamp(6)},
        {"timestamptz", DataType::timestamp_ltz(6)}};
    if (const auto found = primitives.find(type.name); found != primitives.end()) return found->second;
    if (type.name.starts_with("decimal(")) {
        const auto comma = type.name.find(',');
        if (comma == std::string::npos) return fail(Code::corrupt, "type `{}`", type.name);
        std::size_t scale = comma + 1;
        while (scale < type.name.size() && type.name[scale] == ' ') ++scale;
        return DataType::decimal(number_in(std::string_view(type.name).substr(8)),
                                 number_in(std::string_view(type.name).substr(scale)));
    }
    std::vector<Field> children;
    for (const LakeField& f : type.fields) {
        MR_TRY(DataType child, data_type(f.type));
        children.push_back({f.name, std::move(child)});
    }
    if (type.name == "list") return DataType::array(children.at(0).type);
    if (type.name == "map") return DataType::map(children.at(0).type, children.at(1).type);
    if (type.name == "struct") return DataType::row(std::move(children));
    return fail(Code::unsupported, "Iceberg's type {} cannot be read here", type.name);
}

class ParquetReader::Impl {
  public:
    Impl(const std::vector<LakeField>& fields, const std::vector<DataType>& types)
        : types_(types), source_(fields.size(), -1) {
        for (const LakeField& f : fields) {
            ids_.push_back(f.id);
            names_.push_back(f.name);
        }
    }

    Status open(std::shared_ptr<Input> input, std::int64_t batch_rows) {
        parquet::ReaderProperties properties(arrow::default_memory_pool());
        properties.enable_buffered_stream();
        properties.set_buffer_size(kColumnBuffer);
        auto file = parquet::ParquetFileReader::Open(std::move(input), properties);
        rows_left_ = file->metadata()->num_rows();
        const parquet::SchemaDescriptor& schema = *file->metadata()->schema();
        std::vector<int> leaves;
        std::vector<int> groups(static_cast<std::size_t>(file->metadata()->num_row_groups()));
        std::iota(groups.begin(), groups.end(), 0);
        // Columns of the batches come in the file's order, each root once.
        int column = -1;
        const parquet::schema::Node* last = nullptr;
        for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
            const parquet::schema::Node* root = schema.GetColumnRoot(leaf);
            const std::optional<std::size_t> field = field_of(*root);
            if (!field) continue;
            if (root != last) source_[*field] = ++column;
            last = root;
            leaves.push_back(leaf);
        }
        if (leaves.empty()) return {};
        parquet::ArrowReaderProperties arrow_properties(false);
        arrow_properties.set_batch_size(batch_rows);
        arrow_properties.set_pre_buffer(false);
        auto reader =
            parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(file), arrow_properties);
        if (!reader.ok()) return error(reader.status());
        reader_ = std::move(*reader);
        auto batches = reader_->GetRecordBatchReader(groups, leaves);
        if (!batches.ok()) return error(batches.status());
        batches_ = std::move(*batches);
        return {};
    }

    Result<std::optional<Batch>> next() {
        std::shared_ptr<arrow::RecordBatch> read;
        if (batches_ != nullptr) {
            const auto status = batches_->ReadNext(&read);
            if (!status.ok()) return std::unexpected(error(status).error());
            if (read == nullptr) return std::nullopt;
        } else if (rows_left_ == 0) {
            return std::nullopt;
        }
        Batch out;
        out.rows = static_cast<std::size_t>(read ? read->num_rows() : std::min(rows_left_, kNullRows));
        rows_left_ -= static_cast<std::int64_t>(out.rows);
        for (std::size_t i = 0; i < types_.size(); ++i) {
            if (source_[i] < 0) {
                out.columns.push_back(Column::nulls(types_[i], out.rows));
                continue;
            }
            ColumnBuilder builder(types_[i]);
            builder.reserve(out.rows);
            MR_TRY_VOID(append_array(builder, *read->column_data(source_[i])));
            out.columns.push_back(builder.finish());
        }
        return out;
    }

  private:
    /// Which of the fields a column of the file is.
    [[nodiscard]] std::optional<std::size_t> field_of(const parquet::schema::Node& root) const {
        for (std::size_t i = 0; i < ids_.size(); ++i) {
            if (ids_[i] > 0 ? ids_[i] == root.field_id() : names_[i] == root.name()) return i;
        }
        return std::nullopt;
    }

    /// Rows of a batch made of nothing but missing columns.
    static constexpr std::int64_t kNullRows = 2'048;
    static Status error(const arrow::Status& status) {
        return fail(Code::corrupt, "Parquet: {}", status.ToString());
    }

    const std::vector<DataType> types_;
    std::vector<int> ids_;
    std::vector<std::string> names_;
    std::vector<int> source_;  ///< column of the batches for each field; -1: the file has none
    std::int64_t rows_left_ = 0;
    std::unique_ptr<parquet::arrow::FileReader> reader_;
    std::unique_ptr<arrow::RecordBatchReader> batches_;
};

Result<std::unique_ptr<ParquetReader>> ParquetReader::open(FileSystem& fs, const std::string& path,
                                                           const std::vector<LakeField>& fields,
                                                           const std::vector<DataType>& types,
                                                           std::int64_t batch_rows) {
    MR_TRY(auto file, fs.open(path, FileSystem::Mode::read));
    MR_TRY(const std::uint64_t bytes, file->size());
    auto impl = std::make_unique<Impl>(fields, types);
    try {
        const Status opened = impl->open(
            std::make_shared<Input>(std::move(file), static_cast<std::int64_t>(bytes)), batch_rows);
        if (!opened) return annotate(opened.error(), path);
    } catch (const std::exception& e) {
        return fail(Code::corrupt, "{}: {}", path, e.what());
    }
    return std::make_unique<ParquetReader>(std::move(impl));
}

ParquetReader::ParquetReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetReader::~ParquetReader() = default;

Result<std::optional<ParquetReader::Batch>> ParquetReader::next() {
    try {
        return impl_->next();
    } catch (const std::exception& e) {
        return fail(Code::corrupt, "Parquet: {}", e.what());
    }
}

}  // namespace mr::lake
