#include "serve/http/static_files.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/crc32c.h"
#include "net/gzip.h"
#include "net/query_string.h"
#include "serve/http/embedded.h"

namespace mr::serve {

using net::HttpRequest;
using net::HttpResponder;
using net::HttpResponse;

namespace {

constexpr std::string_view kPrefix = "web/";

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view kNoDashboard =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>millrace</title></head><body>\n"
    "<h1>millrace is running</h1>\n"
    "<p>This binary was built without the dashboard: run <code>make web</code> and build again.</p>\n"
    "<ul><li><a href=\"/api/v1/views\">views</a></li><li><a href=\"/api/v1/openapi.yaml\">API</a></li>\n"
    "<li><a href=\"/metrics\">metrics</a></li><li><a href=\"/readyz\">readiness</a></li></ul>\n"
    "</body></html>\n";

std::string_view media_type(std::string_view path) {
    static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".map", "application/json"}};
    for (const auto& [ending, type] : kTypes) {
        if (path.ends_with(ending)) return type;
    }
    return "application/octet-stream";
}

bool takes_gzip(const HttpRequest& request) {
    const auto accepted = request.header("accept-encoding").value_or("");
    return accepted.find("gzip") != std::string_view::npos &&
           accepted.find("gzip;q=0,") == std::string_view::npos;
}

}  // namespace

StaticFiles::StaticFiles() {
    for (const EmbeddedFile& file : embedded_files()) {
        if (file.path.starts_with(kPrefix)) {
            put(std::string(file.path.substr(kPrefix.size())), std::string(file.bytes));
        }
    }
}

Result<StaticFiles> StaticFiles::from_directory(const std::string& directory) {
    namespace fs = std::filesystem;
    StaticFiles out;
    out.files_.clear();
    std::error_code error;
    for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        if (!at->is_regular_file(error)) continue;
        std::ifstream in(at->path(), std::ios::binary);
        std::ostringstream bytes;
        bytes << in.rdbuf();
        out.put(fs::relative(at->path(), directory, error).generic_string(), std::move(bytes).str());
    }
    if (error) return fail(Code::io_error, "cannot read the dashboard in {}: {}", directory, error.message());
    if (!out.has_dashboard()) return fail(Code::not_found, "no index.html in {}", directory);
    return out;
}

void StaticFiles::put(const std::string& path, std::string bytes) {
    File file;
    file.etag = fmt::format("\"{:08x}-{}\"", crc32c(bytes), bytes.size());
    file.bytes = SharedBytes(std::move(bytes));
    file.type = media_type(path);
    files_[path] = std::move(file);
}

void StaticFiles::add_to(Router& router) {
    router.set_fallback([this](RouteCall call, HttpResponder r) { r.respond(answer(call.request)); });
}

HttpResponse StaticFiles::answer(const HttpRequest& request) {
    const auto decoded = net::percent_decode(request.path);
    std::string_view path = decoded ? std::string_view(*decoded) : std::string_view(".");
    if (path.starts_with('/')) path.remove_prefix(1);
    // Only names that are in the table are ever opened, so ".." leads nowhere.
    auto at = files_.find(path);
    const bool page = path.find('.') == std::string_view::npos;
    if (at == files_.end() && page) at = files_.find("index.html");
    HttpResponse response;
    auto& headers = response.headers;
    headers.emplace_back("Content-Security-Policy", kPolicy);
    headers.emplace_back("Referrer-Policy", "no-referrer");
    headers.emplace_back("X-Frame-Options", "DENY");
    if (at == files_.end()) {
        if (!page) {
            return HttpResponse::error(404, "not_found", fmt::format("no such file: {}", request.path));
        }
        headers.emplace_back("Content-Type", "text/html; charset=utf-8");
        headers.emplace_back("Cache-Control", "no-cache");
        response.body = SharedBytes(std::string(kNoDashboard));
        return response;
    }
    File& file = at->second;
    headers.emplace_back("Content-Type", file.type);
    headers.emplace_back("ETag", file.etag);
    headers.emplace_back("Vary", "Accept-Encoding");
    headers.emplace_back("Cache-Control", at->first.starts_with("assets/")
                                              ? "public, max-age=31536000, immutable"
                                              : "no-cache");
    if (request.header("if-none-match") == file.etag) {
        response.status = 304;
        return response;
    }
    if (!takes_gzip(request)) {
        response.body = file.bytes;
        return response;
    }
    if (!std::exchange(file.tried, true)) {
        std::string packed = net::gzip_compress(file.bytes.view());
        if (packed.size() < file.bytes.size()) file.packed = SharedBytes(std::move(packed));
    }
    if (!file.packed.empty()) headers.emplace_back("Content-Encoding", "gzip");
    response.body = file.packed.empty() ? file.bytes : file.packed;
    return response;
}

}  // namespace mr::serve
