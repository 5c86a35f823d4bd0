// What a project declares, who reads what, and which plans its files have: the ground on which statements are
// written anew. Thread: any (built once, then read).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "plan/program.h"
#include "sql/compiler.h"
#include "sql/outline.h"

namespace mr::emit {

using TextOptions = std::vector<std::pair<std::string, std::string>>;

/// A function written in SQL.
struct Function {
    const sql::OutlineStatement* statement = nullptr;
    sql::Outline body;
};

/// One statement of a file, by its place.
struct Declared {
    const sql::Outline* file = nullptr;
    const sql::OutlineStatement* statement = nullptr;
    bool inlined = false;  ///< views Flink cannot keep: written out where they are read
};

/// A file below pipelines/.
struct Pipeline {
    std::string name;
    sql::Outline outline;
    const plan::Program* program = nullptr;
    std::map<std::string, Declared, std::less<>> objects;
    std::map<std::string, Function, std::less<>> functions;
    std::map<std::string, const plan::Sink*, std::less<>> views;  ///< materialised ones
    std::set<std::string, std::less<>>
        read_here;  ///< materialised views of this file that it reads as they are
    std::set<std::string, std::less<>> through_topic;  ///< … that it reads by their last row a key
};

class Project {
  public:
    Project(std::span<const sql::SourceText> streams, std::span<const sql::SourceText> pipelines,
            const sql::ProjectCompilation& compiled);
    Project(const Project&) = delete;
    Project& operator=(const Project&) = delete;

    std::vector<std::unique_ptr<sql::Outline>> streams;
    std::map<std::string, Declared, std::less<>> objects;  ///< of streams/
    std::map<std::string, Function, std::less<>> functions;
    std::vector<std::unique_ptr<Pipeline>> pipelines;     ///< makers of views before their readers
    std::map<std::string, int, std::less<>> inserts;      ///< table -> how many INSERTs write it
    std::set<std::string, std::less<>> read;              ///< tables and views that somebody reads
    std::set<std::string, std::less<>> read_elsewhere;    ///< materialised views that other files read
    std::set<std::string, std::less<>> processing_times;  ///< names of columns that are PROCTIME()

    /// A table, view or materialised view as a file sees it: its own or that of streams/; nullptr: another
    /// file's.
    [[nodiscard]] const Declared* find(const Pipeline* pipeline, std::string_view name) const;
    /// What a table is, with what it takes from the table it is LIKE.
    struct Settled {
        TextOptions options;
        bool watermark = false;
        bool primary_key = false;
    };
    [[nodiscard]] Settled settled(const Pipeline* pipeline, const Declared& table, int depth = 0) const;
    [[nodiscard]] const Function* function(const Pipeline* pipeline, std::string_view name) const;

  private:
    void take_streams(std::span<const sql::SourceText> texts);
    void take_pipeline(const sql::SourceText& text, const sql::ProjectCompilation& compiled);
    void take_uses(Pipeline& pipeline);
    void sort_pipelines();
};

/// Where a text lies in lines, from 1.
int line_of(const sql::SourceText& source, std::uint32_t offset);
/// "pipelines/storage.sql" -> "storage"
std::string stem(std::string_view path);

}  // namespace mr::emit
