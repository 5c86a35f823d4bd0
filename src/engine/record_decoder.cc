#include "engine/record_decoder.h"

#include <algorithm>
#include <optional>

#include "base/suggest.h"
#include "formats/json_decoder.h"

namespace mr::engine {
namespace {

const std::vector<std::string>& metadata_keys() {
    static const std::vector<std::string> keys = {"topic",          "partition", "offset",      "timestamp",
                                                  "timestamp-type", "headers",   "leader-epoch"};
    return keys;
}

/// "streams/orders.sql:12: option 'value.format': "
std::string place(const plan::Table& table, std::string_view option) {
    const auto at = table.options.find(option);
    const int line = at == table.options.end() ? table.line : at->second.line;
    return fmt::format("{}:{}: table {}, option '{}'", table.file, line, table.name, option);
}

Result<bool> boolean_option(const plan::Table& table, std::string_view key, bool fallback) {
    const std::string_view v = table.option(key, fallback ? "true" : "false");
    if (v != "true" && v != "false")
        return fail(Code::invalid_argument, "{}: expected true or false, found '{}'", place(table, key), v);
    return v == "true";
}

Result<formats::JsonOptions> json_options(const plan::Table& table, const std::string& prefix) {
    formats::JsonOptions options;
    const std::string standard = prefix + "json.timestamp-format.standard";
    const std::string_view style =
        table.option(standard, table.option("json.timestamp-format.standard", "SQL"));
    if (style == "ISO-8601") {
        options.timestamps = formats::TimestampStyle::iso_8601;
    } else if (style != "SQL") {
        return fail(Code::invalid_argument, "{}: expected 'SQL' or 'ISO-8601', found '{}'",
                    place(table, standard), style);
    }
    MR_TRY(const bool missing, boolean_option(table, "json.fail-on-missing-field", false));
    MR_TRY(options.fail_on_missing_field,
           boolean_option(table, prefix + "json.fail-on-missing-field", missing));
    MR_TRY(const bool ignore, boolean_option(table, "json.ignore-parse-errors", false));
    MR_TRY(options.ignore_parse_errors, boolean_option(table, prefix + "json.ignore-parse-errors", ignore));
    return options;
}

/// Bytes to the columns it was made for: the fields of a JSON object, or the whole text as one column.
class PartDecoder {
  public:
    /// `columns`: table columns, in the order of their builders here.
    static Result<PartDecoder> create(const plan::Table& table, std::string_view option,
                                      const std::vector<int>& columns) {
        PartDecoder part;
        part.columns_ = columns;
        std::string_view format = table.option(option);
        if (format.empty() && option == "value.format") format = table.option("format");
        Schema schema;
        for (const int c : columns) {
            const plan::TableColumn& column = table.columns[static_cast<std::size_t>(c)];
            schema.fields.push_back({column.name, column.type});
            part.builders_.emplace_back(column.type);
        }
        if (format == "json") {
            MR_TRY(const auto options, json_options(table, option == "key.format" ? "key." : "value."));
            part.json_.emplace(schema, options);
        } else if (format == "raw") {
            const bool fits =
                columns.size() <= 1 && (schema.size() == 0 || schema[0].type.kind == TypeKind::string ||
                                        schema[0].type.kind == TypeKind::bytes);
            if (!fits)
                return fail(Code::invalid_argument, "{}: 'raw' reads one STRING or BYTES column",
                            place(table, option));
        } else {
            static const std::vector<std::string> known = {"json", "raw"};
            return fail(Code::unsupported,
                        "{}: format '{}' is not supported yet; supported are 'json' and 'raw'{}",
                        place(table, option), format, did_you_mean(format, known));
        }
        return part;
    }

    Status decode(std::optional<std::string_view> bytes) {
        if (json_ && bytes) return json_->decode(*bytes, builders_);
        for (ColumnBuilder& b : builders_) {
            if (bytes) {
                b.append_text(*bytes);
            } else {
                b.append_null();
            }
        }
        return {};
    }
    void append_nulls() {
        for (ColumnBuilder& b : builders_) b.append_null();
    }
    void take_back() {
        for (ColumnBuilder& b : builders_) b.truncate(b.size() - 1);
    }
    /// nullptr if the column is not read here.
    ColumnPtr take(std::size_t table_column) {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (columns_[i] == static_cast<int>(table_column)) return builders_[i].finish();
        }
        return nullptr;
    }

  private:
    std::vector<int> columns_;
    std::vector<ColumnBuilder> builders_;
    std::optional<formats::JsonDecoder> json_;
};

enum class Metadata : std::uint8_t {
    topic,
    partition,
    offset,
    timestamp,
    timestamp_type,
    headers,
    leader_epoch
};

}  // namespace

class RecordDecoder::Impl {
  public:
    struct MetadataColumn {
        std::size_t column;
        Metadata kind;
        ColumnBuilder builder;
    };

    plan::TablePtr table;
    bool upsert = false;
    std::optional<PartDecoder> key;
    std::optional<PartDecoder> value;
    std::vector<MetadataColumn> metadata;

