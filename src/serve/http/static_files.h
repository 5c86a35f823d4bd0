// The dashboard: the files that were embedded at build time, or a directory (for work on the page).
//
//   index.html   no-cache, with an ETag     hashed files below assets/   immutable for a year
//   gzip where the browser takes it, packed once · a path without a dot that is no file gets index.html (the
//   page routes itself) · a strict Content-Security-Policy: nothing inline, nothing from elsewhere
// Without a built dashboard "/" is a small page that says so. Thread: loop.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "serve/http/router.h"

namespace mr::serve {

class StaticFiles {
  public:
    /// What was embedded below web/.
    StaticFiles();
    /// The files of a directory, read now.
    static Result<StaticFiles> from_directory(const std::string& directory);

    /// As the router's fallback. REQUIRES: this outlives the router.
    void add_to(Router& router);
    [[nodiscard]] bool has_dashboard() const { return files_.contains("index.html"); }

  private:
    struct File {
        SharedBytes bytes;
        SharedBytes packed;  ///< gzip, made when first asked for; empty when it would not be smaller
        bool tried = false;
        std::string etag;
        std::string_view type;
    };
    void put(const std::string& path, std::string bytes);
    net::HttpResponse answer(const net::HttpRequest& request);
    std::map<std::string, File, std::less<>> files_;
};

}  // namespace mr::serve
