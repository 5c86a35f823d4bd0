// The payload of a `step` entry: what one step of one pipeline changed, in sections; each participant reads
// its own. Format: docs/formats/journal.md, "Step"
//
//   header     instance epoch, position S' consumed to, step number, wall-clock time, time inputs
//   state      (table, key, new value or tombstone)*    absolute values, so applying a step twice is harmless
//   outputs    (topic, partition, record batch)*        base offsets are assigned at order, in the header of
//   each views      (view, key, row or tombstone)*           the view's version is the entry's sequence,
//   never stored here
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/uuid.h"

namespace mr::journal {

/// A decision about time taken by the step driver, kept so that replay repeats it. Operators never read a
/// clock.
struct TimeInput {
    enum class Kind : std::uint8_t {
        processing_time = 1,  ///< the step's PROCTIME(), milliseconds
        silence = 2,          ///< a source's watermark moved by the wall clock, to `value`
        idle = 3,             ///< partition `partition` left (value 1) or rejoined (0) the minimum
    };
    Kind kind{};
    std::uint32_t source = 0;  ///< index of the source in the plan
    std::int32_t partition = -1;
    std::int64_t value = 0;
};

struct StateChange {
    std::uint32_t table =
        0;  ///< index in the instance's table list (by fingerprint, in its `pipeline` entry)
    std::string_view key;
    std::optional<std::string_view> value;  ///< nothing: removed
};

struct StepOutput {
    Uuid topic;
    PartitionId partition;
    Offset base_offset;  ///< -1 until ordered
    LeaderEpoch leader_epoch;
    std::string_view
        batch;  ///< a record batch v2; its own base offset field is patched towards fetch and segment
};

struct ViewChange {
    std::uint32_t view = 0;               ///< index in the instance's view list
    std::string_view key;                 ///< memcomparable, the view's key columns
    std::optional<std::string_view> row;  ///< columnar/codec.h row; nothing: removed
};

/// A decoded step. Views point into the payload it was read from.
struct StepEntry {
    std::string_view pipeline;  ///< name
    InstanceEpoch epoch;
    Seq consumed;                    ///< S': everything visible up to here has been used
    std::uint64_t step = 0;          ///< number within the instance, from 1
    TimestampMs wall_time;           ///< when the step was computed
    std::uint64_t next_arrival = 0;  ///< first arrival number of the next step
    std::vector<TimeInput> time_inputs;
    std::vector<StateChange> state;
    std::vector<StepOutput> outputs;
    std::vector<ViewChange> views;
};

inline constexpr std::uint8_t kStepVersion = 1;

std::string encode_step(const StepEntry& step);
Result<StepEntry> decode_step(std::string_view payload);
/// Only the fields up to `next_arrival` and one section; skips over the others without building them.
Result<StepEntry> decode_step_header(std::string_view payload);
Result<std::vector<StepOutput>> decode_step_outputs(std::string_view payload);
Result<std::vector<ViewChange>> decode_step_views(std::string_view payload);
/// Where in `payload` output `i`'s base offset and leader epoch lie, to be patched when the step is ordered.
Status patch_step_output(std::string& payload, std::size_t i, Offset base_offset, LeaderEpoch epoch);

}  // namespace mr::journal
