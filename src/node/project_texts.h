// The SQL of projects whose pipelines were deployed while the node ran: a start must be able to compile a
// version whose text is no longer in the project's folder. One file a program. Format:
// docs/formats/project-texts.md. Thread: any, one at a time.
#pragma once

#include <set>
#include <string>

#include "base/file_system.h"
#include "node/change_routes.h"
#include "pipeline/versions.h"

namespace mr::node {

class ProjectTexts {
  public:
    /// `functions`: where the libraries are that the texts name (native/libraries.h).
    ProjectTexts(FileSystem& fs, std::string directory, std::string functions)
        : fs_(fs), directory_(std::move(directory)), functions_(std::move(functions)) {}

    /// Durable when it returns. Writes nothing where there is such a file.
    Status save(std::uint64_t fingerprint, const ProjectText& text);
    /// The pipeline's program of that fingerprint, compiled anew; nullptr where its text is not here or
    /// another build, or another library of functions, makes another program of it.
    [[nodiscard]] pipeline::ProgramPtr find(const std::string& pipeline, std::uint64_t fingerprint) const;
    /// Removes the files of other programs.
    void keep_only(const std::set<std::uint64_t>& fingerprints);

  private:
    [[nodiscard]] std::string path_of(std::uint64_t fingerprint) const;

    FileSystem& fs_;
    const std::string directory_;
    const std::string functions_;
};

}  // namespace mr::node
