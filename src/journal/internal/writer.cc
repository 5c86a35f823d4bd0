#include "journal/internal/writer.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/disk_file.h"
#include "journal/internal/parts.h"

namespace mr::journal::internal {
namespace {

/// More than any kind's value: readers_ is an array.
constexpr std::size_t kKinds = 256;
/// Proposals announce payloads; this is for headers and padding, generously.
constexpr std::size_t kOverheadBytes = 64;
constexpr std::uint8_t kPartsVersion = 1;
constexpr std::size_t kPageBytes = 4096;

constexpr auto index_of(Kind kind) {
    return static_cast<std::size_t>(kind);
}

/// With zeros up to the end of the last page: nothing is there yet, and a page that is not in memory need not
/// be read first. The page that the bytes begin in was written by the group before. REQUIRES: the file ends
/// with a whole page.
Status write_whole_pages(File& file, std::uint64_t at, std::string_view bytes) {
    static constexpr std::array<char, kPageBytes> kZeros{};
    const std::size_t over = static_cast<std::size_t>((at + bytes.size()) % kPageBytes);
    const std::string_view fill(kZeros.data(), over == 0 ? 0 : kPageBytes - over);
    const std::array<std::string_view, 2> parts{bytes, fill};
    return write_parts(file, at, parts);
}

}  // namespace

void CutExchange::ask() {
    asked_.store(true, std::memory_order_release);
}

void CutExchange::give(Taken taken) {
    const std::lock_guard lock(mutex_);
    given_ = std::move(taken);
    asked_.store(false, std::memory_order_release);
}

std::optional<CutExchange::Taken> CutExchange::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(given_, std::nullopt);
}

Writer::Writer(Shared& shared, FileSet& files, FilePool& pool, LaneQueue& queue, HandOver& hand_over,
               CutExchange& cuts, std::shared_ptr<JournalFile> file, std::uint64_t append_at)
    : shared_(shared),
      files_(files),
      pool_(pool),
      queue_(queue),
      hand_over_(hand_over),
      cuts_(cuts),
      payload_bytes_max_(std::min<std::size_t>(
          kEntryBytesMax,
          static_cast<std::size_t>(shared.options.file_bytes) - kFileHeaderBytes - kOverheadBytes)),
      readers_(kKinds),
      cut_places_(shared.participants.size()),
      file_(std::move(file)),
      offset_(append_at),
      next_seq_(Seq(shared.applied.load()).next()),
      marked_(file_->header().synced),
      last_group_ns_(shared.clock.monotonic_ns()) {
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        for (Participant* participant : shared.participants) {
            if (participant->reads(static_cast<Kind>(kind))) readers_[kind].push_back(participant);
        }
    }
}

bool Writer::run_once() {
    if (shared_.is_dead()) return false;
    const bool gave = give_cuts();
    if (queue_.empty()) return write_mark_if_due() || gave;
    if (!may_write()) return gave;
    const LaneQueue::Taken taken = queue_.take(shared_.options.group_bytes_max, taken_);
    begin_group(taken.bytes + taken_.size() * kOverheadBytes);
    for (const auto& proposal : taken_) proposal->order(*this);
    end_group();
    shared_.metrics.queued_bytes.set(static_cast<double>(queue_.bytes()));
    if (taken.freed_space) {
        const std::lock_guard lock(on_space_mutex_);
        if (on_space_) on_space_();
    }
    return true;
}

std::int64_t Writer::sleep_ms(std::int64_t timeout_ms) const {
    if (next_seq_.value <= marked_.value + 1) return timeout_ms;
    const std::int64_t interval_ms = shared_.options.mark_interval_ms;
    const std::int64_t idle_ms = (shared_.clock.monotonic_ns() - last_group_ns_) / 1'000'000;
    // Overdue because a sync takes so long: look again in a while.
    const std::int64_t left_ms = idle_ms < interval_ms ? interval_ms - idle_ms : interval_ms;
    return std::min(left_ms, timeout_ms);
}

void Writer::set_on_space(std::function<void()> on_space) {
    const std::lock_guard lock(on_space_mutex_);
    on_space_ = std::move(on_space);
}

/// Between groups, so that every cut stands at the same, fully applied position.
bool Writer::give_cuts() {
    if (!cuts_.is_asked()) return false;
    const Seq applied(shared_.applied.load());
    CutExchange::Taken taken;
    for (std::size_t i = 0; i < shared_.participants.size(); ++i) {
        Participant& participant = *shared_.participants[i];
        auto cut = participant.cut();
        if (cut && !place_cut(participant, *cut, applied, cut_places_[i])) cut.reset();
        taken.cuts.push_back(std::move(cut));
    }
    cuts_.give(std::move(taken));
    shared_.settle.raise();
    return true;
}

