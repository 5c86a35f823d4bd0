#include <utility>

#include "broker/topic_admin.h"
#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

constexpr std::int8_t kGroup = 0;
constexpr std::int8_t kTransaction = 1;
constexpr std::string_view kNoTransactions = "transactions are not supported yet: use an idempotent producer";

/// Every group is coordinated here. Transactions are refused with an error that clients give up on rather
/// than retry until they time out.
ErrorCode check_key(std::int8_t type, const std::string& key, std::string& message) {
    if (type == kTransaction) {
        message = kNoTransactions;
        return ErrorCode::transactional_id_authorization_failed;
    }
    if (type != kGroup) {
        message = fmt::format("unknown coordinator type {}", type);
        return ErrorCode::invalid_request;
    }
    if (key.empty()) {
        message = "the group id is empty";
        return ErrorCode::invalid_group_id;
    }
    return ErrorCode::none;
}

}  // namespace

void handle_find_coordinator(Service& service, const CallPtr& call, wire::FindCoordinatorRequest request) {
    wire::FindCoordinatorResponse response;
    const net::HostPort& advertise = service.options().advertise;
    std::string message;
    if (call->version() <= 3) {
        response.error_code = check_key(request.key_type, request.key, message);
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
        out.error_code = check_key(request.key_type, key, message);
        out.error_message = message_of(out.error_code, message);
        const bool ok = out.error_code == ErrorCode::none;
        out.node_id = ok ? kNodeId : -1;
        out.host = ok ? advertise.host : "";
        out.port = ok ? advertise.port : -1;
    }
    call->answer(response);
}

void handle_init_producer_id(Service& service, const CallPtr& call, wire::InitProducerIdRequest request) {
    if (request.transactional_id) {
        wire::InitProducerIdResponse response;
        const bool empty = request.transactional_id->empty();
        response.error_code =
            empty ? ErrorCode::invalid_request : ErrorCode::transactional_id_authorization_failed;
        return call->answer(response);
    }
    broker::ProducerIdRequest wanted;
    wanted.transaction_timeout_ms = request.transaction_timeout_ms;
    wanted.producer_id = request.producer_id;
    wanted.producer_epoch = request.producer_epoch;
    auto answer = service.on_loop<broker::ProducerIdResult>([call](const broker::ProducerIdResult& result) {
        wire::InitProducerIdResponse response;
        response.error_code = to_wire(result.error);
        response.producer_id = result.producer_id;
        response.producer_epoch = result.producer_epoch;
        call->answer(response);
    });
    service.submit(journal::Lane::control,
                   broker::init_producer_id(service.broker(), std::move(wanted), std::move(answer)));
}

}  // namespace mr::serve::kafka
