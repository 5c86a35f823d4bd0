#include "cli/slt.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/file_system.h"
#include "base/quantity.h"
#include "cli/slt_text.h"
#include "columnar/value.h"
#include "node/config.h"
#include "node/project.h"
#include "node/test_node.h"

namespace mr::cli {
namespace {

enum class Kind : std::uint8_t { produce, clock, settle, query, view, error };

struct Command {
    Kind kind{};
    int line = 0;
    std::string argument;  ///< topic; duration; view; error text
    std::string file;      ///< produce
    std::string sql;
    bool rowsort = false;
    std::vector<std::string> lines;          ///< records; expected rows
    int expected_from = 0, expected_to = 0;  ///< lines of the expectation, for --update
};

struct Script {
    std::string path;
    std::vector<std::string> lines;
    std::vector<Command> commands;
};

std::vector<std::string> split_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string line(text.substr(0, end));
        if (line.ends_with('\r')) line.pop_back();
        lines.push_back(std::move(line));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::vector<std::string> words(const std::string& line) {
    std::vector<std::string> out;
    std::size_t at = 0;
    while ((at = line.find_first_not_of(' ', at)) != std::string::npos) {
        const auto end = std::min(line.find(' ', at), line.size());
        out.push_back(line.substr(at, end - at));
        at = end;
    }
    return out;
}

class Parser {
  public:
    explicit Parser(Script& script) : script_(script) {}

    Status parse() {
        while (at_ < script_.lines.size()) {
            const std::string& line = script_.lines[at_];
            if (line.empty() || line.starts_with('#')) {
                ++at_;
                continue;
            }
            MR_TRY_VOID(parse_command(words(line)));
        }
        return {};
    }

  private:
    Status parse_command(const std::vector<std::string>& w) {
        Command c{.kind = {},
                  .line = static_cast<int>(at_) + 1,
                  .argument = {},
                  .file = {},
                  .sql = {},
                  .rowsort = false,
                  .lines = {}};
        const std::string first = script_.lines[at_];
        ++at_;
        if (w[0] == "produce" && (w.size() == 2 || w.size() == 3)) {
            c.kind = Kind::produce;
            c.argument = w[1];
            if (w.size() == 3) {
                c.file = w[2];
            } else {
                c.lines = take_lines();
            }
        } else if (w[0] == "clock" && w.size() == 2 && w[1].starts_with('+')) {
            c.kind = Kind::clock;
            c.argument = w[1].substr(1);
        } else if (w[0] == "settle" && w.size() == 1) {
            c.kind = Kind::settle;
        } else if (w[0] == "view" && w.size() == 2) {
            c.kind = Kind::view;
            c.argument = w[1];
            take_sql(c);
        } else if (w[0] == "query") {
            c.kind = Kind::query;
            c.rowsort = w.back() == "rowsort";
            take_sql(c);
        } else if (w[0] == "statement" && w.size() > 2 && w[1] == "error") {
            c.kind = Kind::error;
            c.argument = first.substr(first.find("error") + 6);
            take_sql(c);
        } else {
            return fail(Code::invalid_argument,
                        "{}:{}: expected produce TOPIC [FILE], clock +TIME, settle, query, view NAME or "
                        "statement error, found `{}`",
                        script_.path, c.line, first);
        }
        script_.commands.push_back(std::move(c));
        return {};
    }

    std::vector<std::string> take_lines() {
        std::vector<std::string> out;
        while (at_ < script_.lines.size() && !script_.lines[at_].empty()) out.push_back(script_.lines[at_++]);
        return out;
    }

    void take_sql(Command& c) {
        while (at_ < script_.lines.size() && !script_.lines[at_].empty() && script_.lines[at_] != "----")
            c.sql += script_.lines[at_++] + "\n";
        if (at_ < script_.lines.size() && script_.lines[at_] == "----") ++at_;
        c.expected_from = static_cast<int>(at_);
        c.lines = take_lines();
        c.expected_to = static_cast<int>(at_);
    }

