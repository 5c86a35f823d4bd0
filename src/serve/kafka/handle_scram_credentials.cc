// DescribeUserScramCredentials, AlterUserScramCredentials (KIP-554).
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "serve/kafka/handlers.h"
#include "serve/kafka/service.h"

namespace mr::serve::kafka {
namespace {

using security::ScramMechanism;
using Described = wire::DescribeUserScramCredentialsResponse;
using Altered = wire::AlterUserScramCredentialsResponse;

std::optional<ScramMechanism> mechanism_of(std::int8_t number) {
    if (number == 1) return ScramMechanism::sha256;
    if (number == 2) return ScramMechanism::sha512;
    return std::nullopt;
}

Described::Result describe(const std::string& name, const security::Credentials& credentials) {
    Described::Result out;
    out.user = name;
    for (const auto& [mechanism, credential] : credentials) {
        auto& info = out.credential_infos.emplace_back();
        info.mechanism = static_cast<std::int8_t>(mechanism);
        info.iterations = static_cast<std::int32_t>(credential.iterations);
    }
    return out;
}

struct Refusal {
    ErrorCode error = ErrorCode::none;
    std::string message;
};

Refusal check_name(const std::string& name, std::optional<ScramMechanism> mechanism) {
    if (name.empty()) return {ErrorCode::unacceptable_credential, "Username must not be empty"};
    if (name.size() > security::kUserBytesMax)
        return {ErrorCode::unacceptable_credential, "Username is too long"};
    if (!mechanism) return {ErrorCode::unsupported_sasl_mechanism, "Unknown SCRAM mechanism"};
    return {};
}

Refusal check_upsertion(const wire::AlterUserScramCredentialsRequest::Upsertion& upsertion,
                        std::optional<ScramMechanism> mechanism) {
    Refusal refusal = check_name(upsertion.name, mechanism);
    if (refusal.error != ErrorCode::none) return refusal;
    if (upsertion.iterations < static_cast<std::int32_t>(security::kIterationsMin))
        return {ErrorCode::unacceptable_credential, "Too few iterations"};
    if (upsertion.iterations > static_cast<std::int32_t>(security::kIterationsMax))
        return {ErrorCode::unacceptable_credential, "Too many iterations"};
    if (upsertion.salt.data.empty() || upsertion.salt.data.size() > security::kSaltBytesMax)
        return {ErrorCode::unacceptable_credential, "The salt is empty or too long"};
    if (upsertion.salted_password.data.size() != security::hash_bytes(security::hash_of(*mechanism)))
        return {ErrorCode::unacceptable_credential, "The salted password is of the wrong size"};
    return {};
}

struct AlterJob {
    Altered answer;
    std::vector<security::UserChange> changes;
    std::vector<std::size_t> places;
    std::set<std::string> seen;

    void add(const std::string& user, Refusal refusal, security::UserChange change) {
        if (!seen.insert(user + static_cast<char>(change.mechanism)).second) {
            refusal = {ErrorCode::duplicate_resource,
                       "A user credential cannot be altered twice in the same request"};
        }
        Altered::Result& out = answer.results.emplace_back();
        out.user = user;
        out.error_code = refusal.error;
        if (refusal.error != ErrorCode::none) {
            out.error_message = std::move(refusal.message);
            return;
        }
        places.push_back(answer.results.size() - 1);
        changes.push_back(std::move(change));
    }
    void finish(const std::vector<Status>& results) {
        for (std::size_t i = 0; i < results.size(); ++i) {
            if (results[i]) continue;
            Altered::Result& out = answer.results[places.at(i)];
            const bool missing = results[i].error().code == Code::not_found;
            out.error_code = missing ? ErrorCode::resource_not_found : ErrorCode::policy_violation;
            out.error_message = results[i].error().message;
        }
    }
};

}  // namespace

void handle_describe_user_scram_credentials(Service& service, const CallPtr& call,
                                            wire::DescribeUserScramCredentialsRequest request) {
    Described response;
    if (!call->may_cluster(Operation::describe)) {
        response.error_code = ErrorCode::cluster_authorization_failed;
        response.error_message = message_of(response.error_code);
        return call->answer(response);
    }
    if (service.security() == nullptr) return call->answer(response);
    const auto view = service.security()->store->view();
    if (!request.users || request.users->empty()) {
        for (const auto& [name, credentials] : view->users)
            response.results.push_back(describe(name, *credentials));
        return call->answer(response);
    }
    std::map<std::string, int> count;
    for (const auto& user : *request.users) ++count[user.name];
    for (const auto& [name, times] : count) {
        const auto known = view->users.find(name);
        auto& out = response.results.emplace_back();
        if (times > 1) {
            out.error_code = ErrorCode::duplicate_resource;
            out.error_message =
                "Cannot describe SCRAM credentials for the same user twice in a single request: " + name;
        } else if (known == view->users.end()) {
            out.error_code = ErrorCode::resource_not_found;
            out.error_message = "Attempt to describe a user credential that does not exist: " + name;
        } else {
            out = describe(name, *known->second);
        }
        out.user = name;
    }
    call->answer(response);
}

void handle_alter_user_scram_credentials(Service& service, const CallPtr& call,
                                         wire::AlterUserScramCredentialsRequest request) {
    auto job = std::make_shared<AlterJob>();
    const bool may = call->may_cluster(Operation::alter);
    Refusal general;
    if (!may) general = {ErrorCode::cluster_authorization_failed, "Cluster authorization failed."};
    if (service.security() == nullptr)
        general = {ErrorCode::security_disabled, "Security is not configured."};
    for (const auto& deletion : request.deletions) {
        const auto mechanism = mechanism_of(deletion.mechanism);
        Refusal refusal = general.error != ErrorCode::none ? general : check_name(deletion.name, mechanism);
        job->add(deletion.name, std::move(refusal),
                 {deletion.name, mechanism.value_or(ScramMechanism::sha256), {}});
    }
    for (auto& upsertion : request.upsertions) {
        const auto mechanism = mechanism_of(upsertion.mechanism);
        Refusal refusal = general.error != ErrorCode::none ? general : check_upsertion(upsertion, mechanism);
        security::UserChange change{upsertion.name, mechanism.value_or(ScramMechanism::sha256), {}};
        if (refusal.error == ErrorCode::none) {
            change.credential = security::credential_of_salted(
                change.mechanism, upsertion.salted_password.data, std::move(upsertion.salt.data),
                static_cast<std::uint32_t>(upsertion.iterations));
        }
        job->add(upsertion.name, std::move(refusal), std::move(change));
    }
    if (job->changes.empty()) return call->answer(job->answer);
    auto changes = std::move(job->changes);
    auto answer = service.on_loop<std::vector<Status>>([call, job](const std::vector<Status>& results) {
        job->finish(results);
        call->answer(job->answer);
    });
    service.submit(journal::Lane::control,
                   service.security()->store->change_users(std::move(changes), std::move(answer)));
}

}  // namespace mr::serve::kafka
