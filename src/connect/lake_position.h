// The position of a sink in the summary of its Iceberg snapshots: `millrace.through` and
// `millrace.offsets.<partition>`; and what the two lake sinks share otherwise.
// Format: docs/formats/iceberg-mapping.md. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/broker.h"
#include "columnar/column.h"
#include "connect/table_reader.h"
#include "lake/table.h"

namespace mr::connect {

/// What one snapshot takes at most, before encoding; memory is about five times that for a moment.
inline constexpr std::size_t kLakeCommitBytes = 16U << 20;
inline constexpr std::size_t kLakeReadBytes = 1U << 20;
/// A ninth open hour commits at once.
inline constexpr std::size_t kLakeHoursMax = 8;
/// Snapshots of one run_once(): then others have their turn.
inline constexpr int kLakeCommitsMax = 8;

/// The position in a summary, if it is one of this topic: of one that was deleted and created again, or of
/// another data directory, the position says nothing, and reading starts at the beginning.
TopicPosition position_of(const lake::Summary& summary, const broker::Broker& broker, std::string_view topic);
lake::Summary summary_of(const TopicPosition& position, const broker::Broker& broker, std::string_view topic);

/// The hours of a column's rows, added to `hours`; NULL counts as one.
void add_hours(const Column& time, std::set<std::optional<std::int32_t>>& hours);

/// `<lake>/<database>/<table>`; invalid_argument for names that are no plain folder names.
Result<std::string> lake_table_directory(const std::string& lake, std::string_view database,
                                         std::string_view table);

}  // namespace mr::connect
