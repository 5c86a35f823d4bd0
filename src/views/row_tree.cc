#include "views/row_tree.h"

#include <algorithm>

#include "base/check.h"

namespace mr::views {

using internal::Branch;
using internal::Leaf;
using internal::Root;

namespace {

constexpr std::size_t kLeafMax = 128;
constexpr std::size_t kBranchMax = 128;
// Neighbours that fit into half a leaf together are joined, so that deletions do not leave a tree of crumbs.
constexpr std::size_t kJoinBelow = kLeafMax / 2;

std::string_view first_key(const Leaf& leaf) {
    return leaf.rows.front()->key;
}
std::string_view first_key(const Branch& branch) {
    return first_key(*branch.leaves.front());
}

/// Index of the last node whose first key is <= key, 0 if there is none.
template <class Node>
std::size_t child_for(const std::vector<std::shared_ptr<Node>>& nodes, std::string_view key) {
    const auto after =
        std::upper_bound(nodes.begin(), nodes.end(), key,
                         [](std::string_view k, const auto& node) { return k < first_key(*node); });
    return after == nodes.begin() ? 0 : static_cast<std::size_t>(after - nodes.begin()) - 1;
}

std::size_t row_for(const Leaf& leaf, std::string_view key) {
    const auto at = std::lower_bound(leaf.rows.begin(), leaf.rows.end(), key,
                                     [](const RowPtr& row, std::string_view k) { return row->key < k; });
    return static_cast<std::size_t>(at - leaf.rows.begin());
}

template <class T>
auto offset(std::vector<T>& items, std::size_t at) {
    return items.begin() + static_cast<std::ptrdiff_t>(at);
}

}  // namespace

RowPtr RowSnapshot::find(std::string_view key) const {
    RowPtr out;
    scan(key, [&](const RowPtr& row) {
        if (row->key == key) out = row;
        return false;
    });
    return out;
}

void RowSnapshot::scan(std::string_view from, const std::function<bool(const RowPtr&)>& visit) const {
    if (!root_ || root_->branches.empty()) return;
    std::size_t b = child_for(root_->branches, from);
    std::size_t l = child_for(root_->branches[b]->leaves, from);
    std::size_t r = row_for(*root_->branches[b]->leaves[l], from);
    for (; b < root_->branches.size(); ++b, l = 0) {
        const Branch& branch = *root_->branches[b];
        for (; l < branch.leaves.size(); ++l, r = 0) {
            for (const Leaf& leaf = *branch.leaves[l]; r < leaf.rows.size(); ++r) {
                if (!visit(leaf.rows[r])) return;
            }
        }
    }
}

RowTree::RowTree() : root_(std::make_shared<Root>()) {
    root_->generation = generation_;
}

void RowTree::clear() {
    root_ = std::make_shared<Root>();
    root_->generation = generation_;
    size_ = 0;
}

RowSnapshot RowTree::snapshot() {
    RowSnapshot out;
    out.root_ = root_;
    out.size_ = size_;
    ++generation_;
    return out;
}

Root& RowTree::own_root() {
    if (root_->generation != generation_) {
        root_ = std::make_shared<Root>(*root_);
        root_->generation = generation_;
    }
    return *root_;
}

Branch& RowTree::own_branch(std::size_t branch) {
    auto& slot = own_root().branches[branch];
    if (slot->generation != generation_) {
        slot = std::make_shared<Branch>(*slot);
        slot->generation = generation_;
    }
    return *slot;
}

Leaf& RowTree::own_leaf(std::size_t branch, std::size_t leaf) {
    auto& slot = own_branch(branch).leaves[leaf];
    if (slot->generation != generation_) {
        slot = std::make_shared<Leaf>(*slot);
        slot->generation = generation_;
    }
    return *slot;
}

RowTree::Place RowTree::locate(std::string_view key) const {
    MR_DCHECK(!root_->branches.empty());
    Place at;
    at.branch = child_for(root_->branches, key);
    at.leaf = child_for(root_->branches[at.branch]->leaves, key);
    const Leaf& leaf = *root_->branches[at.branch]->leaves[at.leaf];
    at.row = row_for(leaf, key);
    at.found = at.row < leaf.rows.size() && leaf.rows[at.row]->key == key;
    return at;
}

RowPtr RowTree::find(std::string_view key) const {
    if (size_ == 0) return nullptr;
    const Place at = locate(key);
    return at.found ? root_->branches[at.branch]->leaves[at.leaf]->rows[at.row] : nullptr;
}

RowPtr RowTree::put(RowPtr row) {
    if (size_ == 0) {
        auto leaf = std::make_shared<Leaf>(generation_, std::vector<RowPtr>{std::move(row)});
        auto branch = std::make_shared<Branch>(generation_, std::vector{std::move(leaf)});
        own_root().branches.assign(1, std::move(branch));
        size_ = 1;
        return nullptr;
    }
    const Place at = locate(row->key);
    Leaf& leaf = own_leaf(at.branch, at.leaf);
    if (at.found) {
        std::swap(leaf.rows[at.row], row);
        return row;
    }
    leaf.rows.insert(offset(leaf.rows, at.row), std::move(row));
    ++size_;
    if (leaf.rows.size() > kLeafMax) split(at.branch, at.leaf);
    return nullptr;
}

void RowTree::split(std::size_t branch_at, std::size_t leaf_at) {
    Leaf& leaf = own_leaf(branch_at, leaf_at);
    // Keys that grow (time first) fill the last leaf: it is left full instead of half empty.
    const Branch& last = *root_->branches.back();
    const bool growing = branch_at + 1 == root_->branches.size() && leaf_at + 1 == last.leaves.size();
    const std::size_t keep = growing ? kLeafMax : leaf.rows.size() / 2;
    auto right =
        std::make_shared<Leaf>(generation_, std::vector<RowPtr>(offset(leaf.rows, keep), leaf.rows.end()));
    leaf.rows.resize(keep);
    Branch& branch = own_branch(branch_at);
    branch.leaves.insert(offset(branch.leaves, leaf_at + 1), std::move(right));
    if (branch.leaves.size() <= kBranchMax) return;
    const std::size_t kept = growing ? kBranchMax : branch.leaves.size() / 2;
    auto next = std::make_shared<Branch>(
        generation_, std::vector<std::shared_ptr<Leaf>>(offset(branch.leaves, kept), branch.leaves.end()));
    branch.leaves.resize(kept);
    auto& branches = own_root().branches;
    branches.insert(offset(branches, branch_at + 1), std::move(next));
}

RowPtr RowTree::erase(std::string_view key) {
    if (size_ == 0) return nullptr;
    const Place at = locate(key);
    if (!at.found) return nullptr;
    Leaf& leaf = own_leaf(at.branch, at.leaf);
    RowPtr out = std::move(leaf.rows[at.row]);
    leaf.rows.erase(offset(leaf.rows, at.row));
    --size_;
    shrink(at.branch, at.leaf);
    return out;
}

void RowTree::shrink(std::size_t branch_at, std::size_t leaf_at) {
    Branch& branch = own_branch(branch_at);
    if (branch.leaves[leaf_at]->rows.empty()) {
        branch.leaves.erase(offset(branch.leaves, leaf_at));
    } else if (leaf_at + 1 < branch.leaves.size() &&
               branch.leaves[leaf_at]->rows.size() + branch.leaves[leaf_at + 1]->rows.size() <= kJoinBelow) {
        auto& rows = own_leaf(branch_at, leaf_at).rows;
        const auto& right = branch.leaves[leaf_at + 1]->rows;
        rows.insert(rows.end(), right.begin(), right.end());
        branch.leaves.erase(offset(branch.leaves, leaf_at + 1));
    }
    if (branch.leaves.empty()) {
        auto& branches = own_root().branches;
        branches.erase(offset(branches, branch_at));
    }
}

void RowTree::check() const {
    std::size_t count = 0;
    std::string_view last;
    for (const auto& branch : root_->branches) {
        MR_CHECK(!branch->leaves.empty() && branch->leaves.size() <= kBranchMax);
        for (const auto& leaf : branch->leaves) {
            MR_CHECK(!leaf->rows.empty() && leaf->rows.size() <= kLeafMax);
            for (const RowPtr& row : leaf->rows) {
                MR_CHECK(count == 0 || last < row->key, "row {}", count);
                last = row->key;
                ++count;
            }
        }
    }
    MR_CHECK(count == size_, "{} rows of {}", count, size_);
}

}  // namespace mr::views
