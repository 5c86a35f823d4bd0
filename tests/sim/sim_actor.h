// A part of the node under simulation: a participant, what clients ask of it, and a model that knows what it
// must come to. To put a real module in, implement this beside it and add it to the world's list.
// Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/sim_file_system.h"
#include "journal/journal.h"
#include "journal/participant.h"

namespace mr::sim {

/// An entry as it was ordered.
struct Recorded {
    Seq seq;
    journal::Kind kind{};
    std::string payload;
    bool operator==(const Recorded&) const = default;
};

class SimActor {
  public:
    virtual ~SimActor() = default;

    /// The node starts: whatever was in memory is gone. The participant, empty, lives until the next start().
    virtual journal::Participant& start() = 0;
    /// Something a client wants; `id` is unique over all lives. The world watches its order() and done().
    virtual std::unique_ptr<journal::Proposal> propose(SimRandom& random, std::uint64_t id) = 0;
    /// The state that exactly these entries make, worked out by a model that shares no code with the
    /// participant.
    [[nodiscard]] virtual std::string expected(std::span<const Recorded> history) const = 0;
    /// The state the participant has, in the same form.
    [[nodiscard]] virtual std::string observed() const = 0;
};

}  // namespace mr::sim
