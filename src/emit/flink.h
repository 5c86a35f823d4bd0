// A project as Apache Flink SQL (2.2): what `millrace compile --target flink` prints and `millrace deploy
// flink` submits. docs/flink.md says what becomes what, docs/adr/0010-flink-emission.md why.
//
// The user's own text is kept, comments included, wherever it is Flink's already; only what is ours is
// rewritten. What Flink has no words for is an error with its place and a remedy: a script is never silently
// something else. Thread: any (functions of the texts; no files, no network).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "plan/native_function.h"
#include "sql/diagnostic.h"

namespace mr::emit {

struct FlinkOptions {
    std::string project = "millrace";          ///< begins the names of jobs, groups and transactional ids
    std::string bootstrap = "localhost:9092";  ///< the Kafka of tables that name none
    std::string registry;                      ///< the schema registry of tables that name none
    bool exactly_once = true;                  ///< what sinks that do not say promise
    std::int64_t checkpoint_ms = 1'000;        ///< how often results of exactly-once sinks become visible
    std::int64_t silence_ms = 5'000;           ///< when a partition without records no longer holds time back
    std::string lake;  ///< where an Iceberg catalog lies; empty: rows of 'iceberg' tables go to their topics
    std::map<std::string, std::string> savepoints;  ///< pipeline -> the savepoint its job begins from
};

/// One INSERT of a job, as the user wrote it.
struct FlinkInsert {
    std::string sql;
    std::string file;
    int line = 0;
};

struct FlinkStatement {
    enum class Kind : std::uint8_t {
        set,      ///< SET, RESET
        declare,  ///< CREATE, DROP
        job,      ///< EXECUTE STATEMENT SET: one job
    };
    Kind kind = Kind::declare;
    std::string comment;   ///< what stands before it, lines of -- each; may be empty
    std::string sql;       ///< without the semicolon at its end
    std::string pipeline;  ///< of jobs: the file's stem
    std::string file;      ///< whose text it comes from; empty: ours
    int line = 0;
    std::vector<FlinkInsert> inserts;  ///< of a job
};

struct FlinkScript {
    std::vector<FlinkStatement> statements;  ///< empty where a diagnostic is an error
    std::vector<sql::Diagnostic> diagnostics;

    [[nodiscard]] bool ok() const { return !sql::has_errors(diagnostics); }
    /// The whole as a file.
    [[nodiscard]] std::string text() const;
};

/// The files of streams/ and pipelines/ as `sql::compile_project` takes them. Its errors are returned as they
/// are.
FlinkScript emit_flink(std::span<const sql::SourceText> streams, std::span<const sql::SourceText> pipelines,
                       const FlinkOptions& options, plan::NativeLibraries* libraries = nullptr);

/// "fulfilment.operational": what the job of a pipeline is called.
std::string job_name(const FlinkOptions& options, const std::string& pipeline);

/// Codes of this module: docs/sql/errors.md.
namespace code {
inline constexpr std::string_view kNotInFlink = "M6001";  ///< cannot be said in Flink SQL
inline constexpr std::string_view kElsewhere = "M6002";   ///< said, but results go elsewhere
}  // namespace code

}  // namespace mr::emit
