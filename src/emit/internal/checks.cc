#include "emit/internal/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emit/flink.h"

namespace mr::emit {

using sql::Diagnostic;
using sql::OutlineFeature;
using sql::Severity;

namespace {

/// Functions that Flink's streams do not have, and what to write instead.
struct Missing {
    std::string_view function;
    std::string_view help;
};
constexpr auto kMissing = std::to_array<Missing>({
    {"APPROX_COUNT_DISTINCT", "COUNT(DISTINCT …) says the same, exactly"},
    {"CLASSIFIER", "give each variable a measure of its own: LAST(A.x) AS a_x"},
    {"CUME_DIST", "Flink has it in batch only"},
    {"LEAD", "LAG over the next row, or a MATCH_RECOGNIZE of two rows"},
    {"NTH_VALUE", "ROW_NUMBER() in a subquery, bounded by WHERE"},
    {"NTILE", "Flink has it in batch only"},
    {"PERCENT_RANK", "Flink has it in batch only"},
});

class Checker {
  public:
    Checker(const Project& project, const Pipeline* pipeline, const sql::Outline& file)
        : project_(project), pipeline_(pipeline), file_(file) {}

    std::vector<Diagnostic> run(const std::vector<Diagnostic>& compiled) {
        features();
        libraries();
        calls();
        overs();
        versions();
        settings();
        sorted_overs(compiled);
        return std::move(out_);
    }

  private:
    void error(sql::TextRange range, std::string message, std::string help) {
        out_.push_back(sql::diagnostic_at(file_.source, range, Severity::error, code::kNotInFlink,
                                          std::move(message), std::move(help)));
    }

    void libraries() {
        for (const sql::OutlineStatement& s : file_.statements) {
            if (s.kind != sql::OutlineStatement::Kind::create_function || !s.in_library) continue;
            error(s.span, "Flink cannot load a library of C functions",
                  "write the function in SQL, or for Flink in Java under the same name");
        }
    }

    void features() {
        for (const auto& [feature, range] : file_.features) {
            if (feature == OutlineFeature::all_rows_per_match) {
                error(range, "Flink's MATCH_RECOGNIZE gives ONE ROW PER MATCH only",
                      "collect what each row would say in measures of one row");
            }
        }
    }

    void calls() {
        for (const sql::OutlineCall& c : file_.calls) {
            const auto* it = std::ranges::find(kMissing, c.function, &Missing::function);
            if (it == kMissing.end() || project_.function(pipeline_, c.function) != nullptr) continue;
            error(c.name, fmt::format("Flink's streams have no {}", c.function), std::string(it->help));
        }
    }

    void overs() {
        for (const sql::OutlineOvers& o : file_.overs) {
            if (o.windows.size() < 2) continue;
            error(o.windows[1].second, "Flink takes one OVER window in a SELECT, this is a second one",
                  "compute the first in a subquery (or a view) and the second over it");
        }
    }

    /// FOR SYSTEM_TIME AS OF a processing time looks up: only connectors that can be asked have rows for it.
    void versions() {
        for (const sql::OutlineTable& t : file_.tables) {
            if (t.as_of.empty() || !project_.processing_times.contains(t.as_of_name)) continue;
            const Declared* d = project_.find(pipeline_, t.name);
            if (d != nullptr && d->statement->kind == sql::OutlineStatement::Kind::create_table) {
                const TextOptions options = project_.settled(pipeline_, *d).options;
                const auto connector =
                    std::ranges::find(options, "connector", &TextOptions::value_type::first);
                if (connector != options.end() && connector->second == "jdbc") continue;
            }
            error(t.range,
                  fmt::format("Flink cannot ask \"{}\" for its rows as of a processing time", t.name),
                  "join as of an event time, or join the tables as they change (JOIN … ON)");
        }
    }

    /// A job has one configuration: what SET says in the middle of a file cannot be for what follows only.
    void settings() {
        std::map<std::string, std::string> first;
        bool rows = false;
        for (const sql::OutlineStatement& s : file_.statements) {
            using Kind = sql::OutlineStatement::Kind;
            rows = rows || s.kind == Kind::insert || s.kind == Kind::create_materialized_view ||
                   (s.kind == Kind::create_table && !s.query.empty());
            if ((s.kind != Kind::set && s.kind != Kind::reset) || !rows || s.key != "table.exec.state.ttl")
                continue;
            error(s.span,
                  "a job of Flink's has one table.exec.state.ttl; here statements before it have another",
                  "put SET first in the file, use the hint STATE_TTL, or another file for what needs another "
                  "one");
        }
    }

    /// The compiler warns where OVER is not by time: Flink refuses that.
    void sorted_overs(const std::vector<Diagnostic>& compiled) {
        for (const Diagnostic& d : compiled) {
            if (d.file != file_.source.path || !d.message.starts_with("every row is kept, and each change"))
                continue;
            Diagnostic made = d;
            made.severity = Severity::error;
            made.code = code::kNotInFlink;
            made.message = "Flink's OVER is ordered by a time attribute, over rows that do not change";
            made.help = "order by the event time, or take the first n by ROW_NUMBER() … WHERE rn <= n";
            out_.push_back(std::move(made));
        }
    }

    const Project& project_;
    const Pipeline* pipeline_;
    const sql::Outline& file_;
    std::vector<Diagnostic> out_;
};

}  // namespace

std::vector<Diagnostic> check_for_flink(const Project& project, const Pipeline* pipeline,
                                        const sql::Outline& file, const std::vector<Diagnostic>& compiled) {
    return Checker(project, pipeline, file).run(compiled);
}

}  // namespace mr::emit
