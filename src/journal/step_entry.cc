#include "journal/step_entry.h"

#include <algorithm>

#include "base/check.h"

namespace mr::journal {
namespace {

// Fixed part of the payload; docs/formats/journal.md, "Step".
constexpr std::size_t kStateAt = 0;
constexpr std::size_t kOutputsAt = 4;
constexpr std::size_t kViewsAt = 8;
constexpr std::size_t kEpochAt = 12;
constexpr std::size_t kFixedBytes = 48;
// Of an output: topic, partition, base offset, leader epoch, batch length.
constexpr std::size_t kOutputHeaderBytes = 16 + 4 + 8 + 4 + 4;
constexpr std::size_t kOutputBaseOffsetAt = 16 + 4;
constexpr std::size_t kOutputLeaderEpochAt = 16 + 4 + 8;
// Fewest bytes an element of each section can take: what a hostile count is measured against.
constexpr std::size_t kTimeInputBytesMin = 4;
constexpr std::size_t kChangeBytesMin = 3;

struct Sections {
    std::size_t state = 0;
    std::size_t outputs = 0;
    std::size_t views = 0;
};

/// An optional value: its length plus one, then the bytes; 0 is a tombstone.
void put_optional(ByteWriter& out, const std::optional<std::string_view>& value) {
    out.uvarint(value ? value->size() + 1 : 0);
    if (value) out.raw(*value);
}

std::optional<std::string_view> get_optional(ByteReader& in) {
    const std::uint64_t length = in.uvarint();
    if (length == 0) return std::nullopt;
    if (length - 1 > in.remaining()) {
        in.set_bad();
        return std::nullopt;
    }
    return in.raw(static_cast<std::size_t>(length - 1));
}

template <class T>
T narrow_uvarint(ByteReader& in) {
    const std::uint64_t value = in.uvarint();
    if (value > std::numeric_limits<T>::max()) in.set_bad();
    return in.bad() ? T{} : static_cast<T>(value);
}

/// A count of elements that take at least `element_bytes` each; more than can be there is an error.
std::size_t get_count(ByteReader& in, std::size_t element_bytes) {
    const std::uint64_t count = in.uvarint();
    if (count > in.remaining() / element_bytes) in.set_bad();
    return in.bad() ? 0 : static_cast<std::size_t>(count);
}

Result<Sections> read_sections(std::string_view payload) {
    ByteReader in(payload);
    Sections at;
    at.state = in.u32();
    at.outputs = in.u32();
    at.views = in.u32();
    MR_TRY_VOID(in.status("step entry"));
    if (at.state < kFixedBytes || at.outputs < at.state || at.views < at.outputs ||
        at.views > payload.size()) {
        return fail(Code::corrupt, "step entry: sections at {}, {}, {} of {} bytes", at.state, at.outputs,
                    at.views, payload.size());
    }
    return at;
}

/// Reads the header up to the pipeline's name; leaves `in` at the time inputs.
void read_header(ByteReader& in, StepEntry& step) {
    in.skip(kEpochAt);
    step.epoch = InstanceEpoch(in.u32());
    step.consumed = Seq(in.u64());
    step.step = in.u64();
    step.wall_time = TimestampMs(in.i64());
    step.next_arrival = in.u64();
    step.pipeline = in.sized();
}

void read_time_inputs(ByteReader& in, std::vector<TimeInput>& out) {
    const std::size_t count = get_count(in, kTimeInputBytesMin);
    out.reserve(count);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) {
        TimeInput input;
        const std::uint8_t kind = in.u8();
        if (kind < 1 || kind > 3) in.set_bad();
        input.kind = static_cast<TimeInput::Kind>(kind);
        input.source = narrow_uvarint<std::uint32_t>(in);
        const std::int64_t partition = in.varint();
        if (partition < -1 || partition > std::numeric_limits<std::int32_t>::max()) in.set_bad();
        input.partition = static_cast<std::int32_t>(partition);
        input.value = in.varint();
        out.push_back(input);
    }
}

Result<std::vector<StateChange>> read_state(std::string_view section) {
    ByteReader in(section);
    std::vector<StateChange> out(get_count(in, kChangeBytesMin));
    for (StateChange& change : out) {
        change.table = narrow_uvarint<std::uint32_t>(in);
        change.key = in.sized();
        change.value = get_optional(in);
        if (in.bad()) break;
    }
    MR_TRY_VOID(in.finish("step entry, state"));
    return out;
}

Result<std::vector<StepOutput>> read_outputs(std::string_view section) {
    ByteReader in(section);
    std::vector<StepOutput> out(get_count(in, kOutputHeaderBytes));
    for (StepOutput& output : out) {
        const std::string_view topic = in.raw(16);
        if (in.bad()) break;
        output.topic = Uuid::from_bytes(topic);
        output.partition = PartitionId(in.i32());
        output.base_offset = Offset(in.i64());
        output.leader_epoch = LeaderEpoch(in.i32());
        output.batch = in.raw(in.u32());
    }
    MR_TRY_VOID(in.finish("step entry, outputs"));
    return out;
}

Result<std::vector<ViewChange>> read_views(std::string_view section) {
    ByteReader in(section);
    std::vector<ViewChange> out(get_count(in, kChangeBytesMin));
    for (ViewChange& change : out) {
        change.view = narrow_uvarint<std::uint32_t>(in);
        change.key = in.sized();
        change.row = get_optional(in);
        if (in.bad()) break;
    }
    MR_TRY_VOID(in.finish("step entry, views"));
    return out;
}

std::size_t encoded_bytes(const StepEntry& step) {
    // An upper bound, so that encoding allocates once: ten bytes cover any varint.
    std::size_t bytes = kFixedBytes + step.pipeline.size() + 10 + step.time_inputs.size() * 26 + 30;
    for (const StateChange& c : step.state) bytes += 30 + c.key.size() + (c.value ? c.value->size() : 0);
    for (const StepOutput& o : step.outputs) bytes += kOutputHeaderBytes + o.batch.size();
    for (const ViewChange& c : step.views) bytes += 30 + c.key.size() + (c.row ? c.row->size() : 0);
    return bytes;
}

}  // namespace

