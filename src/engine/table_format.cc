#include "engine/table_format.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "base/suggest.h"
#include "formats/avro/avro_format.h"
#include "formats/avro/table_schema.h"
#include "formats/csv_format.h"
#include "formats/json_decoder.h"
#include "formats/json_encoder.h"
#include "formats/protobuf/protobuf_format.h"
#include "formats/raw_format.h"

namespace mr::engine {
namespace {

/// The options of one part of a table's records.
class PartOptions {
  public:
    PartOptions(const plan::Table& table, RecordPart part)
        : table_(table), prefix_(part == RecordPart::key ? "key." : "value.") {}

    [[nodiscard]] std::optional<std::string_view> find(std::string_view key) const {
        const std::string own = prefix_ + std::string(key);
        if (table_.has_option(own)) return table_.option(own);
        // Without a prefix it belongs to 'format'. How text is read is then taken for the key too; a schema
        // or its subject are the value's alone.
        const bool both =
            prefix_ == "value." || !(key.starts_with("avro-confluent.") || key.starts_with("protobuf."));
        if (both && table_.has_option(key)) return table_.option(key);
        return std::nullopt;
    }
    [[nodiscard]] bool boolean(std::string_view key) const { return find(key).value_or("false") == "true"; }

    /// "streams/orders.sql:12: table orders, option 'value.format'"
    [[nodiscard]] std::string place(std::string_view key) const {
        const std::string own = prefix_ + std::string(key);
        const std::string name = table_.has_option(own) ? own : std::string(key);
        const auto at = table_.options.find(name);
        const int line = at == table_.options.end() ? table_.line : at->second.line;
        return fmt::format("{}:{}: table {}, option '{}'", table_.file, line, table_.name, name);
    }
    template <class... Args>
    [[nodiscard]] std::unexpected<Error> wrong(std::string_view key, fmt::format_string<Args...> format,
                                               Args&&... args) const {
        return std::unexpected(Error{Code::invalid_argument,
                                     place(key) + ": " + fmt::format(format, std::forward<Args>(args)...)});
    }
    /// The place of `key` before the message of an error.
    [[nodiscard]] std::unexpected<Error> at(std::string_view key, const Error& error) const {
        return std::unexpected(Error{error.code, place(key) + ": " + error.message});
    }

    const plan::Table& table() const { return table_; }

  private:
    const plan::Table& table_;
    const std::string prefix_;
};

// --- json

/// `family`: "json." or "debezium-json.".
Result<formats::TimestampStyle> json_style(const PartOptions& options, const std::string& family) {
    const std::string key = family + "timestamp-format.standard";
    const std::string_view style = options.find(key).value_or("SQL");
    if (style == "SQL") return formats::TimestampStyle::sql;
    if (style == "ISO-8601") return formats::TimestampStyle::iso_8601;
    return options.wrong(key, "expected 'SQL' or 'ISO-8601', found '{}'", style);
}

class JsonRowDecoder final : public formats::RowDecoder {
  public:
    JsonRowDecoder(Schema wanted, formats::JsonOptions options, formats::SchemaSource* schemas,
                   const std::vector<formats::FieldsRead>& reads)
        : json_(std::move(wanted), options, reads), schemas_(schemas) {}

    Status decode(std::string_view bytes, Seq at, std::span<ColumnBuilder> builders) override {
        // Confluent's JSON Schema serializers put a zero byte and the schema's id before the text.
        constexpr std::size_t kFrame = 5;
        if (bytes.size() > kFrame && bytes[0] == 0 && schemas_ != nullptr) {
            MR_TRY_VOID(schemas_->known(mr::internal::load<std::int32_t>(bytes.data() + 1, Endian::big), at));
            bytes.remove_prefix(kFrame);
        }
        return json_.decode(bytes, builders);
    }

