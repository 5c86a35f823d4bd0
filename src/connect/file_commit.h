// What a filesystem sink has committed: its position in the topic, and the names that the last commit's files
// get. Format: docs/formats/file-sink.md. Thread: any (a value).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connect/table_reader.h"

namespace mr::connect {

struct FileCommit {
    TopicPosition position;
    std::int64_t number = 0;  ///< of the commit, from 1; 0: none yet
    struct Rename {
        std::string from;  ///< below the table's path
        std::string to;
    };
    std::vector<Rename> files;

    [[nodiscard]] std::string to_text() const;
    /// corrupt for a text that is torn or changed, unsupported for a later version.
    static Result<FileCommit> parse(std::string_view text);
};

}  // namespace mr::connect
