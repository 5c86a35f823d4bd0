// Files that are part of the binary: the API's description and, when it was built, the dashboard
// (web/dist/…). Put in by cmake/embed.cmake. Thread: any (constant).
#pragma once

#include <span>
#include <string_view>

namespace mr::serve {

struct EmbeddedFile {
    std::string_view path;  ///< "openapi.yaml", "web/index.html", "web/assets/…"
    std::string_view bytes;
};

/// All of them, sorted by path.
std::span<const EmbeddedFile> embedded_files();
const EmbeddedFile* find_embedded(std::string_view path);

}  // namespace mr::serve
