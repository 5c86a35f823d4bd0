#include "connect/archive_sink.h"

#include <simdjson.h>

#include <algorithm>

#include "base/log.h"
#include "broker/log_reader.h"
#include "connect/lake_position.h"
#include "wire/record.h"

namespace mr::connect {
namespace {

constexpr std::string_view kTime = "timestamp";
/// 0001-01-01 to 9999-12-31: what every reader's clock can show.
constexpr std::int64_t kTimestampMin = -62'135'596'800'000, kTimestampMax = 253'402'300'799'999;

enum ArchiveColumn : std::size_t {
    kTopic,
    kPartition,
    kOffset,
    kTimestamp,
    kKey,
    kValue,
    kHeaders,
    kSeq,
    kSchemaId,
    kArchivedAt,
};

Schema archive_schema() {
    const auto required = [](const DataType& type) { return type.with_nullable(false); };
    const DataType header = DataType::row({{"key", DataType::string()}, {"value", DataType::bytes()}});
    return {{{"topic", required(DataType::string())},
             {"partition", required(DataType::integer())},
             {"offset", required(DataType::bigint())},
             {std::string(kTime), DataType::timestamp_ltz(3)},
             {"key", DataType::bytes()},
             {"value", DataType::bytes()},
             {"headers", DataType::array(header)},
             {"seq", required(DataType::bigint())},
             {"schema_id", DataType::integer()},
             {"archived_at", required(DataType::timestamp_ltz(3))}}};
}

void append_bytes(ColumnBuilder& out, const std::optional<std::string_view>& bytes) {
    if (bytes)
        out.append_text(*bytes);
    else
        out.append_null();
}

/// Confluent's wire format: a zero byte, the schema's id, the payload.
void append_schema_id(ColumnBuilder& out, const std::optional<std::string_view>& bytes) {
    if (!bytes || bytes->size() < 5 || (*bytes)[0] != '\0') return out.append_null();
    ByteReader in(bytes->substr(1), Endian::big);
    out.append_integer(in.i32());
}

void append_headers(ColumnBuilder& out, const wire::RecordHeaders& from) {
    ColumnBuilder& rows = out.child(0);
    from.each([&](const wire::RecordHeader& header) {
        // A text column must be UTF-8 or readers refuse the file; the name is all that can be amiss.
        if (simdjson::validate_utf8(header.key.data(), header.key.size())) {
            rows.child(0).append_text(header.key);
        } else {
            std::string name(header.key);
            std::ranges::replace_if(name, [](char c) { return (c & 0x80) != 0; }, '?');
            rows.child(0).append_text(name);
        }
        append_bytes(rows.child(1), header.value);
        rows.append_row();
    });
    out.append_list();
}

/// Records of one commit, column by column.
class Rows {
  public:
    Rows() {
        for (const Field& f : archive_schema().fields) builders_.emplace_back(f.type);
    }
    std::size_t count = 0;
    std::size_t bytes = 0;
    std::set<std::optional<std::int32_t>> hours;

    void add(const std::string& name, const broker::LogBatch& b, const wire::Record& r, TimestampMs now) {
        builders_[kTopic].append_text(name);
        builders_[kPartition].append_integer(b.partition.value);
        builders_[kOffset].append_integer(r.offset.value);
        const std::int64_t time = r.timestamp.value;
        std::optional<std::int32_t> hour;
        if (time == wire::kNoTimestamp || time < kTimestampMin || time > kTimestampMax) {
            builders_[kTimestamp].append_null();
        } else {
            builders_[kTimestamp].append_integer(time);
            hour = lake::hour_of(time * 1'000);
        }
        hours.insert(hour);
        append_bytes(builders_[kKey], r.key);
        append_bytes(builders_[kValue], r.value);
        append_headers(builders_[kHeaders], r.headers);
        builders_[kSeq].append_integer(static_cast<std::int64_t>(b.seq.value));
        append_schema_id(builders_[kSchemaId], r.value);
        builders_[kArchivedAt].append_integer(now.value);
        ++count;
        bytes += 64 + r.key.value_or("").size() + r.value.value_or("").size();
    }
    std::vector<ColumnPtr> finish() {
        std::vector<ColumnPtr> out;
        for (ColumnBuilder& b : builders_) out.push_back(b.finish());
        return out;
    }

  private:
    std::vector<ColumnBuilder> builders_;
};

class ArchiveSink final : public LakeWriter {
  public:
    ArchiveSink(broker::Broker& broker, FileSystem& fs, Clock& clock, const std::string& topic,
                lake::TableSpec spec)
        : LakeWriter(fs, clock, "raw." + topic, std::move(spec)), broker_(broker), topic_name_(topic) {}

