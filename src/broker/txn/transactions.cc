#include "broker/txn/transactions.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/internal/answer_proposal.h"
#include "broker/internal/entries.h"
#include "broker/internal/state.h"
#include "broker/txn/end_plan.h"

namespace mr::broker {

using internal::answer_with;
using journal::Appender;
using journal::Kind;

namespace txn {
namespace {

/// What one entry of offsets may hold; more become several.
constexpr std::size_t kChangesBytes = 4U << 20;
/// Aborts and forgotten ids of one round of upkeep.
constexpr std::size_t kExpireMax = 256;

bool name_ok(const std::string& name) {
    return !name.empty() && name.size() <= kNameBytesMax;
}

/// A transaction that was open when the system failed is aborted before anybody goes on with it.
void abort_doomed(Broker& broker, Appender& out, const std::string& id) {
    if (!broker.state().transactions().doomed(id)) return;
    append_end(broker, out, id, {.why = TxnEnded::Why::restart, .bump = true});
}

/// Is this the producer that holds the transactional id?
KafkaError check_producer(Broker& broker, Appender& out, const Producer& producer, KafkaError fenced) {
    if (!name_ok(producer.transactional_id)) return KafkaError::invalid_request;
    abort_doomed(broker, out, producer.transactional_id);
    const Transaction* t = broker.state().transactions().find(producer.transactional_id);
    if (t == nullptr || t->producer_id != producer.producer_id)
        return KafkaError::invalid_producer_id_mapping;
    if (t->epoch == producer.epoch) return KafkaError::none;
    return t->interrupted && t->last_epoch == producer.epoch ? KafkaError::transaction_abortable : fenced;
}

/// What was to be added to the transaction before, and was not.
KafkaError not_a_member(Membership membership) {
    return membership == Membership::required ? KafkaError::invalid_txn_state
                                              : KafkaError::transaction_abortable;
}

/// Answers once it is written where that is allowed, else when it is durable.
template <class T>
class EarlyProposal final : public journal::Proposal {
  public:
    struct Decision {
        T result{};
        bool early = false;
    };
    using Decide = std::move_only_function<Decision(Appender&)>;
    EarlyProposal(Broker& broker, Decide decide, std::move_only_function<void(T)> answer, std::size_t bytes)
        : broker_(broker), decide_(std::move(decide)), answer_(std::move(answer)), bytes_(bytes) {}

    void order(Appender& out) override {
        decision_ = decide_(out);
        last_ = Seq(out.next_seq().value - 1);
    }
    void written() override {
        if (decision_.early && answer_) std::exchange(answer_, {})(std::move(decision_.result));
    }
    [[nodiscard]] bool awaited() const override { return !decision_.early; }
    void done() override {
        broker_.publish_through(last_);
        if (answer_) answer_(std::move(decision_.result));
    }
    [[nodiscard]] std::size_t bytes() const override { return bytes_; }

