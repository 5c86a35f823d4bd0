// A consumer of old data, in a process of its own: reads a topic from its beginning again and again, as fast
// as it gets it, with the page cache emptied of it before each pass. Thread: one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace bench {

/// What the child does, until it is ended. `data`: the node's data folder, whose segments are dropped from
/// the page cache; empty: of a broker that is not ours, left alone.
[[noreturn]] void read_cold_for_ever(const std::string& bootstrap, const std::string& topic, int partitions,
                                     const std::string& data);

class ColdReader {
  public:
    ColdReader(const std::string& bootstrap, const std::string& topic, int partitions,
               const std::string& data, const std::string& log);
    ~ColdReader();
    ColdReader(const ColdReader&) = delete;
    ColdReader& operator=(const ColdReader&) = delete;

    /// Bytes read since it began.
    [[nodiscard]] std::uint64_t bytes() const;

  private:
    const std::string log_;
    pid_t pid_ = -1;
};

}  // namespace bench
