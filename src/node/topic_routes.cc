#include "node/topic_routes.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/json_writer.h"
#include "base/suggest.h"
#include "broker/topic_admin.h"
#include "wire/record.h"

namespace mr::node {
namespace {

using net::HttpResponse;

constexpr std::size_t kRecordsMax = 1'000;

void append_topic(JsonWriter& w, const broker::Broker& broker, const broker::TopicView& topic,
                  bool partitions) {
    std::int64_t records = 0;
    std::uint64_t bytes = 0;
    for (const auto& log : topic.partitions) {
        const auto view = log->durable();
        records += view->log_end.value - view->log_start.value;
        bytes += broker.log_bytes(*log);
    }
    const broker::TopicSettings& settings = topic.config.settings();
    w.begin_object().member("name", topic.name).member("partitions", topic.partition_count());
    w.member("records", records).member("bytes", bytes).member("retention_ms", settings.retention_ms);
    w.member("cleanup_policy", settings.compact ? (settings.del ? "compact,delete" : "compact") : "delete");
    w.member("id", topic.id.to_string());
    if (partitions) {
        w.key("configs").begin_object();
        for (const auto& [name, value] : topic.config.own()) w.member(name, value);
        w.end_object().key("logs").begin_array();
        for (const auto& log : topic.partitions) {
            const auto view = log->durable();
            w.begin_object().member("partition", log->id().value).member("start", view->log_start.value);
            w.member("end", view->log_end.value).member("leader_epoch", view->leader_epoch.value);
            w.member("bytes", broker.log_bytes(*log)).end_object();
        }
        w.end_array();
    }
    w.end_object();
}

/// The value itself where it is JSON, else its text; bytes that are no text in base64.
void append_value(JsonWriter& w, std::string_view name, const std::optional<std::string_view>& value) {
    w.key(name);
    if (!value) {
        w.null();
    } else if (nlohmann::json::accept(value->begin(), value->end())) {
        w.raw(*value);
    } else {
        w.value(*value);
    }
}

void append_record(JsonWriter& w, PartitionId partition, const wire::Record& r) {
    w.begin_object()
        .member("partition", partition.value)
        .member("offset", r.offset.value)
        .member("timestamp", r.timestamp.value);
    append_value(w, "key", r.key);
    w.key("headers").begin_object();
    r.headers.each([&](const wire::RecordHeader& h) {
        w.key(h.key);
        if (h.value) {
            w.value(*h.value);
        } else {
            w.null();
        }
    });
    w.end_object();
    append_value(w, "value", r.value);
    w.end_object();
}

/// Appends up to `limit` records from `offset` on; below 0: the last so many.
Status append_records(JsonWriter& w, const broker::Broker& broker, const broker::PartitionLog& log,
                      std::int64_t offset, std::size_t limit) {
    const auto view = log.durable();
    std::int64_t at = offset >= 0 ? offset : view->last_stable.value + offset;
    at = std::max(at, view->log_start.value);
    std::size_t left = limit;
    while (left > 0 && at < view->last_stable.value) {
        const auto result = broker.read(log, Offset(at), {.max_bytes = 1U << 20, .only_committed = true});
        if (result.error != broker::KafkaError::none)
            return fail(Code::io_error, "cannot read {}: {}", log.topic(), result.message);
        std::string bytes;
        result.append_to(bytes);
        if (bytes.empty() && result.next.value <= at) return {};
        std::string_view rest = bytes;
        for (;;) {
            MR_TRY(const auto batch, wire::next_batch(rest));
            if (!batch || left == 0) break;
            MR_TRY(auto reader, wire::RecordReader::open(*batch));
            wire::Record record;
            while (left > 0 && reader.next(record)) {
                if (record.offset.value < at || reader.header().is_control()) continue;
                append_record(w, log.id(), record);
                --left;
            }
            at = std::max(at, reader.header().next_offset().value);
        }
        // Markers and aborted records are left out and passed by.
        if (left > 0) at = std::max(at, result.next.value);
    }
    return {};
}

/// Members of an object: where a group is in one partition.
void append_committed(JsonWriter& w, const broker::TopicsView& topics,
                      const std::pair<Uuid, PartitionId>& where, std::int64_t committed) {
    const auto topic = topics.find(where.first);
    const auto* log = topic == nullptr ? nullptr : topic->partition(where.second);
    w.member("topic", topic == nullptr ? std::string("(deleted)") : topic->name);
    w.member("partition", where.second.value).member("committed", committed);
    if (log == nullptr) return;
    const std::int64_t end = log->durable()->log_end.value;
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

Result<std::int64_t> number_param(const net::HttpRequest& request, std::string_view name,
                                  std::int64_t fallback) {
    const auto text = request.param(name);
    if (!text || text->empty()) return fallback;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size()) {
        return fail(Code::invalid_argument, "{}: expected a number, found `{}`", name, *text);
    }
    return value;
}

}  // namespace

void TopicRoutes::add_to(serve::Router& router) {
    router.add("GET", "/api/v1/topics",
               [this](serve::RouteCall, net::HttpResponder r) { list(std::move(r)); });
    router.add("POST", "/api/v1/topics",
               [this](serve::RouteCall c, net::HttpResponder r) { create(c, std::move(r)); });
    router.add("GET", "/api/v1/topics/{topic}",
               [this](serve::RouteCall c, net::HttpResponder r) { describe(c, std::move(r)); });
    router.add("DELETE", "/api/v1/topics/{topic}",
               [this](serve::RouteCall c, net::HttpResponder r) { remove(c, std::move(r)); });
    router.add("GET", "/api/v1/topics/{topic}/records",
               [this](serve::RouteCall c, net::HttpResponder r) { records(c, std::move(r)); });
    router.add("GET", "/api/v1/groups",
               [this](serve::RouteCall, net::HttpResponder r) { groups(std::move(r)); });
    router.add("GET", "/api/v1/groups/{group}",
               [this](serve::RouteCall c, net::HttpResponder r) { group(c, std::move(r)); });
}

HttpResponse TopicRoutes::unknown_topic(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& [known, topic] : broker_.topics()->by_name) names.push_back(known);
    return HttpResponse::error(404, "not_found",
                               fmt::format("no topic `{}`{}", name, did_you_mean(name, names)),
                               "GET /api/v1/topics lists them");
}

