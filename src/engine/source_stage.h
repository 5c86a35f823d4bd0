// From records to a delta: decodes a table's records into its columns, computes computed columns and
// watermarks, sets aside what cannot be used. The first stage of every source; everything after it is
// operators.
//
// Watermarks (Flink's rules): per partition, the greatest value of the watermark expression so far; the
// record is forwarded before the watermark it causes; the source's is the minimum over its active partitions
// and never falls. A partition that had no record yet holds it back, until it is idle.
//
// Rows that cannot be decoded, lack a NOT NULL value, have a NULL event time, or whose computed columns fail
// are rejected, one by one, with the reason: in = accepted + rejected, always.
//
// Thread: the pipeline's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "columnar/delta.h"
#include "formats/fields_read.h"
#include "formats/schema_source.h"
#include "plan/node.h"
#include "wire/record.h"

namespace mr::engine {

/// A record that cannot be used. Views are those of the record.
struct Rejected {
    PartitionId partition;
    Offset offset;
    TimestampMs timestamp;
    std::string reason;
    std::string key;
    std::string value;
};

struct SourceCounts {
    std::uint64_t in = 0;
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;
};

class SourceStage {
  public:
    /// `node` is a SourceNode. unsupported or invalid_argument, with the option's place, for a format or
    /// option that is not known.
    /// `schemas` may be nullptr: then formats with a registry are refused. `reads`, by table column: which
    /// parts of ROWs are read (fields_read()); empty: everything.
    static Result<std::unique_ptr<SourceStage>> create(const plan::Node& node,
                                                       formats::SchemaSource* schemas = nullptr,
                                                       const std::vector<formats::FieldsRead>& reads = {});
    /// For create().
    class Impl;
    explicit SourceStage(std::unique_ptr<Impl> impl);
    ~SourceStage();

    /// Partitions of the topic: those never heard of hold the watermark back too. May grow.
    void set_partitions(std::int32_t count);

    /// The journal entry of the records to come: formats with a registry know what was registered before it.
    /// Without, everything that is registered.
    void set_entry(Seq entry);
    /// The record's bytes must stay where they are until finish(). Arrivals grow over all sources of a
    /// pipeline.
    void add(PartitionId partition, const wire::Record& record, std::uint64_t arrival);
    [[nodiscard]] std::size_t pending() const;

    /// Everything added, as one delta of the node's schema; rejected records are appended to `rejected`.
    Delta finish(std::int64_t processing_time_ms, std::vector<Rejected>& rejected);

    // --- time, decided by the step driver
    // -------------------------------------------------------------------
    /// Leaves or rejoins the minimum; a record rejoins its partition by itself.
    void set_idle(PartitionId partition, bool idle);
    [[nodiscard]] bool is_idle(PartitionId partition) const;
    /// All partitions are silent: the watermark goes on to `watermark_ms` (ignored if that is lower).
    void advance(std::int64_t watermark_ms);
    [[nodiscard]] std::int64_t watermark() const;
    [[nodiscard]] bool has_watermark() const;
    [[nodiscard]] std::int32_t partitions() const;
    /// Lowest partition that holds the watermark back, for EXPLAIN WATERMARK; -1: none.
    [[nodiscard]] std::int32_t held_by() const;

    /// What must survive: watermarks and idleness. A few bytes a partition.
    void encode_state(std::string& out) const;
    Status restore_state(std::string_view bytes);

    [[nodiscard]] const SourceCounts& counts() const;
    [[nodiscard]] const plan::Table& table() const;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace mr::engine
