// The bytes of a batch, for those that make one (record.h) and those that make one anew (batch_filter.h).
// Format: docs/formats/record-batch.md. Thread: any, one thread an object.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "wire/record_batch.h"

namespace mr::wire {

/// varint length (-1: null), then the bytes.
inline void write_nullable(ByteWriter& out, std::optional<std::string_view> bytes) {
    if (!bytes) return out.varint(-1);
    out.varint(static_cast<std::int64_t>(bytes->size()));
    out.raw(*bytes);
}

/// Records one after the other, not compressed.
class RecordsWriter {
  public:
    /// `headers` calls the function it is given with each of the `header_count` headers.
    template <class Headers>
    void add(std::int64_t timestamp_delta, std::int64_t offset_delta, std::optional<std::string_view> key,
             std::optional<std::string_view> value, std::size_t header_count, Headers&& headers) {
        body_.clear();
        ByteWriter out(body_, Endian::big);
        out.i8(0);  // attributes of a record: none defined
        out.varint(timestamp_delta);
        out.varint(offset_delta);
        write_nullable(out, key);
        write_nullable(out, value);
        out.varint(static_cast<std::int64_t>(header_count));
        headers([&](const auto& header) {
            write_nullable(out, header.key);
            write_nullable(out, header.value);
        });
        ByteWriter records(bytes_, Endian::big);
        records.varint(static_cast<std::int64_t>(body_.size()));
        records.raw(body_);
        ++count_;
    }

    [[nodiscard]] std::int32_t count() const { return count_; }
    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    void clear() {
        bytes_.clear();
        count_ = 0;
    }

  private:
    std::string bytes_, body_;
    std::int32_t count_ = 0;
};

/// The batch of these records, compressed as the header's attributes say. The header's length, CRC and number
/// of records are not looked at.
[[nodiscard]] std::string seal_batch(const BatchHeader& header, const RecordsWriter& records);

}  // namespace mr::wire
