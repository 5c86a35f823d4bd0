// SQL text in, plans out: the public face of this module.
//
//   Catalog      what a file may refer to besides its own objects: the tables and views of streams/*.sql, and
//                the materialised views of other files (read through their topics).
//   compile      one file under pipelines/ becomes one plan::Program.
//   compile_project   all of them, in the order their views need each other.
//
// Every mistake of a text is reported, not only the first; a program is made only where there is no error.
// Names of tables and columns are case-sensitive, as in Flink; keywords and functions are not. Thread: any
// (no state outside the objects).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plan/explain.h"
#include "plan/native_function.h"
#include "plan/program.h"
#include "sql/diagnostic.h"

namespace mr::sql {

/// A view of streams/*.sql: its text, bound anew in each file that reads it.
struct CatalogView;
using CatalogViewPtr = std::shared_ptr<const CatalogView>;

/// A function of streams/*.sql, written in SQL.
struct CatalogFunction;
using CatalogFunctionPtr = std::shared_ptr<const CatalogFunction>;
struct FunctionText;

class Catalog {
  public:
    /// Takes the CREATE TABLE and CREATE VIEW statements of a file. Other statements are errors here.
    std::vector<Diagnostic> add(const SourceText& source);
    /// A table known from elsewhere, such as the topic of another file's materialised view.
    void add_table(plan::TablePtr table);
    /// A name that exists but cannot be used because its own file has errors: no message about it again.
    void add_broken(const std::string& name);
    /// Where CREATE FUNCTION … USING LIBRARY looks; nullptr (as at first): nowhere, the statement is an
    /// error. It is asked during add() and compile() only.
    void use_libraries(plan::NativeLibraries* libraries) { libraries_ = libraries; }
    [[nodiscard]] plan::NativeLibraries* libraries() const { return libraries_; }

    [[nodiscard]] plan::TablePtr table(std::string_view name) const;
    [[nodiscard]] CatalogViewPtr view(std::string_view name) const;
    /// `name` in capitals; nullptr: none.
    [[nodiscard]] const FunctionText* function(std::string_view name) const;
    [[nodiscard]] bool broken(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] const std::map<std::string, plan::TablePtr, std::less<>>& tables() const { return tables_; }

  private:
    std::map<std::string, plan::TablePtr, std::less<>> tables_;
    std::map<std::string, CatalogViewPtr, std::less<>> views_;
    std::map<std::string, CatalogFunctionPtr, std::less<>> functions_;
    std::map<std::string, bool, std::less<>> broken_;
    plan::NativeLibraries* libraries_ = nullptr;
};

/// What an EXPLAIN statement asked for.
struct Explanation {
    std::string file;
    int line = 0;
    std::string text;
};

struct Compilation {
    std::optional<plan::Program> program;  ///< nothing if there was an error
    std::vector<Diagnostic> diagnostics;
    std::vector<Explanation> explanations;  ///< of the EXPLAIN statements, in order
};

/// Compiles a file under pipelines/.
Compilation compile(const Catalog& catalog, const SourceText& source);

struct ProjectCompilation {
    Catalog catalog;                      ///< streams, and every materialised view as a table
    std::vector<plan::Program> programs;  ///< of the files without errors, in the order of `pipelines`
    std::vector<Diagnostic> diagnostics;
    std::vector<Explanation> explanations;
};

/// Compiles streams/*.sql and pipelines/*.sql together.
ProjectCompilation compile_project(std::span<const SourceText> streams, std::span<const SourceText> pipelines,
                                   plan::NativeLibraries* libraries = nullptr);

/// A program's plan as EXPLAIN prints it: one tree a sink.
std::string explain(const plan::Program& program);
/// {"name": …, "sinks": [{"name": …, "kind": "view", "materialized": false, "plan": {"nodes": […]}}]}
std::string explain_json(const plan::Program& program);

}  // namespace mr::sql
