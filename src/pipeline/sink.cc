#include "pipeline/sink.h"

#include <algorithm>
#include <variant>

#include "base/suggest.h"
#include "columnar/codec.h"
#include "engine/consolidate.h"
#include "engine/dataflow.h"
#include "formats/json_encoder.h"

namespace mr::pipeline {
namespace {

formats::JsonEncodeOptions json_options(const plan::Table& table) {
    formats::JsonEncodeOptions options;
    const std::string_view standard = table.option("value.json.timestamp-format.standard",
                                                   table.option("json.timestamp-format.standard", "SQL"));
    if (standard == "ISO-8601") options.timestamps = formats::TimestampStyle::iso_8601;
    options.ignore_null_fields =
        table.option("value.json.encode.ignore-null-fields",
                     table.option("json.encode.ignore-null-fields", "false")) == "true";
    return options;
}

Schema pick(const Schema& schema, const std::vector<int>& columns) {
    Schema out;
    for (const int c : columns) out.fields.push_back(schema[static_cast<std::size_t>(c)]);
    return out;
}

std::vector<ColumnPtr> pick(const std::vector<ColumnPtr>& columns, const std::vector<int>& wanted) {
    std::vector<ColumnPtr> out;
    for (const int c : wanted) out.push_back(columns[static_cast<std::size_t>(c)]);
    return out;
}

/// A materialised view, and its topic unless 'topic' = 'none'.
class ViewEncoder final : public SinkEncoder {
  public:
    ViewEncoder(const plan::ViewSink& sink, const plan::Node& root, Outputs& outputs)
        : key_(sink.key),
          mode_(root.mode),
          view_(static_cast<std::uint32_t>(outputs.views.size())),
          key_json_(pick(sink.schema, sink.key), json_options(*sink.table)),
          value_json_(sink.schema, json_options(*sink.table)) {
        ViewInfo info{.name = sink.view, .schema = sink.schema, .key = {}, .options = {}};
        for (const int c : sink.key) info.key.push_back(static_cast<std::uint32_t>(c));
        for (const auto& [name, option] : sink.table->options) {
            if (name.starts_with("view.")) info.options.emplace_back(name, option.value);
        }
        outputs.views.push_back(std::move(info));
        const std::string_view topic = sink.table->option("topic", sink.view);
        if (topic != "none") topic_ = outputs.topic(std::string(topic), true);
    }

    void encode(const Delta& delta, TimestampMs now, std::vector<OutputRecord>& records,
                std::vector<ViewUpdate>& views) override {
        if (delta.empty()) return;
        const std::vector<ColumnPtr> keys = pick(delta.columns, key_);
        for (engine::KeyChange& change : engine::key_changes(delta, key_, mode_)) {
            const bool removed = change.row < 0;
            const std::size_t row = removed ? change.last : static_cast<std::size_t>(change.row);
            if (topic_) {
                OutputRecord record{
                    .topic = *topic_, .key = std::string(), .value = {}, .timestamp = now, .append = false};
                key_json_.encode(keys, row, *record.key);
                if (!removed) value_json_.encode(delta.columns, row, record.value.emplace());
                records.push_back(std::move(record));
            }
            ViewUpdate update{.view = view_, .key = std::move(change.key), .row = {}};
            if (!removed) append_row(update.row.emplace(), delta.columns, row);
            views.push_back(std::move(update));
        }
    }

  private:
    const std::vector<int> key_;
    const plan::Mode mode_;
    const std::uint32_t view_;
    std::optional<std::uint32_t> topic_;
    formats::JsonEncoder key_json_;
    formats::JsonEncoder value_json_;
};

/// A table with a topic behind it: append, or upsert by its primary key.
class TopicEncoder final : public SinkEncoder {
  public:
    TopicEncoder(const plan::TopicSink& sink, const plan::Node& root, const std::vector<int>& key,
                 Outputs& outputs)
        : table_(sink.table),
          mode_(root.mode),
          key_(key),
          value_json_(value_schema(sink), json_options(*sink.table)) {
        std::size_t field = 0;
        for (std::size_t i = 0; i < table_->columns.size(); ++i) {
            const plan::TableColumn& column = table_->columns[i];
            if (column.kind == plan::ColumnKind::computed || column.is_virtual) continue;
            const int from = sink.mapping[field++];
            if (column.kind == plan::ColumnKind::metadata) {
                if (metadata_key(column) == "timestamp") timestamp_ = from;
                continue;
            }
            values_.push_back({from, column.type});
        }
        key_columns_ = append_key_columns(sink);
        topic_ = outputs.topic(std::string(table_->topic()), !key_.empty());
        if (!key_columns_.empty()) {
            Schema schema;
            for (const std::size_t c : key_columns_)
                schema.fields.push_back({value_names_[c], values_[c].type});
            key_json_.emplace(schema, json_options(*table_));
        }
    }

