// Two small actors: a key-value store whose changes must not be applied twice, and a log. Both read step
// entries, as broker and views do. Thread: one.
#pragma once

#include <cstddef>
#include <memory>

#include "sim_actor.h"

namespace mr::sim {

/// `payload_bytes` 0: sizes at random; otherwise every entry has that size, so that what is left in a
/// recycled file lines up with what is written next.
std::unique_ptr<SimActor> make_kv_actor(std::size_t payload_bytes);
std::unique_ptr<SimActor> make_log_actor(std::size_t payload_bytes);

}  // namespace mr::sim
