#include "pipeline/startup.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/suggest.h"
#include "broker/group_offsets.h"
#include "broker/partition_log.h"

namespace mr::pipeline {
namespace {

constexpr std::string_view kMode = "scan.startup.mode";
constexpr std::string_view kOffsets = "scan.startup.specific-offsets";
constexpr std::string_view kTimestamp = "scan.startup.timestamp-millis";
constexpr std::string_view kGroup = "properties.group.id";
constexpr std::string_view kReset = "properties.auto.offset.reset";

template <class... Args>
std::unexpected<Error> wrong(const plan::Table& table, std::string_view key,
                             fmt::format_string<Args...> format, Args&&... args) {
    const auto at = table.options.find(key);
    const int line = at == table.options.end() ? table.line : at->second.line;
    return fail(Code::invalid_argument, "{}:{}: table {}, option '{}': {}", table.file, line, table.name, key,
                fmt::format(format, std::forward<Args>(args)...));
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

/// "partition:0,offset:42;partition:1,offset:300"
Result<std::map<std::int32_t, std::int64_t>> parse_offsets(const plan::Table& table) {
    std::string_view rest = table.option(kOffsets);
    std::map<std::int32_t, std::int64_t> out;
    while (!rest.empty()) {
        const std::string_view item = rest.substr(0, rest.find(';'));
        rest.remove_prefix(std::min(item.size() + 1, rest.size()));
        const std::size_t comma = item.find(',');
        const std::string_view partition = item.substr(0, comma);
        const std::string_view offset =
            comma == std::string_view::npos ? std::string_view() : item.substr(comma + 1);
        std::optional<std::int64_t> p, o;
        if (partition.starts_with("partition:")) p = number(partition.substr(10));
        if (offset.starts_with("offset:")) o = number(offset.substr(7));
        if (!p || !o || *p > INT32_MAX) {
            return wrong(table, kOffsets,
                         "expected 'partition:0,offset:42;partition:1,offset:300', found '{}'", item);
        }
        out[static_cast<std::int32_t>(*p)] = *o;
    }
    return out;
}

/// Ends of partitions, as first looked at.
using Ends = std::map<std::pair<Uuid, std::int32_t>, Offset>;

/// The first offset of a partition, or nothing: its beginning.
class Finder {
  public:
    /// `ends` is shared: two sources of one topic begin at the same record.
    Finder(const broker::Broker& broker, const plan::Table& table, Ends& ends)
        : broker_(broker), table_(table), mode_(table.option(kMode, "earliest-offset")), ends_(ends) {}

    Status open() {
        MR_TRY_VOID(check_startup_options(table_));
        if (mode_ == "specific-offsets") {
            MR_TRY(offsets_, parse_offsets(table_));
        }
        if (mode_ == "group-offsets") group_ = broker_.group_offsets(table_.option(kGroup));
        return {};
    }
    [[nodiscard]] bool reads_history() const { return mode_ != "latest-offset"; }

    Result<std::optional<Offset>> find(const broker::TopicView& topic, std::int32_t partition) const {
        const auto& log = *topic.partitions[static_cast<std::size_t>(partition)];
        const Offset end = ends_.try_emplace({topic.id, partition}, log.applied()->log_end).first->second;
        if (mode_ == "latest-offset") return end;
        if (mode_ == "timestamp") {
            const auto found = broker_.offset_for_time(log, *number(table_.option(kTimestamp)));
            return found.offset.value >= 0 ? found.offset : end;
        }
        if (mode_ == "specific-offsets") {
            const auto at = offsets_.find(partition);
            return at == offsets_.end() ? std::nullopt : std::optional(Offset(at->second));
        }
        if (mode_ == "group-offsets") return of_group(topic, partition, end);
        return std::nullopt;
    }

  private:
    Result<std::optional<Offset>> of_group(const broker::TopicView& topic, std::int32_t partition,
                                           Offset end) const {
        const auto* committed = group_ == nullptr ? nullptr : group_->find(topic.id, PartitionId(partition));
        if (committed != nullptr) return committed->offset;
        const std::string_view reset = table_.option(kReset, "none");
        if (reset == "earliest") return std::nullopt;
        if (reset == "latest") return end;
        return wrong(table_, kMode,
                     "group '{}' has no committed offset for {} partition {}; commit one, or say "
                     "'properties.auto.offset.reset' = 'earliest' or 'latest'",
                     table_.option(kGroup), table_.topic(), partition);
    }

    const broker::Broker& broker_;
    const plan::Table& table_;
    const std::string mode_;
    Ends& ends_;
    std::map<std::int32_t, std::int64_t> offsets_;
    std::shared_ptr<const broker::GroupOffsets> group_;
};

}  // namespace

Status check_startup_options(const plan::Table& table) {
    const std::string_view mode = table.option(kMode, "earliest-offset");
    const auto needs = [&](std::string_view other) { return mode == other; };
    if (table.has_option(kTimestamp) != needs("timestamp")) {
        if (needs("timestamp")) return wrong(table, kMode, "'timestamp' needs '{}'", kTimestamp);
        return wrong(table, kTimestamp, "it needs '{}' = 'timestamp'", kMode);
    }
    if (table.has_option(kOffsets) != needs("specific-offsets")) {
        if (needs("specific-offsets")) return wrong(table, kMode, "'specific-offsets' needs '{}'", kOffsets);
        return wrong(table, kOffsets, "it needs '{}' = 'specific-offsets'", kMode);
    }
    if (needs("timestamp") && !number(table.option(kTimestamp)))
        return wrong(table, kTimestamp, "expected milliseconds since 1970, found '{}'",
                     table.option(kTimestamp));
    if (needs("specific-offsets")) MR_TRY_VOID(parse_offsets(table));
    if (!needs("group-offsets")) return {};
    if (!table.has_option(kGroup)) return wrong(table, kMode, "'group-offsets' needs '{}'", kGroup);
    static const std::vector<std::string> kResets = {"earliest", "latest", "none"};
    const std::string_view reset = table.option(kReset, "none");
    if (std::ranges::find(kResets, reset) == kResets.end()) {
        return wrong(table, kReset, "expected 'earliest', 'latest' or 'none', found '{}'{}", reset,
                     did_you_mean(reset, kResets));
    }
    return {};
}

Result<StartPositions> find_starts(const broker::Broker& broker, const plan::Program& program) {
    // Looked at first: whatever is appended meanwhile lies after it, and the offsets make it exact.
    StartPositions out{.after = broker.applied_seq(), .starts = {}};
    const auto topics = broker.topics(broker::Visibility::applied);
    Ends ends;
    for (std::size_t i = 0; i < program.sources.size(); ++i) {
        const plan::Table& table = *std::get<plan::SourceNode>(program.sources[i]->op).table;
        Finder finder(broker, table, ends);
        MR_TRY_VOID(finder.open());
        if (finder.reads_history()) out.after = Seq(0);
        const auto topic = topics->find(table.source_topic());
        if (topic == nullptr) continue;
        for (std::int32_t p = 0; p < topic->partition_count(); ++p) {
            MR_TRY(const std::optional<Offset> first, finder.find(*topic, p));
            if (!first || first->value <= 0) continue;
            out.starts.push_back(
                {.source = static_cast<std::uint32_t>(i), .partition = PartitionId(p), .first = *first});
        }
    }
    if (program.sources.empty()) out.after = Seq(0);
    return out;
}

}  // namespace mr::pipeline