void TopicRoutes::list(net::HttpResponder responder) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("topics").begin_array();
    for (const auto& [name, topic] : broker_.topics()->by_name) append_topic(w, broker_, *topic, false);
    w.end_array().end_object();
    responder.respond(HttpResponse::json(200, std::move(out)));
}

void TopicRoutes::describe(const serve::RouteCall& call, net::HttpResponder responder) {
    const auto topic = broker_.topics()->find(call.capture("topic"));
    if (topic == nullptr) return responder.respond(unknown_topic(call.capture("topic")));
    std::string out;
    JsonWriter w(out);
    append_topic(w, broker_, *topic, true);
    responder.respond(HttpResponse::json(200, std::move(out)));
}

void TopicRoutes::records(const serve::RouteCall& call, net::HttpResponder responder) {
    const auto topic = broker_.topics()->find(call.capture("topic"));
    if (topic == nullptr) return responder.respond(unknown_topic(call.capture("topic")));
    const auto partition = number_param(call.request, "partition", -1);
    const auto offset = number_param(call.request, "offset", -10);
    const auto limit = number_param(call.request, "limit", 10);
    for (const auto* number : {&partition, &offset, &limit}) {
        if (!*number) return responder.respond(HttpResponse::error(number->error()));
    }
    if (*partition >= topic->partition_count()) {
        return responder.respond(
            HttpResponse::error(404, "not_found",
                                fmt::format("topic {} has {} partitions, there is no {}", topic->name,
                                            topic->partition_count(), *partition)));
    }
    const auto wanted = static_cast<std::size_t>(std::clamp<std::int64_t>(*limit, 1, kRecordsMax));
    const bool accepted = workers_.post([this, topic, p = *partition, o = *offset, wanted, responder] {
        std::string out;
        JsonWriter w(out);
        w.begin_object().member("topic", topic->name).member("partition", p).key("records").begin_array();
        Status status;
        for (const auto& log : topic->partitions) {
            if (status && (p < 0 || log->id().value == p))
                status = append_records(w, broker_, *log, o, wanted);
        }
        w.end_array().end_object();
        responder.post(status ? HttpResponse::json(200, std::move(out))
                              : HttpResponse::error(status.error()));
    });
    if (!accepted)
        responder.respond(
            HttpResponse::error(503, "unavailable", "too many requests wait for the disk; try again"));
}

