// Where a new instance of a pipeline begins to read: 'scan.startup.mode' of its tables, looked up once, when
// it is deployed, and written into its `pipeline` entry. From then on nothing depends on when it is looked
// at. Thread: the one that deploys.
#pragma once

#include <vector>

#include "broker/broker.h"
#include "journal/pipeline_entry.h"
#include "plan/program.h"

namespace mr::pipeline {

struct StartPositions {
    /// Everything the pipeline wants lies after this entry.
    Seq after;
    /// First offsets, by source and partition; a partition that is not listed is read from its beginning (so
    /// are those added later).
    std::vector<journal::PipelineEntry::Start> starts;
};

/// REQUIRES: the topics exist. invalid_argument, with the table's place and what to do, for options that do
/// not go together and for a group without committed offsets.
Result<StartPositions> find_starts(const broker::Broker& broker, const plan::Program& program);

/// Without a broker: are the options of 'scan.startup.mode' complete and well-formed? For `check`.
Status check_startup_options(const plan::Table& table);

}  // namespace mr::pipeline
