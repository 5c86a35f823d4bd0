#include <utility>

#include "broker/txn/transactions.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

constexpr std::int8_t kGroup = 0;
constexpr std::int8_t kTransaction = 1;

/// Every group and every transaction is coordinated here.
ErrorCode check_key(const Call& call, std::int8_t type, const std::string& key, std::string& message) {
    if (type == kTransaction) {
        if (!call.may_transaction(Operation::describe, key))
            return ErrorCode::transactional_id_authorization_failed;
        if (!key.empty()) return ErrorCode::none;
        message = "the transactional id is empty";
        return ErrorCode::invalid_request;
    }
    if (type != kGroup) {
        message = fmt::format("unknown coordinator type {}", type);
        return ErrorCode::invalid_request;
    }
    if (!call.may_group(Operation::describe, key)) return ErrorCode::group_authorization_failed;
    if (key.empty()) {
        message = "the group id is empty";
        return ErrorCode::invalid_group_id;
    }
    return ErrorCode::none;
}

}  // namespace

void handle_find_coordinator(Service& service, const CallPtr& call, wire::FindCoordinatorRequest request) {
    wire::FindCoordinatorResponse response;
    static_cast<void>(service);
    const net::HostPort& advertise = call->listener().advertise;
    std::string message;
    if (call->version() <= 3) {
        response.error_code = check_key(*call, request.key_type, request.key, message);
        response.error_message = message_of(response.error_code, message);
        if (response.error_code == ErrorCode::none) {
            response.node_id = kNodeId;
            response.host = advertise.host;
            response.port = advertise.port;
        }
        return call->answer(response);
    }
    for (const std::string& key : request.coordinator_keys) {
        auto& out = response.coordinators.emplace_back();
        out.key = key;
        message.clear();
        out.error_code = check_key(*call, request.key_type, key, message);
        out.error_message = message_of(out.error_code, message);
        const bool ok = out.error_code == ErrorCode::none;
        out.node_id = ok ? kNodeId : -1;
        out.host = ok ? advertise.host : "";
        out.port = ok ? advertise.port : -1;
    }
    call->answer(response);
}

void handle_init_producer_id(Service& service, const CallPtr& call, wire::InitProducerIdRequest request) {
    // Who may write to any topic may write to it idempotently (KIP-679).
    const bool may = request.transactional_id
                         ? call->may_transaction(Operation::write, *request.transactional_id)
                         : call->may_cluster(Operation::idempotent_write) ||
                               call->may_some(Operation::write, ResourceType::topic);
    if (!may) {
        wire::InitProducerIdResponse response;
        response.error_code = request.transactional_id ? ErrorCode::transactional_id_authorization_failed
                                                       : ErrorCode::cluster_authorization_failed;
        return call->answer(response);
    }
    if ((request.producer_id < 0) != (request.producer_epoch < 0)) {  // half of what it has
        wire::InitProducerIdResponse response;
        response.error_code = ErrorCode::invalid_request;
        return call->answer(response);
    }
    broker::ProducerIdRequest wanted;
    wanted.transactional_id = std::move(request.transactional_id);
    wanted.transaction_timeout_ms = request.transaction_timeout_ms;
    wanted.producer_id = request.producer_id;
    wanted.producer_epoch = request.producer_epoch;
    auto answer = service.on_loop<broker::ProducerIdResult>([call](const broker::ProducerIdResult& result) {
        wire::InitProducerIdResponse response;
        response.error_code = to_wire(result.error);
        if (result.error == broker::KafkaError::producer_fenced && call->version() < 4)
            response.error_code = ErrorCode::invalid_producer_epoch;
        response.producer_id = result.producer_id;
        response.producer_epoch = result.producer_epoch;
        call->answer(response);
    });
    service.submit(journal::Lane::control,
                   broker::init_producer_id(service.broker(), std::move(wanted), std::move(answer)));
}

}  // namespace mr::serve::kafka
