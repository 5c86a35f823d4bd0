// The settle thread's part: keeps the next file ready, takes checkpoints, frees files. One unit of work a
// call, so that a long checkpoint never keeps the journal from its next file. Thread: settle.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/internal/checkpoint_store.h"
#include "journal/internal/file_pool.h"
#include "journal/internal/file_set.h"
#include "journal/internal/shared.h"
#include "journal/internal/writer.h"

namespace mr::journal::internal {

class Settler {
  public:
    Settler(Shared& shared, FileSet& files, FilePool& pool, CutExchange& cuts, CheckpointStore store);

    bool settle_once();
    /// Any thread.
    void request_checkpoint() { requested_.store(true); }

  private:
    enum class Stage : std::uint8_t { idle, cutting, syncing, writing };

    bool prepare_file();
    bool step_checkpoint();
    [[nodiscard]] bool is_due() const;
    bool collect_cuts();
    bool write_next();
    Status write_snapshot(Participant& participant, Cut& cut);
    Status publish();
    Status free_files();
    void give_up(const Error& error);

    Shared& shared_;
    FileSet& files_;
    FilePool& pool_;
    CutExchange& cuts_;
    CheckpointStore store_;
    std::atomic<bool> requested_{false};

    Stage stage_ = Stage::idle;
    std::int64_t last_ns_;
    std::int64_t started_ns_ = 0;
    std::uint64_t bytes_at_start_ = 0;
    bool warned_full_ = false;
    bool failed_ = false;  ///< the last attempt: wait for the interval, not for bytes
    CutExchange::Taken taken_;
    Seq highest_;
    std::size_t next_ = 0;
    Manifest manifest_;
};

}  // namespace mr::journal::internal