    Script& script_;
    std::size_t at_ = 0;
};

std::string cell_text(const Value& value, const DataType& type) {
    std::string text = to_string(value, type);
    if (type.kind == TypeKind::string && text.empty()) return "(empty)";
    return text;
}

std::vector<std::string> rows_of(const warehouse::QueryResult& result, bool sorted) {
    std::vector<std::string> rows;
    for (std::size_t row = 0; row < result.rows; ++row) {
        std::string line;
        for (std::size_t i = 0; i < result.columns.size(); ++i) {
            line += (i == 0 ? "" : " ") + cell_text(result.columns[i]->value(row), result.schema[i].type);
        }
        rows.push_back(std::move(line));
    }
    if (sorted) std::ranges::sort(rows);
    return rows;
}

std::string join(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& l : lines) out += "    " + l + "\n";
    return out;
}

/// One run of a script with steps of one size.
class Run {
  public:
    Run(const Script& script, node::TestNode& node) : script_(script), node_(node) {}

    /// Why it failed; empty: it passed. `actual` gets the rows of each query.
    Result<std::string> run(std::vector<std::vector<std::string>>& actual) {
        std::string failures;
        for (const Command& c : script_.commands) {
            MR_TRY(const std::string failure, run_one(c, actual));
            if (!failure.empty()) failures += (failures.empty() ? "" : "\n") + failure;
            // One wrong answer does not make the others so; anything else does.
            const bool answers = c.kind == Kind::query || c.kind == Kind::view || c.kind == Kind::error;
            if (!failure.empty() && !answers) break;
        }
        return failures;
    }

  private:
    std::string place(const Command& c) const { return fmt::format("{}:{}: ", script_.path, c.line); }

    Result<std::string> run_one(const Command& c, std::vector<std::vector<std::string>>& actual) {
        switch (c.kind) {
            case Kind::produce: {
                const Status produced = produce(c);
                return produced ? std::string() : place(c) + produced.error().message;
            }
            case Kind::clock: {
                const auto ms = parse_duration_ms(c.argument);
                if (!ms) return place(c) + ms.error().message;
                node_.advance_ms(*ms);
                return std::string();
            }
            case Kind::settle: {
                const Status settled = node_.settle();
                return settled ? std::string() : place(c) + settled.error().message;
            }
            case Kind::query:
                return query(c, actual);
            case Kind::view:
                return view(c, actual);
            case Kind::error: {
                const auto result = node_.query(c.sql);
                if (result) return place(c) + "expected an error, the statement succeeded";
                if (result.error().message.find(c.argument) == std::string::npos)
                    return place(c) + "another error: " + result.error().message;
                return std::string();
            }
        }
        return std::string();
    }

    Status produce(const Command& c) {
        std::vector<std::string> records = c.lines;
        if (!c.file.empty()) {
            MR_TRY(const auto text,
                   read_file(posix_file_system(), join_path(parent_path(script_.path), c.file)));
            records = split_lines(text);
        }
        for (const std::string& record : records) {
            if (record.empty()) continue;
            const auto tab = record.find('\t');
            const bool keyed = tab != std::string::npos;
            const std::string_view all(record);
            MR_TRY_VOID(node_.produce(c.argument, keyed ? std::optional(all.substr(0, tab)) : std::nullopt,
                                      keyed ? all.substr(tab + 1) : all));
        }
        return {};
    }

    Result<std::string> query(const Command& c, std::vector<std::vector<std::string>>& actual) {
        const auto result = node_.query(c.sql);
        if (!result) return place(c) + result.error().message;
        const std::vector<std::string> rows = rows_of(*result, c.rowsort);
        actual.push_back(rows);
        std::vector<std::string> expected = c.lines;
        if (c.rowsort) std::ranges::sort(expected);
        return compare(c, rows, expected);
    }

