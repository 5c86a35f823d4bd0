#include "connect/lake_position.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/log.h"

namespace mr::connect {
namespace {

constexpr std::string_view kThrough = "millrace.through";
constexpr std::string_view kOffsets = "millrace.offsets.";
constexpr std::string_view kTopicId = "millrace.topic-id";

std::string topic_id(const broker::Broker& broker, std::string_view topic) {
    const auto view = broker.topics(broker::Visibility::durable)->find(topic);
    return view == nullptr ? "" : view->id.to_string();
}

template <class T>
std::optional<T> number(std::string_view text) {
    T out{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return out;
}

}  // namespace

TopicPosition position_of(const lake::Summary& summary, const broker::Broker& broker,
                          std::string_view topic) {
    TopicPosition out;
    if (const auto id = summary.find(kTopicId);
        id != summary.end() && id->second != topic_id(broker, topic)) {
        log_warn("lake", "topic {} is not the one its lake table was read from: all of it is added", topic);
        return out;
    }
    for (const auto& [key, value] : summary) {
        if (key == kThrough) {
            out.through = Seq(number<std::uint64_t>(value).value_or(0));
        } else if (key.starts_with(kOffsets)) {
            const auto partition = number<std::int32_t>(std::string_view(key).substr(kOffsets.size()));
            const auto next = number<std::int64_t>(value);
            if (partition && next) out.next_offset[*partition] = *next;
        }
    }
    return out;
}

lake::Summary summary_of(const TopicPosition& position, const broker::Broker& broker,
                         std::string_view topic) {
    lake::Summary out;
    out[std::string(kTopicId)] = topic_id(broker, topic);
    out[std::string(kThrough)] = std::to_string(position.through.value);
    for (const auto& [partition, next] : position.next_offset)
        out[fmt::format("{}{}", kOffsets, partition)] = std::to_string(next);
    return out;
}

void add_hours(const Column& time, std::set<std::optional<std::int32_t>>& hours) {
    const std::int64_t unit = time.type().time_unit();
    for (std::size_t row = 0; row < time.size(); ++row) {
        if (time.is_null(row))
            hours.insert(std::nullopt);
        else
            hours.insert(lake::hour_of(lake::to_micros(time.integer(row), unit)));
    }
}

Result<std::string> lake_table_directory(const std::string& lake, std::string_view database,
                                         std::string_view table) {
    for (const std::string_view name : {database, table}) {
        const bool plain =
            !name.empty() && name.size() <= 249 && name[0] != '.' && std::ranges::all_of(name, [](char c) {
                return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.';
            });
        if (!plain)
            return fail(Code::invalid_argument,
                        "`{}` cannot name a lake table: use letters, digits, `_`, `-` and `.`, not `.` first",
                        name);
    }
    std::error_code error;
    std::filesystem::path root = std::filesystem::absolute(lake, error).lexically_normal();
    if (error) return fail(Code::io_error, "lake directory {}: {}", lake, error.message());
    return (root / database / table).string();
}

}  // namespace mr::connect
