// The entries of the journal: what kinds there are, who owns them, and what one looks like in memory.
// Format: docs/formats/journal.md
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"

namespace mr::journal {

/// What an entry is. The value is on disk: never renumber. Ranges belong to the module whose Participant
/// reads them.
enum class Kind : std::uint16_t {
    // 1-15: the journal itself.
    mark = 1,  ///< "everything up to seq N is known synced"; no participant sees it
    // 16-79: broker.
    topic_batch = 16,  ///< one record batch of one partition
    topic_created = 17,
    topic_deleted = 18,
    partitions_added = 19,
    topic_config = 20,
    producer_id = 21,    ///< an id (and epoch) given to a producer
    group_offsets = 22,  ///< committed offsets of a consumer group
    group_deleted = 23,
    log_start = 24,    ///< retention or DeleteRecords moved the start of a partition
    transaction = 25,  ///< reserved: begin, partitions, prepare/commit/abort (issue 4)
    leader_epoch = 26,
    cluster_settings = 27,  ///< cluster id, quotas, altered broker settings
    group_members = 28,     ///< who is in a consumer group, in which generation, with what assignment
    // 80-95: schema registry.
    schema = 80,
    // 96-111: catalog and pipelines.
    pipeline =
        96,     ///< an instance is created (with its epoch, plan hash and start position), paused, dropped
    step = 97,  ///< position + time inputs + state changes + outputs + view changes (journal/step_entry.h)
    part = 98,  ///< of an entry too large for one; no participant sees it
    last_part = 99,  ///< makes the parts before it one entry, which participants see with this one's sequence
    // 112-127: alerts.
    alert = 112,
    // 128-143: security.
    security_users = 128,  ///< credentials of users set or taken away
    security_acls = 129,
    security_tokens = 130,  ///< bearer tokens of the HTTP listeners given or taken away
};

/// One entry as participants see it. The payload is immutable and may be kept: it shares a buffer of about a
/// megabyte with its neighbours, so keep what leaves memory in order (a tail), and copy what lives longer.
struct Entry {
    Seq seq;
    Kind kind{};
    std::uint8_t version = 1;  ///< of the payload's layout, chosen by the kind's owner
    SharedBytes payload;
};

/// Largest payload of one entry on disk; a larger one is written in parts (a produced batch is refused at the
/// edge).
inline constexpr std::size_t kEntryBytesMax = 16U << 20;
/// Largest payload of all: what a step may change at once. It is in memory several times on its way.
inline constexpr std::size_t kPayloadBytesMax = 1U << 30;

}  // namespace mr::journal
