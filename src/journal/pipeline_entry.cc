#include "journal/pipeline_entry.h"

#include "base/bytes.h"
#include "columnar/type_codec.h"

namespace mr::journal {
namespace {

constexpr std::string_view kSecond = "@2";
constexpr std::string_view kBeside = "@beside";

std::string toggle(std::string_view name, std::string_view suffix) {
    if (name.ends_with(suffix)) return std::string(name.substr(0, name.size() - suffix.size()));
    return std::string(name).append(suffix);
}

void write_view(ByteWriter& w, const PipelineEntry::View& view) {
    w.sized(view.name);
    w.sized(view.epoch);
    append_schema(w, view.schema);
    w.uvarint(view.key.size());
    for (const std::uint32_t column : view.key) w.uvarint(column);
    w.uvarint(view.options.size());
    for (const auto& [key, value] : view.options) {
        w.sized(key);
        w.sized(value);
    }
}

Result<PipelineEntry::View> read_view(ByteReader& r) {
    PipelineEntry::View view;
    view.name = r.sized();
    view.epoch = r.sized();
    MR_TRY(view.schema, read_schema(r));
    for (std::uint64_t n = r.uvarint(); n > 0 && !r.bad(); --n) {
        view.key.push_back(static_cast<std::uint32_t>(r.uvarint()));
        if (view.key.back() >= view.schema.size())
            return fail(Code::corrupt, "pipeline entry: key column {}", view.key.back());
    }
    for (std::uint64_t n = r.uvarint(); n > 0 && !r.bad(); --n) {
        std::string key(r.sized());
        view.options.emplace_back(std::move(key), std::string(r.sized()));
    }
    return view;
}

}  // namespace

std::string other_slot(std::string_view slot) {
    return toggle(slot, kSecond);
}

std::string pipeline_of_slot(std::string_view slot) {
    return slot.ends_with(kSecond) ? toggle(slot, kSecond) : std::string(slot);
}

std::string other_view_name(std::string_view name) {
    return toggle(name, kBeside);
}

std::string encode_pipeline(const PipelineEntry& entry) {
    std::string out;
    ByteWriter w(out);
    w.u8(static_cast<std::uint8_t>(entry.action));
    w.sized(entry.pipeline);
    w.u32(entry.epoch.value);
    w.u64(entry.fingerprint);
    w.u64(entry.start.value);
    w.u64(entry.outputs_after.value);
    w.i64(entry.created.value);
    w.uvarint(entry.tables.size());
    for (const std::string& table : entry.tables) w.sized(table);
    w.uvarint(entry.views.size());
    for (const auto& view : entry.views) write_view(w, view);
    w.uvarint(entry.starts.size());
    for (const PipelineEntry::Start& start : entry.starts) {
        w.u32(start.source);
        w.i32(start.partition.value);
        w.i64(start.first.value);
    }
    return out;
}

Result<PipelineEntry> decode_pipeline(std::string_view payload) {
    ByteReader r(payload);
    PipelineEntry entry;
    const std::uint8_t action = r.u8();
    if (action < 1 || action > 4) return fail(Code::corrupt, "pipeline entry: unknown action {}", action);
    entry.action = static_cast<PipelineEntry::Action>(action);
    entry.pipeline = r.sized();
    entry.epoch = InstanceEpoch(r.u32());
    entry.fingerprint = r.u64();
    entry.start = Seq(r.u64());
    entry.outputs_after = Seq(r.u64());
    entry.created = TimestampMs(r.i64());
    for (std::uint64_t n = r.uvarint(); n > 0 && !r.bad(); --n) entry.tables.emplace_back(r.sized());
    for (std::uint64_t n = r.uvarint(); n > 0 && !r.bad(); --n) {
        MR_TRY(auto view, read_view(r));
        entry.views.push_back(std::move(view));
    }
    if (!r.at_end()) {
        for (std::uint64_t n = r.uvarint(); n > 0 && !r.bad(); --n) {
            PipelineEntry::Start start;
            start.source = r.u32();
            start.partition = PartitionId(r.i32());
            start.first = Offset(r.i64());
            entry.starts.push_back(start);
        }
    }
    MR_TRY_VOID(r.finish("pipeline entry"));
    return entry;
}

}  // namespace mr::journal