/// Decides which position a cut stands for. A cut whose participant has read nothing since stands for now,
/// and must not hold the journal back. False for one that is older than the last: that one is kept.
bool Writer::place_cut(const Participant& participant, Cut& cut, Seq applied, CutPlace& last) {
    const Seq made(cut.through);
    MR_CHECK(made <= participant.applied_through(), "{}: cut at {}, applied through {}", participant.name(),
             made, participant.applied_through());
    if (made < last.made) return false;
    if (made == participant.applied_through()) cut.through = applied;
    // Up to last.stands_for, nothing it reads came after last.made.
    cut.through = std::max(cut.through, last.stands_for);
    last = {made, cut.through};
    return true;
}

/// Room for another group, without waiting for anybody.
bool Writer::may_write() {
    const std::size_t unsynced_max = shared_.options.queue_bytes_max;
    if (hand_over_.unsynced() > unsynced_max) {
        shared_.run_waits_for_sync.store(true);
        if (hand_over_.unsynced() > unsynced_max) return false;
    }
    const std::uint64_t left = file_->size() - offset_;
    if (left >= shared_.options.group_bytes_max + kOverheadBytes || pool_.has_prepared()) return true;
    const bool stopping = shared_.stopping.load();
    if (stopping && !pool_.failure()) return true;  // nobody may be there to prepare one: roll() makes it
    if (stopping) return false;
    if (const auto failure = pool_.failure()) {
        // Everything written so far is kept and acknowledged once synced; there is no place for more.
        shared_.fatal({failure->code, failure->message});
        return false;
    }
    shared_.settle.raise();
    return false;
}

/// Tells a later start how far the journal was known to be synced, when no further group does.
bool Writer::write_mark_if_due() {
    const Seq durable(shared_.durable.load());
    if (durable <= marked_ || durable.next() != next_seq_) return false;
    const bool due =
        shared_.clock.monotonic_ns() - last_group_ns_ >= shared_.options.mark_interval_ms * 1'000'000;
    if (!due && !shared_.stopping.load()) return false;
    if (file_->size() - offset_ < entry_bytes(0) && !pool_.has_prepared()) return false;
    begin_group(entry_bytes(0));
    put({.seq = durable, .synced = group_synced_, .kind = Kind::mark}, {});
    end_group();
    return true;
}

void Writer::count_for_checkpoint() {
    const std::uint64_t before = shared_.bytes_since_checkpoint.fetch_add(group_bytes_);
    const std::uint64_t limit = shared_.options.checkpoint_bytes;
    if (before < limit && before + group_bytes_ >= limit) shared_.settle.raise();
}

void Writer::begin_group(std::size_t bytes) {
    MR_CHECK(!in_group_);
    in_group_ = true;
    group_time_ = shared_.clock.now();
    group_synced_ = Seq(shared_.durable.load());
    group_bytes_ = 0;
    group_first_ = next_seq_;
    // One arena for the whole group where possible: then it is one write.
    if (!arena_ || arena_->capacity() - arena_->size() < bytes) {
        arena_ = arenas_.take(bytes);
    }
}

std::string_view Writer::put(const EntryHeader& header, std::string_view head, std::string_view body) {
    const std::size_t payload_bytes = head.size() + body.size();
    const std::size_t bytes = entry_bytes(payload_bytes);
    bool same_chunk = !chunks_.empty();
    if (file_->size() - offset_ < bytes) {
        roll();
        same_chunk = false;
    }
    if (arena_->capacity() - arena_->size() < bytes) {
        arena_ = arenas_.take(bytes);
        same_chunk = false;
    }
    if (!same_chunk) chunks_.push_back({arena_, arena_->size(), file_, offset_, Seq(0)});
    if (chunks_.back().first == Seq(0) && header.kind != Kind::mark) chunks_.back().first = header.seq;
    const std::size_t at = arena_->size();
    encode_entry(*arena_, file_->seed(), header, head, body);
    MR_CHECK(arena_->size() == at + bytes);
    offset_ += bytes;
    group_bytes_ += bytes;
    return {arena_->data() + at + kEntryHeaderBytes, payload_bytes};
}

