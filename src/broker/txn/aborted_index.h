// Which transactions of a partition were aborted, and over which offsets: what a read_committed reader needs
// to leave their records out (KIP-98).
//
// Entries are in order of their abort markers. A value of this type is cheap to copy and never changes, so
// that it can be part of a published view. Memory: 32 bytes an aborted transaction that the log still holds.
// Thread: any (immutable).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace mr::broker {

/// Records of `producer_id` from `first` up to the marker at `last` are void.
struct AbortedTxn {
    std::int64_t producer_id = -1;
    Offset first;
    Offset last;
    Offset last_stable;  ///< of the partition once the marker was in: no later abort begins below it

    auto operator<=>(const AbortedTxn&) const = default;
};

class AbortedIndex {
  public:
    /// With one more. REQUIRES: its marker lies beyond all others.
    [[nodiscard]] AbortedIndex with(const AbortedTxn& txn) const;
    /// Without those whose marker lies below `start`; keeps some of them (it forgets in chunks).
    [[nodiscard]] AbortedIndex without_below(Offset start) const;

    /// Those with records or a marker in [from, end), by marker.
    [[nodiscard]] std::vector<AbortedTxn> overlapping(Offset from, Offset end) const;
    /// The one whose marker is at `marker`; nullptr if there is none (it was a commit).
    [[nodiscard]] const AbortedTxn* find_marker(Offset marker) const;
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool empty() const { return chunks_ == nullptr || chunks_->empty(); }

  private:
    static constexpr std::size_t kChunk = 128;
    using Chunk = std::vector<AbortedTxn>;
    using Chunks = std::vector<std::shared_ptr<const Chunk>>;
    std::shared_ptr<const Chunks> chunks_;
};

/// A batch of `producer_id` at `offset` belongs to one of `aborted`.
[[nodiscard]] bool is_aborted(const std::vector<AbortedTxn>& aborted, std::int64_t producer_id,
                              Offset offset);

/// Kafka's .txnindex (docs/formats/topic-segment.md).
inline constexpr std::size_t kTxnIndexEntryBytes = 34;
void write_txn_index_entry(std::string& out, const AbortedTxn& txn);
/// corrupt for an unknown version or a short entry.
Result<AbortedTxn> read_txn_index_entry(std::string_view bytes);

}  // namespace mr::broker
