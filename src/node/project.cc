#include "node/project.h"

#include <algorithm>

#include "alerts/alert_engine.h"
#include "base/file_system.h"
#include "native/libraries.h"
#include "node/yaml_check.h"

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

Status read_config(Project& project, const std::vector<std::string>& overrides) {
    FileSystem& fs = posix_file_system();
    const std::string path = join_path(project.directory, "millrace.yaml");
    if (fs.exists(path)) {
        MR_TRY(const auto text, read_file(fs, path));
        auto config = parse_config(text, path);
        if (config) {
            project.config = std::move(*config);
        } else {
            project.settings_ok = false;
            project.diagnostics.push_back(yaml_diagnostic(config.error(), path, text));
        }
    }
    for (const std::string& setting : overrides) {
        const auto equals = setting.find('=');
        if (equals == std::string::npos)
            return fail(Code::invalid_argument, "-X {}: expected key=value", setting);
        MR_TRY_VOID(set_option(project.config, setting.substr(0, equals), setting.substr(equals + 1),
                               "-X " + setting));
    }
    return {};
}

/// Every view a page or a rule may name, with its columns.
ViewColumns view_columns(const Project& project) {
    ViewColumns views;
    const auto add = [&](const std::string& name, const Schema& schema) {
        for (const Field& field : schema.fields) views[name].push_back(field.name);
    };
    add(alerts::kAlertsView, alerts::alerts_schema());
    for (const auto& program : project.programs) {
        for (const plan::Sink& sink : program->sinks) {
            if (const auto* view = std::get_if<plan::ViewSink>(&sink.target)) add(view->view, view->schema);
        }
    }
    return views;
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
    MR_TRY_VOID(read_config(project, overrides));
    MR_TRY(project.streams, read_sql(join_path(directory, "streams")));
    MR_TRY(project.pipelines, read_sql(join_path(directory, "pipelines")));
    native::Libraries libraries(join_path(directory, "functions"));
    sql::ProjectCompilation compiled = sql::compile_project(project.streams, project.pipelines, &libraries);
    project.diagnostics.insert(project.diagnostics.end(), compiled.diagnostics.begin(),
                               compiled.diagnostics.end());
    project.explanations = std::move(compiled.explanations);
    for (plan::Program& program : compiled.programs) {
        project.programs.push_back(std::make_shared<const plan::Program>(std::move(program)));
    }
    for (const auto& [name, table] : compiled.catalog.tables()) project.tables.emplace(name, table);
    MR_TRY(project.dashboards, read_files(join_path(directory, "dashboards"), {".yaml", ".yml"}));
    MR_TRY(project.alerts, read_files(join_path(directory, "alerts"), {".yaml", ".yml"}));
    // With an error in the SQL some views are missing: naming them here would not help.
    project.runs = project.ok();
    if (sql::has_errors(compiled.diagnostics)) return project;
    const ViewColumns views = view_columns(project);
    for (const YamlFile& file : project.dashboards) check_dashboard(file, views, project.diagnostics);
    for (const YamlFile& file : project.alerts) check_alerts(file, views, project.diagnostics);
    return project;
}

}  // namespace mr::node
