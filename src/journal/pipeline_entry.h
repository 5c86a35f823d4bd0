// The payload of a `pipeline` entry: an instance of a pipeline begins, or a pipeline is dropped. It carries
// what others need to read the instance's steps without its SQL: the state tables' names and the views'
// schemas, by the indexes steps use. Format: docs/formats/journal.md, "Pipeline"
//
// A pipeline has two slots, "live" and "live@2", so that two versions of it can run beside each other: one
// serves, which the first does until a `swapped` entry says otherwise. Views of the one that does not serve
// are named "orders_by_site@beside".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "columnar/type.h"

namespace mr::journal {

struct PipelineEntry {
    enum class Action : std::uint8_t {
        created = 1,  ///< a new instance; the one before it, if any, is fenced and its views are emptied
        dropped = 2,  ///< the pipeline is gone: views and state with it
        /// This slot serves from here on, the other one runs beside it: their views change names.
        swapped = 3,
        /// After `swapped`: the topics of its views hold what the views do.
        published = 4,
    };
    struct View {
        std::string name;
        std::string epoch;  ///< opaque, new with every instance
        Schema schema;
        std::vector<std::uint32_t> key;
        std::vector<std::pair<std::string, std::string>> options;  ///< view.retention, view.max-rows, …
    };

    /// A source begins a partition at `first` instead of its beginning (scan.startup.mode).
    struct Start {
        std::uint32_t source = 0;  ///< index in the program's sources
        PartitionId partition;
        Offset first;
    };

    Action action = Action::created;
    std::string pipeline;
    InstanceEpoch epoch;
    std::uint64_t fingerprint = 0;  ///< of the program
    Seq start;                      ///< consumed position it starts from
    /// Input up to here was already turned into append outputs by an older instance: they are not written
    /// again.
    Seq outputs_after;
    TimestampMs created;
    std::vector<std::string> tables;  ///< names of state tables (state/state_space.h), by number
    std::vector<View> views;
    std::vector<Start> starts{};  ///< absent from entries written before there were any
};

inline constexpr std::uint8_t kPipelineVersion = 1;

/// "live@2" of "live" and the other way round.
std::string other_slot(std::string_view slot);
/// "live" of both.
std::string pipeline_of_slot(std::string_view slot);
/// "v@beside" of "v" and the other way round.
std::string other_view_name(std::string_view name);

std::string encode_pipeline(const PipelineEntry& entry);
Result<PipelineEntry> decode_pipeline(std::string_view payload);

}  // namespace mr::journal
