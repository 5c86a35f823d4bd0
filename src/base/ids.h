// Strong types for every id, offset and epoch, so that two integers cannot be swapped unnoticed.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <functional>

namespace mr {

/// A named integer. Arithmetic is explicit: `id.value + 1`, or `next()` where counting is what the type is
/// for.
template <class Tag, class T>
struct StrongId {
    using value_type = T;
    T value{};

    constexpr StrongId() = default;
    constexpr explicit StrongId(T v) : value(v) {}
    constexpr auto operator<=>(const StrongId&) const = default;
    [[nodiscard]] constexpr StrongId next() const { return StrongId(static_cast<T>(value + 1)); }
    [[nodiscard]] constexpr StrongId plus(T n) const { return StrongId(static_cast<T>(value + n)); }
};

/// Position in the journal: 1 is the first entry, 0 means "before everything". Strictly growing, never
/// reused.
using Seq = StrongId<struct SeqTag, std::uint64_t>;
/// Offset of a record within its partition, as Kafka counts.
using Offset = StrongId<struct OffsetTag, std::int64_t>;
/// Index of a partition within its topic.
using PartitionId = StrongId<struct PartitionTag, std::int32_t>;
/// Leader epoch of a partition (KIP-101); rises when a log was truncated or a topic recreated.
using LeaderEpoch = StrongId<struct LeaderEpochTag, std::int32_t>;
/// Incarnation of a pipeline instance; a step of an older one is refused.
using InstanceEpoch = StrongId<struct InstanceEpochTag, std::uint32_t>;
/// Milliseconds since 1970-01-01T00:00Z.
using TimestampMs = StrongId<struct TimestampMsTag, std::int64_t>;

}  // namespace mr

template <class Tag, class T>
struct fmt::formatter<mr::StrongId<Tag, T>> : fmt::formatter<T> {
    template <class Context>
    auto format(const mr::StrongId<Tag, T>& id, Context& context) const {
        return fmt::formatter<T>::format(id.value, context);
    }
};

template <class Tag, class T>
struct std::hash<mr::StrongId<Tag, T>> {
    std::size_t operator()(const mr::StrongId<Tag, T>& id) const noexcept { return std::hash<T>()(id.value); }
};
