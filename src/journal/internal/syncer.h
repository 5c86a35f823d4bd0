// The sync thread's part: makes what was written durable, then tells everybody who waits for it. Thread:
// sync.
#pragma once

#include "journal/internal/hand_over.h"
#include "journal/internal/shared.h"

namespace mr::journal::internal {

class Syncer {
  public:
    Syncer(Shared& shared, HandOver& hand_over) : shared_(shared), hand_over_(hand_over) {}
    bool sync_once();

  private:
    Shared& shared_;
    HandOver& hand_over_;
    Written batch_;
};

}  // namespace mr::journal::internal
