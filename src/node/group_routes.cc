#include "node/group_routes.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "base/suggest.h"
#include "broker/offset_commit.h"

namespace mr::node {
namespace {

using net::HttpResponse;

/// Members of an object: where a group is in one partition.
void append_committed(JsonWriter& w, const broker::TopicsView& topics,
                      const std::pair<Uuid, PartitionId>& where, std::int64_t committed) {
    const auto topic = topics.find(where.first);
    const auto* log = topic == nullptr ? nullptr : topic->partition(where.second);
    w.member("topic", topic == nullptr ? std::string("(deleted)") : topic->name);
    w.member("partition", where.second.value).member("committed", committed);
    if (log == nullptr) return;
    const std::int64_t end = log->shown()->log_end.value;
    w.member("end", end).member("lag", std::max<std::int64_t>(0, end - committed));
}

/// Reads big-endian integers and strings off the front of a consumer's assignment.
class AssignmentReader {
  public:
    explicit AssignmentReader(std::string_view bytes) : rest_(bytes) {}
    std::optional<std::int64_t> number(std::size_t bytes) {
        if (rest_.size() < bytes) return std::nullopt;
        std::uint64_t n = 0;
        for (std::size_t i = 0; i < bytes; ++i) n = n << 8U | static_cast<unsigned char>(rest_[i]);
        rest_.remove_prefix(bytes);
        return static_cast<std::int64_t>(n);
    }
    std::optional<std::string_view> text() {
        const auto size = number(2);
        if (!size || static_cast<std::size_t>(*size) > rest_.size()) return std::nullopt;
        const std::string_view out = rest_.substr(0, static_cast<std::size_t>(*size));
        rest_.remove_prefix(out.size());
        return out;
    }

  private:
    std::string_view rest_;
};

/// "orders 0,1, items 2", of Kafka's consumer protocol (version, [topic, [partition]]); empty for any other.
std::string assigned_partitions(std::string_view assignment) {
    AssignmentReader in(assignment);
    std::string out;
    const auto version = in.number(2);
    const auto topics = in.number(4);
    if (!version || !topics) return out;
    for (std::int64_t i = 0; i < *topics; ++i) {
        const auto topic = in.text();
        const auto count = in.number(4);
        if (!topic || !count) return out;
        out += fmt::format("{}{} ", out.empty() ? "" : ", ", *topic);
        for (std::int64_t p = 0; p < *count; ++p) {
            const auto partition = in.number(4);
            if (!partition) return out;
            out += fmt::format("{}{}", p == 0 ? "" : ",", *partition);
        }
    }
    return out;
}

/// The same of the new protocol, where the server assigns.
std::string assigned_partitions(
    const std::vector<broker::groups::DescribedConsumerGroup::TopicPartitions>& assigned) {
    std::string out;
    for (const auto& topic : assigned)
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", topic.name, fmt::join(topic.partitions, ","));
    return out;
}

std::string planned_json(const std::string& group, bool dry_run, const std::vector<PlannedOffset>& planned) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().member("group", group).member("dry_run", dry_run).key("offsets").begin_array();
    for (const PlannedOffset& p : planned) {
        w.begin_object().member("topic", p.topic).member("partition", p.partition.value).key("from");
        if (p.from < 0) {
            w.null();
        } else {
            w.value(p.from);
        }
        w.member("to", p.to).end_object();
    }
    w.end_array().end_object();
    return out;
}

HttpResponse has_members(const std::string& group) {
    return HttpResponse::error(409, "failed_precondition",
                               fmt::format("group {} has members: its offsets are theirs to commit", group),
                               "stop its consumers first; GET /api/v1/groups/{group} shows them");
}

}  // namespace

void GroupRoutes::add_to(serve::Router& router) {
    router.add("GET", "/api/v1/groups",
               [this](serve::RouteCall, net::HttpResponder r) { list(std::move(r)); });
    router.add("GET", "/api/v1/groups/{group}",
               [this](serve::RouteCall c, net::HttpResponder r) { describe(c, std::move(r)); });
    router.add("DELETE", "/api/v1/groups/{group}",
               [this](serve::RouteCall c, net::HttpResponder r) { remove(c, std::move(r)); });
    router.add("POST", "/api/v1/groups/{group}/reset",
               [this](serve::RouteCall c, net::HttpResponder r) { reset(c, std::move(r)); });
}

bool GroupRoutes::exists(const std::string& group) const {
    const auto described = std::as_const(kafka_).coordinator().describe(group);
    if (!described.state.empty() && described.state != "Dead") return true;
    const auto offsets = broker_.group_offsets(group);
    return offsets != nullptr && !offsets->offsets.empty();
}

HttpResponse GroupRoutes::unknown_group(const std::string& group) const {
    std::vector<std::string> names;
    for (const auto& known : std::as_const(kafka_).coordinator().list()) names.push_back(known.group);
    return HttpResponse::error(404, "not_found",
                               fmt::format("no consumer group `{}`{}", group, did_you_mean(group, names)),
                               "GET /api/v1/groups lists them");
}