    Status add_metadata(std::size_t index) {
        const plan::TableColumn& column = table->columns[index];
        const std::string& name = column.metadata_key.empty() ? column.name : column.metadata_key;
        const auto& keys = metadata_keys();
        for (std::size_t k = 0; k < keys.size(); ++k) {
            if (keys[k] != name) continue;
            metadata.push_back({index, static_cast<Metadata>(k), ColumnBuilder(column.type)});
            return {};
        }
        return fail(Code::invalid_argument, "{}:{}: table {}: unknown metadata key '{}'{}", table->file,
                    table->line, table->name, name, did_you_mean(name, keys));
    }

    Status append_metadata(MetadataColumn& m, PartitionId partition, const wire::Record& record) const {
        switch (m.kind) {
            case Metadata::topic:
                m.builder.append_text(table->topic());
                return {};
            case Metadata::partition:
                m.builder.append_integer(partition.value);
                return {};
            case Metadata::offset:
                m.builder.append_integer(record.offset.value);
                return {};
            case Metadata::timestamp: {
                const DataType& t = m.builder.type();
                m.builder.append_integer(t.is_timestamp() ? record.timestamp.value * (t.time_unit() / 1'000)
                                                          : record.timestamp.value);
                return {};
            }
            case Metadata::timestamp_type:
                m.builder.append_text("CreateTime");
                return {};
            case Metadata::leader_epoch:
                m.builder.append_integer(0);
                return {};
            case Metadata::headers:
                record.headers.each([&](const wire::RecordHeader& h) {
                    m.builder.child(0).append_text(h.key);
                    if (h.value) {
                        m.builder.child(1).append_text(*h.value);
                    } else {
                        m.builder.child(1).append_null();
                    }
                });
                m.builder.append_list();
                return {};
        }
        return {};
    }
};

Result<std::unique_ptr<RecordDecoder>> RecordDecoder::create(const plan::TablePtr& table,
                                                             const std::vector<bool>& wanted) {
    auto impl = std::make_unique<Impl>();
    impl->table = table;
    impl->upsert = table->connector() == "upsert-kafka";
    std::vector<bool> in_key(table->columns.size(), false);
    if (impl->upsert) {
        for (const int k : table->primary_key) in_key[static_cast<std::size_t>(k)] = true;
    }
    std::string_view names = table->option("key.fields");
    while (!names.empty()) {
        const auto end = std::min(names.find(';'), names.size());
        const int column = table->find(names.substr(0, end));
        if (column < 0)
            return fail(Code::invalid_argument, "{}: no column `{}`", place(*table, "key.fields"),
                        names.substr(0, end));
        in_key[static_cast<std::size_t>(column)] = true;
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    const bool has_key = table->has_option("key.format") && std::ranges::find(in_key, true) != in_key.end();
    std::vector<int> key_columns, value_columns;
    for (std::size_t i = 0; i < table->columns.size(); ++i) {
        const plan::ColumnKind kind = table->columns[i].kind;
        // An upsert table's key is always decoded: a removal is nothing else.
        if (kind == plan::ColumnKind::physical && has_key && in_key[i] && (wanted[i] || impl->upsert)) {
            key_columns.push_back(static_cast<int>(i));
        } else if (kind == plan::ColumnKind::physical && wanted[i]) {
            value_columns.push_back(static_cast<int>(i));
        } else if (kind == plan::ColumnKind::metadata && wanted[i]) {
            MR_TRY_VOID(impl->add_metadata(i));
        }
    }
    if (has_key) {
        MR_TRY(auto key, PartDecoder::create(*table, "key.format", key_columns));
        impl->key.emplace(std::move(key));
    }
    MR_TRY(auto value, PartDecoder::create(*table, "value.format", value_columns));
    impl->value.emplace(std::move(value));
    return std::unique_ptr<RecordDecoder>(std::make_unique<RecordDecoder>(std::move(impl)));
}

RecordDecoder::RecordDecoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecordDecoder::~RecordDecoder() = default;

Result<RowKind> RecordDecoder::decode(PartitionId partition, const wire::Record& record) {
    const bool removes = !record.value && impl_->upsert;
    if (!record.value && !impl_->upsert)
        return fail(Code::invalid_argument, "the record has no value (a tombstone)");
    if (impl_->key) {
        const Status decoded = impl_->key->decode(record.key);
        if (!decoded) return annotate(decoded.error(), "key");
    }
    if (removes) {
        impl_->value->append_nulls();
    } else if (const Status decoded = impl_->value->decode(record.value); !decoded) {
        if (impl_->key) impl_->key->take_back();
        return std::unexpected(decoded.error());
    }
    for (Impl::MetadataColumn& m : impl_->metadata) MR_TRY_VOID(impl_->append_metadata(m, partition, record));
    return removes ? RowKind::remove : RowKind::put;
}

ColumnPtr RecordDecoder::take(std::size_t index) {
    for (Impl::MetadataColumn& m : impl_->metadata) {
        if (m.column == index) return m.builder.finish();
    }
    if (impl_->key) {
        if (ColumnPtr column = impl_->key->take(index)) return column;
    }
    return impl_->value->take(index);
}

}  // namespace mr::engine
