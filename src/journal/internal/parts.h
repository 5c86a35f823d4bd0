// Entries too large for one: written as several, read as one. Format: docs/formats/journal.md, "Parts"
//
// The parts stand one behind the other, nothing between them, and say nothing by themselves; the last one
// makes them an entry, with its own sequence number. A crash may leave parts without a last one: they have no
// effect, and whatever entry follows them shows it. Thread: one an object.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "journal/entry.h"

namespace mr::journal::internal {

/// Before the last piece in the payload of the last part.
struct PartsHeader {
    static constexpr std::size_t kBytes = 8;
    Kind kind{};
    std::uint8_t version = 1;
    std::uint32_t before = 0;  ///< how many parts stand before the last one
};

void encode_parts_header(std::string& out, const PartsHeader& header);
/// Nothing for bytes that are too short or of no kind.
std::optional<PartsHeader> decode_parts_header(std::string_view last_part);

class PartJoiner {
  public:
    enum class Got : std::uint8_t {
        nothing,  ///< a part: more must follow
        entry,    ///< `entry` is whole
        too_late  ///< a last part whose others were not added; see first()
    };
    /// Takes the entries in order. corrupt: a last part that makes no sense.
    Result<Got> add(Entry& entry);
    /// After too_late: the sequence of its first part.
    [[nodiscard]] Seq first() const { return first_; }

  private:
    std::deque<SharedBytes> parts_;  ///< what came without anything else between
    Seq first_;
};

}  // namespace mr::journal::internal
