// Answers that were built before: the same question at the same version is encoded once, whoever asks, and
// the answer at a later version takes over the rows that have not changed. Least recently used goes first.
// Thread: loop.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "views/row_tree.h"

namespace mr::serve {

/// The JSON of a list of rows, with where each row lies in it.
struct RowsBody {
    SharedBytes bytes;
    std::size_t first_at = 0;         ///< where the first row begins; a comma stands before every other one
    std::vector<views::RowPtr> rows;  ///< held, so that an equal pointer is the same row; may be left out
    std::vector<std::uint32_t> ends;  ///< of each row in `bytes`

    [[nodiscard]] std::string_view row(std::size_t i) const {
        const std::size_t from = i == 0 ? first_at : ends[i - 1] + 1;
        return bytes.view().substr(from, ends[i] - from);
    }
};

class BodyCache {
  public:
    explicit BodyCache(std::size_t bytes_max = 32U << 20, std::size_t entries_max = 1'024)
        : bytes_max_(bytes_max), entries_max_(entries_max) {}

    /// Empty when there is none for exactly this epoch and version.
    [[nodiscard]] SharedBytes find(const std::string& question, std::string_view epoch, Seq version);
    /// The newest answer of the epoch, whatever its version; until the next put(). nullptr: none.
    [[nodiscard]] const RowsBody* earlier(const std::string& question, std::string_view epoch) const;
    void put(const std::string& question, std::string_view epoch, Seq version, RowsBody body);
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

  private:
    struct Entry {
        std::string question;
        std::string epoch;
        Seq version;
        RowsBody body;
        std::size_t cost = 0;
    };
    void erase(std::list<Entry>::iterator entry);
    const std::size_t bytes_max_;
    const std::size_t entries_max_;
    std::size_t bytes_ = 0;
    std::list<Entry> entries_;  ///< most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> by_question_;
};

}  // namespace mr::serve
