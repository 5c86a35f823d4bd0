#include "broker/internal/tail_ring.h"

#include <algorithm>

#include "base/check.h"

namespace mr::broker {
namespace {

/// A chunk is closed at this size too, so that dropping one frees a bounded share of the ring.
constexpr std::size_t kChunkBytes = 1U << 20;
/// What the journal gathers its groups in, and reads its files by.
constexpr std::size_t kBufferBytes = 1U << 20;

std::size_t count_of(const TailRing::Chunk& chunk) {
    return chunk.count.load(std::memory_order_acquire);
}

}  // namespace

TailRing::TailRing(std::size_t bytes_max, Seq floor) : bytes_max_(bytes_max), floor_(floor) {
    publish();
}

void TailRing::reset(Seq floor) {
    MR_CHECK(chunks_.empty());
    floor_ = floor;
    publish();
}

void TailRing::append(std::span<const BatchRef> refs, const SharedBytes& payload,
                      std::span<const std::shared_ptr<PartitionLog>> logs) {
    MR_DCHECK(refs.size() == logs.size());
    bool grown = false;
    std::size_t done = 0;
    // Slots are filled first and counted in at the end, chunk by chunk from the back, so that no reader sees
    // half an entry.
    std::vector<std::pair<Chunk*, std::size_t>> counts;
    while (done < refs.size()) {
        Chunk* chunk = chunks_.empty() ? nullptr : chunks_.back().get();
        std::size_t used = chunk == nullptr ? 0 : count_of(*chunk);
        if (!counts.empty() && counts.back().first == chunk) used = counts.back().second;
        if (chunk == nullptr || used == Chunk::kItems || (done == 0 && chunk->payload_bytes >= kChunkBytes)) {
            chunks_.push_back(std::make_shared<Chunk>());
            chunk = chunks_.back().get();
            used = 0;
            grown = true;
        }
        const std::size_t n = std::min(refs.size() - done, Chunk::kItems - used);
        for (std::size_t i = 0; i < n; ++i) {
            chunk->items[used + i] = Item{refs[done + i], payload, logs[done + i]};
        }
        counts.emplace_back(chunk, used + n);
        done += n;
    }
    if (refs.empty()) return;
    // A payload keeps its whole group's buffer alive, and a group may be mostly state of pipelines. Payloads
    // of one buffer lie within its size from the first of them; buffers may lie one right after the other, so
    // the distance to the newest payload would tell nothing.
    const auto at = reinterpret_cast<std::uintptr_t>(payload.view().data());
    const bool same_buffer = at >= buffer_at_ && at - buffer_at_ < kBufferBytes;
    const std::size_t pinned = same_buffer ? 0 : std::max(payload.size(), kBufferBytes);
    if (!same_buffer) buffer_at_ = at;
    chunks_.back()->payload_bytes += payload.size();
    chunks_.back()->pinned_bytes += pinned;
    bytes_ += pinned;
    while (bytes_ > bytes_max_ && chunks_.size() > counts.size() + 1) {
        const Chunk& oldest = *chunks_.front();
        floor_ = oldest.items[count_of(oldest) - 1].ref.seq;
        bytes_ -= oldest.pinned_bytes;
        chunks_.erase(chunks_.begin());
        grown = true;
    }
    // With a new chunk, the list is published before the counts: an empty last chunk harms nobody.
    if (grown) publish();
    for (auto it = counts.rbegin(); it != counts.rend(); ++it) {
        it->first->count.store(it->second, std::memory_order_release);
    }
}

void TailRing::publish() {
    auto view = std::make_shared<View>();
    view->chunks.assign(chunks_.begin(), chunks_.end());
    view->floor = floor_;
    view_.store(std::move(view));
}

TailRing::Cursor TailRing::after(const View& view, Seq seq) {
    // The last chunks may still be empty; they count as "after".
    const auto chunk = std::partition_point(view.chunks.begin(), view.chunks.end(), [&](const auto& c) {
        const std::size_t n = count_of(*c);
        return n > 0 && c->items[n - 1].ref.seq <= seq;
    });
    Cursor cursor{static_cast<std::size_t>(chunk - view.chunks.begin()), 0};
    if (chunk == view.chunks.end()) return cursor;
    const auto& items = (*chunk)->items;
    const auto end = items.begin() + static_cast<std::ptrdiff_t>(count_of(**chunk));
    const auto item =
        std::partition_point(items.begin(), end, [&](const Item& i) { return i.ref.seq <= seq; });
    cursor.index = static_cast<std::size_t>(item - items.begin());
    return cursor;
}

std::optional<TailRing::Item> TailRing::find(const View& view, Seq seq, std::uint32_t payload_at) {
    MR_DCHECK(seq.value > 0);
    if (seq <= view.floor) return std::nullopt;
    Cursor cursor = after(view, Seq(seq.value - 1));
    for (; cursor.chunk < view.chunks.size(); ++cursor.chunk, cursor.index = 0) {
        const Chunk& chunk = *view.chunks[cursor.chunk];
        const std::size_t n = count_of(chunk);
        for (; cursor.index < n; ++cursor.index) {
            const Item& item = chunk.items[cursor.index];
            if (item.ref.seq > seq) return std::nullopt;
            if (item.ref.seq == seq && item.ref.payload_at == payload_at) return item;
        }
    }
    return std::nullopt;
}

}  // namespace mr::broker
