#include "node/topic_routes.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/json_writer.h"
#include "base/suggest.h"
#include "broker/topic_admin.h"
#include "formats/avro/datum_json.h"
#include "wire/record.h"

namespace mr::node {
namespace {

using net::HttpResponse;

constexpr std::size_t kRecordsMax = 1'000;
/// Before a value written with a schema of the registry: a zero byte and the schema's id.
constexpr std::size_t kFrameBytes = 5;

void append_topic(JsonWriter& w, const broker::Broker& broker, const broker::TopicView& topic,
                  bool partitions) {
    std::int64_t records = 0;
    std::uint64_t bytes = 0;
    for (const auto& log : topic.partitions) {
        const auto view = log->shown();
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
            const auto view = log->shown();
            w.begin_object().member("partition", log->id().value).member("start", view->log_start.value);
            w.member("end", view->log_end.value).member("leader_epoch", view->leader_epoch.value);
            w.member("bytes", broker.log_bytes(*log)).end_object();
        }
        w.end_array();
    }
    w.end_object();
}

/// What a key or value says: the datum behind Confluent's frame by its schema, JSON itself, text, and
/// {"base64": …} for bytes that are none of these.
void append_value(JsonWriter& w, formats::SchemaSource& schemas,
                  const std::optional<std::string_view>& value) {
    if (!value) {
        w.null();
        return;
    }
    std::string_view text = *value;
    if (text.size() >= kFrameBytes && text[0] == '\0') {
        const std::int32_t id = ByteReader(text.substr(1), Endian::big).i32();
        const auto schema = schemas.avro_schema(id, Seq(UINT64_MAX));
        const std::string_view datum = text.substr(kFrameBytes);
        if (schema) {
            if (const auto json = formats::avro::datum_json((*schema)->root(), datum)) {
                w.raw(*json);
                return;
            }
        }
        // JSON Schema has the same frame around JSON.
        if (!schema && schema.error().code == Code::unsupported) text = datum;
    }
    if (nlohmann::json::accept(text.begin(), text.end())) {
        w.raw(text);
    } else if (is_utf8(*value)) {
        w.value(*value);
    } else {
        w.begin_object().member("base64", base64_encode(*value)).end_object();
    }
}

void append_record(JsonWriter& w, formats::SchemaSource& schemas, PartitionId partition,
                   const wire::Record& r) {
    w.begin_object()
        .member("partition", partition.value)
        .member("offset", r.offset.value)
        .member("timestamp", r.timestamp.value);
    w.key("key");
    append_value(w, schemas, r.key);
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
    w.key("value");
    append_value(w, schemas, r.value);
    w.end_object();
}

/// Appends up to `limit` records from `offset` on; below 0: the last so many.
Status append_records(JsonWriter& w, const broker::Broker& broker, formats::SchemaSource& schemas,
                      const broker::PartitionLog& log, std::int64_t offset, std::size_t limit) {
    const auto view = log.shown();
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
                append_record(w, schemas, log.id(), record);
                --left;
            }
            at = std::max(at, reader.header().next_offset().value);
        }
        // Markers and aborted records are left out and passed by.
        if (left > 0) at = std::max(at, result.next.value);
    }
    return {};
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
    router.add("PATCH", "/api/v1/topics/{topic}",
               [this](serve::RouteCall c, net::HttpResponder r) { alter(c, std::move(r)); });
    router.add("POST", "/api/v1/topics/{topic}/delete-records",
               [this](serve::RouteCall c, net::HttpResponder r) { delete_records(c, std::move(r)); });
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
                status = append_records(w, broker_, schemas_, *log, o, wanted);
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

void TopicRoutes::alter(const serve::RouteCall& call, net::HttpResponder responder) {
    const std::string name = call.capture("topic");
    if (broker_.topics()->find(name) == nullptr) return responder.respond(unknown_topic(name));
    const auto body = nlohmann::json::parse(call.request.body, nullptr, false);
    const bool grows = body.is_object() && body.contains("partitions");
    const bool changes = body.is_object() && body.contains("configs");
    if (grows == changes || (grows && !body["partitions"].is_number_integer()) ||
        (changes && !body["configs"].is_object())) {
        return responder.respond(HttpResponse::error(
            400, "invalid_argument",
            R"(expected {"partitions": the new number} or {"configs": {"retention.ms": "86400000"}})",
            "null takes a setting back to its default; the two are changed one after the other"));
    }
    auto answer = [responder](auto results) {
        const broker::TopicResult& t = results.front();
        responder.post(t.error == broker::KafkaError::none
                           ? HttpResponse::json(200, R"({"altered":true})")
                           : HttpResponse::error(400, "invalid_argument", t.message));
    };
    if (grows) {
        return kafka_.submit(journal::Lane::control,
                             broker::create_partitions(
                                 broker_, {{.topic = name, .total = body["partitions"].get<std::int32_t>()}},
                                 false, std::move(answer)));
    }
    broker::TopicConfigChange change{.topic = name};
    for (const auto& [key, value] : body["configs"].items()) {
        auto& one = change.changes.emplace_back();
        one.name = key;
        if (value.is_null()) {
            one.op = broker::ConfigChange::Op::remove;
        } else {
            one.value = value.is_string() ? value.get<std::string>() : value.dump();
        }
    }
    kafka_.submit(journal::Lane::control,
                  broker::alter_configs(broker_, {std::move(change)}, false, std::move(answer)));
}

void TopicRoutes::delete_records(const serve::RouteCall& call, net::HttpResponder responder) {
    const std::string name = call.capture("topic");
    const auto topic = broker_.topics()->find(name);
    if (topic == nullptr) return responder.respond(unknown_topic(name));
    const auto body = nlohmann::json::parse(call.request.body, nullptr, false);
    const auto is_number = [&](const char* key) {
        return body.contains(key) && body[key].is_number_integer();
    };
    if (!body.is_object() || !is_number("partition") || !is_number("before")) {
        return responder.respond(HttpResponse::error(400, "invalid_argument",
                                                     R"(expected {"partition": 0, "before": offset})",
                                                     "-1 as offset stands for the end of the partition"));
    }
    broker::DeleteRecordsTo to{.topic = name,
                               .partition = PartitionId(body["partition"].get<std::int32_t>()),
                               .before = Offset(body["before"].get<std::int64_t>())};
    kafka_.submit(
        journal::Lane::control, broker::delete_records(broker_, {std::move(to)}, [responder](auto results) {
            const broker::DeletedRecords& d = results.front();
            if (d.error == broker::KafkaError::none) {
                return responder.post(
                    HttpResponse::json(200, fmt::format(R"({{"start":{}}})", d.low_watermark.value)));
            }
            const bool unknown = d.error == broker::KafkaError::unknown_topic_or_partition;
            responder.post(unknown
                               ? HttpResponse::error(404, "not_found", "the topic has no such partition")
                               : HttpResponse::error(400, "invalid_argument",
                                                     "there is nothing at that offset: it lies beyond the "
                                                     "partition's end"));
        }));
}

}  // namespace mr::node
