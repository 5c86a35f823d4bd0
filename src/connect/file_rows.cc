#include "connect/file_rows.h"

#include <algorithm>
#include <charconv>

#include "base/json_writer.h"
#include "connect/file_text.h"
#include "engine/table_format.h"
#include "lake/parquet_reader.h"
#include "lake/schema.h"

namespace mr::connect {
namespace {

/// A record may not be larger than a batch.
constexpr std::size_t kLineMax = 8U << 20;
constexpr std::int64_t kParquetRows = 1'024;

/// Lines end with \n or \r\n; the last one may do without. In csv a quoted field may hold line ends.
class Lines final : public FileRows {
  public:
    Lines(std::unique_ptr<FileText> text, std::string path, std::int64_t from, std::optional<char> quote)
        : text_(std::move(text)), path_(std::move(path)), quote_(quote), at_(from) {}

    Result<bool> next(std::string& value) override {
        while (true) {
            MR_TRY(const std::optional<std::size_t> end, line_end());
            if (!end) {
                done_ = true;
                return false;
            }
            std::string_view line = std::string_view(buffer_).substr(begin_, *end - begin_);
            const bool ended = *end < buffer_.size();
            at_ += static_cast<std::int64_t>(line.size() + (ended ? 1 : 0));
            begin_ = *end + (ended ? 1 : 0);
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (line.empty()) continue;
            value.assign(line);
            return true;
        }
    }
    FilePlace place() const override { return {at_, done_}; }

  private:
    /// Of the line at begin_, reading on where needed; nothing at the end of the file.
    Result<std::optional<std::size_t>> line_end() {
        std::size_t from = begin_;
        bool quoted = false;
        while (true) {
            for (; from < buffer_.size(); ++from) {
                if (quote_ && buffer_[from] == *quote_) quoted = !quoted;
                if (buffer_[from] == '\n' && !quoted) return from;
            }
            if (buffer_.size() - begin_ > kLineMax) {
                return fail(Code::invalid_argument, "{}: the line at byte {} is longer than {} MiB", path_,
                            at_, kLineMax >> 20);
            }
            buffer_.erase(0, begin_);
            from -= begin_;
            begin_ = 0;
            const std::size_t before = buffer_.size();
            MR_TRY_VOID(text_->next(buffer_));
            if (buffer_.size() == before) return before == 0 ? std::nullopt : std::optional(before);
        }
    }

    const std::unique_ptr<FileText> text_;
    const std::string path_;
    const std::optional<char> quote_;
    std::int64_t at_;  ///< in the text, of begin_
    std::string buffer_;
    std::size_t begin_ = 0;
    bool done_ = false;
};

class ParquetRows final : public FileRows {
  public:
    ParquetRows(std::unique_ptr<lake::ParquetReader> reader, std::unique_ptr<formats::RowEncoder> encoder)
        : reader_(std::move(reader)), encoder_(std::move(encoder)) {}

    Status skip(std::int64_t rows) {
        std::string ignored;
        while (at_ < rows && !done_) {
            MR_TRY_VOID(advance());
            if (done_) break;
            ++row_;
            ++at_;
        }
        return {};
    }
    Result<bool> next(std::string& value) override {
        MR_TRY_VOID(advance());
        if (done_) return false;
        MR_TRY_VOID(encoder_->encode(batch_.columns, row_, value));
        ++row_;
        ++at_;
        return true;
    }
    FilePlace place() const override { return {at_, done_}; }

  private:
    /// There is a row at row_, or done_.
    Status advance() {
        while (!done_ && row_ >= batch_.rows) {
            MR_TRY(auto read, reader_->next());
            done_ = !read;
            batch_ = read ? std::move(*read) : lake::ParquetReader::Batch{};
            row_ = 0;
        }
        return {};
    }

