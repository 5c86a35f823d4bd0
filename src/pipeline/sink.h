// What a pipeline's results become: records of topics, rows of views. One encoder a sink. Thread: the
// pipeline's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "columnar/delta.h"
#include "formats/schema_source.h"
#include "plan/program.h"

namespace mr::pipeline {

/// A record for a topic; `topic` is an index in Computation::output_topics().
struct OutputRecord {
    std::uint32_t topic = 0;
    std::optional<std::string> key;
    std::optional<std::string> value;  ///< nothing: a tombstone
    TimestampMs timestamp;
    bool append = false;  ///< of an append-only sink: suppressed while an instance is being rebuilt
};

struct ViewUpdate {
    std::uint32_t view = 0;          ///< index in Computation::views()
    std::string key;                 ///< memcomparable
    std::optional<std::string> row;  ///< columnar/codec.h; nothing: removed
};

struct ViewInfo {
    std::string name;
    Schema schema;
    std::vector<std::uint32_t> key;
    std::vector<std::pair<std::string, std::string>> options;
};

struct OutputTopic {
    std::string name;
    bool upsert = false;  ///< keyed by the sink's key: cleanup.policy=compact
};

/// Names and numbers of what a program writes.
struct Outputs {
    std::vector<OutputTopic> topics;
    std::vector<ViewInfo> views;
    /// Number of the topic, added if need be.
    std::uint32_t topic(const std::string& name, bool upsert);
};

/// A row that its format cannot say (a NULL key of a JSON map, a string that is no symbol of an Avro enum).
struct Unsayable {
    std::size_t row = 0;  ///< of the delta
    std::string reason;
};

/// Makes records of a view's topic from its rows, as the steps that made the rows did. Thread: one.
class ViewRecords {
  public:
    explicit ViewRecords(const plan::ViewSink& sink);
    ~ViewRecords();
    /// 'topic', the view's name, or nothing: 'topic' = 'none'.
    [[nodiscard]] std::optional<std::string> topic() const;
    /// Of a row of the view (columnar/codec.h); a tombstone unless `put`.
    Result<OutputRecord> make(std::string_view row, bool put, TimestampMs now) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Turns the net effect of a step on one sink into records and view updates.
class SinkEncoder {
  public:
    virtual ~SinkEncoder() = default;
    /// `delta` is everything the sink got in the step, rounds one after the other.
    virtual void encode(const Delta& delta, TimestampMs now, std::vector<OutputRecord>& records,
                        std::vector<ViewUpdate>& views, std::vector<Unsayable>& unsayable) = 0;

    /// unsupported or invalid_argument, with the place, for a connector, format or option that is not known.
    /// nullptr for a blackhole. May register schemas with `schemas` (nullptr: no registry).
    static Result<std::unique_ptr<SinkEncoder>> create(const plan::Sink& sink, Outputs& outputs,
                                                       formats::SchemaSource* schemas = nullptr);
};

}  // namespace mr::pipeline