void GroupRoutes::describe(const serve::RouteCall& call, net::HttpResponder responder) {
    const std::string& name = call.capture("group");
    const auto& coordinator = std::as_const(kafka_).coordinator();
    const auto described = coordinator.describe(name);
    const auto offsets = broker_.group_offsets(name);
    if (!exists(name)) return responder.respond(unknown_group(name));
    std::string out;
    JsonWriter w(out);
    w.begin_object().member("group", name).member("state", described.state);
    w.member("protocol", described.protocol).member("members", described.members.size());
    w.key("member_list").begin_array();
    for (const broker::groups::DescribedMember& m : described.members) {
        w.begin_object().member("member", m.member_id).member("client", m.client_id);
        w.member("host", m.client_host).member("partitions", assigned_partitions(m.assignment)).end_object();
    }
    for (const auto& m : coordinator.describe_consumer(name).members) {
        w.begin_object().member("member", m.member_id).member("client", m.client_id);
        w.member("host", m.client_host).member("partitions", assigned_partitions(m.assigned)).end_object();
    }
    w.end_array().key("offsets").begin_array();
    if (offsets != nullptr) {
        const auto topics = broker_.topics();
        for (const auto& [where, committed] : offsets->offsets) {
            w.begin_object();
            append_committed(w, *topics, where, committed.offset.value);
            w.end_object();
        }
    }
    w.end_array().end_object();
    responder.respond(HttpResponse::json(200, std::move(out)));
}

void GroupRoutes::list(net::HttpResponder responder) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("groups").begin_array();
    const auto topics = broker_.topics();
    for (const broker::groups::ListedGroup& g : kafka_.coordinator().list()) {
        const auto described = kafka_.coordinator().describe(g.group);
        const auto offsets = broker_.group_offsets(g.group);
        const auto head = [&] {
            w.begin_object()
                .member("group", g.group)
                .member("state", g.state)
                .member("members", described.members.size());
        };
        if (offsets == nullptr || offsets->offsets.empty()) {
            head();
            w.end_object();
            continue;
        }
        for (const auto& [where, committed] : offsets->offsets) {
            head();
            append_committed(w, *topics, where, committed.offset.value);
            w.end_object();
        }
    }
    w.end_array().end_object();
    responder.respond(HttpResponse::json(200, std::move(out)));
}

void GroupRoutes::reset(const serve::RouteCall& call, net::HttpResponder responder) {
    const std::string group = call.capture("group");
    auto wanted = GroupReset::parse(call.request.body);
    if (!wanted) return responder.respond(HttpResponse::error(wanted.error()));
    if (kafka_.coordinator().active(group)) return responder.respond(has_members(group));
    // With topics named, a group may be made that does not exist yet: its consumers then begin there.
    if (wanted->topics.empty() && !exists(group)) return responder.respond(unknown_group(group));
    const bool accepted = workers_.post([this, group, wanted = std::move(*wanted), responder] {
        auto planned = plan_reset(broker_, group, wanted);
        if (!planned) return responder.post(HttpResponse::error(planned.error()));
        if (wanted.dry_run)
            return responder.post(HttpResponse::json(200, planned_json(group, true, *planned)));
        kafka_.loop().post([this, group, planned = std::move(*planned), responder]() mutable {
            commit(group, std::move(planned), std::move(responder));
        });
    });
    if (!accepted)
        responder.respond(
            HttpResponse::error(503, "unavailable", "too many requests wait for the disk; try again"));
}

void GroupRoutes::commit(const std::string& group, std::vector<PlannedOffset> planned,
                         net::HttpResponder responder) {
    if (kafka_.coordinator().active(group)) return responder.respond(has_members(group));
    std::vector<broker::OffsetToCommit> offsets;
    for (const PlannedOffset& p : planned)
        offsets.push_back({.topic = p.topic, .partition = p.partition, .offset = Offset(p.to)});
    kafka_.submit(
        journal::Lane::control,
        broker::commit_offsets(
            broker_, group, std::move(offsets),
            [group, planned = std::move(planned), responder](std::vector<broker::KafkaError> errors) {
                for (std::size_t i = 0; i < errors.size(); ++i) {
                    if (errors[i] == broker::KafkaError::none) continue;
                    return responder.post(HttpResponse::error(
                        409, "aborted",
                        fmt::format("{} partition {}: {}", planned[i].topic, planned[i].partition,
                                    broker::message_of(errors[i]))));
                }
                responder.post(HttpResponse::json(200, planned_json(group, false, planned)));
            }));
}

void GroupRoutes::remove(const serve::RouteCall& call, net::HttpResponder responder) {
    const std::string group = call.capture("group");
    if (!exists(group)) return responder.respond(unknown_group(group));
    const broker::KafkaError removed = kafka_.coordinator().remove(group);
    kafka_.coordinator_changed();
    if (removed == broker::KafkaError::non_empty_group) return responder.respond(has_members(group));
    kafka_.submit(journal::Lane::control, broker::delete_group_offsets(broker_, {group}, [responder](auto) {
                      // A group that never committed is gone all the same.
                      responder.post(HttpResponse::json(200, R"({"deleted":true})"));
                  }));
}

}  // namespace mr::node
