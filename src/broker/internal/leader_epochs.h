// Leader epochs: what tells a consumer that records it has read are gone (KIP-101, KIP-320).
//
// With one node the only way to lose what was acknowledged is an async topic and a power loss. A consumer may
// then stand beyond the end of the log, or, once others have written, in the middle of records it never saw.
// So when the system was started anew, the partitions of async topics begin a new epoch before anything is
// appended to them.
#pragma once

#include <memory>

#include "journal/journal.h"

namespace mr::broker {

class Broker;

/// To be submitted after Journal::open, before anything else. nullptr where no epoch has to rise: there are
/// no async topics, or the system has been running since the journal was written (BrokerOptions::boot_id).
[[nodiscard]] std::unique_ptr<journal::Proposal> raise_leader_epochs(Broker& broker);

}  // namespace mr::broker