void TopicRoutes::create(const serve::RouteCall& call, net::HttpResponder responder) {
    const auto body = nlohmann::json::parse(call.request.body, nullptr, false);
    if (!body.is_object() || !body.contains("name") || !body["name"].is_string()) {
        return responder.respond(HttpResponse::error(
            400, "invalid_argument", R"(expected {"name": …, "partitions": n, "configs": {…}})"));
    }
    broker::NewTopic topic{.name = body["name"].get<std::string>(), .config = {}};
    if (body.contains("partitions") && body["partitions"].is_number_integer())
        topic.partitions = body["partitions"].get<std::int32_t>();
    if (body.contains("configs") && body["configs"].is_object()) {
        for (const auto& [key, value] : body["configs"].items())
            topic.config[key] = value.is_string() ? value.get<std::string>() : value.dump();
    }
    kafka_.submit(journal::Lane::control,
                  broker::create_topics(broker_, {std::move(topic)}, false, [responder](auto created) {
                      const broker::CreatedTopic& t = created.front();
                      if (t.error == broker::KafkaError::none) {
                          return responder.post(HttpResponse::json(
                              201, fmt::format(R"({{"name":"{}","partitions":{}}})", t.name, t.partitions)));
                      }
                      const bool exists = t.error == broker::KafkaError::topic_already_exists;
                      responder.post(HttpResponse::error(
                          exists ? 409 : 400, exists ? "already_exists" : "invalid_argument", t.message));
                  }));
}

void TopicRoutes::remove(const serve::RouteCall& call, net::HttpResponder responder) {
    const std::string name = call.capture("topic");
    if (broker_.topics()->find(name) == nullptr) return responder.respond(unknown_topic(name));
    kafka_.submit(journal::Lane::control,
                  broker::delete_topics(broker_, {{.name = name, .id = {}}}, [responder](auto results) {
                      const broker::TopicResult& t = results.front();
                      responder.post(t.error == broker::KafkaError::none
                                         ? HttpResponse::json(200, R"({"deleted":true})")
                                         : HttpResponse::error(400, "invalid_argument", t.message));
                  }));
}

void TopicRoutes::group(const serve::RouteCall& call, net::HttpResponder responder) {
    const std::string& name = call.capture("group");
    const auto& coordinator = std::as_const(kafka_).coordinator();
    const auto described = coordinator.describe(name);
    const auto offsets = broker_.group_offsets(name);
    const bool dead = described.state.empty() || described.state == "Dead";
    if (dead && (offsets == nullptr || offsets->offsets.empty())) {
        std::vector<std::string> names;
        for (const auto& g : coordinator.list()) names.push_back(g.group);
        return responder.respond(HttpResponse::error(
            404, "not_found", fmt::format("no consumer group `{}`{}", name, did_you_mean(name, names)),
            "GET /api/v1/groups lists them"));
    }
    std::string out;
    JsonWriter w(out);
    w.begin_object().member("group", name).member("state", described.state);
    w.member("protocol", described.protocol).member("members", described.members.size());
    w.key("member_list").begin_array();
    for (const broker::groups::DescribedMember& m : described.members) {
        w.begin_object().member("member", m.member_id).member("client", m.client_id);
        w.member("host", m.client_host).member("partitions", assigned_partitions(m.assignment)).end_object();
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

void TopicRoutes::groups(net::HttpResponder responder) {
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

}  // namespace mr::node
