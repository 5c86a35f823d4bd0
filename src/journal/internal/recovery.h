// What a start does with the journal's files: finds the valid entries, tells a torn tail from damage, hands
// the entries to the participants, and rewrites what may not be on disk yet into a file of its own. Format:
// docs/formats/journal.md, "Recovery"
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/ids.h"
#include "base/result.h"
#include "journal/entry.h"
#include "journal/internal/journal_file.h"
#include "journal/participant.h"

namespace mr::journal::internal {

struct RecoveryInput {
    FileSystem& fs;
    std::string directory;
    std::uint64_t file_bytes;
    std::uint64_t start_file_bytes;
    Seq from;     ///< of the checkpoint: entries up to here are not needed
    Seq reached;  ///< of the checkpoint: the journal must hold entries up to here
    const std::vector<Participant*>& participants;
};

struct Recovered {
    std::vector<std::shared_ptr<JournalFile>> files;  ///< the last one is new, and the one to append to
    std::vector<std::string> spares;
    std::uint64_t next_number = 1;
    std::uint64_t append_at = kFileHeaderBytes;
    Seq last;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t torn_bytes = 0;
};

/// GUARANTEES: on success every entry up to `last` is durable and applied, and no entry beyond it can come
/// back.
Result<Recovered> recover(const RecoveryInput& input);

}  // namespace mr::journal::internal
