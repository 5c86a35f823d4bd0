#include "pipeline/registry.h"

#include "base/bytes.h"
#include "base/check.h"
#include "journal/pipeline_entry.h"

namespace mr::pipeline {
namespace {

using Action = journal::PipelineEntry::Action;

constexpr std::uint8_t kOldVersion = 1;  ///< without versions that run beside others
constexpr std::uint8_t kVersion = 2;

void write(ByteWriter& w, const std::set<std::string>& names) {
    w.uvarint(names.size());
    for (const std::string& name : names) w.sized(name);
}

void read(ByteReader& r, std::set<std::string>& names) {
    for (std::uint64_t n = r.uvarint(); n > 0 && !r.bad(); --n) names.emplace(r.sized());
}

}  // namespace

std::string Registry::serving(const std::string& pipeline) const {
    return second_serves_.contains(pipeline) ? journal::other_slot(pipeline) : pipeline;
}

void Registry::apply(const journal::Entry& entry) {
    const auto decoded = journal::decode_pipeline(entry.payload.view());
    MR_CHECK(decoded.has_value(), "entry {}: {}", entry.seq, decoded.error().message);
    const std::string& slot = decoded->pipeline;
    const std::string pipeline = journal::pipeline_of_slot(slot);
    switch (decoded->action) {
        case Action::created:
            pipelines_[slot] = decoded->epoch;
            break;
        case Action::dropped:
            pipelines_.erase(slot);
            // With nobody in the second slot the first one serves again.
            if (slot != pipeline) second_serves_.erase(pipeline);
            to_publish_.erase(pipeline);
            break;
        case Action::swapped:
            if (slot == pipeline) {
                second_serves_.erase(pipeline);
            } else {
                second_serves_.insert(pipeline);
            }
            to_publish_.insert(pipeline);
            break;
        case Action::published:
            to_publish_.erase(pipeline);
            break;
    }
    applied_ = entry.seq;
}

std::unique_ptr<journal::Cut> Registry::cut() {
    return std::make_unique<journal::Cut>(
        journal::Cut{applied_,
                     [pipelines = pipelines_, second = second_serves_,
                      to_publish = to_publish_](std::string& out) -> Status {
                         ByteWriter w(out);
                         w.u8(kVersion);
                         w.uvarint(pipelines.size());
                         for (const auto& [name, epoch] : pipelines) {
                             w.sized(name);
                             w.u32(epoch.value);
                         }
                         write(w, second);
                         write(w, to_publish);
                         return {};
                     }});
}

Status Registry::restore(std::string_view bytes, Seq through) {
    ByteReader r(bytes);
    const std::uint8_t version = r.u8();
    if (version != kVersion && version != kOldVersion)
        return fail(Code::corrupt, "pipelines: snapshot of an unknown version");
    for (std::uint64_t n = r.uvarint(); n > 0 && !r.bad(); --n) {
        std::string name(r.sized());
        pipelines_[std::move(name)] = InstanceEpoch(r.u32());
    }
    if (version == kVersion) {
        read(r, second_serves_);
        read(r, to_publish_);
    }
    applied_ = through;
    return r.finish("pipelines snapshot");
}

}  // namespace mr::pipeline