  private:
    formats::JsonDecoder json_;
    formats::SchemaSource* const schemas_;
};

Result<std::unique_ptr<formats::RowDecoder>> json_decoder(const PartOptions& options, Schema wanted,
                                                          formats::SchemaSource* schemas,
                                                          const std::vector<formats::FieldsRead>& reads) {
    formats::JsonOptions json;
    MR_TRY(json.timestamps, json_style(options, "json."));
    json.fail_on_missing_field = options.boolean("json.fail-on-missing-field");
    json.ignore_parse_errors = options.boolean("json.ignore-parse-errors");
    if (json.fail_on_missing_field && json.ignore_parse_errors) {
        return options.wrong("json.ignore-parse-errors",
                             "json.fail-on-missing-field and json.ignore-parse-errors exclude each other");
    }
    return std::make_unique<JsonRowDecoder>(std::move(wanted), json, schemas, reads);
}

class JsonRowEncoder final : public formats::RowEncoder {
  public:
    JsonRowEncoder(const Schema& schema, formats::JsonEncodeOptions options)
        : json_(schema, std::move(options)) {}
    Result<bool> encode(std::span<const ColumnPtr> columns, std::size_t row, std::string& out) override {
        const std::size_t before = out.size();
        if (json_.encode(columns, row, out)) return true;
        out.resize(before);
        return fail(Code::invalid_argument,
                    "a MAP has the key NULL, which JSON cannot say: see json.map-null-key.mode");
    }

  private:
    const formats::JsonEncoder json_;
};

Result<std::unique_ptr<formats::RowEncoder>> json_encoder(const PartOptions& options, const Schema& schema,
                                                          const std::string& family) {
    formats::JsonEncodeOptions json;
    MR_TRY(json.timestamps, json_style(options, family));
    json.ignore_null_fields = options.boolean(family + "encode.ignore-null-fields");
    const std::string key = family + "map-null-key.mode";
    const std::string_view mode = options.find(key).value_or("FAIL");
    if (mode == "DROP") {
        json.null_keys = formats::NullKeys::drop;
    } else if (mode == "LITERAL") {
        json.null_keys = formats::NullKeys::literal;
        json.null_key_literal = options.find(family + "map-null-key.literal").value_or("null");
    } else if (mode != "FAIL") {
        return options.wrong(key, "expected 'FAIL', 'DROP' or 'LITERAL', found '{}'", mode);
    }
    return std::make_unique<JsonRowEncoder>(schema, std::move(json));
}

// --- csv

/// "\t" and the like, as Flink unescapes them.
std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out.push_back(text[i]);
            continue;
        }
        const char c = text[++i];
        out.push_back(c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c);
    }
    return out;
}

Result<std::optional<char>> one_character(const PartOptions& options, std::string_view key) {
    const auto text = options.find(key);
    if (!text) return std::nullopt;
    const std::string value = unescape(*text);
    if (value.size() != 1) return options.wrong(key, "expected one character, found '{}'", *text);
    return value[0];
}

Result<formats::CsvOptions> csv_options(const PartOptions& options) {
    formats::CsvOptions csv;
    MR_TRY(const auto delimiter, one_character(options, "csv.field-delimiter"));
    csv.delimiter = delimiter.value_or(',');
    MR_TRY(const auto quote, one_character(options, "csv.quote-character"));
    const bool disabled = options.boolean("csv.disable-quote-character");
    if (disabled && quote) {
        return options.wrong("csv.quote-character",
                             "a quote character cannot be given with csv.disable-quote-character");
    }
    csv.quote = disabled ? std::nullopt : std::optional(quote.value_or('"'));
    MR_TRY(csv.escape, one_character(options, "csv.escape-character"));
    if (const auto text = options.find("csv.array-element-delimiter")) csv.array_delimiter = unescape(*text);
    if (csv.array_delimiter.empty())
        return options.wrong("csv.array-element-delimiter", "it must not be empty");
    if (const auto text = options.find("csv.null-literal")) csv.null_literal = std::string(*text);
    csv.allow_comments = options.boolean("csv.allow-comments");
    csv.ignore_parse_errors = options.boolean("csv.ignore-parse-errors");
    if (csv.quote == csv.delimiter || csv.escape == csv.delimiter)
        return options.wrong("csv.field-delimiter", "it cannot be the quote or escape character too");
    return csv;
}

// --- raw

