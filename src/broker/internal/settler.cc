#include "broker/internal/settler.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/log.h"

namespace mr::broker {

Settler::Settler(FileSystem& fs, Metrics& metrics, const BrokerOptions& options, const LogAccess& access,
                 Publisher& publisher)
    : fs_(fs),
      options_(options),
      access_(access),
      publisher_(publisher),
      settled_counter_(metrics.counter("millrace_broker_settled_bytes_total",
                                       "Bytes of record batches moved from the journal to segments.")) {}

SegmentWriter& Settler::writer_of(const std::shared_ptr<PartitionLog>& log) {
    auto& writer = writers_[log.get()];
    if (writer == nullptr) writer = std::make_unique<SegmentWriter>(fs_, log);
    return *writer;
}

Result<std::size_t> Settler::settle_partition(const std::shared_ptr<PartitionLog>& log,
                                              const PartitionView& view, const TopicSettings& settings,
                                              Seq not_after, std::size_t budget) {
    if (view.tail_count == 0) return 0;
    SegmentWriter& writer = writer_of(log);
    const Offset from = std::max(writer.end(), view.tail_start());
    if (from >= view.log_end) return 0;
    std::vector<StoredBatch> batches;
    MR_TRY_VOID(access_.collect(*log, view, from, {.bytes_max = budget, .not_after = not_after}, batches));
    std::size_t bytes = 0;
    for (const auto& batch : batches) {
        MR_CHECK(!batch.patched, "{}-{}: offset {} was settled already", log->topic(), log->id(),
                 batch.ref.base_offset);
        MR_TRY(auto header, wire::decode_batch_header(batch.bytes.view()));
        header.base_offset = batch.ref.base_offset;
        header.leader_epoch = batch.ref.leader_epoch;
        MR_CHECK(
            header.total_bytes() == batch.bytes.size() && header.last_offset() == batch.ref.last_offset(),
            "{}-{}: {}", log->topic(), log->id(), batch.ref.base_offset);
        const AbortedTxn* aborted =
            header.is_control() ? view.aborted.find_marker(batch.ref.base_offset) : nullptr;
        MR_TRY_VOID(writer.append(batch.bytes, header, batch.ref, aborted, settings));
        bytes += batch.bytes.size();
    }
    MR_TRY_VOID(writer.flush());
    settled_bytes_.fetch_add(bytes);
    settled_counter_.add(bytes);
    return bytes;
}

Result<bool> Settler::run_slice(std::uint64_t applied_bytes) {
    MR_TRY(bool worked, remove_deleted());
    // Every so often is enough: retention itself moves once in minutes.
    if (slices_++ % 64 == 0) MR_TRY_VOID(remove_expired());
    if (applied_bytes - settled_bytes_.load() < options_.settle_min_bytes) return worked;
    // First how far, then the barrier: a cut made in between lies beyond what is durable now.
    const Seq durable = publisher_.through();
    const Seq limit(std::min(durable.value, barrier_.load()));
    const auto topics = publisher_.topics.load();
    std::vector<std::pair<std::shared_ptr<PartitionLog>, const TopicView*>> logs;
    for (const auto& [name, topic] : topics->by_name) {
        for (const auto& log : topic->partitions) logs.emplace_back(log, topic.get());
    }
    std::size_t budget = options_.settle_slice_bytes;
    for (std::size_t i = 0; i < logs.size() && budget > 0; ++i) {
        const auto& [log, topic] = logs[(next_partition_ + i) % logs.size()];
        const auto view = log->durable();
        MR_TRY(const std::size_t bytes,
               settle_partition(log, *view, topic->config.settings(), limit, budget));
        budget -= std::min(budget, bytes);
        worked = worked || bytes > 0;
        if (budget == 0) next_partition_ = (next_partition_ + i) % logs.size();
    }
    return worked;
}

std::shared_ptr<void> Settler::hold_back(Seq through) {
    barrier_.store(through.value);
    return std::shared_ptr<void>(nullptr, [this, through](void*) {
        // A newer cut may have put up its own.
        std::uint64_t mine = through.value;
        barrier_.compare_exchange_strong(mine, UINT64_MAX);
    });
}

Status Settler::settle_through(const FrozenState& frozen) {
    MR_TRY_VOID(remove_deleted());
    MR_TRY_VOID(remove_expired());
    const auto topics = publisher_.topics.load();
    for (const auto& frozen_topic : frozen.topics) {
        const auto topic = topics->find(frozen_topic.id);
        if (topic == nullptr) continue;  // deleted since: its entries after the cut say so again
        for (const auto& partition : frozen_topic.partitions) {
            while (true) {
                MR_TRY(const std::size_t bytes,
                       settle_partition(partition.log, partition.view, topic->config.settings(),
                                        frozen.through, options_.settle_slice_bytes));
                if (bytes == 0) break;
            }
            SegmentWriter& writer = writer_of(partition.log);
            MR_CHECK(writer.end() == partition.view.log_end || partition.view.tail_count == 0 ||
                         partition.log->deleted(),
                     "{}-{}: settled to {}, wanted {}", partition.log->topic(), partition.log->id(),
                     writer.end(), partition.view.log_end);
            MR_TRY_VOID(writer.sync());
            writer.release_files();
        }
    }
    return {};
}

std::vector<SegmentInfo> Settler::infos(const PartitionLog& log) const {
    const auto it = writers_.find(&log);
    return it == writers_.end() ? std::vector<SegmentInfo>() : it->second->infos();
}

SegmentWriter* Settler::find_writer(const PartitionLog& log) const {
    const auto it = writers_.find(&log);
    return it == writers_.end() ? nullptr : it->second.get();
}

void Settler::mark_obsolete() {
    for (const auto& [log, writer] : writers_) writer->mark_obsolete();
}

Status Settler::remove_obsolete() {
    for (const auto& [log, writer] : writers_) MR_TRY_VOID(writer->remove_obsolete());
    return {};
}

Result<bool> Settler::remove_deleted() {
    const auto logs = publisher_.deleted.take();
    for (const auto& log : logs) {
        // What was never settled never will be: it no longer counts as waiting.
        const auto last = log->applied();
        const auto writer = writers_.find(log.get());
        const Offset end = writer == writers_.end() ? Offset(0) : writer->second->end();
        for (std::size_t i = last->find_offset(end); i < last->tail_count; ++i) {
            settled_bytes_.fetch_add(last->tail(i).bytes);
        }
        writers_.erase(log.get());
        const auto settled = log->settled_end();
        log->publish_segments(std::make_shared<const SegmentList>(), settled);
        MR_TRY_VOID(fs_.remove_all(log->directory()));
        // The topic's own directories, once they are empty; the next start would take them away as well.
        const std::string topic = parent_path(log->directory());
        const auto names = fs_.list(topic);
        if (names && names->empty()) MR_TRY_VOID(fs_.remove_all(topic));
        const auto others = fs_.list(parent_path(topic));
        if (others && others->empty()) MR_TRY_VOID(fs_.remove_all(parent_path(topic)));
    }
    return !logs.empty();
}

Status Settler::remove_expired() {
    for (const auto& [log, writer] : writers_) {
        MR_TRY_VOID(writer->remove_below(log->durable()->log_start));
    }
    return {};
}

Result<AbortedIndex> Settler::restore(const std::shared_ptr<PartitionLog>& log,
                                      const std::vector<SegmentInfo>& infos) {
    if (infos.empty()) {
        MR_TRY_VOID(fs_.remove_all(log->directory()));
        return AbortedIndex();
    }
    SegmentWriter& writer = writer_of(log);
    MR_TRY_VOID(writer.restore(infos));
    return writer.aborted();
}

Status Settler::verify(const PartitionLog& log, Offset start) const {
    const auto it = writers_.find(&log);
    return it == writers_.end() ? Status{} : it->second->verify(start);
}

Status Settler::remove_strays(const std::vector<FrozenTopic>& known) {
    std::set<std::string> wanted;
    for (const auto& topic : known) {
        wanted.insert(join_path(options_.directory, topic.name));
        for (const auto& partition : topic.partitions) {
            wanted.insert(partition.log->directory());
            wanted.insert(parent_path(partition.log->directory()));
        }
    }
    // <topics>/<name>/<id>/<partition>
    std::vector<std::string> level{options_.directory};
    for (int depth = 0; depth < 3; ++depth) {
        std::vector<std::string> next;
        for (const auto& directory : level) {
            MR_TRY(const auto names, fs_.list(directory));
            for (const auto& name : names) {
                std::string path = join_path(directory, name);
                if (wanted.contains(path)) {
                    next.push_back(std::move(path));
                } else {
                    log_info("broker", "removing {}: no topic of the checkpoint owns it", path);
                    MR_TRY_VOID(fs_.remove_all(path));
                }
            }
        }
        level = std::move(next);
    }
    return {};
}

}  // namespace mr::broker
