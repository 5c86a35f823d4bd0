#include "nexmark/queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "harness/machine.h"
#include "sql/compiler.h"

namespace bench {
namespace {

std::string read_text(const std::string& path) {
    std::ifstream file(path);
    if (!file) die("cannot read " + path);
    std::stringstream out;
    out << file.rdbuf();
    return out.str();
}

/// Statements, split at ';' outside strings, names, bodies of functions and comments; without comments.
std::vector<std::string> statements(const std::string& text) {
    std::vector<std::string> out;
    std::string current;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::size_t end = i;
        if (text.compare(i, 2, "--") == 0) {
            i = std::min(text.find('\n', i), text.size()) - 1;
            continue;
        }
        if (text.compare(i, 2, "$$") == 0) {
            end = text.find("$$", i + 2) + 1;
        } else if (text[i] == '\'' || text[i] == '`') {
            end = text.find(text[i], i + 1);
        } else if (text[i] == ';') {
            out.push_back(std::exchange(current, {}));
            continue;
        }
        current.append(text, i, end - i + 1);
        i = end;
    }
    for (std::string& s : out) {
        s.erase(0, std::min(s.find_first_not_of(" \n\r\t"), s.size()));
    }
    std::erase(out, "");
    return out;
}

/// What the tests made smaller so that 600 events show it.
std::string at_full_size(const std::string& name, std::string select) {
    const auto replace = [&](std::string_view from, std::string_view to) {
        for (auto at = select.find(from); at != std::string::npos; at = select.find(from, at + to.size()))
            select.replace(at, from.size(), to);
    };
    if (name == "q2") replace("MOD(auction, 13)", "MOD(auction, 123)");
    if (name == "q11") replace("INTERVAL '3' SECOND", "INTERVAL '10' SECOND");
    return select;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

/// What stands in the .slt file below `view NAME` and `----`.
std::vector<std::string> expected_of(const std::vector<std::string>& slt, const std::string& name) {
    auto at = std::ranges::find(slt, "view " + name);
    at = std::find(at, slt.end(), "----");
    if (at == slt.end()) return {};
    return {at + 1, std::find(at, slt.end(), "")};
}

}  // namespace

NexmarkProject::NexmarkProject(const std::string& directory) {
    for (const auto& file : std::filesystem::directory_iterator(directory + "/streams"))
        streams_.push_back({file.path().string(), read_text(file.path().string())});
    const auto slt = lines_of(read_text(directory + "/tests/flink.slt"));
    constexpr std::string_view kView = "CREATE MATERIALIZED VIEW ";
    for (std::string& s : statements(read_text(directory + "/pipelines/queries.sql"))) {
        if (!s.starts_with(kView)) {
            others_ += s + ";\n";
            continue;
        }
        const std::string name = s.substr(kView.size(), s.find(' ', kView.size()) - kView.size());
        const auto as = s.find(" AS\n");
        if (as == std::string::npos) die("no AS at the end of the first line of " + name);
        queries_.push_back({name, s, at_full_size(name, s.substr(as + 4)), expected_of(slt, name)});
    }
    input_ = lines_of(read_text(directory + "/tests/nexmark.jsonl"));
}

mr::Result<NexmarkProject::Program> NexmarkProject::compile(const std::string& text) const {
    const std::vector<mr::sql::SourceText> pipeline = {{"query.sql", text}};
    auto compiled = mr::sql::compile_project(streams_, pipeline);
    if (mr::sql::has_errors(compiled.diagnostics) || compiled.programs.empty())
        return mr::fail(mr::Code::unsupported, "{}", mr::sql::render(compiled.diagnostics));
    return std::make_shared<const mr::plan::Program>(std::move(compiled.programs.front()));
}

mr::Result<NexmarkProject::Program> NexmarkProject::as_view(const NexmarkQuery& query) const {
    return compile(others_ + query.statement + ";");
}

mr::Result<NexmarkProject::Program> NexmarkProject::into_blackhole(const NexmarkQuery& query) const {
    MR_TRY(const Program view, as_view(query));
    std::string columns;
    for (const mr::Field& f : std::get<mr::plan::ViewSink>(view->sinks.front().target).schema.fields) {
        columns += fmt::format("{}`{}` {}", columns.empty() ? "" : ", ", f.name,
                               f.type.with_nullable(true).to_string());
    }
    return compile(
        fmt::format("{}CREATE TABLE nowhere ({}) WITH ('connector' = 'blackhole');\nINSERT INTO nowhere {};",
                    others_, columns, query.select));
}

}  // namespace bench
