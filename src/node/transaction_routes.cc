#include "node/transaction_routes.h"

#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "broker/txn/describe.h"
#include "broker/txn/transactions.h"

namespace mr::node {
namespace {

using broker::txn::TransactionInfo;
using net::HttpResponse;

void append_transaction(JsonWriter& w, const TransactionInfo& info, std::int64_t now_ms) {
    w.begin_object().member("transactional_id", info.id).member("state", info.state);
    w.member("producer_id", info.producer_id).member("epoch", static_cast<std::int64_t>(info.epoch));
    w.member("timeout_ms", static_cast<std::int64_t>(info.timeout_ms));
    if (info.started_ms >= 0) w.member("open_ms", std::max<std::int64_t>(0, now_ms - info.started_ms));
}

HttpResponse not_found(const std::string& id) {
    return HttpResponse::error(404, "not_found", fmt::format("no transactional id `{}`", id),
                               "GET /api/v1/transactions lists them");
}

}  // namespace

void TransactionRoutes::add_to(serve::Router& router) {
    router.add("GET", "/api/v1/transactions",
               [this](serve::RouteCall, net::HttpResponder r) { list(std::move(r)); });
    router.add("GET", "/api/v1/transactions/{id}",
               [this](serve::RouteCall c, net::HttpResponder r) { describe(c, std::move(r)); });
    router.add("POST", "/api/v1/transactions/{id}/abort",
               [this](serve::RouteCall c, net::HttpResponder r) { abort(c, std::move(r)); });
}

void TransactionRoutes::list(net::HttpResponder responder) {
    auto answer = [&clock = kafka_.clock(), responder](const std::vector<TransactionInfo>& all) {
        std::string out;
        JsonWriter w(out);
        w.begin_object().key("transactions").begin_array();
        for (const TransactionInfo& info : all) {
            append_transaction(w, info, clock.now().value);
            w.end_object();
        }
        w.end_array().end_object();
        responder.post(HttpResponse::json(200, std::move(out)));
    };
    kafka_.submit(journal::Lane::control, broker::txn::describe(broker_, std::nullopt, std::move(answer)));
}

void TransactionRoutes::describe(const serve::RouteCall& call, net::HttpResponder responder) {
    auto answer = [&clock = kafka_.clock(), responder](const std::vector<TransactionInfo>& found) {
        const TransactionInfo& info = found.front();
        if (info.error != broker::KafkaError::none) return responder.post(not_found(info.id));
        std::string out;
        JsonWriter w(out);
        append_transaction(w, info, clock.now().value);
        w.key("partitions").begin_array();
        for (const auto& [topic, partitions] : info.topics) {
            for (const std::int32_t p : partitions)
                w.begin_object().member("topic", topic).member("partition", p).end_object();
        }
        w.end_array().end_object();
        responder.post(HttpResponse::json(200, std::move(out)));
    };
    kafka_.submit(journal::Lane::control,
                  broker::txn::describe(broker_, std::vector{call.capture("id")}, std::move(answer)));
}

void TransactionRoutes::abort(const serve::RouteCall& call, net::HttpResponder responder) {
    const std::string id = call.capture("id");
    auto found = kafka_.on_loop<std::vector<TransactionInfo>>([this, id, responder](
                                                                  const std::vector<TransactionInfo>& all) {
        const TransactionInfo& info = all.front();
        if (info.error != broker::KafkaError::none) return responder.respond(not_found(id));
        auto answer = [id, responder](broker::KafkaError error) {
            if (error == broker::KafkaError::none)
                return responder.post(HttpResponse::json(200, R"({"aborted":true})"));
            responder.post(HttpResponse::error(
                409, "failed_precondition",
                error == broker::KafkaError::invalid_txn_state
                    ? fmt::format("{} has no open transaction", id)
                    : fmt::format("{} went on meanwhile: {}", id, broker::message_of(error))));
        };
        kafka_.submit(journal::Lane::control, broker::txn::force_abort(broker_, info.producer_id, info.epoch,
                                                                       false, std::move(answer)));
    });
    kafka_.submit(journal::Lane::control, broker::txn::describe(broker_, std::vector{id}, std::move(found)));
}

}  // namespace mr::node
