// What the node's queries must come to, worked out from the log by a few loops: shares no code with the
// engine. The SQL beside it. Thread: one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace mr::sim {

/// A record that a client sent; `id` is unique over both topics.
struct Event {
    std::uint64_t id = 0;
    bool is_order = true;  ///< else an item, which refers to an order
    std::int32_t partition = 0;
    std::string k;
    std::int64_t v = 0;
    std::int64_t ts_ms = 0;  ///< orders only
    std::uint64_t ref = 0;   ///< items only

    [[nodiscard]] std::string json() const;
};

/// The number after `"id":`, or whatever `field` is called. 0 where there is none.
std::uint64_t number_in(std::string_view json, std::string_view field);

/// Rows as text, sorted: the form in which everything is compared.
using Rows = std::vector<std::string>;

/// SQL of the simulated project: streams, and one text a pipeline.
extern const char* const kStreams;
struct NamedText {
    const char* name;
    const char* text;
};
extern const std::vector<NamedText> kPipelines;

/// By view or output topic: its rows after exactly these events, in this order.
Rows expected_rows(const std::string& name, std::span<const Event* const> log);
/// Names of views, of output topics, by index of the pipeline that writes them.
extern const std::vector<std::vector<std::string>> kViewsOf;
extern const std::vector<std::vector<std::string>> kOutputsOf;

}  // namespace mr::sim
