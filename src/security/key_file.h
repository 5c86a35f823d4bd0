// The key set that checks OAUTHBEARER tokens, from a file that may change while the node runs. Thread: one
// (the loop); the sets are any.
#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "security/jwt.h"

namespace mr::security {

class KeyFile {
  public:
    /// A file that is missing or wrong now is an error.
    static Result<KeyFile> open(FileSystem& fs, std::string path);

    [[nodiscard]] std::shared_ptr<const KeySet> keys() const { return keys_; }
    /// Reads the file again: true when there are other keys now. A file that went wrong is an error, told
    /// once, and the keys stay as they were.
    Result<bool> refresh();

  private:
    KeyFile(FileSystem& fs, std::string path) : fs_(&fs), path_(std::move(path)) {}
    FileSystem* fs_;
    std::string path_;
    std::string seen_;
    std::shared_ptr<const KeySet> keys_;
};

}  // namespace mr::security
