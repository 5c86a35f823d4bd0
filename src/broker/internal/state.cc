#include "broker/internal/state.h"

#include <algorithm>

#include "base/check.h"
#include "journal/step_entry.h"

namespace mr::broker {
namespace {

using journal::Entry;
using journal::Kind;

/// Entries were checked by the journal and made by us: one that does not decode is a bug or a newer build's.
template <class T>
T must(Result<T> decoded, const Entry& entry) {
    MR_CHECK(decoded.has_value(), "entry {}: {}", entry.seq, decoded.error().message);
    return std::move(*decoded);
}

/// Where the oldest open transaction begins; the log's end without any.
Offset stable_of(const PartitionState& partition) {
    const PartitionView& view = partition.view;
    return partition.open.empty() ? view.log_end : std::max(*partition.open.begin(), view.log_start);
}

/// Names of deleted topics whose leader epoch is remembered, so that a topic recreated under the name begins
/// above it. More than that many deletions forget the alphabetically first: harmless for clients that know
/// topic ids, which is all of the last years'.
constexpr std::size_t kRetiredEpochsMax = 10'000;

}  // namespace

BrokerState::BrokerState(const BrokerOptions& options, TailRing& ring, Publisher& publisher)
    : options_(options),
      ring_(ring),
      publisher_(publisher),
      applied_topics_(std::make_shared<const TopicsView>()) {}

TopicState* BrokerState::find(std::string_view name) const {
    const auto it = by_name_.find(name);
    return it == by_name_.end() ? nullptr : it->second;
}

TopicState* BrokerState::find(const Uuid& id) const {
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : it->second.get();
}

TopicState& BrokerState::must_find(const Uuid& id) {
    TopicState* topic = find(id);
    MR_CHECK(topic != nullptr, "unknown topic id {}", id.to_string());
    return *topic;
}

const GroupOffsets* BrokerState::group(std::string_view name) const {
    const auto it = groups_.find(name);
    return it == groups_.end() ? nullptr : it->second.offsets.get();
}

LeaderEpoch BrokerState::first_epoch(std::string_view name) const {
    const auto it = retired_epochs_.find(name);
    return it == retired_epochs_.end() ? LeaderEpoch(0) : it->second.next();
}

std::string BrokerState::log_directory(std::string_view name, const Uuid& id, PartitionId partition) const {
    return join_path(join_path(join_path(options_.directory, name), id.to_string()),
                     fmt::format("{}", partition));
}

std::vector<Uuid> BrokerState::apply(const Entry& entry) {
    MR_CHECK(entry.seq > applied_, "{} after {}", entry.seq, applied_);
    applied_ = entry.seq;
    if (entry.kind != Kind::step) {
        MR_CHECK(entry.version == internal::kEntryVersion,
                 "entry {}: kind {} version {} is not known to this build", entry.seq,
                 static_cast<int>(entry.kind), entry.version);
    }
    if (entry.kind == Kind::topic_batch) return apply_batch(entry);
    if (entry.kind == Kind::step) return apply_step(entry);
    if (entry.kind == Kind::transaction) return apply_transaction(entry);
    apply_other(entry);
    return {};
}

void BrokerState::apply_other(const Entry& entry) {
    const std::string_view payload = entry.payload.view();
    switch (entry.kind) {
        case Kind::topic_created:
            return apply_topic_created(must(internal::decode_topic_created(payload), entry));
        case Kind::topic_deleted:
            return apply_topic_deleted(must(internal::decode_topic_deleted(payload), entry));
        case Kind::partitions_added:
            return apply_partitions_added(must(internal::decode_partitions_added(payload), entry));
        case Kind::topic_config:
            return apply_topic_config(must(internal::decode_topic_config(payload), entry));
        case Kind::producer_id:
            return apply_producer_id(must(internal::decode_producer_id(payload), entry));
        case Kind::group_offsets:
            return apply_group_offsets(must(internal::decode_group_offsets(payload), entry));
        case Kind::group_deleted:
            return apply_group_deleted(must(internal::decode_group_deleted(payload), entry));
        case Kind::group_members:
            return apply_group_members(must(internal::decode_group_members(payload), entry));
        case Kind::log_start:
            return apply_log_start(must(internal::decode_log_start(payload), entry));
        case Kind::leader_epoch:
            return apply_leader_epoch(must(internal::decode_leader_epoch(payload), entry));
        case Kind::cluster_settings:
            return apply_cluster_settings(must(internal::decode_cluster_settings(payload), entry));
        default:
            MR_CHECK(false, "entry {}: kind {} is not the broker's", entry.seq, static_cast<int>(entry.kind));
    }
}

std::vector<Uuid> BrokerState::apply_batch(const Entry& entry) {
    const auto batch = must(internal::decode_batch_entry(entry.payload.view()), entry);
    const auto header = must(wire::decode_batch_header(batch.batch), entry);
    const TopicState& topic = must_find(batch.topic);
    PartitionState* partition = topic.partition(batch.partition);
    MR_CHECK(partition != nullptr, "entry {}: {} has no partition {}", entry.seq, batch.topic.to_string(),
             batch.partition);
    BatchRef ref{.base_offset = batch.base_offset,
                 .last_offset_delta = header.last_offset_delta,
                 .leader_epoch = batch.leader_epoch,
                 .seq = entry.seq,
                 .payload_at = internal::kBatchEntryHeaderBytes,
                 .bytes = static_cast<std::uint32_t>(batch.batch.size()),
                 .max_timestamp = header.max_timestamp,
                 .time = batch.time,
                 .stable = {}};
    if (header.is_transactional()) {
        if (partition->producers.open_transaction(header.producer_id).value < 0) {
            partition->open.insert(batch.base_offset);
        }
        transactions_.on_batch(header.producer_id, header.producer_epoch, batch.topic, batch.partition,
                               batch.time, entry.seq);
        note_deadline();
    }
    append_batch(*partition, ref);
    if (header.is_idempotent()) {
        partition->producers.record(header, batch.base_offset, batch.time, options_.producer_expiration_ms);
    }
    ring_.append({&ref, 1}, entry.payload, {&partition->log, 1});
    publish_partition(*partition);
    if (!recovering_ && topic.config.settings().async) unshown_.push_back(partition->log);
    return {batch.topic};
}

std::vector<Uuid> BrokerState::apply_step(const Entry& entry) {
    const std::string_view payload = entry.payload.view();
    const auto outputs = must(journal::decode_step_outputs(payload), entry);
    if (outputs.empty()) return {};
    const auto step = must(journal::decode_step_header(payload), entry);
    std::vector<BatchRef> refs;
    std::vector<std::shared_ptr<PartitionLog>> logs;
    for (const auto& output : outputs) {
        const auto header = must(wire::decode_batch_header(output.batch), entry);
        PartitionState* partition = must_find(output.topic).partition(output.partition);
        MR_CHECK(partition != nullptr, "entry {}: {} has no partition {}", entry.seq,
                 output.topic.to_string(), output.partition);
        refs.push_back({.base_offset = output.base_offset,
                        .last_offset_delta = header.last_offset_delta,
                        .leader_epoch = output.leader_epoch,
                        .seq = entry.seq,
                        .payload_at = static_cast<std::uint32_t>(output.batch.data() - payload.data()),
                        .bytes = static_cast<std::uint32_t>(output.batch.size()),
                        .max_timestamp = header.max_timestamp,
                        .time = step.wall_time,
                        .stable = {}});
        logs.push_back(partition->log);
        append_batch(*partition, refs.back());
    }
    ring_.append(refs, entry.payload, logs);
    std::vector<Uuid> topics;
    for (const auto& output : outputs) {
        publish_partition(*must_find(output.topic).partition(output.partition));
        topics.push_back(output.topic);
    }
    return topics;
}

void BrokerState::append_batch(PartitionState& partition, BatchRef& ref) {
    PartitionView& view = partition.view;
    MR_CHECK(ref.base_offset == view.log_end, "{}-{}: batch at {} in a log that ends at {}",
             partition.log->topic(), partition.log->id(), ref.base_offset, view.log_end);
    MR_CHECK(ref.leader_epoch == view.leader_epoch, "{}-{}: epoch {}, now {}", partition.log->topic(),
             partition.log->id(), ref.leader_epoch, view.leader_epoch);
    view.log_end = ref.next_offset();
    view.last_stable = stable_of(partition);
    ref.stable = view.last_stable;
    if (view.tail_count % TailChunk::kRefs == 0) {
        trim_tail(partition);
        auto chunks = std::make_shared<std::vector<std::shared_ptr<const TailChunk>>>(*view.chunks);
        partition.open_chunk = std::make_shared<TailChunk>();
        chunks->push_back(partition.open_chunk);
        view.chunks = std::move(chunks);
    }
    partition.open_chunk->refs[view.tail_count % TailChunk::kRefs] = ref;
    ++view.tail_count;
    view.last_seq = ref.seq;
    batch_bytes_.fetch_add(ref.bytes, std::memory_order_relaxed);
}

bool BrokerState::trim_tail(PartitionState& partition) {
    PartitionView& view = partition.view;
    const Offset settled = partition.log->settled_end();
    std::size_t drop = 0;
    while ((drop + 1) * TailChunk::kRefs <= view.tail_count &&
           view.tail((drop + 1) * TailChunk::kRefs - 1).next_offset() <= settled) {
        ++drop;
    }
    if (drop == 0) return false;
    auto chunks = std::make_shared<std::vector<std::shared_ptr<const TailChunk>>>(
        view.chunks->begin() + static_cast<std::ptrdiff_t>(drop), view.chunks->end());
    view.chunks = std::move(chunks);
    view.tail_count -= drop * TailChunk::kRefs;
    if (view.tail_count == 0) partition.open_chunk.reset();
    return true;
}

void BrokerState::show_written() {
    std::sort(unshown_.begin(), unshown_.end());
    const auto end = std::unique(unshown_.begin(), unshown_.end());
    // All of them first: who is woken by one may look at the others.
    for (auto it = unshown_.begin(); it != end; ++it) (*it)->publish_written();
    for (auto it = unshown_.begin(); it != end; ++it) (*it)->wake();
    unshown_.clear();
}

void BrokerState::publish_partition(PartitionState& partition) {
    PartitionView& view = partition.view;
    view.as_of = applied_;
    MR_CHECK(view.log_start <= view.last_stable && view.last_stable <= view.log_end, "{}-{}: {} {} {}",
             partition.log->topic(), partition.log->id(), view.log_start, view.last_stable, view.log_end);
    if (recovering_) return;
    auto published = std::make_shared<const PartitionView>(view);
    partition.log->publish_applied(published);
    publisher_.add({.seq = applied_, .log = partition.log, .view = std::move(published), .publish = {}});
}

void BrokerState::add_partition(TopicState& topic, LeaderEpoch epoch) {
    const PartitionId id(static_cast<std::int32_t>(topic.partitions.size()));
    auto partition = std::make_unique<PartitionState>();
    partition->view.leader_epoch = epoch;
    partition->view.epochs =
        std::make_shared<const std::vector<EpochStart>>(std::vector<EpochStart>{{epoch, Offset(0)}});
    partition->view.chunks = std::make_shared<const std::vector<std::shared_ptr<const TailChunk>>>();
    partition->log =
        std::make_shared<PartitionLog>(topic.id, topic.name, id, log_directory(topic.name, topic.id, id),
                                       std::make_shared<const PartitionView>(partition->view));
    topic.partitions.push_back(std::move(partition));
    ++partition_total_;
}

void BrokerState::apply_topic_created(const internal::TopicCreated& created) {
    MR_CHECK(find(created.name) == nullptr && find(created.id) == nullptr, "{} exists", created.name);
    auto topic = std::make_unique<TopicState>();
    topic->id = created.id;
    topic->name = created.name;
    topic->created_at = created.time;
    auto config = TopicConfig::make(created.config, topic_defaults_);
    MR_CHECK(config.has_value(), "{}: {}", created.name, config.error().message);
    topic->config = std::move(*config);
    for (std::int32_t i = 0; i < created.partitions; ++i) add_partition(*topic, created.leader_epoch);
    by_name_[created.name] = topic.get();
    by_id_[created.id] = std::move(topic);
    retired_epochs_.erase(created.name);
    publish_topics(nullptr);
}

void BrokerState::apply_topic_deleted(const internal::TopicDeleted& deleted) {
    TopicState& topic = must_find(deleted.id);
    LeaderEpoch highest(0);
    std::vector<std::shared_ptr<PartitionLog>> logs;
    for (const auto& partition : topic.partitions) {
        highest = std::max(highest, partition->view.leader_epoch);
        logs.push_back(partition->log);
    }
    retired_epochs_[topic.name] = highest;
    if (retired_epochs_.size() > kRetiredEpochsMax) retired_epochs_.erase(retired_epochs_.begin());
    partition_total_ -= static_cast<std::int64_t>(topic.partitions.size());
    by_name_.erase(topic.name);
    by_id_.erase(deleted.id);
    std::vector<std::string> touched;
    for (const auto& [name, group] : groups_) {
        const auto& offsets = group.offsets->offsets;
        const auto& pending = group.offsets->pending;
        const std::pair from(deleted.id, PartitionId(INT32_MIN));
        const auto first = offsets.lower_bound(from);
        const auto other = pending.lower_bound(from);
        if ((first != offsets.end() && first->first.first == deleted.id) ||
            (other != pending.end() && other->first.first == deleted.id)) {
            touched.push_back(name);
        }
    }
    for (const auto& name : touched) {
        auto next = std::make_shared<GroupOffsets>(*groups_.at(name).offsets);
        std::erase_if(next->offsets, [&](const auto& item) { return item.first.first == deleted.id; });
        std::erase_if(next->pending, [&](const auto& item) { return item.first.first == deleted.id; });
        set_group(name, std::move(next));
    }
    publish_topics(nullptr);
    // After the topics: whoever is woken finds the topic gone.
    const auto drop = [logs = std::move(logs), &publisher = publisher_] {
        for (const auto& log : logs) {
            log->mark_deleted();
            log->wake();
        }
        publisher.deleted.add(logs);
    };
    if (recovering_) {
        drop();
    } else {
        publisher_.add({.seq = applied_, .log = nullptr, .view = nullptr, .publish = drop});
    }
}

void BrokerState::apply_partitions_added(const internal::PartitionsAdded& added) {
    TopicState& topic = must_find(added.id);
    const LeaderEpoch epoch = topic.partitions.front()->view.epochs->front().epoch;
    while (topic.partitions.size() < static_cast<std::size_t>(added.total)) add_partition(topic, epoch);
    publish_topics(&topic);
}

void BrokerState::apply_topic_config(const internal::TopicConfigSet& set) {
    TopicState& topic = must_find(set.id);
    auto config = TopicConfig::make(set.config, topic_defaults_);
    MR_CHECK(config.has_value(), "{}: {}", topic.name, config.error().message);
    topic.config = std::move(*config);
    publish_topics(&topic);
}

void BrokerState::apply_producer_id(const internal::ProducerIdGiven& given) {
    next_producer_id_ = std::max(next_producer_id_, given.producer_id + 1);
    if (!given.transactional_id.empty()) transactions_.on_producer_id(given);
}

void BrokerState::apply_group_offsets(const internal::GroupOffsetsEntry& entry) {
    const auto it = groups_.find(entry.group);
    auto next = it == groups_.end() ? std::make_shared<GroupOffsets>()
                                    : std::make_shared<GroupOffsets>(*it->second.offsets);
    for (const auto& change : entry.changes) {
        const std::pair key(change.topic, change.partition);
        if (change.removed) {
            next->offsets.erase(key);
        } else {
            next->offsets[key] = {change.offset, change.leader_epoch, change.metadata, entry.time};
            next->last_commit = std::max(next->last_commit, entry.time);
        }
    }
    set_group(entry.group, std::move(next));
}

void BrokerState::apply_group_deleted(const internal::GroupDeleted& deleted) {
    transactions_.on_group_deleted(deleted.group);
    set_group(deleted.group, std::make_shared<GroupOffsets>());
}

void BrokerState::apply_group_members(internal::GroupMembersEntry entry) {
    using What = groups::StoredChange::What;
    groups::StoredChange& change = entry.change;
    if (change.what == What::gone) {
        members_.erase(entry.group);
        return;
    }
    GroupMembersState& known = members_[entry.group];
    if (change.what == What::whole || known.stored == nullptr) {
        known = {std::make_shared<groups::StoredGroup>(), group_copies_};
    } else if (known.made_in != group_copies_) {
        known = {std::make_shared<groups::StoredGroup>(*known.stored), group_copies_};
    }
    groups::StoredGroup& stored = *known.stored;
    stored.type = change.type;
    stored.time = entry.time;
    stored.head = std::move(change.head);
    for (const auto& id : change.removed) stored.members.erase(id);
    for (auto& [id, body] : change.members) stored.members[std::move(id)] = std::move(body);
}

groups::StoredGroups BrokerState::group_members() {
    ++group_copies_;
    groups::StoredGroups out;
    for (const auto& [name, group] : members_) out.emplace_hint(out.end(), name, group.stored);
    return out;
}

void BrokerState::set_group(const std::string& name, std::shared_ptr<const GroupOffsets> offsets) {
    auto it = groups_.find(name);
    if (offsets->empty()) {
        if (it == groups_.end()) return;
        groups_.erase(it);
        return publish_group_index();
    }
    if (it == groups_.end()) {
        groups_[name] = {offsets, std::make_shared<GroupCell>(std::move(offsets))};
        return publish_group_index();
    }
    it->second.offsets = offsets;
    if (recovering_) {
        it->second.cell->store(std::move(offsets));
        return;
    }
    publisher_.add(
        {.seq = applied_, .log = nullptr, .view = nullptr, .publish = [cell = it->second.cell, offsets] {
             cell->store(offsets);
         }});
}

void BrokerState::publish_group_index() {
    if (recovering_) return;
    auto index = std::make_shared<GroupIndex>();
    for (const auto& [name, group] : groups_) index->emplace_hint(index->end(), name, group.cell);
    publisher_.add({.seq = applied_,
                    .log = nullptr,
                    .view = nullptr,
                    .publish = [index = std::shared_ptr<const GroupIndex>(std::move(index)),
                                &publisher = publisher_] { publisher.groups.store(index); }});
}

void BrokerState::apply_log_start(const internal::LogStartMoved& moved) {
    PartitionState* partition = must_find(moved.topic).partition(moved.partition);
    MR_CHECK(partition != nullptr, "{}", moved.partition);
    PartitionView& view = partition->view;
    MR_CHECK(moved.start >= view.log_start && moved.start <= view.log_end, "{}-{}: start {} not in {} to {}",
             partition->log->topic(), moved.partition, moved.start, view.log_start, view.log_end);
    view.log_start = moved.start;
    view.last_stable = stable_of(*partition);
    view.aborted = view.aborted.without_below(moved.start);
    publish_partition(*partition);
}

void BrokerState::apply_leader_epoch(const internal::LeaderEpochRaised& raised) {
    PartitionState* partition = must_find(raised.topic).partition(raised.partition);
    MR_CHECK(partition != nullptr && raised.epoch > partition->view.leader_epoch, "{}", raised.partition);
    PartitionView& view = partition->view;
    auto epochs = std::make_shared<std::vector<EpochStart>>(*view.epochs);
    // An epoch nobody wrote in leaves no trace.
    if (epochs->back().start == view.log_end) epochs->pop_back();
    epochs->push_back({raised.epoch, view.log_end});
    view.epochs = std::move(epochs);
    view.leader_epoch = raised.epoch;
    publish_partition(*partition);
}

void BrokerState::apply_cluster_settings(const internal::ClusterSettingsChanged& changed) {
    auto next = std::make_shared<ClusterSettings>(*cluster_settings_);
    for (const auto& [name, value] : changed.changes) {
        if (value) {
            (*next)[name] = *value;
        } else {
            next->erase(name);
        }
    }
    cluster_settings_ = std::move(next);
    publish_cluster_settings();
    inherit_defaults();
    note_deadline();
}

void BrokerState::inherit_defaults() {
    ConfigMap defaults = broker::topic_defaults(options_.topic_defaults, *cluster_settings_);
    if (defaults == topic_defaults_) return;
    topic_defaults_ = std::move(defaults);
    for (const auto& [name, topic] : by_name_) {
        auto config = TopicConfig::make(topic->config.own(), topic_defaults_);
        MR_CHECK(config.has_value(), "{}: {}", name, config.error().message);
        topic->config = std::move(*config);
    }
    publish_topics(nullptr, true);
}

void BrokerState::publish_cluster_settings() {
    if (recovering_) return;
    publisher_.add({.seq = applied_,
                    .log = nullptr,
                    .view = nullptr,
                    .publish = [settings = cluster_settings_, &publisher = publisher_] {
                        publisher.cluster_settings.store(settings);
                    }});
}

void BrokerState::publish_topics(const TopicState* changed, bool all) {
    if (recovering_) return;
    auto topics = std::make_shared<TopicsView>();
    const auto before = applied_topics_.load();
    for (const auto& [name, state] : by_name_) {
        auto view = all || state == changed ? nullptr : before->find(state->id);
        if (view == nullptr) {
            auto made = std::make_shared<TopicView>();
            made->id = state->id;
            made->name = name;
            made->created_at = state->created_at;
            made->config = state->config;
            for (const auto& partition : state->partitions) made->partitions.push_back(partition->log);
            view = std::move(made);
        }
        topics->by_id.emplace(state->id, view);
        topics->by_name.emplace_hint(topics->by_name.end(), name, std::move(view));
    }
    std::shared_ptr<const TopicsView> published = std::move(topics);
    applied_topics_.store(published);
    publisher_.add(
        {.seq = applied_, .log = nullptr, .view = nullptr, .publish = [published, &publisher = publisher_] {
             publisher.topics.store(published);
         }});
}

bool BrokerState::boot_noted() const {
    if (options_.boot_id.empty()) return true;
    const auto noted = cluster_settings_->find(kBootIdSetting);
    return noted != cluster_settings_->end() && noted->second == options_.boot_id;
}

void BrokerState::end_recovery() {
    recovering_ = false;
    in_new_run_ = options_.boot_id.empty() || !boot_noted();
    if (in_new_run_) transactions_.doom_open();
    note_deadline();
    for (const auto& [id, topic] : by_id_) {
        for (const auto& partition : topic->partitions) publish_partition(*partition);
    }
    publish_topics(nullptr);
    for (const auto& [name, group] : groups_) group.cell->store(group.offsets);
    publish_group_index();
    publish_cluster_settings();
}

FrozenState BrokerState::freeze() {
    FrozenState frozen{.through = applied_,
                       .topics = {},
                       .groups = {},
                       .members = group_members(),
                       .transactions = transactions_,
                       .retired_epochs = retired_epochs_,
                       .next_producer_id = next_producer_id_,
                       .cluster_settings = cluster_settings_};
    for (const auto& [name, topic] : by_name_) {
        FrozenTopic copy{topic->id, name, topic->created_at, topic->config.own(), {}};
        for (const auto& partition : topic->partitions) {
            // Published, so that an idle partition does not hold on to a long tail.
            if (trim_tail(*partition)) publish_partition(*partition);
            copy.partitions.push_back({partition->log, partition->view, partition->producers});
        }
        frozen.topics.push_back(std::move(copy));
    }
    for (const auto& [name, group] : groups_)
        frozen.groups.emplace_hint(frozen.groups.end(), name, group.offsets);
    return frozen;
}

Status BrokerState::thaw(FrozenState frozen) {
    MR_CHECK(by_id_.empty() && applied_.value == 0);
    applied_ = frozen.through;
    topic_defaults_ = broker::topic_defaults(options_.topic_defaults, *frozen.cluster_settings);
    for (auto& from : frozen.topics) {
        auto topic = std::make_unique<TopicState>();
        topic->id = from.id;
        topic->name = from.name;
        topic->created_at = from.created_at;
        MR_TRY(topic->config, TopicConfig::make(std::move(from.config), topic_defaults_));
        for (auto& part : from.partitions) {
            auto partition = std::make_unique<PartitionState>();
            partition->log = std::move(part.log);
            partition->view = std::move(part.view);
            partition->producers = std::move(part.producers);
            for (const auto& [id, producer] : partition->producers.all()) {
                if (producer.txn_first.value >= 0) partition->open.insert(producer.txn_first);
            }
            topic->partitions.push_back(std::move(partition));
            ++partition_total_;
        }
        by_name_[topic->name] = topic.get();
        by_id_[topic->id] = std::move(topic);
    }
    // What is pending follows from the transactions; it is not in the snapshot.
    for (const auto& [id, transaction] : frozen.transactions.all()) {
        for (const auto& [group, pending] : transaction.groups) {
            if (pending.empty()) continue;
            const auto before = frozen.groups.find(group);
            auto next = before == frozen.groups.end() ? std::make_shared<GroupOffsets>()
                                                      : std::make_shared<GroupOffsets>(*before->second);
            for (const auto& [key, offset] : pending) {
                if (by_id_.contains(key.first)) ++next->pending[key];
            }
            frozen.groups[group] = std::move(next);
        }
    }
    for (auto& [name, offsets] : frozen.groups) {
        auto cell = std::make_shared<GroupCell>(offsets);
        groups_[name] = {std::move(offsets), std::move(cell)};
    }
    for (auto& [name, stored] : frozen.members) {
        members_[name] = {std::make_shared<groups::StoredGroup>(*stored), group_copies_};
    }
    transactions_ = std::move(frozen.transactions);
    retired_epochs_ = std::move(frozen.retired_epochs);
    next_producer_id_ = frozen.next_producer_id;
    cluster_settings_ = std::move(frozen.cluster_settings);
    return {};
}

}  // namespace mr::broker
