#include "broker/txn/aborted_index.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"

namespace mr::broker {

AbortedIndex AbortedIndex::with(const AbortedTxn& txn) const {
    auto chunks = chunks_ == nullptr ? std::make_shared<Chunks>() : std::make_shared<Chunks>(*chunks_);
    MR_CHECK(chunks->empty() || chunks->back()->back().last < txn.last, "{} after {}", txn.last,
             chunks->back()->back().last);
    if (chunks->empty() || chunks->back()->size() == kChunk) {
        chunks->push_back(std::make_shared<const Chunk>(Chunk{txn}));
    } else {
        Chunk next = *chunks->back();
        next.push_back(txn);
        chunks->back() = std::make_shared<const Chunk>(std::move(next));
    }
    AbortedIndex out;
    out.chunks_ = std::move(chunks);
    return out;
}

AbortedIndex AbortedIndex::without_below(Offset start) const {
    if (empty() || chunks_->front()->back().last >= start) return *this;
    const auto kept = std::partition_point(chunks_->begin(), chunks_->end(),
                                           [&](const auto& chunk) { return chunk->back().last < start; });
    AbortedIndex out;
    out.chunks_ = std::make_shared<const Chunks>(kept, chunks_->end());
    return out;
}

std::vector<AbortedTxn> AbortedIndex::overlapping(Offset from, Offset end) const {
    std::vector<AbortedTxn> out;
    if (empty() || from >= end) return out;
    auto chunk = std::partition_point(chunks_->begin(), chunks_->end(),
                                      [&](const auto& c) { return c->back().last < from; });
    for (; chunk != chunks_->end(); ++chunk) {
        for (const AbortedTxn& txn : **chunk) {
            if (txn.last < from) continue;
            if (txn.first < end) out.push_back(txn);
            if (txn.last_stable >= end) return out;
        }
    }
    return out;
}

const AbortedTxn* AbortedIndex::find_marker(Offset marker) const {
    if (empty()) return nullptr;
    const auto chunk = std::partition_point(chunks_->begin(), chunks_->end(),
                                            [&](const auto& c) { return c->back().last < marker; });
    if (chunk == chunks_->end()) return nullptr;
    const auto found = std::partition_point((*chunk)->begin(), (*chunk)->end(),
                                            [&](const AbortedTxn& txn) { return txn.last < marker; });
    return found != (*chunk)->end() && found->last == marker ? &*found : nullptr;
}

std::size_t AbortedIndex::size() const {
    std::size_t n = 0;
    if (chunks_ != nullptr) {
        for (const auto& chunk : *chunks_) n += chunk->size();
    }
    return n;
}

bool is_aborted(const std::vector<AbortedTxn>& aborted, std::int64_t producer_id, Offset offset) {
    return std::any_of(aborted.begin(), aborted.end(), [&](const AbortedTxn& txn) {
        return txn.producer_id == producer_id && txn.first <= offset && offset <= txn.last;
    });
}

void write_txn_index_entry(std::string& out, const AbortedTxn& txn) {
    ByteWriter writer(out, Endian::big);
    writer.i16(0);
    writer.i64(txn.producer_id);
    writer.i64(txn.first.value);
    writer.i64(txn.last.value);
    writer.i64(txn.last_stable.value);
}

Result<AbortedTxn> read_txn_index_entry(std::string_view bytes) {
    ByteReader in(bytes, Endian::big);
    const std::int16_t version = in.i16();
    AbortedTxn txn;
    txn.producer_id = in.i64();
    txn.first = Offset(in.i64());
    txn.last = Offset(in.i64());
    txn.last_stable = Offset(in.i64());
    MR_TRY_VOID(in.status(".txnindex entry"));
    if (version != 0) return fail(Code::corrupt, ".txnindex entry: version {}, 0 is known", version);
    return txn;
}

}  // namespace mr::broker
