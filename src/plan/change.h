// What differs between two versions of a project's pipelines, operator by operator: what `millrace plan`
// shows. Structural: operators are compared by the fingerprints of their sub-plans, so that another way to
// write the same query is no change. Where they differ, the trees are aligned with as little change as
// possible, so that a filter put between two operators is one new operator and not a new tree.
// Thread: any (values).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "plan/program.h"

namespace mr::plan {

enum class Fate : std::uint8_t {
    kept,     ///< the same sub-plan: the same rows, the same state
    rebuilt,  ///< reads as before, but what it stands on differs: its state is made anew
    changed,  ///< differs itself
    added,
    removed,
};
inline constexpr std::array kFates = {Fate::kept, Fate::rebuilt, Fate::changed, Fate::added, Fate::removed};
/// "kept", "rebuilt", …
std::string_view to_string(Fate fate);

struct OperatorChange {
    Fate fate = Fate::kept;
    std::string name;    ///< operator_name()
    std::string now;     ///< describe(); of a removed one empty
    std::string before;  ///< of a changed or removed one
    int depth = 0;       ///< in its sink's tree
    bool again = false;  ///< shared: told, with what is below it, further up
};

/// A column of a view or table, or an option, that was added, removed or changed.
struct NamedChange {
    Fate fate = Fate::changed;
    std::string name;
    std::string now;     ///< its type or value; empty: there is none any more
    std::string before;  ///< empty: there was none
};

struct SinkChange {
    Fate fate = Fate::kept;  ///< never rebuilt
    std::string name;
    bool view = false;  ///< a materialised view; else a table that is inserted into
    std::vector<NamedChange> columns;
    std::vector<NamedChange> options;  ///< of the view or table; its key is option "PRIMARY KEY"
    /// Root first, inputs after it; removed ones where they were.
    std::vector<OperatorChange> operators;
};

struct PipelineChange {
    Fate fate = Fate::kept;  ///< never rebuilt
    std::string name;
    std::vector<SinkChange> sinks;
    /// Settings ("SET 'name'") and options of the tables it reads ("orders: 'topic'").
    std::vector<NamedChange> options;
};

using ProgramPtr = std::shared_ptr<const Program>;

/// REQUIRES: they are versions of the same pipeline.
PipelineChange compare(const Program& before, const Program& now);
/// By name: those of `now` in their order, then those that are no more.
std::vector<PipelineChange> compare(std::span<const ProgramPtr> before, std::span<const ProgramPtr> now);

/// How many operators have each fate; shared ones once a pipeline.
std::map<Fate, std::size_t> count_operators(std::span<const PipelineChange> changes);

/// Members "pipelines" and "operators" of the object that is open: docs/openapi.yaml, Plan.
void append_json(JsonWriter& json, std::span<const PipelineChange> changes);

}  // namespace mr::plan
