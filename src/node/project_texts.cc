#include "node/project_texts.h"

#include <algorithm>

#include "base/log.h"
#include "native/libraries.h"

namespace mr::node {
namespace {

std::string file_name(std::uint64_t fingerprint) {
    return fmt::format("{:016x}.json", fingerprint);
}

Result<ProjectText> read(FileSystem& fs, const std::string& path) {
    MR_TRY(const std::string bytes, read_file(fs, path));
    return parse_project_text(bytes);
}

}  // namespace

std::string ProjectTexts::path_of(std::uint64_t fingerprint) const {
    return join_path(directory_, file_name(fingerprint));
}

Status ProjectTexts::save(std::uint64_t fingerprint, const ProjectText& text) {
    const std::string path = path_of(fingerprint);
    if (fs_.exists(path)) return {};
    MR_TRY_VOID(fs_.make_dirs(directory_));
    MR_TRY_VOID(fs_.sync_dir(parent_path(directory_)));
    return write_file_atomic(fs_, path, to_json(text));
}

pipeline::ProgramPtr ProjectTexts::find(const std::string& pipeline, std::uint64_t fingerprint) const {
    const std::string path = path_of(fingerprint);
    if (!fs_.exists(path)) return nullptr;
    const auto text = read(fs_, path);
    if (!text) {
        log_error("node", "{} cannot be read: {}", path, text.error().message);
        return nullptr;
    }
    native::Libraries libraries(functions_);
    sql::ProjectCompilation compiled = sql::compile_project(text->streams, text->pipelines, &libraries);
    for (plan::Program& program : compiled.programs) {
        if (program.name == pipeline && program.fingerprint == fingerprint)
            return std::make_shared<const plan::Program>(std::move(program));
    }
    log_warn("node",
             "{}: this build, or its library of functions, makes another program of it; {} is built anew",
             path, pipeline);
    return nullptr;
}

void ProjectTexts::keep_only(const std::set<std::uint64_t>& fingerprints) {
    if (!fs_.exists(directory_)) return;
    const auto names = fs_.list(directory_);
    if (!names) return;
    for (const std::string& name : *names) {
        const bool wanted = std::ranges::any_of(
            fingerprints, [&](std::uint64_t fingerprint) { return file_name(fingerprint) == name; });
        // What stays is in nobody's way.
        if (!wanted) static_cast<void>(fs_.remove(join_path(directory_, name)));
    }
}

}  // namespace mr::node
