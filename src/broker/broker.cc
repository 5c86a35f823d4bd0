#include "broker/broker.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "broker/holds.h"
#include "broker/internal/compactor.h"
#include "broker/internal/leader_epochs.h"
#include "broker/internal/log_access.h"
#include "broker/internal/publisher.h"
#include "broker/internal/settler.h"
#include "broker/internal/snapshot.h"
#include "broker/internal/state.h"
#include "broker/internal/tail_ring.h"
#include "journal/step_entry.h"

namespace mr::broker {

using journal::Kind;

Broker::Broker(Private, FileSystem& fs, Metrics& metrics, BrokerOptions options)
    : fs_(fs),
      options_(std::move(options)),
      ring_(std::make_unique<TailRing>(options_.tail_bytes, Seq(0))),
      holds_(std::make_unique<HoldTable>()),
      publisher_(std::make_unique<Publisher>()),
      state_(std::make_unique<BrokerState>(options_, *ring_, *publisher_)),
      access_(std::make_unique<LogAccess>(*ring_)),
      settler_(std::make_unique<Settler>(fs_, metrics, options_, *access_, *publisher_)),
      compactor_(
          std::make_unique<Compactor>(fs_, metrics, options_, *access_, *holds_, *publisher_, *settler_)),
      batches_in_(metrics.counter("millrace_broker_batches_total",
                                  "Record batches appended, by producers and pipelines.")),
      bytes_in_(metrics.counter("millrace_broker_bytes_total", "Bytes of record batches appended.")) {}

Broker::~Broker() = default;

Result<std::unique_ptr<Broker>> Broker::open(FileSystem& fs, Metrics& metrics, BrokerOptions options) {
    // The node's defaults once, so that no topic can fail on them later.
    if (auto checked = TopicConfig::make({}, options.topic_defaults); !checked) {
        return annotate(std::move(checked).error(), "topic defaults");
    }
    MR_TRY_VOID(fs.make_dirs(options.directory));
    return std::make_unique<Broker>(Private{}, fs, metrics, std::move(options));
}

void Broker::set_journal(journal::Journal& journal) {
    access_->set_journal([&journal](Seq after, const std::function<bool(const journal::Entry&)>& visit) {
        return journal.read(after, visit);
    });
    if (auto raise = raise_leader_epochs(*this)) {
        MR_CHECK(journal.try_submit(journal::Lane::control, raise), "the journal has just been opened");
    }
}

std::shared_ptr<const TopicsView> Broker::topics(Visibility v) const {
    return v == Visibility::durable ? publisher_->topics.load() : state_->applied_topics();
}

std::shared_ptr<const GroupOffsets> Broker::group_offsets(std::string_view group) const {
    const auto index = publisher_->groups.load();
    const auto it = index->find(group);
    return it == index->end() ? nullptr : it->second->load();
}

std::vector<std::string> Broker::groups_with_offsets() const {
    std::vector<std::string> out;
    for (const auto& [name, cell] : *publisher_->groups.load()) out.push_back(name);
    return out;
}

std::shared_ptr<const ClusterSettings> Broker::cluster_settings() const {
    return publisher_->cluster_settings.load();
}

Seq Broker::durable_through() const {
    return publisher_->through();
}

std::int64_t Broker::transactions_due() const {
    return state_->transactions_due();
}

bool Broker::overloaded() const {
    const std::uint64_t settled = settler_->settled_bytes();
    const std::uint64_t applied = state_->batch_bytes();
    return applied > settled && applied - settled > options_.unsettled_bytes_max;
}

void Broker::subscribe(const std::shared_ptr<Subscription>& subscription) {
    publisher_->subscribe(subscription);
}

void Broker::publish_through(Seq through) {
    publisher_->publish(through);
}

void Broker::show_written() {
    state_->show_written();
}

Status Broker::prepare_outputs(std::string& step_payload) {
    MR_TRY(const auto outputs, journal::decode_step_outputs(step_payload));
    std::vector<std::pair<Offset, LeaderEpoch>> assigned;
    // Several outputs may go to one partition: each begins where the one before it ends.
    std::map<const PartitionState*, Offset> ends;
    for (const auto& output : outputs) {
        const TopicState* topic = state_->find(output.topic);
        const PartitionState* partition = topic == nullptr ? nullptr : topic->partition(output.partition);
        if (partition == nullptr) {
            return fail(Code::not_found, "step output: no topic with id {} and partition {}",
                        output.topic.to_string(), output.partition);
        }
        MR_TRY(const auto header, wire::decode_batch_header(output.batch));
        const auto [it, first] = ends.try_emplace(partition, partition->view.log_end);
        assigned.emplace_back(it->second, partition->view.leader_epoch);
        it->second = it->second.plus(header.last_offset_delta + 1);
    }
    for (std::size_t i = 0; i < assigned.size(); ++i) {
        MR_TRY_VOID(journal::patch_step_output(step_payload, i, assigned[i].first, assigned[i].second));
    }
    return {};
}

Result<bool> Broker::settle_once() {
    return settler_->run_slice(state_->batch_bytes());
}

Result<bool> Broker::compact_once(TimestampMs now) {
    return compactor_->run_slice(now);
}

bool Broker::reads(Kind kind) const {
    switch (kind) {
        case Kind::topic_batch:
        case Kind::topic_created:
        case Kind::topic_deleted:
        case Kind::partitions_added:
        case Kind::topic_config:
        case Kind::producer_id:
        case Kind::group_offsets:
        case Kind::group_deleted:
        case Kind::group_members:
        case Kind::log_start:
        case Kind::leader_epoch:
        case Kind::transaction:
        case Kind::cluster_settings:
        case Kind::step:
            return true;
        default:
            return false;
    }
}

void Broker::apply(const journal::Entry& entry) {
    const std::uint64_t before = state_->batch_bytes();
    const auto touched = state_->apply(entry);
    // Only now: a reader that sees this position finds everything up to it.
    applied_.store(entry.seq.value);
    if (touched.empty()) return;
    batches_in_.add(touched.size());
    bytes_in_.add(state_->batch_bytes() - before);
    for (const Uuid& topic : touched) publisher_->notify_applied(topic);
}

void Broker::durable(Seq through) {
    publisher_->publish(through);
}

std::unique_ptr<journal::Cut> Broker::cut() {
    auto frozen = std::make_shared<FrozenState>(state_->freeze());
    auto barrier = settler_->hold_back(frozen->through);
    auto cut = std::make_unique<journal::Cut>();
    cut->through = frozen->through;
    cut->write = [this, frozen = std::move(frozen),
                  barrier = std::move(barrier)](std::string& out) -> Status {
        MR_CHECK(frozen->through <= publisher_->through(), "cut at {} written when only {} is durable",
                 frozen->through, publisher_->through());
        MR_TRY_VOID(settler_->settle_through(*frozen));
        internal::write_snapshot(
            *frozen, [this](const PartitionLog& log) { return settler_->infos(log); }, out);
        settler_->mark_obsolete();
        return {};
    };
    return cut;
}

void Broker::checkpoint_stored(Seq through) {
    static_cast<void>(through);
    if (const auto removed = settler_->remove_obsolete(); !removed) {
        log_error("broker", "removing what compaction replaced: {}", removed.error().message);
    }
}

Status Broker::restore(std::string_view bytes, Seq through) {
    MR_TRY(auto snapshot, internal::read_snapshot(bytes, through));
    for (auto& topic : snapshot.state.topics) {
        for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
            const PartitionId id(static_cast<std::int32_t>(i));
            topic.partitions[i].log = std::make_shared<PartitionLog>(
                topic.id, topic.name, id, state_->log_directory(topic.name, topic.id, id),
                std::make_shared<const PartitionView>(topic.partitions[i].view));
        }
    }
    MR_TRY_VOID(settler_->remove_strays(snapshot.state.topics));
    for (std::size_t t = 0; t < snapshot.state.topics.size(); ++t) {
        auto& partitions = snapshot.state.topics[t].partitions;
        for (std::size_t i = 0; i < partitions.size(); ++i) {
            MR_TRY(partitions[i].view.aborted, settler_->restore(partitions[i].log, snapshot.segments[t][i]));
        }
    }
    ring_->reset(through);
    applied_.store(through.value);
    return state_->thaw(std::move(snapshot.state));
}

Seq Broker::applied_through() const {
    return state_->applied();
}

Status Broker::recovered(Seq last) {
    for (const auto& [name, topic] : state_->topics()) {
        for (const auto& partition : topic->partitions) {
            MR_TRY_VOID(settler_->verify(*partition->log, partition->view.log_start));
        }
    }
    state_->end_recovery();
    recovered_groups_ = state_->group_members();
    publisher_->start_at(Seq(0));
    publisher_->publish(Seq(std::max(last.value, std::uint64_t{1})));
    publisher_->start_at(last);
    return {};
}

}  // namespace mr::broker
