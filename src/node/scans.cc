#include "node/scans.h"

#include <algorithm>

#include "columnar/codec.h"
#include "engine/source_stage.h"
#include "lake/table_scan.h"
#include "wire/record.h"

namespace mr::node {
namespace {

using warehouse::Range;
using warehouse::Ranges;
using warehouse::RowBatch;
using warehouse::Scan;
using warehouse::ScanTable;

constexpr std::size_t kBatchRows = 2'048;

/// Reads the durable records of a topic, partition after partition, up to the ends of the moment it was
/// opened.
class TopicReader {
  public:
    TopicReader(broker::Broker& broker, std::shared_ptr<const broker::TopicView> topic)
        : broker_(broker), topic_(std::move(topic)) {
        for (const auto& log : topic_->partitions) {
            const auto view = log->shown();
            next_.push_back(view->log_start);
            end_.push_back(view->log_end);
        }
    }

    /// Leaves out what lies outside of these; by partition number, offset and timestamp (microseconds).
    void narrow(const Range& partition, const Range& offset, const Range& time) {
        for (std::size_t i = 0; i < next_.size(); ++i) {
            const auto number = static_cast<std::int64_t>(i);
            if (number < partition.low || number > partition.high) end_[i] = next_[i];
            next_[i] = std::max(next_[i], Offset(std::max<std::int64_t>(offset.low, 0)));
            if (offset.high < end_[i].value) end_[i] = Offset(std::max<std::int64_t>(offset.high + 1, 0));
            if (time.low <= 0 || next_[i] >= end_[i]) continue;
            // No record before that one is as late.
            const auto first = broker_.offset_for_time(*topic_->partitions[i], time.low / 1'000);
            if (first.error != broker::KafkaError::none) continue;
            if (first.offset.value < 0)
                end_[i] = next_[i];
            else
                next_[i] = std::max(next_[i], first.offset);
        }
    }

    /// Calls `visit` for the records of the next batches, until `rows` were seen; false at the end. The
    /// records' bytes stay until the next call.
    template <class Visit>
    Result<bool> read(std::size_t rows, Visit visit) {
        keep_.clear();
        std::size_t seen = 0;
        while (seen < rows && at_ < next_.size()) {
            if (next_[at_] >= end_[at_]) {
                ++at_;
                continue;
            }
            const broker::PartitionLog& log = *topic_->partitions[at_];
            auto result = broker_.read(log, next_[at_], {.max_bytes = 1U << 20, .only_committed = true});
            if (result.error == broker::KafkaError::offset_out_of_range) {  // retention has moved on
                next_[at_] = std::max(log.shown()->log_start, next_[at_].next());
                continue;
            }
            if (result.error != broker::KafkaError::none)
                return fail(Code::io_error, "cannot read {}: {}", topic_->name, result.message);
            std::string bytes;
            result.append_to(bytes);
            if (bytes.empty()) {
                // Nothing, or nothing but what was aborted.
                if (result.next <= next_[at_])
                    ++at_;
                else
                    next_[at_] = result.next;
                continue;
            }
            keep_.emplace_back(std::move(bytes));
            MR_TRY_VOID(visit_batches(keep_.back(), seen, visit));
        }
        return seen > 0;
    }

  private:
    template <class Visit>
    Status visit_batches(const SharedBytes& bytes, std::size_t& seen, Visit& visit) {
        std::string_view rest = bytes.view();
        for (;;) {
            MR_TRY(const auto batch, wire::next_batch(rest));
            if (!batch) return {};
            MR_TRY(auto reader, wire::RecordReader::open(*batch));
            if (!reader.buffer().empty()) keep_.push_back(reader.buffer());
            wire::Record record;
            while (reader.next(record)) {
                if (record.offset < next_[at_] || record.offset >= end_[at_] || reader.header().is_control())
                    continue;
                visit(PartitionId(static_cast<std::int32_t>(at_)), record);
                ++seen;
            }
            MR_TRY_VOID(reader.status());
            next_[at_] = std::max(next_[at_], reader.header().next_offset());
        }
    }

    broker::Broker& broker_;
    std::shared_ptr<const broker::TopicView> topic_;
    std::vector<Offset> next_, end_;
    std::size_t at_ = 0;
    std::vector<SharedBytes> keep_;
};

const Schema& raw_schema() {
    static const Schema schema{{{"partition", DataType::integer()},
                                {"offset", DataType::bigint()},
                                {"timestamp", DataType::timestamp_ltz()},
                                {"key", DataType::string()},
                                {"value", DataType::string()}}};
    return schema;
}

Range range_of(const Ranges& ranges, int column) {
    const auto found = ranges.find(column);
    return found == ranges.end() ? Range() : found->second;
}

/// The column that shows a record's partition, offset or timestamp as it is; -1: none.
int metadata_column(const plan::Table& table, std::string_view key) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const plan::TableColumn& c = table.columns[i];
        const bool fits = key == "timestamp" ? c.type.is_timestamp() : c.type.is_integer();
        if (c.kind == plan::ColumnKind::metadata && fits &&
            (c.metadata_key.empty() ? c.name : c.metadata_key) == key)
            return static_cast<int>(i);
    }
    return -1;
}

class RawTopicScan final : public Scan {
  public:
    RawTopicScan(broker::Broker& broker, std::shared_ptr<const broker::TopicView> topic,
                 std::vector<int> columns, const Ranges& ranges)
        : reader_(broker, std::move(topic)), columns_(std::move(columns)) {
        reader_.narrow(range_of(ranges, 0), range_of(ranges, 1), range_of(ranges, 2));
    }

