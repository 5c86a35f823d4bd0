// From the binary data of one writer's schema to columns: Avro's schema resolution (specification 1.12,
// "Schema Resolution"), worked out once for a writer and then followed for every record.
//
// Columns are matched by name with the fields of the reader's schema, or, where none is given, straight with
// the writer's. Beyond the specification's promotions: an enum reads into STRING, a fixed into BYTES, logical
// types are converted by the *writer's* unit (a TIMESTAMP(3) of timestamp-micros is divided, not misread),
// and a bare value (a "string" key) reads into a table of one column. What cannot be read is an error of the
// record that has it, not of the plan: a union's odd branch may never come.
//
// Records are hostile: reading never recurses deeper than the columns nest, skipping at most kSkipDepthMax,
// and what needs no bytes (an array of nulls) is counted. Thread: any, one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/column.h"
#include "formats/avro/schema.h"

namespace mr::formats::avro {

class ReadPlan {
  public:
    enum class Op : std::uint8_t {
        fail,             ///< `text` says why
        null,             ///< no bytes
        boolean,          ///< one byte
        integer,          ///< varint within [low, high]
        integer_to_real,  ///< varint
        float32,
        float64,
        text,           ///< length and bytes; `low`: 1 to check UTF-8
        fixed,          ///< `low` bytes
        uuid,           ///< 16 bytes to text
        decimal,        ///< length and two's complement; `scale`
        decimal_fixed,  ///< `low` bytes of it; `scale`
        ticks,          ///< varint times `low`, divided by `high`
        symbol,         ///< varint into `symbols`; an empty one is none of the reader's
        array,
        map,
        record,  ///< the fields of `slots`, then `fills`
        single,  ///< a bare value: the one column
        branch,  ///< union: varint into `children`
        skip_fixed,
        skip_varint,
        skip_sized,
        skip_array,
        skip_map,
        skip_record,
        skip_branch,
    };
    struct Slot {
        std::uint32_t node = 0;
        int target = -1;  ///< column or field; -1: skipped
    };
    struct Fill {
        int target = 0;
        int node = -1;        ///< reads `datum`; -1: NULL
        std::string datum{};  ///< the reader's default
    };
    struct Node {
        Op op = Op::fail;
        int scale = 0;
        std::int64_t low = 0;
        std::int64_t high = 0;
        std::vector<std::uint32_t> children{};
        std::vector<Slot> slots{};
        std::vector<Fill> fills{};
        std::vector<std::string> symbols{};
        std::string text{};
    };

    /// `reader` may be nullptr. Neither schema is needed afterwards. invalid_argument only for a reader's
    /// schema that lacks a column or has a default that does not fit; resource_exhausted for schemas that
    /// multiply beyond reason.
    static Result<ReadPlan> make(const Schema& writer, const Schema* reader, const mr::Schema& columns);

    /// Appends one value to each builder, or, on an error, none. The whole of `datum` must be one value.
    Status read(std::string_view datum, std::span<ColumnBuilder> builders) const;

    /// The reasons of every `fail` in the plan, in order: for checking a reader's schema against a table.
    [[nodiscard]] std::vector<std::string> failures() const;

  private:
    friend class PlanMaker;
    friend class PlanRun;
    std::vector<Node> nodes_;
    std::uint32_t root_ = 0;
    std::vector<std::string> names_;  ///< of the columns, for messages
    DataType row_;
};

}  // namespace mr::formats::avro