  private:
    Broker& broker_;
    Decide decide_;
    std::move_only_function<void(T)> answer_;
    const std::size_t bytes_;
    Decision decision_;
    Seq last_;
};

/// InitProducerId's rules for a transactional id that is known.
ProducerIdResult next_epoch_of(const Transaction& t, const ProducerIdRequest& request,
                               internal::ProducerIdGiven& given) {
    const bool expected = request.producer_id >= 0 || request.producer_epoch >= 0;
    const bool same = request.producer_id == t.producer_id;
    const bool rotated = request.producer_id == t.previous_producer_id && request.producer_epoch >= kEpochMax;
    if (expected && !same && !rotated) return {KafkaError::producer_fenced};
    const bool current = request.producer_epoch == t.epoch;
    const bool retried = request.producer_epoch == t.last_epoch;
    if (t.epoch >= kEpochMax && (!expected || current)) {
        given.previous_producer_id = t.producer_id;
        given.last_epoch = expected ? t.epoch : std::int16_t{-1};
        return {};  // given.producer_id is a new one already
    }
    given.producer_id = t.producer_id;
    given.previous_producer_id = t.previous_producer_id;
    if (expected && !current && retried) {  // the answer to the first call was lost
        given.epoch = t.epoch;
        given.last_epoch = t.last_epoch;
        return {};
    }
    if (expected && !current) return {KafkaError::producer_fenced};
    given.epoch = static_cast<std::int16_t>(t.epoch + 1);
    given.last_epoch = expected ? t.epoch : std::int16_t{-1};
    return {};
}

/// A new producer takes over: what the old one left open is aborted, and with it goes its epoch.
void fence_open(Broker& broker, Appender& out, const ProducerIdRequest& request) {
    const std::string& id = *request.transactional_id;
    abort_doomed(broker, out, id);
    const Transaction* t = broker.state().transactions().find(id);
    if (t == nullptr || !t->open()) return;
    const bool own = request.producer_id == t->producer_id && request.producer_epoch == t->epoch;
    if (request.producer_id >= 0 && !own) return;  // it is the one to be refused
    // To the producer that asks for a new epoch itself, this is it: whenever it asks again, it hears the
    // same.
    append_end(broker, out, id, {.why = TxnEnded::Why::fenced, .bump = true});
}

/// Room for one more transactional id: forgets those that nobody has used for longest (Flink's sink takes a
/// new one every checkpoint). False where all are in use.
bool make_room(Broker& broker, Appender& out) {
    const auto& all = broker.state().transactions().all();
    if (all.size() < static_cast<std::size_t>(broker.options().transactional_ids_max)) return true;
    const std::int64_t before = out.now().value - broker.options().transactional_id_idle_min_ms;
    std::vector<std::pair<std::int64_t, const std::string*>> idle;
    for (const auto& [id, t] : all) {
        if (!t.open() && t.updated.value < before) idle.emplace_back(t.updated.value, &id);
    }
    if (idle.empty()) return false;
    const std::size_t count = std::min(idle.size(), kExpireMax);
    std::partial_sort(idle.begin(), idle.begin() + static_cast<std::ptrdiff_t>(count), idle.end());
    TxnForgotten forgotten{out.now(), {}};
    for (std::size_t i = 0; i < count; ++i) forgotten.ids.push_back(*idle[i].second);
    log_info("broker",
             "{} transactional ids of {} are forgotten: there is no room for more, and they were not used "
             "since {}",
             count, all.size(), idle[count - 1].first);
    out.append(Kind::transaction, encode(forgotten), internal::kEntryVersion);
    return true;
}

ProducerIdResult init_transactional(Broker& broker, Appender& out, const ProducerIdRequest& request) {
    const BrokerOptions& options = broker.options();
    const BrokerState& state = broker.state();
    if (!name_ok(*request.transactional_id)) return {KafkaError::invalid_request};
    if (request.transaction_timeout_ms <= 0 ||
        request.transaction_timeout_ms > options.transaction_timeout_max_ms) {
        return {KafkaError::invalid_transaction_timeout};
    }
    fence_open(broker, out, request);
    const Transaction* t = state.transactions().find(*request.transactional_id);
    // Still open: somebody with another epoch asks, late.
    if (t != nullptr && t->open()) return {KafkaError::producer_fenced};
    if (t == nullptr && !make_room(broker, out)) return {KafkaError::coordinator_not_available};
    internal::ProducerIdGiven given;
    given.time = out.now();
    given.producer_id = state.next_producer_id();
    given.epoch = 0;
    given.transactional_id = *request.transactional_id;
    given.transaction_timeout_ms = request.transaction_timeout_ms;
    if (t != nullptr) {
        const auto verdict = next_epoch_of(*t, request, given);
        if (verdict.error != KafkaError::none) return verdict;
    }
    out.append(Kind::producer_id, internal::encode(given), internal::kEntryVersion);
    return {KafkaError::none, given.producer_id, given.epoch};
}

std::vector<KafkaError> order_add_partitions(Broker& broker, Appender& out, const Producer& producer,
                                             const std::vector<PartitionName>& names, bool verify_only) {
    const BrokerState& state = broker.state();
    std::vector<KafkaError> results(names.size(), KafkaError::none);
    TxnAdded added{producer.transactional_id, out.now(), {}, {}};
    bool unknown = false;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const TopicState* topic = state.find(names[i].topic);
        if (topic == nullptr || topic->partition(names[i].partition) == nullptr) {
            results[i] = KafkaError::unknown_topic_or_partition;
            unknown = true;
        } else {
            added.partitions.emplace_back(topic->id, names[i].partition);
        }
    }
    if (unknown) {
        std::replace(results.begin(), results.end(), KafkaError::none, KafkaError::operation_not_attempted);
        return results;
    }
    const KafkaError error = check_producer(broker, out, producer, KafkaError::producer_fenced);
    if (error != KafkaError::none) return std::vector(names.size(), error);
    const Transaction& t = *state.transactions().find(producer.transactional_id);
    if (verify_only) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (!t.open() || !t.partitions.contains(added.partitions[i]))
                results[i] = KafkaError::transaction_abortable;
        }
        return results;
    }
    const bool all = t.open() && std::all_of(added.partitions.begin(), added.partitions.end(),
                                             [&](const auto& p) { return t.partitions.contains(p); });
    if (!all) out.append(Kind::transaction, encode(added), internal::kEntryVersion);
    return results;
}

