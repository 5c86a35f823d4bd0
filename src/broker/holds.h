// Who keeps retention from removing what: named positions of readers. A hold says "nothing after this entry
// may go, in these topics". It lives in memory only: after a start, readers take their holds again before
// retention runs.
//
// Thread: any (one small lock).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/uuid.h"

namespace mr::broker {

class HoldTable;

/// Released by its destructor.
class Hold {
  public:
    Hold(HoldTable& table, std::uint64_t id) : table_(&table), id_(id) {}
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    /// Forward only; smaller positions are ignored.
    void move_to(Seq position);

  private:
    HoldTable* table_;
    std::uint64_t id_;
};

class HoldTable {
  public:
    struct Info {
        std::string name;
        std::vector<Uuid> topics;
        Seq position;
    };

    /// The table must outlive the hold.
    [[nodiscard]] std::unique_ptr<Hold> take(std::string name, std::vector<Uuid> topics, Seq position);
    /// Lowest position that holds this topic; nothing when none does.
    [[nodiscard]] std::optional<Seq> lowest(const Uuid& topic) const;
    [[nodiscard]] std::vector<Info> list() const;

  private:
    friend class Hold;
    mutable std::mutex mutex_;
    std::uint64_t next_ = 1;
    std::map<std::uint64_t, Info> holds_;
};

}  // namespace mr::broker
