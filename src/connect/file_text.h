// The bytes of a text file one piece after the other, with what compressed it undone: by the name's end .gz
// and .gzip (RFC 1952, any number of members), .deflate (zlib, RFC 1950), as Flink reads them, .zst and
// .zstd. A file that breaks off or is none of its kind is an error that names it. Memory is bounded whatever
// the file claims (zstd: windows of at most 128 MiB). Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace mr::connect {

class FileText {
  public:
    virtual ~FileText() = default;
    /// Appends the next bytes, about a mebibyte at most; none at the end.
    virtual Status next(std::string& out) = 0;

    /// `from`: how many bytes of the text to leave out. unsupported: .bz2 and .xz.
    static Result<std::unique_ptr<FileText>> open(FileSystem& fs, const std::string& path, std::int64_t from);
};

}  // namespace mr::connect