KafkaError order_add_offsets(Broker& broker, Appender& out, const Producer& producer,
                             const std::string& group) {
    if (!name_ok(group)) return KafkaError::invalid_group_id;
    const KafkaError error = check_producer(broker, out, producer, KafkaError::producer_fenced);
    if (error != KafkaError::none) return error;
    const Transaction& t = *broker.state().transactions().find(producer.transactional_id);
    if (t.open() && t.groups.contains(group)) return KafkaError::none;
    if (t.groups.size() >= kGroupsMax) return KafkaError::policy_violation;
    out.append(Kind::transaction, encode(TxnAdded{producer.transactional_id, out.now(), {}, {group}}),
               internal::kEntryVersion);
    return KafkaError::none;
}

std::vector<KafkaError> order_commit_offsets(Broker& broker, Appender& out, const Producer& producer,
                                             const std::string& group,
                                             const std::vector<OffsetToCommit>& offsets,
                                             Membership membership) {
    const BrokerState& state = broker.state();
    const auto all = [&](KafkaError error) { return std::vector(offsets.size(), error); };
    if (!name_ok(group)) return all(KafkaError::invalid_group_id);
    const KafkaError error = check_producer(broker, out, producer, KafkaError::invalid_producer_epoch);
    if (error != KafkaError::none) return all(error);
    const Transaction& t = *state.transactions().find(producer.transactional_id);
    const bool member = t.open() && t.groups.contains(group);
    if (!member && membership != Membership::implicit) return all(not_a_member(membership));
    if (!member && t.groups.size() >= kGroupsMax) return all(KafkaError::policy_violation);
    std::vector<KafkaError> results;
    TxnOffsets entry{producer.transactional_id, out.now(), group, {}};
    std::size_t bytes = 0;
    const auto flush = [&] {
        if (!entry.changes.empty()) out.append(Kind::transaction, encode(entry), internal::kEntryVersion);
        entry.changes.clear();
        bytes = 0;
    };
    for (const auto& offset : offsets) {
        const TopicState* topic = state.find(offset.topic);
        if (topic == nullptr || topic->partition(offset.partition) == nullptr) {
            results.push_back(KafkaError::unknown_topic_or_partition);
            continue;
        }
        if (offset.metadata.size() > static_cast<std::size_t>(broker.options().offset_metadata_bytes_max)) {
            results.push_back(KafkaError::offset_metadata_too_large);
            continue;
        }
        results.push_back(KafkaError::none);
        bytes += 64 + offset.metadata.size();
        entry.changes.push_back(
            {topic->id, offset.partition, false, offset.offset, offset.leader_epoch, offset.metadata});
        if (bytes >= kChangesBytes) flush();
    }
    flush();
    return results;
}

/// An end that the state of its transaction does not allow: its producer and we do not agree on what
/// happened.
ProducerIdResult out_of_place(const std::string& id, const Transaction& t, bool commit) {
    log_debug("broker", "{}, epoch {}: asked to {}, but its transaction is {}", id, t.epoch,
              commit ? "commit" : "abort", to_string(t.state));
    return {KafkaError::invalid_txn_state};
}

/// EndTxn up to v4: the same epoch goes on.
ProducerIdResult end_v1(Broker& broker, Appender& out, const Producer& producer, bool commit) {
    const Transaction* t = broker.state().transactions().find(producer.transactional_id);
    if (t == nullptr || t->producer_id != producer.producer_id)
        return {KafkaError::invalid_producer_id_mapping};
    if (t->epoch != producer.epoch) {
        if (!t->interrupted || t->last_epoch != producer.epoch) return {KafkaError::producer_fenced};
        if (commit) return {KafkaError::transaction_abortable};
        return {KafkaError::none, producer.producer_id, producer.epoch};
    }
    if (t->open()) {
        append_end(broker, out, producer.transactional_id, {.commit = commit});
    } else if (t->state != (commit ? TxnState::complete_commit : TxnState::complete_abort)) {
        return out_of_place(producer.transactional_id, *t, commit);
    }  // else it is a retry
    return {KafkaError::none, producer.producer_id, producer.epoch};
}