    Result<std::optional<RowBatch>> next() override {
        std::vector<ColumnBuilder> builders;
        for (const Field& f : raw_schema().fields) builders.emplace_back(f.type);
        const auto text = [](ColumnBuilder& b, const std::optional<std::string_view>& v) {
            if (v) {
                b.append_text(*v);
            } else {
                b.append_null();
            }
        };
        MR_TRY(const bool more, reader_.read(kBatchRows, [&](PartitionId partition, const wire::Record& r) {
            builders[0].append_integer(partition.value);
            builders[1].append_integer(r.offset.value);
            builders[2].append_integer(r.timestamp.value);
            text(builders[3], r.key);
            text(builders[4], r.value);
        }));
        if (!more) return std::nullopt;
        RowBatch batch{.columns = {}, .rows = builders[0].size()};
        std::vector<ColumnPtr> all;
        for (ColumnBuilder& b : builders) all.push_back(b.finish());
        for (const int c : columns_) batch.columns.push_back(all[static_cast<std::size_t>(c)]);
        return batch;
    }

  private:
    TopicReader reader_;
    const std::vector<int> columns_;
};

class TableScan final : public Scan {
  public:
    TableScan(broker::Broker& broker, std::shared_ptr<const broker::TopicView> topic,
              std::unique_ptr<engine::SourceStage> stage, const plan::Table& table, const Ranges& ranges)
        : reader_(broker, std::move(topic)), stage_(std::move(stage)) {
        reader_.narrow(range_of(ranges, metadata_column(table, "partition")),
                       range_of(ranges, metadata_column(table, "offset")),
                       range_of(ranges, metadata_column(table, "timestamp")));
    }

    Result<std::optional<RowBatch>> next() override {
        for (;;) {
            MR_TRY(const bool more,
                   reader_.read(kBatchRows, [&](PartitionId partition, const wire::Record& record) {
                       stage_->add(partition, record, ++arrival_);
                   }));
            if (!more) return std::nullopt;
            std::vector<engine::Rejected> rejected;
            Delta delta = stage_->finish(0, rejected);
            if (delta.empty()) continue;
            return RowBatch{.columns = std::move(delta.columns), .rows = delta.size()};
        }
    }

  private:
    TopicReader reader_;
    std::unique_ptr<engine::SourceStage> stage_;
    std::uint64_t arrival_ = 0;
};

class ViewScan final : public Scan {
  public:
    ViewScan(views::SnapshotPtr view, std::vector<int> columns)
        : view_(std::move(view)), columns_(std::move(columns)) {}

    Result<std::optional<RowBatch>> next() override {
        if (done_) return std::nullopt;
        const Schema& schema = view_->definition->schema;
        std::vector<ColumnBuilder> builders;
        for (const Field& f : schema.fields) builders.emplace_back(f.type);
        std::size_t rows = 0;
        Status status;
        done_ = true;
        view_->rows.scan(from_, [&](const views::RowPtr& row) {
            if (rows == kBatchRows) {
                from_ = row->key;
                done_ = false;
                return false;
            }
            ++rows;
            status = read_row_into(row->row, schema, builders);
            return status.has_value();
        });
        MR_TRY_VOID(status);
        if (rows == 0) return std::nullopt;
        RowBatch batch{.columns = {}, .rows = rows};
        std::vector<ColumnPtr> all;
        for (ColumnBuilder& b : builders) all.push_back(b.finish());
        for (const int c : columns_) batch.columns.push_back(all[static_cast<std::size_t>(c)]);
        return batch;
    }

