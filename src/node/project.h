// A project folder, read and compiled: millrace.yaml, streams/*.sql, pipelines/*.sql, dashboards/*.yaml,
// alerts/*.yaml. Thread: any (a value).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "node/config.h"
#include "node/scans.h"
#include "plan/program.h"
#include "sql/compiler.h"

namespace mr::node {

struct YamlFile {
    std::string name;  ///< the file's stem
    std::string path;
    std::string text;
};

struct Project {
    std::string directory;
    Config config;
    std::vector<sql::SourceText> streams;    ///< streams/*.sql as they were read
    std::vector<sql::SourceText> pipelines;  ///< pipelines/*.sql
    std::vector<std::shared_ptr<const plan::Program>> programs;
    TableMap tables;  ///< every declared table and materialised view
    std::vector<sql::Diagnostic>
        diagnostics;  ///< with an error among them there may be fewer programs than files
    std::vector<sql::Explanation> explanations;  ///< of EXPLAIN statements
    bool settings_ok = true;  ///< false: millrace.yaml has a mistake (among the diagnostics)
    std::vector<YamlFile> dashboards;
    std::vector<YamlFile> alerts;

    [[nodiscard]] bool ok() const { return !sql::has_errors(diagnostics); }
    /// A page or a rule that names a view there is not stops nobody: the page says so in its place.
    bool runs = true;
    /// Tables of these connectors that a program writes.
    [[nodiscard]] std::vector<plan::TablePtr> sinks(std::string_view connector) const;
};

/// A missing folder or a wrong override is an error; mistakes in files are diagnostics. A folder without
/// millrace.yaml has defaults.
Result<Project> load_project(const std::string& directory, const std::vector<std::string>& overrides);

}  // namespace mr::node
