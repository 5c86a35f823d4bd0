#include "broker/partition_view.h"

#include "base/check.h"

namespace mr::broker {

std::size_t PartitionView::find_offset(Offset offset) const {
    std::size_t low = 0;
    std::size_t high = tail_count;
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (tail(middle).next_offset() <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

std::size_t PartitionView::find_seq(Seq seq) const {
    std::size_t low = 0;
    std::size_t high = tail_count;
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (tail(middle).seq <= seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

PartitionView::EpochEnd PartitionView::end_of_epoch(LeaderEpoch epoch) const {
    MR_DCHECK(epochs != nullptr && !epochs->empty());
    // Kafka answers a request for the current epoch with the log's end, and for an epoch in between with the
    // largest known one below it.
    if (epoch > leader_epoch) return {LeaderEpoch(-1), Offset(-1)};
    if (epoch == leader_epoch) return {leader_epoch, log_end};
    EpochEnd result{LeaderEpoch(-1), Offset(-1)};
    for (std::size_t i = 0; i < epochs->size(); ++i) {
        const EpochStart& start = (*epochs)[i];
        if (start.epoch > epoch) {
            if (i == 0) return {epoch, start.start};  // before the first known one: ends where that begins
            return {result.epoch, start.start};
        }
        result.epoch = start.epoch;
    }
    return {result.epoch, log_end};
}

}  // namespace mr::broker
