#include "node/group_reset.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/quantity.h"
#include "base/suggest.h"

namespace mr::node {
namespace {

constexpr std::string_view kShape =
    R"(expected {"to": "earliest"}, "latest", {"offset": n}, {"shift": n} or {"time": "2026-11-23T05:00:00Z"}; )"
    R"(perhaps with "topics": […] and "dry_run": true)";

Error bad_shape() {
    return {Code::invalid_argument, std::string(kShape)};
}

Status read_to(const nlohmann::json& to, GroupReset& out) {
    if (to == "earliest" || to == "latest") {
        out.to = to == "earliest" ? GroupReset::To::earliest : GroupReset::To::latest;
        return {};
    }
    if (!to.is_object() || to.size() != 1) return std::unexpected(bad_shape());
    const auto field = to.begin();  // an item of to.items() would not outlive this line
    const std::string& name = field.key();
    const nlohmann::json& value = field.value();
    if (name == "time" && value.is_string()) {
        MR_TRY(out.value, parse_instant_ms(value.get_ref<const std::string&>()));
        out.to = GroupReset::To::time;
        return {};
    }
    if (!value.is_number_integer()) return std::unexpected(bad_shape());
    out.value = value.get<std::int64_t>();
    if (name == "time") {
        out.to = GroupReset::To::time;
    } else if (name == "shift") {
        out.to = GroupReset::To::shift;
    } else if (name == "offset" && out.value >= 0) {
        out.to = GroupReset::To::offset;
    } else {
        return std::unexpected(bad_shape());
    }
    return {};
}

Result<std::int64_t> target(const broker::Broker& broker, const broker::PartitionLog& log, std::int64_t from,
                            const GroupReset& reset) {
    const auto view = log.shown();
    const std::int64_t start = view->log_start.value, end = view->log_end.value;
    switch (reset.to) {
        case GroupReset::To::earliest:
            return start;
        case GroupReset::To::latest:
            return end;
        case GroupReset::To::offset:
            return std::clamp(reset.value, start, end);
        case GroupReset::To::shift:
            // Nothing committed: a reader would begin at the start.
            return std::clamp((from < 0 ? start : from) + std::clamp(reset.value, -end, end), start, end);
        case GroupReset::To::time: {
            const broker::TimedOffset found =
                broker.offset_for_time(log, std::max<std::int64_t>(reset.value, 0));
            if (found.error != broker::KafkaError::none)
                return fail(Code::io_error, "looking for the time in {} partition {}: {}", log.topic(),
                            log.id(), broker::message_of(found.error));
            return found.offset.value < 0 ? end : found.offset.value;
        }
    }
    return end;
}

}  // namespace

Result<GroupReset> GroupReset::parse(std::string_view json) {
    const auto body = nlohmann::json::parse(json, nullptr, false);
    if (!body.is_object() || !body.contains("to")) return std::unexpected(bad_shape());
    GroupReset out;
    MR_TRY_VOID(read_to(body["to"], out));
    if (body.contains("topics")) {
        if (!body["topics"].is_array()) return std::unexpected(bad_shape());
        for (const auto& topic : body["topics"]) {
            if (!topic.is_string()) return std::unexpected(bad_shape());
            out.topics.push_back(topic.get<std::string>());
        }
    }
    if (body.contains("dry_run")) {
        if (!body["dry_run"].is_boolean()) return std::unexpected(bad_shape());
        out.dry_run = body["dry_run"].get<bool>();
    }
    return out;
}

Result<std::vector<PlannedOffset>> plan_reset(const broker::Broker& broker, const std::string& group,
                                              const GroupReset& reset) {
    const auto topics = broker.topics();
    const auto offsets = broker.group_offsets(group);
    std::set<std::string> names(reset.topics.begin(), reset.topics.end());
    if (names.empty() && offsets != nullptr) {
        for (const auto& [where, committed] : offsets->offsets) {
            if (const auto topic = topics->find(where.first)) names.insert(topic->name);
        }
    }
    if (names.empty())
        return fail(Code::not_found, "group {} has no committed offsets: say which topics it is to read",
                    group);
    std::vector<PlannedOffset> out;
    for (const std::string& name : names) {
        const auto topic = topics->find(name);
        if (topic == nullptr) {
            std::vector<std::string> known;
            for (const auto& [other, view] : topics->by_name) known.push_back(other);
            return fail(Code::not_found, "no topic `{}`{}", name, did_you_mean(name, known));
        }
        for (const auto& log : topic->partitions) {
            PlannedOffset& planned = out.emplace_back(name, log->id());
            const auto* committed = offsets == nullptr ? nullptr : offsets->find(topic->id, log->id());
            if (committed != nullptr) planned.from = committed->offset.value;
            MR_TRY(planned.to, target(broker, *log, planned.from, reset));
        }
    }
    return out;
}

}  // namespace mr::node