Result<formats::RawOptions> raw_options(const PartOptions& options) {
    formats::RawOptions raw;
    const std::string_view charset = options.find("raw.charset").value_or("UTF-8");
    if (charset == "US-ASCII") {
        raw.charset = formats::Charset::us_ascii;
    } else if (charset == "ISO-8859-1") {
        raw.charset = formats::Charset::iso_8859_1;
    } else if (charset != "UTF-8") {
        static const std::vector<std::string> known = {"UTF-8", "US-ASCII", "ISO-8859-1"};
        return options.wrong("raw.charset", "charset '{}' is not one of UTF-8, US-ASCII and ISO-8859-1{}",
                             charset, did_you_mean(charset, known));
    }
    const std::string_view endian = options.find("raw.endianness").value_or("big-endian");
    if (endian != "big-endian" && endian != "little-endian")
        return options.wrong("raw.endianness", "expected 'big-endian' or 'little-endian', found '{}'",
                             endian);
    raw.endian = endian == "big-endian" ? Endian::big : Endian::little;
    return raw;
}

std::unexpected<Error> no_raw(const PartOptions& options, const Schema& schema) {
    if (schema.size() != 1) {
        return options.wrong("format", "'raw' is one column, and there are {}: {}", schema.size(),
                             "name the key's with 'key.fields' and leave them out of the value with "
                             "'value.fields-include' = 'EXCEPT_KEY'");
    }
    return options.wrong("format", "'raw' has no {} (column `{}`)", schema[0].type.to_string(),
                         schema[0].name);
}

// --- avro

Result<formats::avro::DocumentPtr> derived_schema(const PartOptions& options, const Schema& schema) {
    const std::string_view legacy = options.find("avro.timestamp_mapping.legacy").value_or("true");
    auto text = formats::avro::table_schema(schema, {.legacy_timestamps = legacy == "true"});
    if (!text) return options.at("format", text.error());
    return formats::avro::Document::parse(*text);
}

/// 'avro-confluent.schema', if it is given.
Result<formats::avro::DocumentPtr> given_schema(const PartOptions& options) {
    const auto text = options.find("avro-confluent.schema");
    if (!text) return nullptr;
    auto parsed = formats::avro::Document::parse(*text);
    if (!parsed) return options.at("avro-confluent.schema", parsed.error());
    return *parsed;
}

Status check_avro_encoding(const PartOptions& options) {
    const std::string_view encoding = options.find("avro.encoding").value_or("binary");
    if (encoding == "binary") return {};
    return std::unexpected(
        options.wrong("avro.encoding", "only 'binary' can be read and written, not '{}'", encoding).error());
}

Status need_registry(const PartOptions& options, formats::SchemaSource* schemas) {
    if (schemas != nullptr) return {};
    return std::unexpected(
        options.wrong("format", "'avro-confluent' needs the schema registry, which is not here").error());
}

Result<std::unique_ptr<formats::RowEncoder>> confluent_encoder(const PartOptions& options, RecordPart part,
                                                               const Schema& schema,
                                                               formats::SchemaSource* schemas) {
    MR_TRY_VOID(need_registry(options, schemas));
    MR_TRY(auto document, given_schema(options));
    if (document == nullptr) {
        MR_TRY(document, derived_schema(options, schema));
    }
    // Before anything is registered: does it fit?
    auto fits = formats::avro::encoder(schema, document, 0);
    if (!fits) return options.at("avro-confluent.schema", fits.error());
    const std::string subject = std::string(
        options.find("avro-confluent.subject")
            .value_or(std::string(options.table().topic()) + (part == RecordPart::key ? "-key" : "-value")));
    const auto id = schemas->register_avro(subject, document->canonical());
    if (!id) return options.at("format", id.error());
    return formats::avro::encoder(schema, document, *id);
}

// --- protobuf

Result<formats::ProtobufOptions> protobuf_options(const PartOptions& options) {
    formats::ProtobufOptions out;
    const auto schema = options.find("protobuf.schema");
    if (!schema) {
        return options.wrong("format",
                             "'protobuf' needs 'protobuf.schema', the text of the .proto file: there are "
                             "no Java classes here");
    }
    out.schema = *schema;
    out.message = options.find("protobuf.message-class-name").value_or("");
    out.read_default_values = options.boolean("protobuf.read-default-values");
    out.null_string = options.find("protobuf.write-null-string-literal").value_or("");
    return out;
}