std::string encode_step(const StepEntry& step) {
    std::string payload;
    payload.reserve(encoded_bytes(step));
    ByteWriter out(payload);
    for (int section = 0; section < 3; ++section) out.u32(0);
    out.u32(step.epoch.value);
    out.u64(step.consumed.value);
    out.u64(step.step);
    out.i64(step.wall_time.value);
    out.u64(step.next_arrival);
    MR_CHECK(out.size() == kFixedBytes);
    out.sized(step.pipeline);
    out.uvarint(step.time_inputs.size());
    for (const TimeInput& input : step.time_inputs) {
        out.u8(static_cast<std::uint8_t>(input.kind));
        out.uvarint(input.source);
        out.varint(input.partition);
        out.varint(input.value);
    }
    out.patch(kStateAt, static_cast<std::uint32_t>(out.size()));
    out.uvarint(step.state.size());
    for (const StateChange& change : step.state) {
        out.uvarint(change.table);
        out.sized(change.key);
        put_optional(out, change.value);
    }
    out.patch(kOutputsAt, static_cast<std::uint32_t>(out.size()));
    out.uvarint(step.outputs.size());
    for (const StepOutput& output : step.outputs) {
        out.raw(output.topic.view());
        out.i32(output.partition.value);
        out.i64(output.base_offset.value);
        out.i32(output.leader_epoch.value);
        out.u32(static_cast<std::uint32_t>(output.batch.size()));
        out.raw(output.batch);
    }
    out.patch(kViewsAt, static_cast<std::uint32_t>(out.size()));
    out.uvarint(step.views.size());
    for (const ViewChange& change : step.views) {
        out.uvarint(change.view);
        out.sized(change.key);
        put_optional(out, change.row);
    }
    return payload;
}

Result<StepEntry> decode_step(std::string_view payload) {
    MR_TRY(const Sections at, read_sections(payload));
    StepEntry step;
    ByteReader head(payload.substr(0, at.state));
    read_header(head, step);
    read_time_inputs(head, step.time_inputs);
    MR_TRY_VOID(head.finish("step entry, header"));
    MR_TRY(step.state, read_state(payload.substr(at.state, at.outputs - at.state)));
    MR_TRY(step.outputs, read_outputs(payload.substr(at.outputs, at.views - at.outputs)));
    MR_TRY(step.views, read_views(payload.substr(at.views)));
    return step;
}

Result<StepEntry> decode_step_header(std::string_view payload) {
    MR_TRY(const Sections at, read_sections(payload));
    StepEntry step;
    ByteReader head(payload.substr(0, at.state));
    read_header(head, step);
    MR_TRY_VOID(head.status("step entry, header"));
    return step;
}

Result<std::vector<StepOutput>> decode_step_outputs(std::string_view payload) {
    MR_TRY(const Sections at, read_sections(payload));
    return read_outputs(payload.substr(at.outputs, at.views - at.outputs));
}

Result<std::vector<ViewChange>> decode_step_views(std::string_view payload) {
    MR_TRY(const Sections at, read_sections(payload));
    return read_views(payload.substr(at.views));
}

Status patch_step_output(std::string& payload, std::size_t i, Offset base_offset, LeaderEpoch epoch) {
    MR_TRY(const Sections at, read_sections(payload));
    ByteReader in(std::string_view(payload).substr(at.outputs, at.views - at.outputs));
    const std::size_t count = get_count(in, kOutputHeaderBytes);
    if (!in.bad() && i >= count) {
        return fail(Code::out_of_range, "step entry: output {} of {}", i, count);
    }
    for (std::size_t skipped = 0; skipped < i; ++skipped) {
        in.skip(kOutputHeaderBytes - 4);
        in.skip(in.u32());
    }
    const std::size_t start = at.outputs + in.position();
    in.skip(kOutputHeaderBytes);
    MR_TRY_VOID(in.status("step entry, outputs"));
    ByteWriter out(payload);
    out.patch(start + kOutputBaseOffsetAt, base_offset.value);
    out.patch(start + kOutputLeaderEpochAt, epoch.value);
    return {};
}

}  // namespace mr::journal
