#include "pipeline/sink.h"

#include <algorithm>
#include <cstdlib>
#include <variant>

#include "base/suggest.h"
#include "columnar/codec.h"
#include "engine/consolidate.h"
#include "engine/dataflow.h"
#include "engine/table_format.h"
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

std::optional<std::string> topic_of(const plan::ViewSink& sink) {
    const std::string_view topic = sink.table->option("topic", sink.view);
    return topic == "none" ? std::nullopt : std::optional(std::string(topic));
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
        if (const auto topic = topic_of(sink)) topic_ = outputs.topic(*topic, true);
    }

    void encode(const Delta& delta, TimestampMs now, std::vector<OutputRecord>& records,
                std::vector<ViewUpdate>& views, std::vector<Unsayable>&) override {
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
    static Result<std::unique_ptr<SinkEncoder>> create(const plan::TopicSink& sink, const plan::Node& root,
                                                       const std::vector<int>& key, Outputs& outputs,
                                                       formats::SchemaSource* schemas) {
        auto made = std::make_unique<TopicEncoder>(sink, root, key);
        MR_TRY(engine::RecordLayout layout, engine::record_layout(*sink.table));
        add_undeclared_key(*sink.table, layout);
        made->changes_ = engine::has_changes(*sink.table);
        made->value_columns_ = layout.value;
        made->key_columns_ = layout.key;
        MR_TRY(made->value_,
               engine::make_encoder(*sink.table, engine::RecordPart::value, layout.value_schema, schemas));
        if (!layout.key.empty()) {
            MR_TRY(made->key_part_,
                   engine::make_encoder(*sink.table, engine::RecordPart::key, layout.key_schema, schemas));
        }
        made->topic_ = outputs.topic(std::string(sink.table->topic()), !key.empty() && !made->changes_);
        return made;
    }

    TopicEncoder(const plan::TopicSink& sink, const plan::Node& root, const std::vector<int>& key)
        : mode_(root.mode), key_(key) {
        std::size_t field = 0;
        for (const plan::TableColumn& column : sink.table->columns) {
            Source source{.from = -1, .type = column.type};
            if (column.kind != plan::ColumnKind::computed && !column.is_virtual) {
                source.from = sink.mapping[field++];
                if (column.kind == plan::ColumnKind::metadata && metadata_key(column) == "timestamp")
                    timestamp_ = source.from;
            }
            sources_.push_back(std::move(source));
        }
    }

    void encode(const Delta& delta, TimestampMs now, std::vector<OutputRecord>& records,
                std::vector<ViewUpdate>&, std::vector<Unsayable>& unsayable) override {
        if (delta.empty()) return;
        const std::vector<ColumnPtr> keys = columns(delta, key_columns_);
        const std::vector<ColumnPtr> values = columns(delta, value_columns_);
        const auto add = [&](std::size_t row, bool put) {
            OutputRecord record{.topic = topic_,
                                .key = {},
                                .value = {},
                                .timestamp = now,
                                .append = changes_ || key_.empty()};
            const Status made = fill(delta, keys, values, row, put, record);
            if (made) {
                records.push_back(std::move(record));
            } else {
                unsayable.push_back({row, made.error().message});
            }
        };
        if (changes_ || key_.empty()) {
            for (std::size_t row = 0; row < delta.size(); ++row) {
                const std::int32_t weight = delta.weight[row];
                for (std::int32_t n = 0; n < std::abs(weight); ++n) {
                    if (changes_ || weight > 0) add(row, weight > 0);
                }
            }
            return;
        }
        for (const engine::KeyChange& change : engine::key_changes(delta, key_, mode_))
            add(change.row < 0 ? change.last : static_cast<std::size_t>(change.row), change.row >= 0);
    }

  private:
    /// Where a table column's values come from.
    struct Source {
        int from = -1;  ///< column of the delta; -1: NULL
        DataType type;
    };

    static std::string_view metadata_key(const plan::TableColumn& column) {
        return column.metadata_key.empty() ? std::string_view(column.name)
                                           : std::string_view(column.metadata_key);
    }

    /// A table with a primary key but without 'key.format' (a lake's or a warehouse's topic) has its key in
    /// JSON.
    static void add_undeclared_key(const plan::Table& table, engine::RecordLayout& layout) {
        if (layout.has_key || table.has_option("key.format")) return;
        for (const int k : table.primary_key) {
            const plan::TableColumn& column = table.columns[static_cast<std::size_t>(k)];
            if (column.kind != plan::ColumnKind::physical) continue;
            layout.key.push_back(k);
            layout.key_schema.fields.push_back({column.name, column.type});
        }
    }

    [[nodiscard]] std::vector<ColumnPtr> columns(const Delta& delta, const std::vector<int>& wanted) const {
        std::vector<ColumnPtr> out;
        for (const int c : wanted) {
            const Source& source = sources_[static_cast<std::size_t>(c)];
            out.push_back(source.from >= 0 ? delta.columns[static_cast<std::size_t>(source.from)]
                                           : Column::nulls(source.type, delta.size()));
        }
        return out;
    }

    Status fill(const Delta& delta, const std::vector<ColumnPtr>& keys, const std::vector<ColumnPtr>& values,
                std::size_t row, bool put, OutputRecord& record) const {
        if (key_part_) {
            auto made = key_part_->encode(keys, row, record.key.emplace());
            if (!made) return annotate(made.error(), "key");
            if (!*made) record.key.reset();
        }
        if (changes_) {
            // As Flink writes Debezium's events: an update is a removal and a creation.
            std::string& event = record.value.emplace(put ? R"({"before":null,"after":)" : R"({"before":)");
            MR_TRY_VOID(value_->encode(values, row, event));
            event += put ? R"(,"op":"c"})" : R"(,"after":null,"op":"d"})";
        } else if (put) {
            MR_TRY(const bool made, value_->encode(values, row, record.value.emplace()));
            if (!made) record.value.reset();
        }
        if (timestamp_ >= 0) {
            const Column& time = *delta.columns[static_cast<std::size_t>(timestamp_)];
            if (!time.is_null(row))
                record.timestamp = TimestampMs(time.integer(row) / (time.type().time_unit() / 1'000));
        }
        return {};
    }

    const plan::Mode mode_;
    const std::vector<int> key_;   ///< columns of the root; empty: append
    std::vector<Source> sources_;  ///< by table column
    std::vector<int> key_columns_, value_columns_;
    int timestamp_ = -1;
    std::uint32_t topic_ = 0;
    bool changes_ = false;  ///< every change is an event, not every key a row
    std::unique_ptr<formats::RowEncoder> value_;
    std::unique_ptr<formats::RowEncoder> key_part_;
};

}  // namespace

struct ViewRecords::Impl {
    explicit Impl(const plan::ViewSink& sink)
        : schema(sink.schema),
          key(sink.key),
          topic(topic_of(sink)),
          key_json(pick(sink.schema, sink.key), json_options(*sink.table)),
          value_json(sink.schema, json_options(*sink.table)) {}

    const Schema schema;
    const std::vector<int> key;
    const std::optional<std::string> topic;
    const formats::JsonEncoder key_json;
    const formats::JsonEncoder value_json;
};

ViewRecords::ViewRecords(const plan::ViewSink& sink) : impl_(std::make_unique<Impl>(sink)) {}
ViewRecords::~ViewRecords() = default;

std::optional<std::string> ViewRecords::topic() const {
    return impl_->topic;
}

Result<OutputRecord> ViewRecords::make(std::string_view row, bool put, TimestampMs now) const {
    std::vector<ColumnBuilder> builders;
    for (const Field& f : impl_->schema.fields) builders.emplace_back(f.type);
    MR_TRY_VOID(read_row_into(row, impl_->schema, builders));
    std::vector<ColumnPtr> columns;
    for (ColumnBuilder& b : builders) columns.push_back(b.finish());
    OutputRecord record{.topic = 0, .key = std::string(), .value = {}, .timestamp = now, .append = false};
    impl_->key_json.encode(pick(columns, impl_->key), 0, *record.key);
    if (put) impl_->value_json.encode(columns, 0, record.value.emplace());
    return record;
}

std::uint32_t Outputs::topic(const std::string& name, bool upsert) {
    for (std::size_t i = 0; i < topics.size(); ++i) {
        if (topics[i].name == name) return static_cast<std::uint32_t>(i);
    }
    topics.push_back({name, upsert});
    return static_cast<std::uint32_t>(topics.size() - 1);
}

Result<std::unique_ptr<SinkEncoder>> SinkEncoder::create(const plan::Sink& sink, Outputs& outputs,
                                                         formats::SchemaSource* schemas) {
    if (const auto* view = std::get_if<plan::ViewSink>(&sink.target)) {
        return std::make_unique<ViewEncoder>(*view, *sink.root, outputs);
    }
    const auto& topic = std::get<plan::TopicSink>(sink.target);
    static const std::vector<std::string> known = {"kafka",      "upsert-kafka", "iceberg",  "warehouse",
                                                   "filesystem", "print",        "blackhole"};
    const std::string_view connector = topic.table->connector();
    if (std::ranges::find(known, connector) == known.end()) {
        return fail(Code::unsupported, "{}:{}: table {}: connector '{}' cannot be written{}",
                    topic.table->file, topic.table->line, topic.table->name, connector,
                    did_you_mean(connector, known));
    }
    if (connector == "blackhole") return nullptr;
    // A table without primary key is written append-only; the planner has refused updates into it.
    return TopicEncoder::create(topic, *sink.root, engine::sink_key(sink), outputs, schemas);
}

}  // namespace mr::pipeline
