// The proposal by which committed offsets of a group without members are forgotten.
#pragma once

#include <memory>
#include <string>

#include "base/ids.h"
#include "journal/journal.h"

namespace mr::broker {
class Broker;
namespace internal {

/// Removes the group's offsets that were committed before `before`.
std::unique_ptr<journal::Proposal> expire_offsets(Broker& broker, std::string group, TimestampMs before);

}  // namespace internal
}  // namespace mr::broker
