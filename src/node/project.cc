#include "node/project.h"

#include <algorithm>

#include "base/file_system.h"

namespace mr::node {
namespace {

/// Files of `directory` with one of these endings, by name; none if it does not exist.
Result<std::vector<YamlFile>> read_files(const std::string& directory,
                                         std::initializer_list<std::string_view> endings) {
    FileSystem& fs = posix_file_system();
    std::vector<YamlFile> files;
    if (!fs.exists(directory)) return files;
    MR_TRY(const auto names, fs.list(directory));
    for (const std::string& name : names) {
        const auto ending =
            std::ranges::find_if(endings, [&](std::string_view e) { return name.ends_with(e); });
        if (ending == endings.end() || name.starts_with('.')) continue;
        const std::string path = join_path(directory, name);
        MR_TRY(auto text, read_file(fs, path));
        files.push_back({name.substr(0, name.size() - ending->size()), path, std::move(text)});
    }
    return files;
}

Result<std::vector<sql::SourceText>> read_sql(const std::string& directory) {
    MR_TRY(auto files, read_files(directory, {".sql"}));
    std::vector<sql::SourceText> sources;
    for (YamlFile& f : files) sources.push_back({f.path, std::move(f.text)});
    return sources;
}

Result<Config> read_config(const std::string& directory, const std::vector<std::string>& overrides) {
    FileSystem& fs = posix_file_system();
    const std::string path = join_path(directory, "millrace.yaml");
    Config config;
    if (fs.exists(path)) {
        MR_TRY(const auto text, read_file(fs, path));
        MR_TRY(config, parse_config(text, path));
    }
    for (const std::string& setting : overrides) {
        const auto equals = setting.find('=');
        if (equals == std::string::npos)
            return fail(Code::invalid_argument, "-X {}: expected key=value", setting);
        MR_TRY_VOID(
            set_option(config, setting.substr(0, equals), setting.substr(equals + 1), "-X " + setting));
    }
    return config;
}

}  // namespace

std::vector<plan::TablePtr> Project::sinks(std::string_view connector) const {
    std::vector<plan::TablePtr> out;
    for (const auto& program : programs) {
        for (const plan::Sink& sink : program->sinks) {
            const auto* topic = std::get_if<plan::TopicSink>(&sink.target);
            if (topic == nullptr || topic->table->connector() != connector) continue;
            if (std::ranges::find_if(out, [&](const auto& t) { return t->name == topic->table->name; }) ==
                out.end())
                out.push_back(topic->table);
        }
    }
    return out;
}

Result<Project> load_project(const std::string& directory, const std::vector<std::string>& overrides) {
    if (!posix_file_system().exists(directory)) {
        return fail(Code::not_found, "no folder {}; `millrace init {}` writes a project that runs", directory,
                    directory);
    }
    Project project;
    project.directory = directory;
    MR_TRY(project.config, read_config(directory, overrides));
    MR_TRY(const auto streams, read_sql(join_path(directory, "streams")));
    MR_TRY(const auto pipelines, read_sql(join_path(directory, "pipelines")));
    sql::ProjectCompilation compiled = sql::compile_project(streams, pipelines);
    project.diagnostics = std::move(compiled.diagnostics);
    for (plan::Program& program : compiled.programs) {
        project.programs.push_back(std::make_shared<const plan::Program>(std::move(program)));
    }
    for (const auto& [name, table] : compiled.catalog.tables()) project.tables.emplace(name, table);
    MR_TRY(project.dashboards, read_files(join_path(directory, "dashboards"), {".yaml", ".yml"}));
    MR_TRY(project.alerts, read_files(join_path(directory, "alerts"), {".yaml", ".yml"}));
    return project;
}

}  // namespace mr::node
