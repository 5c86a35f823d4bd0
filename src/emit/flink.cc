#include "emit/flink.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "emit/internal/builder.h"
#include "emit/internal/checks.h"
#include "emit/internal/project.h"

namespace mr::emit {

std::string job_name(const FlinkOptions& options, const std::string& pipeline) {
    return fmt::format("{}.{}", options.project, pipeline);
}

FlinkScript emit_flink(std::span<const sql::SourceText> streams, std::span<const sql::SourceText> pipelines,
                       const FlinkOptions& options, plan::NativeLibraries* libraries) {
    const sql::ProjectCompilation compiled = sql::compile_project(streams, pipelines, libraries);
    FlinkScript out;
    if (sql::has_errors(compiled.diagnostics)) {
        out.diagnostics = compiled.diagnostics;
        return out;
    }
    const Project project(streams, pipelines, compiled);
    std::vector<sql::Diagnostic> found;
    const auto check = [&](const Pipeline* p, const sql::Outline& file) {
        for (sql::Diagnostic& d : check_for_flink(project, p, file, compiled.diagnostics))
            found.push_back(std::move(d));
    };
    for (const auto& file : project.streams) check(nullptr, *file);
    for (const auto& p : project.pipelines) check(p.get(), p->outline);
    out = Builder(project, options).run();
    out.diagnostics.insert(out.diagnostics.end(), found.begin(), found.end());
    std::ranges::stable_sort(out.diagnostics, [](const sql::Diagnostic& a, const sql::Diagnostic& b) {
        return std::tie(a.file, a.line, a.col) < std::tie(b.file, b.line, b.col);
    });
    if (!out.ok()) out.statements.clear();
    return out;
}

}  // namespace mr::emit
