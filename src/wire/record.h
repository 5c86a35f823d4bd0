// The records inside a batch: a lazy reader and a builder.
// Format: docs/formats/record-batch.md
//
//   Result<RecordReader> reader = RecordReader::open(batch);
//   Record record;
//   while (reader->next(record)) use(record);
//   MR_TRY_VOID(reader->status());
//
// Views in a Record point into the batch or, for a compressed one, into the reader's buffer (`buffer()`
// shares it). Thread: any, one thread an object.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/batch_writer.h"
#include "wire/record_batch.h"

namespace mr::wire {

struct RecordHeader {
    std::string_view key;
    std::optional<std::string_view> value;
};

/// The headers of one record, already checked, decoded while walking.
class RecordHeaders {
  public:
    RecordHeaders() = default;
    RecordHeaders(std::string_view raw, std::uint32_t count) : raw_(raw), count_(count) {}

    [[nodiscard]] std::uint32_t size() const { return count_; }
    [[nodiscard]] bool empty() const { return count_ == 0; }
    /// The value of the last header of that name (Kafka's `lastHeader`); outer nullopt: there is none.
    [[nodiscard]] std::optional<std::optional<std::string_view>> find(std::string_view key) const;
    /// Calls `visit(RecordHeader)` for each, in order.
    template <class F>
    void each(F&& visit) const {
        ByteReader in(raw_, Endian::big);
        for (std::uint32_t i = 0; i < count_; ++i) visit(decode_one(in));
    }

  private:
    static RecordHeader decode_one(ByteReader& in);
    std::string_view raw_;
    std::uint32_t count_ = 0;
};

struct Record {
    Offset offset;
    TimestampMs timestamp;  ///< of the batch where that is LogAppendTime
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;  ///< nullopt is a tombstone
    RecordHeaders headers;
};

class RecordReader {
  public:
    /// `batch` is one whole batch and must outlive the reader. Decompresses if needed. Does not check the
    /// CRC: bytes from a client go through validate_batch() first.
    static Result<RecordReader> open(std::string_view batch,
                                     std::size_t decompressed_bytes_max = kBatchDecompressedMax);

    /// False at the end and at the first broken record; then see status().
    [[nodiscard]] bool next(Record& out);
    /// corrupt when a record could not be read, fewer or more bytes were there than records, or an offset
    /// lies outside the batch.
    [[nodiscard]] const Status& status() const { return status_; }

    [[nodiscard]] const BatchHeader& header() const { return header_; }
    /// Owner of the decompressed bytes; empty for an uncompressed batch.
    [[nodiscard]] const SharedBytes& buffer() const { return buffer_; }
    /// Size of the records, decompressed.
    [[nodiscard]] std::size_t records_bytes() const { return records_.size(); }

  private:
    RecordReader(const BatchHeader& header, std::string_view records, SharedBytes buffer)
        : header_(header), buffer_(std::move(buffer)), records_(records), in_(records, Endian::big) {}
    bool broken(std::string_view why);

    BatchHeader header_;
    SharedBytes buffer_;
    std::string_view records_;
    ByteReader in_;
    std::int32_t seen_ = 0;
    Status status_;
};

struct BatchOptions {
    Compression compression = Compression::none;
    Offset base_offset{};
    LeaderEpoch leader_epoch{-1};
    std::int64_t producer_id = kNoProducerId;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    bool transactional = false;
    bool control = false;
};

/// Builds one batch. Records get offset deltas 0, 1, 2 …; the first record's timestamp is the base.
class BatchBuilder {
  public:
    explicit BatchBuilder(BatchOptions options = {}) : options_(options) {}

    void add(TimestampMs timestamp, std::optional<std::string_view> key,
             std::optional<std::string_view> value, std::span<const RecordHeader> headers = {});

    [[nodiscard]] std::int32_t count() const { return records_.count(); }
    [[nodiscard]] bool empty() const { return count() == 0; }
    /// Size the batch would have without compression.
    [[nodiscard]] std::size_t bytes() const { return kBatchHeaderBytes + records_.bytes().size(); }
    /// The batch; the builder is empty afterwards and may be used again. REQUIRES: not empty().
    [[nodiscard]] std::string finish();

  private:
    BatchOptions options_;
    RecordsWriter records_;
    TimestampMs base_timestamp_;
    TimestampMs max_timestamp_;
};

}  // namespace mr::wire
