// Writing what the coordinator says of a group's members (groups/stored.h), as a proposal. Decides nothing:
// the coordinator is the only one that writes it, and bounds its size. Thread: any makes it; the answer comes
// on the sync thread when it is durable, and only posts.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker/groups/stored.h"
#include "journal/journal.h"

namespace mr::broker {

class Broker;

std::unique_ptr<journal::Proposal> store_group(Broker& broker, std::string group, groups::StoredChange change,
                                               std::move_only_function<void(bool)> answer);

}  // namespace mr::broker
