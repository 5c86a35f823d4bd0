#include "registry/registry_schemas.h"

#include <charconv>
#include <chrono>
#include <future>

namespace mr::registry {

Result<std::shared_ptr<const SchemaRecord>> RegistrySchemas::find(const RegistryView& view, std::int32_t id,
                                                                  Seq at) {
    auto record = view.schema(id);
    // The same words whether it came later or never: a record is judged once, and again after a restart.
    if (record == nullptr || record->since >= at)
        return fail(Code::not_found, "schema id {} is not in the registry (when the record came)", id);
    return record;
}

Status RegistrySchemas::known(std::int32_t id, Seq at) {
    MR_TRY_VOID(find(*registry_.newest(), id, at));
    return {};
}

Result<std::shared_ptr<const formats::avro::Document>> RegistrySchemas::avro_schema(std::int32_t id, Seq at) {
    const auto view = registry_.newest();
    MR_TRY(const auto record, find(*view, id, at));
    if (record->type != SchemaType::avro)
        return fail(Code::unsupported, "schema id {} is of type {}, not AVRO", id, to_string(record->type));
    auto parsed = service_.parsed_schema(*view, id);
    if (!parsed) return fail(Code::invalid_argument, "schema id {}: {}", id, parsed.error().message);
    return avro_document(**parsed);
}

Result<std::int32_t> RegistrySchemas::register_avro(const std::string& subject, const std::string& text) {
    std::promise<Outcome<std::string>> promise;
    auto future = promise.get_future();
    service_.register_schema(
        {.subject = subject, .type = SchemaType::avro, .text = text},
        [&promise](Outcome<std::string> answer) { promise.set_value(std::move(answer)); });
    while (pump_ && future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) pump_();
    const Outcome<std::string> answer = future.get();
    if (!answer) {
        return fail(Code::invalid_argument, "the registry refuses the schema for subject {} ({}): {}",
                    subject, answer.error().code, answer.error().message);
    }
    // {"id":7}
    const std::size_t from = answer->find(':');
    std::int32_t id = 0;
    if (from != std::string::npos) {
        const char* end = answer->data() + answer->size();
        std::from_chars(answer->data() + from + 1, end, id);
    }
    if (id <= 0) return fail(Code::internal, "the registry answered {}", *answer);
    return id;
}

}  // namespace mr::registry
