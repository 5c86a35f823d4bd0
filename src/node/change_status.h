// What people are shown of a version that runs beside the one that serves: how far it has come, how fast, how
// long it will take, and how its rows differ. JSON: docs/openapi.yaml, VersionsOfPipeline. Thread: any.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/json_writer.h"
#include "pipeline/changeover.h"
#include "pipeline/view_pairs.h"

namespace mr::node {

/// Of what the log holds of the inputs, in records.
struct ReadProgress {
    std::int64_t read = 0;
    std::int64_t records = 0;
};
/// A partition whose place is not known counts as not begun, or as read where the version has caught up.
ReadProgress progress_of(const pipeline::RunnerStatus& status, bool caught_up);

/// How fast something is read, over the last seconds.
class ReadRate {
  public:
    /// It is time for the next sample.
    [[nodiscard]] bool due(std::int64_t now_ns) const;
    void note(std::int64_t now_ns, std::int64_t read);
    /// 0 while there is too little to tell.
    [[nodiscard]] double per_second() const;

  private:
    struct Sample {
        std::int64_t at_ns = 0;
        std::int64_t read = 0;
    };
    std::deque<Sample> samples_;
};

/// `rate`: of the one that catches up.
void append_version(JsonWriter& w, const pipeline::Version& version, bool caught_up,
                    const ReadRate* rate = nullptr);
std::string to_json(const pipeline::ViewComparison& view);

}  // namespace mr::node
