// For tests: builds small plans, feeds events through a dataflow in rounds of any size, with restarts from
// captured state changes in between, and gives what came out as text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/dataflow.h"

namespace mr::engine::test {

/// Makes nodes with fingerprints of their own.
class Plan {
  public:
    plan::NodePtr source(Schema schema, plan::Mode mode = plan::Mode::append);
    plan::NodePtr add(plan::Operator op, std::vector<plan::NodePtr> inputs, Schema schema,
                      plan::Mode mode = plan::Mode::append);
    plan::NodePtr project(const plan::NodePtr& in, std::vector<plan::ExprPtr> expressions);
    plan::NodePtr filter(const plan::NodePtr& in, plan::ExprPtr condition);
    plan::NodePtr aggregate(const plan::NodePtr& in, std::vector<int> keys, std::vector<plan::AggCall> calls);
    plan::NodePtr join(plan::JoinKind kind, const plan::NodePtr& left, const plan::NodePtr& right,
                       std::vector<int> left_keys, std::vector<int> right_keys,
                       plan::ExprPtr residual = nullptr);
    plan::NodePtr union_all(const plan::NodePtr& a, const plan::NodePtr& b);

    /// A program of one view a root.
    plan::Program program(const std::vector<plan::NodePtr>& roots) const;

  private:
    std::uint64_t next_ = 1;
    std::vector<plan::NodePtr> sources_;
};

plan::ExprPtr column(const plan::NodePtr& node, int index);
plan::ExprPtr number(std::int64_t v);
/// function(column), e.g. agg(node, "SUM", 1); index -1: COUNT(*).
plan::AggCall agg(const plan::NodePtr& node, const std::string& function, int index = -1,
                  bool distinct = false);
/// The schema of a join's output.
Schema joined(const Schema& left, const Schema& right);

struct Event {
    std::size_t source = 0;
    std::vector<Value> row;
    std::int32_t weight = 1;
    /// Watermark of the source after the row; kNoWatermark: as before.
    std::int64_t watermark = kNoWatermark;
};

struct Output {
    /// Of each sink, each row as "+1 [a, 5] @3" (weight, values, arrival).
    std::vector<std::vector<std::string>> sequence;
    /// Of each sink, rows by net weight ("[a, 5]" -> 1).
    std::vector<std::map<std::string, std::int64_t>> rows;
    std::vector<std::string> late;    ///< "[…] wm=5"
    std::vector<std::string> failed;  ///< "@3 message"
    std::vector<OperatorStats> stats;
    std::size_t state_keys = 0;  ///< in all tables at the end

    bool operator==(const Output& o) const {
        return sequence == o.sequence && rows == o.rows && late == o.late && failed == o.failed;
    }
};

struct RunOptions {
    std::size_t round_rows = 1024;
    /// After every so many rounds state is rebuilt from what was captured; 0: never.
    std::size_t restart_every = 0;
    /// Watermark of every source after the last event.
    std::int64_t final_watermark = kNoWatermark;
    bool check_negative = false;  ///< after each round no row may have a negative net weight
};

Output run(const plan::Program& program, const std::vector<Event>& events, const RunOptions& options = {});
/// Runs in rounds of 1, 7 and 1,024 rows and with restarts, expects the same sequence from all; returns it.
Output run_all_cuts(const plan::Program& program, const std::vector<Event>& events,
                    std::int64_t final_watermark = kNoWatermark);

/// "[a, 5, NULL]"; times as their number.
std::string row_text(const Delta& delta, std::size_t row);

inline Value S(const char* text) {
    return Value::of(text);
}
inline Value I(std::int64_t v) {
    return Value::of(v);
}
inline Value N() {
    return Value::null();
}

}  // namespace mr::engine::test