std::unexpected<Error> unknown_format(const PartOptions& options, std::string_view format) {
    static const std::vector<std::string> known = {"json", "csv",      "avro",         "avro-confluent",
                                                   "raw",  "protobuf", "debezium-json"};
    return std::unexpected(
        Error{Code::unsupported,
              fmt::format("{}: format '{}' is not supported yet; supported are {}{}", options.place("format"),
                          format, fmt::join(known, ", "), did_you_mean(format, known))});
}

Schema pick(const Schema& schema, const std::vector<bool>& wanted) {
    Schema out;
    for (std::size_t i = 0; i < schema.size(); ++i) {
        if (wanted[i]) out.fields.push_back(schema[i]);
    }
    return out;
}

Status key_columns(const plan::Table& table, std::vector<bool>& in_key) {
    std::string_view names = table.option("key.fields");
    std::vector<std::string> physical;
    for (const plan::TableColumn& c : table.columns) {
        if (c.kind == plan::ColumnKind::physical) physical.push_back(c.name);
    }
    while (!names.empty()) {
        const auto end = std::min(names.find(';'), names.size());
        const std::string_view name = names.substr(0, end);
        const int column = table.find(name);
        if (column < 0 ||
            table.columns[static_cast<std::size_t>(column)].kind != plan::ColumnKind::physical) {
            return fail(Code::invalid_argument, "{}: no column `{}`{}",
                        PartOptions(table, RecordPart::key).place("key.fields"), name,
                        did_you_mean(name, physical));
        }
        in_key[static_cast<std::size_t>(column)] = true;
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    return {};
}

}  // namespace

std::string_view format_name(const plan::Table& table, RecordPart part) {
    if (part == RecordPart::key) return table.option("key.format");
    // Rows that the node itself puts into a topic are in JSON; of a 'print' table every change is one.
    const std::string_view own = table.is_fed()                 ? "json"
                                 : table.connector() == "print" ? "debezium-json"
                                                                : "";
    const std::string_view format = table.option("value.format", table.option("format", own));
    const bool lines =
        table.connector() != "filesystem" || (format != "parquet" && table.partitioned_by.empty());
    return lines ? format : "json";
}

Result<RecordLayout> record_layout(const plan::Table& table) {
    const bool upsert = table.connector() == "upsert-kafka";
    std::vector<bool> in_key(table.columns.size(), false);
    if (upsert) {
        for (const int k : table.primary_key) in_key[static_cast<std::size_t>(k)] = true;
    }
    MR_TRY_VOID(key_columns(table, in_key));
    const std::string_view prefix = table.option("key.fields-prefix");
    const bool except = table.option("value.fields-include") == "EXCEPT_KEY";
    const PartOptions options(table, RecordPart::key);
    RecordLayout out;
    out.has_key = table.has_option("key.format") && std::ranges::find(in_key, true) != in_key.end();
    if (table.has_option("key.fields") && !table.has_option("key.format"))
        return options.wrong("key.fields", "it needs a 'key.format'");
    if (table.connector() == "kafka" && table.has_option("key.format") && !out.has_key)
        return options.wrong("key.format", "it needs 'key.fields': the columns a record's key holds");
    if (!prefix.empty() && !except) {
        return options.wrong("key.fields-prefix",
                             "it needs 'value.fields-include' = 'EXCEPT_KEY': else the value would have the "
                             "prefixed names too");
    }
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const plan::TableColumn& column = table.columns[i];
        if (column.kind != plan::ColumnKind::physical) continue;
        if (in_key[i] && out.has_key) {
            std::string name = column.name;
            if (!prefix.empty()) {
                if (!name.starts_with(prefix))
                    return options.wrong("key.fields-prefix", "key column `{}` does not begin with '{}'",
                                         name, prefix);
                name = name.substr(prefix.size());
            }
            out.key.push_back(static_cast<int>(i));
            out.key_schema.fields.push_back({std::move(name), column.type});
        }
        if (!(in_key[i] && out.has_key && except)) {
            out.value.push_back(static_cast<int>(i));
            out.value_schema.fields.push_back({column.name, column.type});
        }
    }
    return out;
}

