// A table with 'connector' = 'datagen': its rows in a topic of its own ("source.<table>"), where pipelines
// read them. The offset of a record is the number of its row, so that whatever is interrupted goes on with
// the next one: every row once. Thread: one at a time.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "connect/topic_feed.h"
#include "formats/row_format.h"
#include "plan/datagen.h"

namespace mr::connect {

class DatagenSource {
  public:
    static Result<std::unique_ptr<DatagenSource>> open(broker::Broker& broker, Clock& clock,
                                                       TopicFeed::Submit submit, const plan::TablePtr& table);

    /// Appends rows that are due by 'rows-per-second', counted from the first call; false: none are.
    Result<bool> run_once();

    /// For open().
    DatagenSource(Clock& clock, TopicFeed feed, plan::DatagenSpec spec,
                  std::unique_ptr<formats::RowEncoder> encoder)
        : clock_(clock), feed_(std::move(feed)), spec_(std::move(spec)), encoder_(std::move(encoder)) {}

  private:
    /// Rows there may be by now.
    std::int64_t due(std::int64_t next);

    Clock& clock_;
    TopicFeed feed_;
    const plan::DatagenSpec spec_;
    const std::unique_ptr<formats::RowEncoder> encoder_;
    std::int64_t first_ = -1;    ///< row with which this run began
    std::int64_t since_ms_ = 0;  ///< when
};

}  // namespace mr::connect
