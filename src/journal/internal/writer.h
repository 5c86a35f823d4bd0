// The journal thread's part: orders proposals, applies their entries, writes them as groups.
//
// The group's bytes lie one after the other in an arena that the entries' payloads point into; an arena is
// never reallocated, and serves further groups until it is full. Thread: journal.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "journal/internal/arena_pool.h"
#include "journal/internal/entry_codec.h"
#include "journal/internal/file_pool.h"
#include "journal/internal/file_set.h"
#include "journal/internal/hand_over.h"
#include "journal/internal/lane_queue.h"
#include "journal/internal/shared.h"
#include "journal/journal.h"

namespace mr::journal::internal {

/// Where the settle thread asks for the participants' cuts and gets them. Thread: any.
class CutExchange {
  public:
    struct Taken {
        std::vector<std::unique_ptr<Cut>> cuts;  ///< one a participant, in their order; null: keep the last
    };
    void ask();
    [[nodiscard]] bool is_asked() const { return asked_.load(std::memory_order_acquire); }
    void give(Taken taken);
    /// What was given, once.
    std::optional<Taken> take();

  private:
    std::atomic<bool> asked_{false};
    std::mutex mutex_;
    std::optional<Taken> given_;  // guarded by mutex_
};

class Writer final : public Appender {
  public:
    Writer(Shared& shared, FileSet& files, FilePool& pool, LaneQueue& queue, HandOver& hand_over,
           CutExchange& cuts, std::shared_ptr<JournalFile> file, std::uint64_t append_at);

    bool run_once();
    /// How long until a mark is due, at most `timeout_ms`.
    [[nodiscard]] std::int64_t sleep_ms(std::int64_t timeout_ms) const;
    void set_on_space(std::function<void()> on_space);

    Seq append(Kind kind, std::string payload, std::uint8_t version) override;
    Seq append(Kind kind, std::string_view head, std::string_view body, std::uint8_t version) override;
    [[nodiscard]] Seq next_seq() const override { return next_seq_; }
    [[nodiscard]] TimestampMs now() const override { return group_time_; }

  private:
    Seq append_in_parts(Kind kind, std::string payload, std::uint8_t version);
    /// Writes an entry that participants do not see yet.
    std::string_view write_next(Kind kind, std::uint8_t version, std::string_view head,
                                std::string_view body = {});
    void show(const Entry& entry);

    /// A run of bytes in one arena that goes to one place in one file.
    struct Chunk {
        std::shared_ptr<std::string> arena;
        std::size_t from = 0;
        std::shared_ptr<JournalFile> file;
        std::uint64_t at = 0;
        Seq first;  ///< of its entries; 0: only a mark
    };

    /// Of a participant's last cut: the position it was made at, and the one it was given out as.
    struct CutPlace {
        Seq made;
        Seq stands_for;
    };

    bool give_cuts();
    static bool place_cut(const Participant& participant, Cut& cut, Seq applied, CutPlace& last);
    [[nodiscard]] bool may_write();
    bool write_mark_if_due();
    void count_for_checkpoint();
    void begin_group(std::size_t bytes);
    std::string_view put(const EntryHeader& header, std::string_view head, std::string_view body = {});
    void roll();
    void end_group();

    Shared& shared_;
    FileSet& files_;
    FilePool& pool_;
    LaneQueue& queue_;
    HandOver& hand_over_;
    CutExchange& cuts_;
    const std::size_t payload_bytes_max_;
    std::vector<std::vector<Participant*>> readers_;  ///< by kind
    std::vector<CutPlace> cut_places_;                ///< by participant

    std::shared_ptr<JournalFile> file_;
    std::uint64_t offset_;
    Seq next_seq_;
    Seq marked_;  ///< highest mark written so far
    std::int64_t last_group_ns_ = 0;

    TimestampMs group_time_;
    Seq group_synced_;
    std::size_t group_bytes_ = 0;
    Seq group_first_;
    bool in_group_ = false;
    ArenaPool arenas_;
    std::shared_ptr<std::string> arena_;
    std::vector<Chunk> chunks_;
    std::vector<std::shared_ptr<JournalFile>> written_files_;
    std::vector<std::unique_ptr<Proposal>> taken_;

    std::mutex on_space_mutex_;
    std::function<void()> on_space_;  // guarded by on_space_mutex_
};

}  // namespace mr::journal::internal