Result<std::unique_ptr<formats::RowDecoder>> make_decoder(const plan::Table& table, RecordPart part,
                                                          const Schema& schema,
                                                          const std::vector<bool>& wanted,
                                                          formats::SchemaSource* schemas,
                                                          const std::vector<formats::FieldsRead>& reads) {
    const PartOptions options(table, part);
    const std::string_view format = format_name(table, part);
    if (format == "json") return json_decoder(options, pick(schema, wanted), schemas, reads);
    if (format == "csv") {
        MR_TRY(auto csv, csv_options(options));
        auto decoder = formats::csv_decoder(schema, wanted, std::move(csv));
        if (!decoder) return options.at("format", decoder.error());
        return decoder;
    }
    if (format == "raw") {
        MR_TRY(const auto raw, raw_options(options));
        if (schema.size() > 1) return no_raw(options, schema);
        auto decoder = formats::raw_decoder(pick(schema, wanted), raw);
        if (decoder == nullptr) return no_raw(options, schema);
        return decoder;
    }
    if (format == "protobuf") {
        MR_TRY(const auto protobuf, protobuf_options(options));
        auto decoder = formats::protobuf_decoder(schema, wanted, protobuf);
        if (!decoder) return options.at("protobuf.schema", decoder.error());
        return decoder;
    }
    if (format == "avro") {
        MR_TRY_VOID(check_avro_encoding(options));
        MR_TRY(const auto writer, derived_schema(options, schema));
        return formats::avro::bare_decoder(pick(schema, wanted), writer);
    }
    if (format == "avro-confluent") {
        MR_TRY_VOID(need_registry(options, schemas));
        MR_TRY(auto reader, given_schema(options));
        auto decoder = formats::avro::confluent_decoder(pick(schema, wanted), *schemas, std::move(reader));
        if (!decoder) return options.at("avro-confluent.schema", decoder.error());
        return decoder;
    }
    return unknown_format(options, format);
}

bool has_changes(const plan::Table& table) {
    return format_name(table, RecordPart::value) == "debezium-json";
}

Result<std::unique_ptr<formats::DebeziumDecoder>> make_debezium_decoder(const plan::Table& table,
                                                                        const Schema& wanted) {
    const PartOptions options(table, RecordPart::value);
    formats::JsonOptions json;
    MR_TRY(json.timestamps, json_style(options, "debezium-json."));
    json.ignore_parse_errors = options.boolean("debezium-json.ignore-parse-errors");
    return std::make_unique<formats::DebeziumDecoder>(wanted, json,
                                                      options.boolean("debezium-json.schema-include"));
}

Result<std::unique_ptr<formats::RowEncoder>> make_encoder(const plan::Table& table, RecordPart part,
                                                          const Schema& schema,
                                                          formats::SchemaSource* schemas) {
    const PartOptions options(table, part);
    std::string_view format = format_name(table, part);
    // Connectors without a format option keep their rows in a topic of ours, and so do files.
    if (format.empty() || table.connector() == "filesystem") format = "json";
    if (format == "json") return json_encoder(options, schema, "json.");
    if (format == "debezium-json" && part == RecordPart::value)
        return json_encoder(options, schema, "debezium-json.");
    if (format == "csv") {
        MR_TRY(auto csv, csv_options(options));
        auto encoder = formats::csv_encoder(schema, std::move(csv));
        if (!encoder) return options.at("format", encoder.error());
        return encoder;
    }
    if (format == "raw") {
        MR_TRY(const auto raw, raw_options(options));
        auto encoder = formats::raw_encoder(schema, raw);
        if (encoder == nullptr) return no_raw(options, schema);
        return encoder;
    }
    if (format == "protobuf") {
        MR_TRY(const auto protobuf, protobuf_options(options));
        auto encoder = formats::protobuf_encoder(schema, protobuf);
        if (!encoder) return options.at("protobuf.schema", encoder.error());
        return encoder;
    }
    if (format == "avro") {
        MR_TRY_VOID(check_avro_encoding(options));
        MR_TRY(const auto document, derived_schema(options, schema));
        return formats::avro::encoder(schema, document, std::nullopt);
    }
    if (format == "avro-confluent") return confluent_encoder(options, part, schema, schemas);
    return unknown_format(options, format);
}

}  // namespace mr::engine
