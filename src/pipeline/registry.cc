#include "pipeline/registry.h"

#include "base/bytes.h"
#include "base/check.h"
#include "journal/pipeline_entry.h"

namespace mr::pipeline {
namespace {
constexpr std::uint8_t kVersion = 1;
}

void Registry::apply(const journal::Entry& entry) {
    const auto decoded = journal::decode_pipeline(entry.payload.view());
    MR_CHECK(decoded.has_value(), "entry {}: {}", entry.seq, decoded.error().message);
    if (decoded->action == journal::PipelineEntry::Action::created) {
        pipelines_[decoded->pipeline] = decoded->epoch;
    } else {
        pipelines_.erase(decoded->pipeline);
    }
    applied_ = entry.seq;
}

std::unique_ptr<journal::Cut> Registry::cut() {
    return std::make_unique<journal::Cut>(
        journal::Cut{applied_, [pipelines = pipelines_](std::string& out) -> Status {
                         ByteWriter w(out);
                         w.u8(kVersion);
                         w.uvarint(pipelines.size());
                         for (const auto& [name, epoch] : pipelines) {
                             w.sized(name);
                             w.u32(epoch.value);
                         }
                         return {};
                     }});
}

Status Registry::restore(std::string_view bytes, Seq through) {
    ByteReader r(bytes);
    if (r.u8() != kVersion) return fail(Code::corrupt, "pipelines: snapshot of an unknown version");
    for (std::uint64_t n = r.uvarint(); n > 0 && !r.bad(); --n) {
        std::string name(r.sized());
        pipelines_[std::move(name)] = InstanceEpoch(r.u32());
    }
    applied_ = through;
    return r.finish("pipelines snapshot");
}

}  // namespace mr::pipeline