    /// The types, then the rows, sorted, as Flink's recorded answers have them (tests/slt/record.py).
    Result<std::string> view(const Command& c, std::vector<std::vector<std::string>>& actual) {
        const auto result = node_.view(c.argument);
        if (!result) return place(c) + result.error().message;
        std::vector<std::string> rows;
        for (std::size_t row = 0; row < result->rows; ++row) {
            std::vector<Value> values;
            for (const ColumnPtr& column : result->columns) values.push_back(column->value(row));
            rows.push_back(record_text(values, result->schema));
        }
        std::ranges::sort(rows);
        rows.insert(rows.begin(), "types " + types_text(result->schema));
        actual.push_back(rows);
        return compare(c, rows, c.lines);
    }

    std::string compare(const Command& c, const std::vector<std::string>& rows,
                        const std::vector<std::string>& expected) const {
        if (rows == expected) return std::string();
        return fmt::format("{}{}rows differ\n  expected:\n{}  actual:\n{}", place(c),
                           c.kind == Kind::view ? "view " + c.argument + ": " : "", join(expected),
                           join(rows));
    }

    const Script& script_;
    node::TestNode& node_;
};

/// Writes what came out into the file, queries in order.
Status update(const Script& script, const std::vector<std::vector<std::string>>& actual) {
    std::string out;
    std::size_t line = 0, query = 0;
    for (const Command& c : script.commands) {
        if ((c.kind != Kind::query && c.kind != Kind::view) || query >= actual.size()) continue;
        for (; line < static_cast<std::size_t>(c.expected_from); ++line) out += script.lines[line] + "\n";
        for (const std::string& row : actual[query]) out += row + "\n";
        line = static_cast<std::size_t>(c.expected_to);
        ++query;
    }
    for (; line < script.lines.size(); ++line) out += script.lines[line] + "\n";
    return write_file_atomic(posix_file_system(), script.path, out);
}

Result<std::vector<std::string>> find_scripts(const SltOptions& options, std::string& project) {
    FileSystem& fs = posix_file_system();
    if (options.path.ends_with(".slt")) {
        project = parent_path(options.path);
        while (!fs.exists(join_path(project, "pipelines")) && project != "." && project != "/")
            project = parent_path(project);
        return std::vector<std::string>{options.path};
    }
    project = options.path;
    std::vector<std::string> paths;
    const std::string directory = join_path(project, "tests");
    MR_TRY(const auto names, fs.list(directory));
    for (const std::string& name : names) {
        if (name.ends_with(".slt") && name.find(options.filter) != std::string::npos)
            paths.push_back(join_path(directory, name));
    }
    return paths;
}

}  // namespace

Result<SltReport> run_slt(const SltOptions& options) {
    std::string directory;
    MR_TRY(const auto paths, find_scripts(options, directory));
    MR_TRY(const auto project, node::load_project(directory, {}));
    if (!project.ok()) return fail(Code::invalid_argument, "{}", sql::render(project.diagnostics));
    SltReport report;
    for (const std::string& path : paths) {
        Script script{.path = path, .lines = {}, .commands = {}};
        MR_TRY(const auto text, read_file(posix_file_system(), path));
        script.lines = split_lines(text);
        MR_TRY_VOID(Parser(script).parse());
        std::string failure;
        for (const std::size_t records : {1U, 7U, 1'024U}) {
            MR_TRY(auto node, node::TestNode::create(project, {.step_records = records}));
            std::vector<std::vector<std::string>> actual;
            MR_TRY(failure, Run(script, *node).run(actual));
            if (options.update && !failure.empty()) {
                MR_TRY_VOID(update(script, actual));
                failure.clear();
                break;
            }
            if (failure.empty()) continue;
            failure += fmt::format("  (with {} record{} a step)", records, records == 1 ? "" : "s");
            break;
        }
        std::printf("%s %s\n", failure.empty() ? "ok  " : "FAIL", path.c_str());
        if (!failure.empty()) std::printf("%s\n", failure.c_str());
        (failure.empty() ? report.passed : report.failed) += 1;
    }
    return report;
}

}  // namespace mr::cli