void Writer::roll() {
    auto file = pool_.take_or_make();
    shared_.settle.raise();
    if (!file) {
        shared_.fatal(file.error());
        // Only reached where on_fatal returns: nothing of this group will be written, so any place will do.
        offset_ = kFileHeaderBytes;
        return;
    }
    file_ = std::move(*file);
    offset_ = kFileHeaderBytes;
    files_.add(file_);
    shared_.metrics.files.set(static_cast<double>(files_.size()));
}

Seq Writer::append(Kind kind, std::string payload, std::uint8_t version) {
    if (payload.size() > payload_bytes_max_) return append_in_parts(kind, std::move(payload), version);
    return append(kind, payload, {}, version);
}

Seq Writer::append(Kind kind, std::string_view head, std::string_view body, std::uint8_t version) {
    MR_CHECK(in_group_, "append() outside of order()");
    MR_CHECK(kind != Kind::mark && is_known(kind), "kind {}", static_cast<unsigned>(kind));
    if (head.size() + body.size() > payload_bytes_max_) {
        return append_in_parts(kind, std::string(head).append(body), version);
    }
    const Seq seq = next_seq_;
    const std::string_view bytes = write_next(kind, version, head, body);
    show({seq, kind, version, SharedBytes(chunks_.back().arena, bytes)});
    return seq;
}

/// All in this group, so nothing comes between them, and no cut either.
Seq Writer::append_in_parts(Kind kind, std::string payload, std::uint8_t version) {
    MR_CHECK(in_group_, "append() outside of order()");
    MR_CHECK(payload.size() <= kPayloadBytesMax, "entry of {} bytes, at most {}", payload.size(),
             kPayloadBytesMax);
    MR_CHECK(kind != Kind::mark && is_known(kind), "kind {}", static_cast<unsigned>(kind));
    std::string_view rest = payload;
    PartsHeader header{.kind = kind, .version = version};
    while (rest.size() > payload_bytes_max_ - PartsHeader::kBytes) {
        write_next(Kind::part, kPartsVersion, rest.substr(0, payload_bytes_max_));
        rest.remove_prefix(std::min(rest.size(), payload_bytes_max_));
        ++header.before;
    }
    std::string last;
    encode_parts_header(last, header);
    last += rest;
    const Seq seq = next_seq_;
    write_next(Kind::last_part, kPartsVersion, last);
    show({seq, kind, version, SharedBytes(std::move(payload))});
    return seq;
}

std::string_view Writer::write_next(Kind kind, std::uint8_t version, std::string_view head,
                                    std::string_view body) {
    const std::string_view bytes =
        put({.seq = next_seq_, .synced = group_synced_, .kind = kind, .version = version}, head, body);
    next_seq_ = next_seq_.next();
    return bytes;
}

void Writer::show(const Entry& entry) {
    for (Participant* participant : readers_[index_of(entry.kind)]) participant->apply(entry);
    shared_.applied.store(entry.seq.value, std::memory_order_release);
    shared_.metrics.entries.add();
}

void Writer::end_group() {
    in_group_ = false;
    for (std::size_t i = 0; i < chunks_.size() && !shared_.is_dead(); ++i) {
        const Chunk& chunk = chunks_[i];
        const bool last_in_arena = i + 1 == chunks_.size() || chunks_[i + 1].arena != chunk.arena;
        const std::size_t to = last_in_arena ? chunk.arena->size() : chunks_[i + 1].from;
        const std::string_view bytes = std::string_view(*chunk.arena).substr(chunk.from, to - chunk.from);
        if (auto written = write_whole_pages(chunk.file->file(), chunk.at, bytes); !written) {
            shared_.fatal(written.error());
            break;
        }
        chunk.file->wrote(chunk.first, chunk.at, chunk.at + bytes.size());
        written_files_.push_back(chunk.file);
    }
    chunks_.clear();
    if (shared_.is_dead()) {
        taken_.clear();
        written_files_.clear();
        return;
    }
    if (group_bytes_ > 0) {
        shared_.metrics.groups.add();
        shared_.metrics.bytes.add(group_bytes_);
        // A mark alone is nothing to checkpoint.
        if (next_seq_ != group_first_) count_for_checkpoint();
        marked_ = group_synced_;
        last_group_ns_ = shared_.clock.monotonic_ns();
    }
    bool awaited = taken_.empty();
    for (const auto& proposal : taken_) {
        proposal->written();
        awaited = awaited || proposal->awaited();
    }
    const bool tell = hand_over_.add(Seq(shared_.applied.load()), group_bytes_, written_files_, taken_,
                                     awaited, shared_.clock.monotonic_ns());
    written_files_.clear();
    if (tell) shared_.sync.raise();
}

}  // namespace mr::journal::internal
