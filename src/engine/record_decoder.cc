#include "engine/record_decoder.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/suggest.h"
#include "engine/table_format.h"

namespace mr::engine {
namespace {

const std::vector<std::string>& metadata_keys() {
    static const std::vector<std::string> keys = {
        "topic",        "partition", "offset",    "timestamp", "timestamp-type",        "headers",
        "leader-epoch", "file.path", "file.name", "file.size", "file.modification-time"};
    return keys;
}

/// Bytes of a record's key or value to the columns that are wanted of it.
class PartDecoder {
  public:
    /// `columns`: table columns of the part, in order; `wanted` by table column.
    static Result<PartDecoder> create(const plan::Table& table, RecordPart part,
                                      const std::vector<int>& columns, const Schema& schema,
                                      const std::vector<bool>& wanted, formats::SchemaSource* schemas,
                                      const std::vector<formats::FieldsRead>& reads) {
        PartDecoder out;
        std::vector<bool> read;
        std::vector<formats::FieldsRead> parts;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            read.push_back(wanted[static_cast<std::size_t>(columns[i])]);
            if (!read.back()) continue;
            out.columns_.push_back(columns[i]);
            out.builders_.emplace_back(schema[i].type);
            if (!reads.empty()) parts.push_back(reads[static_cast<std::size_t>(columns[i])]);
        }
        out.takes_null_ = format_name(table, part) == "raw";
        if (part == RecordPart::value && has_changes(table)) {
            Schema fields;
            for (std::size_t i = 0; i < columns.size(); ++i) {
                if (read[i]) fields.fields.push_back(schema[i]);
            }
            MR_TRY(out.changes_, make_debezium_decoder(table, fields));
            return out;
        }
        MR_TRY(out.decoder_, make_decoder(table, part, schema, read, schemas, parts));
        return out;
    }

    Status decode(std::optional<std::string_view> bytes, Seq at) {
        if (bytes) return decoder_->decode(*bytes, at, builders_);
        append_nulls();
        return {};
    }
    [[nodiscard]] bool has_changes_only() const { return changes_ != nullptr; }
    Result<RowKind> decode_change(std::string_view bytes) {
        MR_TRY(const formats::DebeziumChange change, changes_->decode(bytes, builders_));
        return change == formats::DebeziumChange::insert   ? RowKind::put
               : change == formats::DebeziumChange::update ? RowKind::update
                                                           : RowKind::remove;
    }
    /// A record without bytes is a NULL, not an error.
    [[nodiscard]] bool takes_null() const { return takes_null_; }
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
    std::unique_ptr<formats::RowDecoder> decoder_;       ///< of rows, or …
    std::unique_ptr<formats::DebeziumDecoder> changes_;  ///< … of changes
    bool takes_null_ = false;
};

enum class Metadata : std::uint8_t {
    topic,
    partition,
    offset,
    timestamp,
    timestamp_type,
    headers,
    leader_epoch,
    file_path,
    file_name,
    file_size,
    file_time
};

/// What connect/file_source.h says of a row's file in the record's headers; nothing in records that were made
/// before the table asked for it.
void append_of_file(ColumnBuilder& out, const wire::Record& record, std::string_view key) {
    const auto header = record.headers.find(key);
    const std::string_view text = header && *header ? **header : std::string_view();
    if (text.empty() && out.type().nullable) {
        out.append_null();
    } else if (out.type().is_character()) {
        out.append_text(text);
    } else {
        std::int64_t number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        out.append_integer(out.type().is_timestamp() ? number * (out.type().time_unit() / 1'000) : number);
    }
}

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

    /// A record of changes: no row, one or two.
    Result<RowKind> decode_change(PartitionId partition, const wire::Record& record, Seq at) {
        if (!record.value) return RowKind::none;
        if (key) {
            const Status decoded = key->decode(record.key, at);
            if (!decoded) return annotate(decoded.error(), "key");
        }
        auto kind = value->decode_change(*record.value);
        if (!kind) {
            if (key) key->take_back();
            return kind;
        }
        // The key and the metadata are both rows'.
        if (*kind == RowKind::update && key) MR_TRY_VOID(key->decode(record.key, at));
        for (MetadataColumn& m : metadata) {
            MR_TRY_VOID(append_metadata(m, partition, record));
            if (*kind == RowKind::update) MR_TRY_VOID(append_metadata(m, partition, record));
        }
        return kind;
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
            case Metadata::file_path:
            case Metadata::file_name:
            case Metadata::file_size:
            case Metadata::file_time:
                append_of_file(m.builder, record, metadata_keys()[static_cast<std::size_t>(m.kind)]);
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
                                                             const std::vector<bool>& wanted,
                                                             formats::SchemaSource* schemas,
                                                             const std::vector<formats::FieldsRead>& reads) {
    auto impl = std::make_unique<Impl>();
    impl->table = table;
    impl->upsert = table->connector() == "upsert-kafka";
    MR_TRY(const RecordLayout layout, record_layout(*table));
    std::vector<bool> from_key(wanted.size(), false), from_value = wanted;
    for (const int k : layout.key) {
        const auto i = static_cast<std::size_t>(k);
        // A column of both is the value's (as in Flink), but a removal is nothing else than its key.
        const bool in_value = std::ranges::find(layout.value, k) != layout.value.end();
        from_key[i] = impl->upsert || (wanted[i] && !in_value);
        if (from_key[i]) from_value[i] = false;
    }
    for (std::size_t i = 0; i < table->columns.size(); ++i) {
        if (table->columns[i].kind == plan::ColumnKind::metadata && wanted[i])
            MR_TRY_VOID(impl->add_metadata(i));
    }
    if (std::ranges::find(from_key, true) != from_key.end()) {
        MR_TRY(auto key, PartDecoder::create(*table, RecordPart::key, layout.key, layout.key_schema, from_key,
                                             schemas, reads));
        impl->key.emplace(std::move(key));
    }
    MR_TRY(auto value, PartDecoder::create(*table, RecordPart::value, layout.value, layout.value_schema,
                                           from_value, schemas, reads));
    impl->value.emplace(std::move(value));
    return std::unique_ptr<RecordDecoder>(std::make_unique<RecordDecoder>(std::move(impl)));
}

RecordDecoder::RecordDecoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecordDecoder::~RecordDecoder() = default;

Result<RowKind> RecordDecoder::decode(PartitionId partition, const wire::Record& record, Seq at) {
    if (impl_->value->has_changes_only()) return impl_->decode_change(partition, record, at);
    const bool removes = !record.value && impl_->upsert;
    if (!record.value && !impl_->upsert && !impl_->value->takes_null())
        return fail(Code::invalid_argument, "the record has no value (a tombstone)");
    if (impl_->key) {
        const Status decoded = impl_->key->decode(record.key, at);
        if (!decoded) return annotate(decoded.error(), "key");
    }
    if (removes) {
        impl_->value->append_nulls();
    } else if (const Status decoded = impl_->value->decode(record.value, at); !decoded) {
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