/// EndTxn v5: each end raises the epoch, so that nothing late can fall into the next transaction.
ProducerIdResult end_v2(Broker& broker, Appender& out, const Producer& producer, bool commit) {
    const TransactionTable& table = broker.state().transactions();
    const Transaction* t = table.find(producer.transactional_id);
    if (t == nullptr) return {KafkaError::invalid_producer_id_mapping};
    const bool ended = t->state == TxnState::complete_commit || t->state == TxnState::complete_abort;
    const bool overflowed = !t->open() && t->previous_producer_id == producer.producer_id &&
                            producer.epoch == kEpochMax && t->epoch == 0;
    if (t->producer_id != producer.producer_id && !overflowed)
        return {KafkaError::invalid_producer_id_mapping};
    const bool bumped = t->producer_id == producer.producer_id && producer.epoch >= 0 &&
                        t->last_epoch == producer.epoch && t->epoch == producer.epoch + 1;
    const bool retry = ended && (overflowed || bumped);
    if (!retry && (t->epoch != producer.epoch || overflowed)) return {KafkaError::producer_fenced};
    if (retry) {
        if (commit && t->interrupted) return {KafkaError::transaction_abortable};
        if (commit != (t->state == TxnState::complete_commit))
            return out_of_place(producer.transactional_id, *t, commit);
    } else if (t->open() || !commit) {
        // An abort of nothing also raises the epoch: the client asks for it after an error.
        append_end(broker, out, producer.transactional_id, {.commit = commit, .bump = true});
    } else {
        return out_of_place(producer.transactional_id, *t, commit);
    }
    t = table.find(producer.transactional_id);
    return {KafkaError::none, t->producer_id, t->epoch};
}

}  // namespace

std::unique_ptr<journal::Proposal> add_partitions(
    Broker& broker, Producer producer, std::vector<PartitionName> partitions, bool verify_only,
    std::move_only_function<void(std::vector<KafkaError>)> answer) {
    using Early = EarlyProposal<std::vector<KafkaError>>;
    const std::size_t bytes = (partitions.size() + 1) * internal::kSmallEntryBytes;
    // Early always: records are acknowledged only once this is on disk (may_answer_early).
    return std::make_unique<Early>(
        broker,
        [&broker, producer = std::move(producer), partitions = std::move(partitions),
         verify_only](Appender& out) {
            return Early::Decision{order_add_partitions(broker, out, producer, partitions, verify_only),
                                   true};
        },
        std::move(answer), bytes);
}

std::unique_ptr<journal::Proposal> add_offsets(Broker& broker, Producer producer, std::string group,
                                               std::move_only_function<void(KafkaError)> answer) {
    using Early = EarlyProposal<KafkaError>;
    return std::make_unique<Early>(
        broker,
        [&broker, producer = std::move(producer), group = std::move(group)](Appender& out) {
            return Early::Decision{order_add_offsets(broker, out, producer, group), true};
        },
        std::move(answer), internal::kSmallEntryBytes);
}

std::unique_ptr<journal::Proposal> commit_offsets(
    Broker& broker, Producer producer, std::string group, std::vector<OffsetToCommit> offsets,
    Membership membership, std::move_only_function<void(std::vector<KafkaError>)> answer) {
    // Not early: who reads the group's offsets next must see that they are about to change.
    const std::size_t count = offsets.size();
    return answer_with<std::vector<KafkaError>>(
        broker, std::move(answer), count,
        [&broker, producer = std::move(producer), group = std::move(group), offsets = std::move(offsets),
         membership](BrokerState&, Appender& out) {
            return order_commit_offsets(broker, out, producer, group, offsets, membership);
        });
}

std::unique_ptr<journal::Proposal> end(Broker& broker, Producer producer, bool commit, bool bump,
                                       std::move_only_function<void(ProducerIdResult)> answer) {
    return answer_with<ProducerIdResult>(
        broker, std::move(answer), 4,
        [&broker, producer = std::move(producer), commit, bump](BrokerState&, Appender& out) {
            if (!name_ok(producer.transactional_id)) return ProducerIdResult{KafkaError::invalid_request};
            // Its producer gives it up itself: then that is all there is to it.
            if (commit) abort_doomed(broker, out, producer.transactional_id);
            return bump ? end_v2(broker, out, producer, commit) : end_v1(broker, out, producer, commit);
        });
}

