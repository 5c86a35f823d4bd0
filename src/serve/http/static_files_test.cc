// The dashboard's files: caching, gzip, security headers, paths that lead nowhere.
#include "serve/http/static_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "net/gzip.h"
#include "serve/testing/serve_fixture.h"

namespace mr::serve {
namespace {

class StaticFilesTest : public testing::ServeFixture {
  protected:
    void SetUp() override {
        directory_ = std::filesystem::path(::testing::TempDir()) / "millrace_static";
        std::filesystem::remove_all(directory_);
        std::filesystem::create_directories(directory_ / "assets");
        write("index.html", "<!doctype html><title>page</title>");
        write("assets/app-1a2b3c.js", std::string(5'000, 'x'));
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }
    void write(const std::string& name, std::string_view text) {
        std::ofstream(directory_ / name, std::ios::binary) << text;
    }
    void serve() {
        auto files = StaticFiles::from_directory(directory_.string());
        ASSERT_TRUE(files) << files.error().message;
        files_ = std::move(*files);
        files_.add_to(router_);
        listen();
    }
    std::filesystem::path directory_;
    StaticFiles files_;
};

TEST_F(StaticFilesTest, ServesThePage) {
    serve();
    for (const char* path : {"/", "/index.html", "/d/floor?order=1"}) {
        const auto reply = ask(path);
        EXPECT_EQ(reply.status, 200) << path;
        EXPECT_EQ(reply.body, "<!doctype html><title>page</title>");
        EXPECT_EQ(reply.header("Cache-Control"), "no-cache");
        EXPECT_EQ(reply.header("Content-Type"), "text/html; charset=utf-8");
        EXPECT_EQ(reply.header("Content-Security-Policy").find("unsafe"), std::string::npos);
        EXPECT_EQ(ask(path, {{"If-None-Match", reply.header("ETag")}}).status, 304);
    }
    const auto asset = ask("/assets/app-1a2b3c.js", {{"Accept-Encoding", "br, gzip"}});
    EXPECT_EQ(asset.header("Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(asset.header("Content-Encoding"), "gzip");
    EXPECT_EQ(net::gzip_decompress(asset.body, 10'000), std::string(5'000, 'x'));
    EXPECT_EQ(ask("/assets/app-1a2b3c.js").body.size(), 5'000U);
}

TEST_F(StaticFilesTest, NothingElse) {
    serve();
    for (const char* path :
         {"/missing.js", "/../static_files_test.cc", "/%2e%2e/%2e%2e/etc/passwd.txt", "/assets/%00.js"}) {
        EXPECT_EQ(ask(path).status, 404) << path;
    }
    EXPECT_EQ(ask("/api/v1/nothing").status, 404);
    EXPECT_EQ(exchange("DELETE", "/index.html", {}, "").status, 404);
    EXPECT_FALSE(StaticFiles::from_directory((directory_ / "assets").string())) << "no index.html";
    EXPECT_FALSE(StaticFiles::from_directory((directory_ / "none").string()));
}

TEST_F(StaticFilesTest, WithoutADashboardItSaysSo) {
    StaticFiles built;
    if (built.has_dashboard()) GTEST_SKIP() << "this build carries the dashboard";
    built.add_to(router_);
    listen();
    EXPECT_NE(ask("/").body.find("built without the dashboard"), std::string::npos);
}

}  // namespace
}  // namespace mr::serve