  private:
    Status open_reader(const lake::Summary& position) override {
        position_ = position_of(position, broker_, topic_name_);
        MR_TRY(reader_, broker::LogReader::open(broker_, {.name = "archive " + topic_name_,
                                                          .topics = {topic_name_},
                                                          .after = position_.through,
                                                          .visibility = broker::Visibility::durable,
                                                          .hold = true}));
        return {};
    }
    void close_reader() override { reader_.reset(); }
    void wake_on_more(const std::function<void()>& wakeup) override { reader_->set_wakeup(wakeup); }

    Result<std::size_t> commit_once(bool& more) override {
        Rows rows;
        const TimestampMs now = clock().now();
        while (more && rows.bytes < kLakeCommitBytes && rows.hours.size() <= kLakeHoursMax) {
            broker::LogSlice slice;
            MR_TRY_VOID(reader_->read({.bytes_max = kLakeReadBytes}, slice));
            if (slice.skipped > 0)
                log_error("lake", "{}: {} records were gone before they could be archived", name(),
                          slice.skipped);
            for (const broker::LogBatch& b : slice.batches) MR_TRY_VOID(add(b, now, rows));
            position_.through = slice.through;
            more = !slice.up_to_date;
        }
        if (rows.count > 0) {
            MR_TRY_VOID(table().append(rows.finish(), summary_of(position_, broker_, topic_name_)));
        }
        reader_->confirm(position_.through);
        return rows.count;
    }

    Status add(const broker::LogBatch& b, TimestampMs now, Rows& rows) {
        MR_TRY(auto records, wire::RecordReader::open(b.batch.view()));
        std::int64_t& next = position_.next_offset[b.partition.value];
        const std::int64_t shift = b.base_offset.value - records.header().base_offset.value;
        wire::Record record;
        while (!records.header().is_control() && records.next(record)) {
            record.offset = record.offset.plus(shift);
            if (record.offset < b.first_offset || record.offset.value < next) continue;
            rows.add(topic_name_, b, record, now);
        }
        next = std::max(next, b.last_offset.value + 1);
        return records.status();
    }

    broker::Broker& broker_;
    const std::string topic_name_;
    TopicPosition position_;
    std::unique_ptr<broker::LogReader> reader_;
};

}  // namespace

Result<std::unique_ptr<LakeWriter>> open_archive_sink(broker::Broker& broker, FileSystem& fs, Clock& clock,
                                                      const LakeOptions& lake, const std::string& topic) {
    lake::TableSpec spec;
    MR_TRY(spec.directory, lake_table_directory(lake.directory, "raw", topic));
    MR_TRY(spec.columns, lake::lake_schema(archive_schema(), true));
    spec.time_column = kTime;
    spec.parquet.raw_columns = {"key", "value"};
    spec.parquet.plain_columns = {"offset", "seq"};
    spec.retention_ms = spec.row_retention_ms = lake.retention_ms;
    spec.compaction = lake.compaction;
    auto sink = std::make_unique<ArchiveSink>(broker, fs, clock, topic, std::move(spec));
    MR_TRY_VOID(sink->start());
    return sink;
}

}  // namespace mr::connect
