// Debezium's change events in JSON, as Flink's debezium-json reads them:
//   {"before":{…}|null,"after":{…}|null,"op":"c"|"r"|"u"|"d",…}, or that under "payload" beside a "schema".
// Thread: one.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/column.h"
#include "formats/json_decoder.h"

namespace mr::formats {

enum class DebeziumChange : std::uint8_t {
    insert,  ///< one row: the new one
    remove,  ///< one row: the old one
    update,  ///< two rows: the old one, the new one
};

class DebeziumDecoder {
  public:
    /// `schema_include` (debezium-json.schema-include): the event stands under "payload".
    DebeziumDecoder(const Schema& schema, JsonOptions options, bool schema_include);

    /// Appends one row or two to the builders (one a field of the schema), or, on an error, none.
    Result<DebeziumChange> decode(std::string_view record, std::span<ColumnBuilder> builders);

  private:
    static Schema event_schema(const Schema& schema, bool schema_include);

    JsonDecoder json_;
    const bool schema_include_;
    std::vector<ColumnBuilder> event_;  ///< before, after, op; or payload
};

}  // namespace mr::formats
