#include "serve/http/embedded.h"

#include <algorithm>

namespace mr::serve {

const EmbeddedFile* find_embedded(std::string_view path) {
    const auto files = embedded_files();
    const auto at = std::ranges::find(files, path, &EmbeddedFile::path);
    return at == files.end() ? nullptr : &*at;
}

}  // namespace mr::serve
