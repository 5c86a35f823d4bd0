#include "connect/table_reader.h"

#include "base/log.h"
#include "engine/source_stage.h"
#include "engine/table_format.h"
#include "wire/record.h"

namespace mr::connect {
namespace {

/// The sink table as a source of its own topic: physical columns only, key and value in JSON as pipelines
/// write them.
plan::TablePtr as_source(const plan::Table& sink) {
    auto table = std::make_shared<plan::Table>();
    table->name = sink.name;
    table->file = sink.file;
    table->line = sink.line;
    std::map<int, int> moved;
    for (std::size_t i = 0; i < sink.columns.size(); ++i) {
        if (sink.columns[i].kind != plan::ColumnKind::physical) continue;
        moved[static_cast<int>(i)] = static_cast<int>(table->columns.size());
        table->columns.push_back(sink.columns[i]);
        // A removed key comes without its other columns.
        table->columns.back().type.nullable = true;
    }
    for (const int k : sink.primary_key) table->primary_key.push_back(moved.at(k));
    const auto set = [&](const char* key, std::string value) {
        table->options[key] = {.value = std::move(value), .line = sink.line};
    };
    set("topic", std::string(sink.topic()));
    if (engine::has_changes(sink)) {
        set("connector", "kafka");
        set("value.format", "debezium-json");
    } else {
        set("connector", sink.primary_key.empty() ? "kafka" : "upsert-kafka");
        set("value.format", "json");
        if (!sink.primary_key.empty()) set("key.format", "json");
    }
    set("json.timestamp-format.standard", std::string(sink.option("json.timestamp-format.standard", "SQL")));
    return table;
}

}  // namespace

class TableReader::Impl {
  public:
    plan::TablePtr table;
    Schema schema;
    std::unique_ptr<engine::SourceStage> stage;
    std::unique_ptr<broker::LogReader> reader;
    TopicPosition position;
    std::uint64_t arrival = 0;

    Result<TableBatch> read(std::size_t bytes_max) {
        broker::LogSlice slice;
        MR_TRY_VOID(reader->read({.bytes_max = bytes_max}, slice));
        std::vector<SharedBytes> keep;
        for (const broker::LogBatch& b : slice.batches) MR_TRY_VOID(add(b, keep));
        position.through = slice.through;
        std::vector<engine::Rejected> rejected;
        TableBatch batch{.rows = stage->finish(0, rejected), .position = position};
        // Pipelines wrote these records: one that cannot be read back is a bug or foreign, and must not be
        // lost in silence.
        for (const engine::Rejected& r : rejected) {
            log_error("sink", "{} partition {} offset {} cannot be read: {}", table->topic(), r.partition,
                      r.offset, r.reason);
        }
        return batch;
    }

  private:
    Status add(const broker::LogBatch& b, std::vector<SharedBytes>& keep) {
        MR_TRY(auto records, wire::RecordReader::open(b.batch.view()));
        if (!records.buffer().empty()) keep.push_back(records.buffer());
        std::int64_t& next = position.next_offset[b.partition.value];
        const std::int64_t shift = b.base_offset.value - records.header().base_offset.value;
        wire::Record record;
        while (records.next(record)) {
            record.offset = record.offset.plus(shift);
            if (record.offset < b.first_offset || record.offset.value < next) continue;
            stage->add(b.partition, record, ++arrival);
        }
        next = std::max(next, b.last_offset.value + 1);
        return records.status();
    }
};

Result<std::unique_ptr<TableReader>> TableReader::open(broker::Broker& broker, const plan::TablePtr& table,
                                                       std::string name, TopicPosition from) {
    auto impl = std::make_unique<Impl>();
    impl->table = as_source(*table);
    impl->schema = impl->table->schema();
    impl->position = std::move(from);
    plan::Node node;
    plan::SourceNode source{.table = impl->table, .columns = {}};
    for (std::size_t i = 0; i < impl->schema.size(); ++i) source.columns.push_back(static_cast<int>(i));
    node.op = std::move(source);
    MR_TRY(impl->stage, engine::SourceStage::create(node));
    MR_TRY(impl->reader, broker::LogReader::open(broker, {.name = std::move(name),
                                                          .topics = {std::string(table->topic())},
                                                          .after = impl->position.through,
                                                          .visibility = broker::Visibility::durable}));
    return std::make_unique<TableReader>(std::move(impl));
}

TableReader::TableReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TableReader::~TableReader() = default;
const Schema& TableReader::schema() const {
    return impl_->schema;
}
const std::vector<int>& TableReader::key() const {
    return impl_->table->primary_key;
}
Result<TableBatch> TableReader::read(std::size_t bytes_max) {
    return impl_->read(bytes_max);
}
void TableReader::confirm(const TopicPosition& position) {
    impl_->reader->confirm(position.through);
}
void TableReader::set_wakeup(std::function<void()> wakeup) {
    impl_->reader->set_wakeup(std::move(wakeup));
}

}  // namespace mr::connect
