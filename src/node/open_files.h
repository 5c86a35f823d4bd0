// How many files this process may have open, and how many of them connections may take: a flood of clients
// must not keep the journal from opening its next file. Thread: starting.
#pragma once

#include <cstddef>

namespace mr::node {

/// Raises the limit to what the system allows, and returns it.
std::size_t raise_open_files_limit();

/// Connections a listener may have, at most `wanted`, where `share` of 100 of what the node itself does not
/// need is its own.
std::size_t connections_allowed(std::size_t limit, std::size_t wanted, std::size_t share);

}  // namespace mr::node