std::unique_ptr<journal::Proposal> expire(Broker& broker) {
    return answer_with<bool>(broker, {}, 4, [&broker](BrokerState& state, Appender& out) {
        const TransactionTable& table = state.transactions();
        for (std::size_t n = 0; n < kExpireMax && !table.all_doomed().empty(); ++n) {
            abort_doomed(broker, out, std::string(*table.all_doomed().begin()));
        }
        for (std::size_t n = 0; n < kExpireMax && !table.deadlines().empty(); ++n) {
            const auto [deadline, id] = *table.deadlines().begin();
            if (deadline > out.now().value) break;
            log_info("broker", "transaction of {} aborted: open for longer than its timeout", id);
            append_end(broker, out, id, {.why = TxnEnded::Why::timeout, .bump = true});
        }
        TxnForgotten forgotten{out.now(), {}};
        const std::int64_t before = out.now().value - broker.options().transactional_id_expiration_ms;
        for (const auto& [id, t] : table.all()) {
            if (forgotten.ids.size() >= kExpireMax) break;
            if (!t.open() && t.updated.value < before) forgotten.ids.push_back(id);
        }
        if (!forgotten.ids.empty()) out.append(Kind::transaction, encode(forgotten), internal::kEntryVersion);
        if (table.all_doomed().empty() && !state.boot_noted()) {
            internal::ClusterSettingsChanged boot;
            boot.time = out.now();
            boot.changes.emplace_back(std::string(kBootIdSetting), broker.options().boot_id);
            out.append(Kind::cluster_settings, internal::encode(boot), internal::kEntryVersion);
        }
        return true;
    });
}

std::unique_ptr<journal::Proposal> force_abort(Broker& broker, std::int64_t producer_id, std::int16_t epoch,
                                               bool commit,
                                               std::move_only_function<void(KafkaError)> answer) {
    return answer_with<KafkaError>(broker, std::move(answer), 4,
                                   [&broker, producer_id, epoch, commit](BrokerState& state, Appender& out) {
                                       const std::string* id = state.transactions().id_of(producer_id);
                                       if (id == nullptr || commit) return KafkaError::invalid_txn_state;
                                       const Transaction& t = *state.transactions().find(*id);
                                       if (!t.open()) return KafkaError::invalid_txn_state;
                                       if (epoch < t.epoch) return KafkaError::invalid_producer_epoch;
                                       append_end(broker, out, std::string(*id),
                                                  {.why = TxnEnded::Why::tool, .bump = true});
                                       return KafkaError::none;
                                   });
}

KafkaError check_batch(Broker& broker, Appender& out, const std::string& transactional_id,
                       const wire::BatchHeader& header, const Uuid& topic, PartitionId partition,
                       Membership membership) {
    const KafkaError error =
        check_producer(broker, out, {transactional_id, header.producer_id, header.producer_epoch},
                       KafkaError::invalid_producer_epoch);
    if (error != KafkaError::none || membership == Membership::implicit) return error;
    const Transaction& t = *broker.state().transactions().find(transactional_id);
    if (t.open() && t.partitions.contains({topic, partition})) return KafkaError::none;
    return not_a_member(membership);
}

bool may_answer_early(Broker& broker, const std::string& transactional_id) {
    const Transaction* t = broker.state().transactions().find(transactional_id);
    return t != nullptr && t->open() && t->begun <= broker.durable_through();
}

}  // namespace txn

std::unique_ptr<journal::Proposal> init_producer_id(Broker& broker, ProducerIdRequest request,
                                                    std::move_only_function<void(ProducerIdResult)> answer) {
    return answer_with<ProducerIdResult>(
        broker, std::move(answer), 2,
        [&broker, request = std::move(request)](BrokerState& state, Appender& out) {
            if (request.transactional_id) return txn::init_transactional(broker, out, request);
            internal::ProducerIdGiven given;
            given.time = out.now();
            given.producer_id = state.next_producer_id();
            out.append(Kind::producer_id, internal::encode(given), internal::kEntryVersion);
            return ProducerIdResult{KafkaError::none, given.producer_id, given.epoch};
        });
}

}  // namespace mr::broker
