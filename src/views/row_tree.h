// The rows of a view in key order, as a tree of three levels that shares structure with its snapshots: taking
// one is copying a pointer, and a change after it copies one leaf and one branch of at most 128 entries.
//
// Invariants: (1) leaves and branches are never empty; (2) keys grow strictly across the whole tree; (3) a
// node whose generation is not the tree's is shared with a snapshot and never written.
// Thread: RowTree loop; RowSnapshot any (immutable).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace mr::views {

struct ViewRow {
    std::string key;  ///< memcomparable (columnar/codec.h)
    std::string row;  ///< row codec
    Seq version;      ///< of the step that wrote it
    TimestampMs commit_time;
};
using RowPtr = std::shared_ptr<const ViewRow>;

namespace internal {
struct Leaf {
    std::uint64_t generation = 0;
    std::vector<RowPtr> rows;
};
struct Branch {
    std::uint64_t generation = 0;
    std::vector<std::shared_ptr<Leaf>> leaves;
};
struct Root {
    std::uint64_t generation = 0;
    std::vector<std::shared_ptr<Branch>> branches;
};
}  // namespace internal

class RowSnapshot {
  public:
    RowSnapshot() = default;

    [[nodiscard]] std::size_t size() const { return size_; }
    /// The row of that key, or nullptr.
    [[nodiscard]] RowPtr find(std::string_view key) const;
    /// Rows in key order, from the first key >= `from`, until `visit` returns false.
    void scan(std::string_view from, const std::function<bool(const RowPtr&)>& visit) const;
    void scan(const std::function<bool(const RowPtr&)>& visit) const { scan({}, visit); }

  private:
    friend class RowTree;
    std::shared_ptr<const internal::Root> root_;
    std::size_t size_ = 0;
};

class RowTree {
  public:
    RowTree();

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] RowPtr find(std::string_view key) const;
    /// Inserts or replaces; returns the row that was there.
    RowPtr put(RowPtr row);
    /// Removes; returns the row that was there.
    RowPtr erase(std::string_view key);
    void clear();
    [[nodiscard]] RowSnapshot snapshot();
    /// Bug if an invariant does not hold; for tests.
    void check() const;

  private:
    struct Place {
        std::size_t branch = 0;
        std::size_t leaf = 0;
        std::size_t row = 0;
        bool found = false;
    };
    [[nodiscard]] Place locate(std::string_view key) const;
    internal::Root& own_root();
    internal::Branch& own_branch(std::size_t branch);
    internal::Leaf& own_leaf(std::size_t branch, std::size_t leaf);
    void split(std::size_t branch, std::size_t leaf);
    void shrink(std::size_t branch, std::size_t leaf);

    std::shared_ptr<internal::Root> root_;
    std::size_t size_ = 0;
    std::uint64_t generation_ = 1;
};

}  // namespace mr::views
