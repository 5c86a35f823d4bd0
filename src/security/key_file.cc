#include "security/key_file.h"

#include <utility>

namespace mr::security {

Result<KeyFile> KeyFile::open(FileSystem& fs, std::string path) {
    KeyFile file(fs, std::move(path));
    MR_TRY_VOID(file.refresh());
    return file;
}

Result<bool> KeyFile::refresh() {
    auto text = read_file(*fs_, path_);
    if (!text) {
        // Half-way through being replaced, or gone for good: either way, once is enough.
        if (seen_ == text.error().message) return false;
        seen_ = text.error().message;
        return annotate(text.error(), path_);
    }
    if (*text == seen_) return false;
    seen_ = std::move(*text);
    auto keys = KeySet::parse(seen_);
    if (!keys) return annotate(keys.error(), path_);
    keys_ = std::make_shared<const KeySet>(std::move(*keys));
    return true;
}

}  // namespace mr::security