    void encode(const Delta& delta, TimestampMs now, std::vector<OutputRecord>& records,
                std::vector<ViewUpdate>&) override {
        if (delta.empty()) return;
        std::vector<ColumnPtr> columns;
        for (const Value& v : values_) {
            columns.push_back(v.from >= 0 ? delta.columns[static_cast<std::size_t>(v.from)]
                                          : Column::nulls(v.type, delta.size()));
        }
        std::vector<ColumnPtr> keys;
        for (const std::size_t c : key_columns_) keys.push_back(columns[c]);
        if (key_.empty()) {
            for (std::size_t row = 0; row < delta.size(); ++row) {
                for (std::int32_t n = 0; n < delta.weight[row]; ++n)
                    add(delta, columns, keys, row, true, now, records);
            }
            return;
        }
        for (const engine::KeyChange& change : engine::key_changes(delta, key_, mode_)) {
            add(delta, columns, keys, change.row < 0 ? change.last : static_cast<std::size_t>(change.row),
                change.row >= 0, now, records);
        }
    }

  private:
    struct Value {
        int from = -1;
        DataType type;
    };

    static std::string_view metadata_key(const plan::TableColumn& column) {
        return column.metadata_key.empty() ? std::string_view(column.name)
                                           : std::string_view(column.metadata_key);
    }

    Schema value_schema(const plan::TopicSink& sink) {
        Schema schema;
        for (const plan::TableColumn& column : sink.table->columns) {
            if (column.kind != plan::ColumnKind::physical) continue;
            schema.fields.push_back({column.name, column.type});
            value_names_.push_back(column.name);
        }
        return schema;
    }

    /// Value columns that make the record's key: the primary key, or 'key.fields'.
    std::vector<std::size_t> append_key_columns(const plan::TopicSink& sink) const {
        std::vector<std::string> names;
        for (const int c : sink.table->primary_key)
            names.push_back(sink.table->columns[static_cast<std::size_t>(c)].name);
        std::string_view fields = sink.table->option("key.fields");
        if (names.empty()) {
            while (!fields.empty()) {
                const auto end = std::min(fields.find(';'), fields.size());
                names.emplace_back(fields.substr(0, end));
                fields.remove_prefix(std::min(end + 1, fields.size()));
            }
        }
        std::vector<std::size_t> columns;
        for (const std::string& name : names) {
            const auto at = std::ranges::find(value_names_, name);
            if (at != value_names_.end())
                columns.push_back(static_cast<std::size_t>(at - value_names_.begin()));
        }
        return columns;
    }

    void add(const Delta& delta, const std::vector<ColumnPtr>& columns, const std::vector<ColumnPtr>& keys,
             std::size_t row, bool put, TimestampMs now, std::vector<OutputRecord>& records) const {
        OutputRecord record{
            .topic = topic_, .key = {}, .value = {}, .timestamp = now, .append = key_.empty()};
        if (key_json_) key_json_->encode(keys, row, record.key.emplace());
        if (put) value_json_.encode(columns, row, record.value.emplace());
        if (timestamp_ >= 0) {
            const Column& time = *delta.columns[static_cast<std::size_t>(timestamp_)];
            if (!time.is_null(row))
                record.timestamp = TimestampMs(time.integer(row) / (time.type().time_unit() / 1'000));
        }
        records.push_back(std::move(record));
    }

    const plan::TablePtr table_;
    const plan::Mode mode_;
    const std::vector<int> key_;  ///< columns of the root; empty: append
    std::vector<Value> values_;
    std::vector<std::string> value_names_;
    std::vector<std::size_t> key_columns_;
    int timestamp_ = -1;
    std::uint32_t topic_ = 0;
    formats::JsonEncoder value_json_;
    std::optional<formats::JsonEncoder> key_json_;
};

Status check_format(const plan::Table& table) {
    const std::string_view format = table.option("value.format", table.option("format", "json"));
    if (format == "json") return {};
    static const std::vector<std::string> known = {"json"};
    return fail(Code::unsupported, "{}:{}: table {}: format '{}' cannot be written yet; use 'json'{}",
                table.file, table.line, table.name, format, did_you_mean(format, known));
}

}  // namespace

std::uint32_t Outputs::topic(const std::string& name, bool upsert) {
    for (std::size_t i = 0; i < topics.size(); ++i) {
        if (topics[i].name == name) return static_cast<std::uint32_t>(i);
    }
    topics.push_back({name, upsert});
    return static_cast<std::uint32_t>(topics.size() - 1);
}

Result<std::unique_ptr<SinkEncoder>> SinkEncoder::create(const plan::Sink& sink, Outputs& outputs) {
    if (const auto* view = std::get_if<plan::ViewSink>(&sink.target)) {
        return std::make_unique<ViewEncoder>(*view, *sink.root, outputs);
    }
    const auto& topic = std::get<plan::TopicSink>(sink.target);
    static const std::vector<std::string> known = {"kafka",     "upsert-kafka", "iceberg",
                                                   "warehouse", "print",        "blackhole"};
    const std::string_view connector = topic.table->connector();
    if (std::ranges::find(known, connector) == known.end()) {
        return fail(Code::unsupported, "{}:{}: table {}: connector '{}' cannot be written{}",
                    topic.table->file, topic.table->line, topic.table->name, connector,
                    did_you_mean(connector, known));
    }
    if (connector == "blackhole") return nullptr;
    MR_TRY_VOID(check_format(*topic.table));
    // A table without primary key is written append-only; the planner has refused updates into it.
    return std::make_unique<TopicEncoder>(topic, *sink.root, engine::sink_key(sink), outputs);
}

}  // namespace mr::pipeline
