#include "connect/file_writer.h"

#include "engine/table_format.h"
#include "lake/parquet.h"
#include "lake/schema.h"

namespace mr::connect {
namespace {

constexpr std::size_t kFlushBytes = 1U << 20;

/// Bytes one after the other, written in pieces.
class Appended {
  public:
    explicit Appended(std::unique_ptr<File> file) : file_(std::move(file)) {}

    Status append(std::string_view bytes) {
        buffer_ += bytes;
        return buffer_.size() < kFlushBytes ? Status() : flush();
    }
    Status finish() {
        MR_TRY_VOID(flush());
        return file_->sync();
    }
    [[nodiscard]] std::int64_t bytes() const { return static_cast<std::int64_t>(written_ + buffer_.size()); }

  private:
    Status flush() {
        if (buffer_.empty()) return {};
        MR_TRY_VOID(file_->write_at(written_, buffer_));
        written_ += buffer_.size();
        buffer_.clear();
        return {};
    }
    const std::unique_ptr<File> file_;
    std::string buffer_;
    std::uint64_t written_ = 0;
};

class TextWriter final : public FileWriter {
  public:
    TextWriter(std::unique_ptr<File> file, std::unique_ptr<formats::RowEncoder> encoder)
        : out_(std::move(file)), encoder_(std::move(encoder)) {}

    Status write(const std::vector<ColumnPtr>& columns, const std::vector<std::uint32_t>& rows,
                 std::vector<std::string>& skipped) override {
        for (const std::uint32_t row : rows) {
            line_.clear();
            const Result<bool> made = encoder_->encode(columns, row, line_);
            if (!made) {
                skipped.push_back(made.error().message);
                continue;
            }
            line_ += '\n';
            MR_TRY_VOID(out_.append(line_));
        }
        return {};
    }
    Status finish() override { return out_.finish(); }
    std::int64_t bytes() const override { return out_.bytes(); }

  private:
    Appended out_;
    const std::unique_ptr<formats::RowEncoder> encoder_;
    std::string line_;
};

class ParquetFileWriter final : public FileWriter {
  public:
    explicit ParquetFileWriter(std::unique_ptr<File> file) : out_(std::move(file)) {}

    Status open(const Schema& schema) {
        MR_TRY(const lake::LakeSchema lake_schema, lake::lake_schema(schema, true));
        std::vector<DataType> types;
        for (const Field& f : schema.fields) types.push_back(f.type);
        MR_TRY(writer_,
               lake::ParquetWriter::open(lake_schema.fields, types, {},
                                         [this](std::string_view bytes) { return out_.append(bytes); }));
        return {};
    }
    Status write(const std::vector<ColumnPtr>& columns, const std::vector<std::uint32_t>& rows,
                 std::vector<std::string>&) override {
        std::vector<ColumnPtr> taken;
        for (const ColumnPtr& c : columns) {
            taken.push_back(Column::take(c, rows));
            pending_ += static_cast<std::int64_t>(taken.back()->memory());
        }
        return writer_->write(taken);
    }
    Status finish() override {
        MR_TRY_VOID(writer_->finish());
        return out_.finish();
    }
    /// What is not written yet counts as it lies in memory.
    std::int64_t bytes() const override { return std::max(out_.bytes(), pending_ / 4); }

  private:
    Appended out_;
    std::unique_ptr<lake::ParquetWriter> writer_;
    std::int64_t pending_ = 0;
};

}  // namespace

Result<std::unique_ptr<FileWriter>> FileWriter::open(FileSystem& fs, const std::string& path,
                                                     const plan::Table& table, const Schema& schema) {
    const std::string_view format = table.option("format");
    // What lies there under this name was not committed.
    if (fs.exists(path)) MR_TRY_VOID(fs.remove(path));
    if (format == "parquet") {
        MR_TRY(auto file, fs.open(path, FileSystem::Mode::create));
        auto writer = std::make_unique<ParquetFileWriter>(std::move(file));
        MR_TRY_VOID(writer->open(schema));
        return writer;
    }
    if (format != "json" && format != "csv" && format != "raw") {
        return fail(Code::unsupported, "{}:{}: table {}: files of format '{}' are not written", table.file,
                    table.line, table.name, format);
    }
    // As a record of a topic of this format.
    plan::Table records = table;
    records.options["connector"].value = "kafka";
    MR_TRY(auto encoder, engine::make_encoder(records, engine::RecordPart::value, schema, nullptr));
    MR_TRY(auto file, fs.open(path, FileSystem::Mode::create));
    return std::make_unique<TextWriter>(std::move(file), std::move(encoder));
}

}  // namespace mr::connect
