// The registry's REST API through a real HTTP connection: paths, statuses, bodies, content type.
#include "serve/registry/routes.h"

#include <gtest/gtest.h>

#include "base/sim_file_system.h"
#include "net/testing/test_client.h"
#include "registry/registry.h"

namespace mr::serve {
namespace {

class RegistryRoutesTest : public ::testing::Test {
  protected:
    void SetUp() override {
        journal::Options options;
        options.directory = "/node/journal";
        options.checkpoint_directory = "/node/checkpoints";
        options.file_bytes = 4U << 20;
        auto opened = journal::Journal::open(disk_, clock_, metrics_, options, {&registry_});
        ASSERT_TRUE(opened) << opened.error().message;
        journal_ = std::move(*opened);
        journal_->settle_once();
        auto server = net::HttpServer::listen(loop_, metrics_, RegistryRoutes::server_options(),
                                              [this](net::HttpRequest request, const net::HttpResponder& r) {
                                                  routes_.handle(std::move(request), r);
                                              });
        ASSERT_TRUE(server) << server.error().message;
        server_ = std::move(*server);
    }

    /// All of the body that Content-Length announces is there.
    static bool whole(const std::string& text) {
        const std::size_t head = text.find("\r\n\r\n");
        const std::size_t length = text.find("Content-Length: ");
        return head != std::string::npos && length < head &&
               text.size() - head - 4 >= std::stoul(text.substr(length + 16));
    }

    /// "200 {…}"
    std::string call(const std::string& method, const std::string& path, const std::string& body = {}) {
        net::testing::TestClient client(loop_, server_->bound());
        std::string request = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        if (!body.empty()) {
            request +=
                fmt::format("Content-Type: application/vnd.schemaregistry.v1+json\r\nContent-Length: {}\r\n",
                            body.size());
        }
        EXPECT_TRUE(client.send(request + "\r\n" + body));
        const bool answered = net::testing::run_until(loop_, [&] {
            while (journal_->run_once() || journal_->sync_once()) {
            }
            client.poll();
            return whole(client.received());
        });
        EXPECT_TRUE(answered) << client.received();
        const std::string& text = client.received();
        EXPECT_NE(text.find("Content-Type: application/vnd.schemaregistry.v1+json\r\n"), std::string::npos)
            << text;
        return text.substr(9, 4) + text.substr(text.find("\r\n\r\n") + 4);
    }

    SimFileSystem disk_{1};
    VirtualClock clock_{TimestampMs(1'000)};
    Metrics metrics_;
    net::EventLoop loop_{clock_};
    registry::Registry registry_;
    std::unique_ptr<journal::Journal> journal_;
    registry::RegistryService service_{registry_, [this](std::unique_ptr<journal::Proposal> proposal) {
                                           return journal_->try_submit(journal::Lane::control, proposal);
                                       }};
    RegistryRoutes routes_{service_};
    std::unique_ptr<net::HttpServer> server_;
};

TEST_F(RegistryRoutesTest, TheUsualConversation) {
    const std::string schema = R"({"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}"})";
    EXPECT_EQ(call("GET", "/subjects"), "200 []");
    EXPECT_EQ(call("POST", "/subjects/a%2Fb-value/versions", schema), R"(200 {"id":1})");
    EXPECT_EQ(call("GET", "/subjects"), R"(200 ["a/b-value"])");
    EXPECT_EQ(call("GET", "/subjects/a%2Fb-value/versions"), "200 [1]");
    EXPECT_EQ(call("POST", "/subjects/a%2Fb-value", schema).substr(0, 41),
              R"(200 {"subject":"a/b-value","version":1,"i)");
    EXPECT_EQ(call("GET", "/schemas/ids/1"),
              R"(200 {"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}"})");
    EXPECT_EQ(call("GET", "/schemas/ids/1/schema"), R"(200 {"type":"record","name":"R","fields":[]})");
    EXPECT_EQ(call("GET", "/schemas/types"), R"(200 ["AVRO","JSON","PROTOBUF"])");
    EXPECT_EQ(call("PUT", "/config/a%2Fb-value", R"({"compatibility":"full"})"),
              R"(200 {"compatibility":"FULL"})");
    EXPECT_EQ(call("GET", "/config"), R"(200 {"compatibilityLevel":"BACKWARD"})");
    EXPECT_EQ(call("POST", "/compatibility/subjects/a%2Fb-value/versions/latest", schema),
              R"(200 {"is_compatible":true})");
    EXPECT_EQ(call("DELETE", "/subjects/a%2Fb-value/versions/latest"), "200 1");
    EXPECT_EQ(call("DELETE", "/subjects/a%2Fb-value?permanent=true"), "200 [1]");
}

TEST_F(RegistryRoutesTest, ErrorsCarryConfluentsCodes) {
    EXPECT_EQ(call("GET", "/subjects/none/versions"),
              R"(404 {"error_code":40401,"message":"Subject 'none' not found."})");
    EXPECT_EQ(call("GET", "/schemas/ids/7"), R"(404 {"error_code":40403,"message":"Schema 7 not found"})");
    EXPECT_EQ(call("POST", "/subjects/s/versions", R"({"schema":"{"})").substr(0, 24),
              R"(422 {"error_code":42201,)");
    EXPECT_EQ(call("POST", "/subjects/s/versions", "7").substr(0, 22), R"(400 {"error_code":400,)");
    EXPECT_EQ(call("POST", "/subjects/s/versions", R"({"schemaType":"THRIFT","schema":"x"})").substr(0, 24),
              R"(422 {"error_code":42201,)");
    EXPECT_EQ(call("PUT", "/config", R"({"compatibility":"SOME"})").substr(0, 24),
              R"(422 {"error_code":42203,)");
    EXPECT_EQ(call("PUT", "/mode", R"({"mode":"SOME"})").substr(0, 24), R"(422 {"error_code":42204,)");
    EXPECT_EQ(call("GET", "/nowhere"), R"(404 {"error_code":404,"message":"HTTP 404 Not Found"})");
}

}  // namespace
}  // namespace mr::serve