  private:
    const views::SnapshotPtr view_;
    const std::vector<int> columns_;
    std::string from_;
    bool done_ = false;
};

class LakeScan final : public Scan {
  public:
    explicit LakeScan(std::unique_ptr<lake::TableScan> scan) : scan_(std::move(scan)) {}
    Result<std::optional<RowBatch>> next() override {
        MR_TRY(auto batch, scan_->next());
        if (!batch) return std::nullopt;
        return RowBatch{.columns = std::move(batch->columns), .rows = batch->rows};
    }

  private:
    const std::unique_ptr<lake::TableScan> scan_;
};

std::optional<ScanTable> lake_table(FileSystem& fs, const std::string& folder) {
    auto schema = lake::TableScan::schema(fs, folder);
    if (!schema) return std::nullopt;
    std::set<int> ranged;
    for (std::size_t i = 0; i < schema->size(); ++i)
        if ((*schema)[i].type.is_integer() || (*schema)[i].type.is_timestamp())
            ranged.insert(static_cast<int>(i));
    return ScanTable{std::move(*schema),
                     [&fs, folder](const std::vector<int>& columns,
                                   const Ranges& ranges) -> Result<std::unique_ptr<Scan>> {
                         std::map<int, lake::ColumnRange> wanted;
                         for (const auto& [column, range] : ranges) wanted[column] = {range.low, range.high};
                         MR_TRY(auto scan, lake::TableScan::open(fs, folder, columns, wanted));
                         return std::make_unique<LakeScan>(std::move(scan));
                     },
                     std::move(ranged)};
}

}  // namespace

std::optional<ScanTable> NodeScans::find(std::string_view name) {
    for (const auto* names : {&lake_, &lake_declared_})
        if (const auto folder = names->find(name); folder != names->end())
            return lake_table(*lake_fs_, folder->second);
    if (views::SnapshotPtr view = views_.snapshot(name)) {
        return ScanTable{
            view->definition->schema,
            [view](const std::vector<int>& columns, const Ranges&) -> Result<std::unique_ptr<Scan>> {
                return std::make_unique<ViewScan>(view, columns);
            }};
    }
    const auto topics = broker_.topics();
    const auto table = tables_.find(name);
    const auto topic = table == tables_.end() ? nullptr : topics->find(table->second->source_topic());
    // Of a table of files that is only written there is the topic of its name, below.
    const bool only_written = table != tables_.end() && topic == nullptr && table->second->is_fed();
    if (table != tables_.end() && !only_written) {
        if (topic == nullptr) return std::nullopt;
        std::set<int> ranged;
        for (const char* key : {"partition", "offset", "timestamp"})
            if (const int c = metadata_column(*table->second, key); c >= 0) ranged.insert(c);
        return ScanTable{
            table->second->schema(),
            [this, topic, declared = table->second](const std::vector<int>& columns,
                                                    const Ranges& ranges) -> Result<std::unique_ptr<Scan>> {
                plan::Node node;
                node.op = plan::SourceNode{.table = declared, .columns = columns};
                MR_TRY(auto stage, engine::SourceStage::create(node, schemas_));
                return std::make_unique<TableScan>(broker_, topic, std::move(stage), *declared, ranges);
            },
            ranged};
    }
    if (const auto named = topics->find(name)) {
        return ScanTable{raw_schema(),
                         [this, named](const std::vector<int>& columns,
                                       const Ranges& ranges) -> Result<std::unique_ptr<Scan>> {
                             return std::make_unique<RawTopicScan>(broker_, named, columns, ranges);
                         },
                         {0, 1, 2}};
    }
    return std::nullopt;
}

std::vector<std::string> NodeScans::names() {
    std::vector<std::string> out;
    for (const auto& view : views_.snapshots()) out.push_back(view->definition->name);
    for (const auto& [name, table] : tables_) out.push_back(name);
    for (const auto& [name, folder] : lake_) out.push_back(name);
    for (const auto& [name, topic] : broker_.topics()->by_name) out.push_back(name);
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
}

}  // namespace mr::node
