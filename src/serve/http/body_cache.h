// Answers that were built before: the same question at the same version is encoded once, whoever asks.
// Least recently used goes first. Thread: loop.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "base/ids.h"

namespace mr::serve {

class BodyCache {
  public:
    explicit BodyCache(std::size_t bytes_max = 32U << 20, std::size_t entries_max = 1'024)
        : bytes_max_(bytes_max), entries_max_(entries_max) {}

    /// Empty when there is none for exactly this epoch and version.
    [[nodiscard]] SharedBytes find(const std::string& question, std::string_view epoch, Seq version);
    void put(const std::string& question, std::string_view epoch, Seq version, SharedBytes body);
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

  private:
    struct Entry {
        std::string question;
        std::string epoch;
        Seq version;
        SharedBytes body;
    };
    void erase(std::list<Entry>::iterator entry);
    const std::size_t bytes_max_;
    const std::size_t entries_max_;
    std::size_t bytes_ = 0;
    std::list<Entry> entries_;  ///< most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> by_question_;
};

}  // namespace mr::serve
