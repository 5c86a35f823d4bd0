// Tables and views as Flink declares them. Everything is TEMPORARY: a deployment leaves nothing behind in a
// catalog, and the next one may declare it anew. Thread: one.
#pragma once

#include <string>
#include <vector>

#include "emit/flink.h"
#include "emit/internal/project.h"
#include "emit/internal/table_options.h"

namespace mr::emit {

struct DdlContext {
    const Project& project;
    const FlinkOptions& options;
    std::vector<sql::Diagnostic>& diagnostics;
};

/// A table of the user's; `sink` of a CREATE TABLE AS is the plan's, whose columns it takes.
FlinkStatement create_table(const DdlContext& context, const Pipeline* pipeline, const Declared& table,
                            const plan::TopicSink* sink);
/// A view of the user's, under `name`: its own, or what readers of a materialised view's rows read.
FlinkStatement create_view(const DdlContext& context, const Pipeline* pipeline, const Declared& view,
                           const std::string& name);
/// The upsert topic of a materialised view.
FlinkStatement create_view_table(const DdlContext& context, const Pipeline& pipeline, const Declared& view,
                                 const plan::Sink& sink);
/// Comments of a text, a line each: what stands between statements.
std::string comments_of(std::string_view text);
/// Do rows that are written to this table take part in Flink's transactions?
bool is_transactional(const DdlContext& context, const Pipeline* pipeline, const Declared& table);

}  // namespace mr::emit
