#include "journal/internal/shared.h"

#include <cstdlib>

#include "base/log.h"

namespace mr::journal::internal {

JournalMetrics::JournalMetrics(Metrics& metrics)
    : entries(metrics.counter("millrace_journal_entries_total", "Entries appended to the journal.")),
      bytes(
          metrics.counter("millrace_journal_bytes_total", "Bytes written to the journal, headers included.")),
      groups(metrics.counter("millrace_journal_groups_total", "Groups written to the journal.")),
      checkpoints(metrics.counter("millrace_journal_checkpoints_total", "Checkpoints published.")),
      files_made(metrics.counter("millrace_journal_files_made_total", "Journal files made and zeroed.")),
      files_recycled(
          metrics.counter("millrace_journal_files_recycled_total", "Journal files made of freed ones.")),
      sync_seconds(
          metrics.histogram("millrace_journal_sync_seconds", "Duration of one fdatasync of the journal.")),
      checkpoint_seconds(metrics.histogram("millrace_journal_checkpoint_seconds",
                                           "From asking for a checkpoint to its manifest.")),
      queued_bytes(
          metrics.gauge("millrace_journal_queued_bytes", "Bytes of proposals waiting to be ordered.")),
      files(metrics.gauge("millrace_journal_files", "Journal files that hold entries.")) {}

void Shared::fatal(const Error& error) {
    dead.store(true, std::memory_order_release);
    if (options.on_fatal) {
        options.on_fatal(error);
        return;
    }
    log_error("journal", "stopping, nothing acknowledged is lost: {}", error.message);
    std::abort();
}

}  // namespace mr::journal::internal
