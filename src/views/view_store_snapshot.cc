// The checkpoint of all views. Format: docs/formats/views-snapshot.md
#include "base/bytes.h"
#include "base/check.h"
#include "columnar/codec.h"
#include "columnar/type_codec.h"
#include "views/view_store.h"

namespace mr::views {
namespace {

constexpr std::uint8_t kSnapshotVersion = 1;

void write_view(ByteWriter& w, const ViewSnapshot& view) {
    const ViewDefinition& d = *view.definition;
    w.sized(d.name);
    w.sized(view.epoch);
    append_schema(w, d.schema);
    w.uvarint(d.key.size());
    for (const std::size_t column : d.key) w.uvarint(column);
    w.uvarint(d.options.size());
    for (const auto& [key, value] : d.options) {
        w.sized(key);
        w.sized(value);
    }
    w.u64(view.version.value);
    w.i64(view.commit_time.value);
    w.uvarint(view.rows.size());
    view.rows.scan([&](const RowPtr& row) {
        w.sized(row->key);
        w.sized(row->row);
        w.u64(row->version.value);
        w.i64(row->commit_time.value);
        return true;
    });
}

/// Reads the view's head; the rows follow.
Result<journal::PipelineEntry::View> read_head(ByteReader& r) {
    journal::PipelineEntry::View out;
    out.name = r.sized();
    out.epoch = r.sized();
    MR_TRY(out.schema, read_schema(r));
    const std::uint64_t keys = r.uvarint();
    for (std::uint64_t i = 0; i < keys && !r.bad(); ++i) {
        out.key.push_back(static_cast<std::uint32_t>(r.uvarint()));
    }
    const std::uint64_t options = r.uvarint();
    for (std::uint64_t i = 0; i < options && !r.bad(); ++i) {
        std::string key(r.sized());
        out.options.emplace_back(std::move(key), r.sized());
    }
    MR_TRY_VOID(r.status("a view"));
    return out;
}

Status read_rows(ByteReader& r, View& view) {
    const std::uint64_t rows = r.uvarint();
    for (std::uint64_t i = 0; i < rows && !r.bad(); ++i) {
        std::string key(r.sized());
        std::string row(r.sized());
        const Seq version(r.u64());
        const TimestampMs commit_time(r.i64());
        if (r.bad()) break;
        if (const auto values = read_row(row, view.definition().schema); !values) {
            return annotate(values.error(), fmt::format("row {} of view {}", i, view.name()));
        }
        view.restore_row(
            std::make_shared<const ViewRow>(std::move(key), std::move(row), version, commit_time));
    }
    return r.status(fmt::format("rows of view {}", view.name()));
}

}  // namespace

Status ViewStore::write_snapshot(const Published& state, std::string& out) {
    ByteWriter w(out);
    w.u8(kSnapshotVersion);
    w.uvarint(state.instances.size());
    for (const auto& [pipeline, instance] : state.instances) {
        w.sized(pipeline);
        w.u32(instance.epoch.value);
        w.uvarint(instance.views.size());
        for (const std::string& view : instance.views) w.sized(view);
    }
    w.uvarint(state.views.size());
    for (const auto& [name, view] : state.views) write_view(w, *view);
    return {};
}

Status ViewStore::restore(std::string_view bytes, Seq through) {
    ByteReader r(bytes);
    if (const std::uint8_t version = r.u8(); version != kSnapshotVersion) {
        return fail(Code::unsupported, "views snapshot of version {}, this binary knows {}", version,
                    kSnapshotVersion);
    }
    const std::uint64_t instances = r.uvarint();
    for (std::uint64_t i = 0; i < instances && !r.bad(); ++i) {
        std::string pipeline(r.sized());
        Instance instance{InstanceEpoch(r.u32()), {}};
        const std::uint64_t views = r.uvarint();
        for (std::uint64_t k = 0; k < views && !r.bad(); ++k) instance.views.emplace_back(r.sized());
        instances_[std::move(pipeline)] = std::move(instance);
    }
    const std::uint64_t views = r.uvarint();
    for (std::uint64_t i = 0; i < views && !r.bad(); ++i) {
        MR_TRY(auto head, read_head(r));
        MR_TRY(auto definition, ViewDefinition::from_entry(head));
        auto view = std::make_unique<View>(std::make_shared<const ViewDefinition>(std::move(definition)),
                                           head.epoch, clock_, options_.ring);
        const Seq version(r.u64());
        const TimestampMs commit_time(r.i64());
        view->start_at(version, commit_time);
        MR_TRY_VOID(read_rows(r, *view));
        touched_[head.name] = true;
        views_[head.name] = std::move(view);
    }
    MR_TRY_VOID(r.finish("the views' snapshot"));
    const std::lock_guard lock(mutex_);
    applied_ = through;
    return {};
}

}  // namespace mr::views