    const std::unique_ptr<lake::ParquetReader> reader_;
    const std::unique_ptr<formats::RowEncoder> encoder_;
    lake::ParquetReader::Batch batch_;
    std::size_t row_ = 0;
    std::int64_t at_ = 0;
    bool done_ = false;
};

/// The columns that are in the file itself.
Schema file_schema(const plan::Table& table) {
    Schema out;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const plan::TableColumn& c = table.columns[i];
        const bool in_path =
            std::ranges::find(table.partitioned_by, static_cast<int>(i)) != table.partitioned_by.end();
        if (c.kind == plan::ColumnKind::physical && !in_path) out.fields.push_back({c.name, c.type});
    }
    return out;
}

/// "%3A" and the like undone.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int byte = 0;
        const char* from = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(from, from + 2, byte, 16).ptr == from + 2) {
            out += static_cast<char>(byte);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// `,"day":"2024-01-31"`: the columns of PARTITIONED BY as the folders of `name` say them.
std::string partition_members(const plan::Table& table, std::string_view name) {
    const std::string_view null = table.option("partition.default-name", "__DEFAULT_PARTITION__");
    std::string out;
    for (const int p : table.partitioned_by) {
        const std::string& column = table.columns[static_cast<std::size_t>(p)].name;
        std::optional<std::string> value;
        for (std::string_view rest = name; rest.find('/') != std::string_view::npos;
             rest.remove_prefix(rest.find('/') + 1)) {
            const std::string_view folder = rest.substr(0, rest.find('/'));
            if (!folder.starts_with(column + "=")) continue;
            const std::string_view text = folder.substr(column.size() + 1);
            if (text != null) value = unescaped(text);
        }
        out += ',';
        append_json_string(out, column);
        out += ':';
        if (value) {
            append_json_string(out, *value);
        } else {
            out += "null";
        }
    }
    return out;
}

/// Rows with the columns that the path says, as JSON. What is no row stays as it is, and is refused where
/// records are read.
class Partitioned final : public FileRows {
  public:
    Partitioned(std::unique_ptr<FileRows> rows, std::string members)
        : rows_(std::move(rows)), members_(std::move(members)) {}

    /// Lines that are no JSON yet.
    Status decode_by(const plan::Table& table, const Schema& schema) {
        plan::Table records = table;
        records.partitioned_by.clear();
        records.options["connector"].value = "kafka";
        MR_TRY(decoder_, engine::make_decoder(records, engine::RecordPart::value, schema,
                                              std::vector<bool>(schema.size(), true), nullptr));
        MR_TRY(encoder_, engine::make_encoder(table, engine::RecordPart::value, schema, nullptr));
        for (const Field& f : schema.fields) builders_.emplace_back(f.type);
        return {};
    }

    Result<bool> next(std::string& value) override {
        MR_TRY(const bool row, rows_->next(value));
        if (!row) return false;
        if (decoder_ != nullptr && !to_json(value)) return true;
        const std::size_t close = value.find_last_not_of(" \t");
        const std::size_t open = value.find_first_not_of(" \t");
        if (open == std::string::npos || value[open] != '{' || value[close] != '}') return true;
        const bool empty = value.find_first_not_of(" \t", open + 1) == close;
        value.insert(close, empty ? members_.substr(1) : members_);
        return true;
    }
    FilePlace place() const override { return rows_->place(); }

  private:
    bool to_json(std::string& value) {
        const bool good = decoder_->decode(value, Seq(0), builders_).has_value();
        std::vector<ColumnPtr> columns;
        for (ColumnBuilder& b : builders_) columns.push_back(b.finish());
        if (!good) return false;
        std::string json;
        if (!encoder_->encode(columns, 0, json)) return false;
        value = std::move(json);
        return true;
    }

    const std::unique_ptr<FileRows> rows_;
    const std::string members_;
    std::unique_ptr<formats::RowDecoder> decoder_;
    std::unique_ptr<formats::RowEncoder> encoder_;
    std::vector<ColumnBuilder> builders_;
};

Result<std::unique_ptr<FileRows>> open_parquet(FileSystem& fs, const std::string& path,
                                               const plan::Table& table, std::int64_t from) {
    const Schema schema = file_schema(table);
    // Without ids columns are found by their names.
    std::vector<lake::LakeField> fields;
    std::vector<DataType> types;
    for (const Field& f : schema.fields) {
        fields.push_back({.id = 0, .name = f.name, .required = false, .type = {}});
        types.push_back(f.type);
    }
    MR_TRY(auto reader, lake::ParquetReader::open(fs, path, fields, types, kParquetRows));
    MR_TRY(auto encoder, engine::make_encoder(table, engine::RecordPart::value, schema, nullptr));
    auto rows = std::make_unique<ParquetRows>(std::move(reader), std::move(encoder));
    MR_TRY_VOID(rows->skip(from));
    return rows;
}

Result<std::unique_ptr<FileRows>> open_rows(FileSystem& fs, const std::string& path, const plan::Table& table,
                                            std::int64_t from) {
    const std::string_view format = table.option("format");
    if (format == "parquet") return open_parquet(fs, path, table, from);
    if (format != "json" && format != "csv" && format != "raw") {
        return fail(Code::unsupported, "{}:{}: table {}: files of format '{}' are not read", table.file,
                    table.line, table.name, format);
    }
    std::optional<char> quote;
    if (format == "csv" && table.option("csv.disable-quote-character") != "true")
        quote = table.option("csv.quote-character", "\"").front();
    MR_TRY(auto text, FileText::open(fs, path, from));
    return std::make_unique<Lines>(std::move(text), path, from, quote);
}

}  // namespace

Result<std::unique_ptr<FileRows>> FileRows::open(FileSystem& fs, const std::string& path,
                                                 std::string_view name, const plan::Table& table,
                                                 std::int64_t from) {
    if (table.partitioned_by.empty()) return open_rows(fs, path, table, from);
    MR_TRY(auto rows, open_rows(fs, path, table, from));
    auto out = std::make_unique<Partitioned>(std::move(rows), partition_members(table, name));
    const std::string_view format = table.option("format");
    if (format != "json" && format != "parquet") MR_TRY_VOID(out->decode_by(table, file_schema(table)));
    return out;
}

}  // namespace mr::connect
