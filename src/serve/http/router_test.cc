// Which handler answers; what is answered when none does; the machine's routes.
#include "serve/http/router.h"

#include <gtest/gtest.h>

#include "serve/http/status_routes.h"
#include "serve/testing/serve_fixture.h"

namespace mr::serve {
namespace {

class RouterTest : public testing::ServeFixture {
  protected:
    void SetUp() override {
        const auto say = [](std::string what) {
            return [what](RouteCall call, net::HttpResponder r) {
                std::string out = what;
                for (const auto& [name, value] : call.captures) out += " " + name + "=" + value;
                r.respond(net::HttpResponse::text(200, out));
            };
        };
        router_.add("GET", "/api/v1/things", say("all"));
        router_.add("GET", "/api/v1/things/{id}", say("one"));
        router_.add("GET", "/api/v1/things/special", say("special"));
        router_.add("POST", "/api/v1/things/{id}/ack", say("ack"));
        add_status_routes(router_, metrics_, {.version = "0.1.0", .revision = "abc", .parts = [this] {
                                                  return std::vector<PartStatus>{
                                                      {"journal", true, ""}, {"views", ready_, "restoring"}};
                                              }});
        listen();
    }
    bool ready_ = true;
};

TEST_F(RouterTest, MatchesSegments) {
    EXPECT_EQ(ask("/api/v1/things").body, "all");
    EXPECT_EQ(ask("/api/v1/things/a%2Fb%20c").body, "one id=a/b c");
    EXPECT_EQ(ask("/api/v1/things/special").body, "special");
    EXPECT_EQ(post("/api/v1/things/7/ack", "{}").body, "ack id=7");
    EXPECT_EQ(exchange("HEAD", "/api/v1/things", {}, "").status, 200);
}

TEST_F(RouterTest, SaysWhatIsWrong) {
    const auto unknown = ask("/api/v1/thngs");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(unknown.body, R"({"error":{"code":"not_found","message":"no such path: /api/v1/thngs",)"
                            R"("help":"did you mean `/api/v1/things`?","did_you_mean":"/api/v1/things"}})");
    const auto method = exchange("DELETE", "/api/v1/things", {}, "");
    EXPECT_EQ(method.status, 405);
    EXPECT_EQ(method.header("Allow"), "GET");
    EXPECT_EQ(ask("/api/v1/things/").status, 404) << "an empty segment names nothing";
    EXPECT_EQ(ask("/api/v1/things/%zz").status, 404);
    EXPECT_EQ(ask("/elsewhere").status, 404) << "no dashboard in this test";
}

TEST_F(RouterTest, MachineRoutes) {
    EXPECT_EQ(ask("/healthz").body, R"({"status":"alive"})");
    EXPECT_EQ(ask("/version").body, R"({"name":"millrace","version":"0.1.0","revision":"abc"})");
    EXPECT_EQ(ask("/readyz").status, 200);
    ready_ = false;
    const auto reply = ask("/readyz");
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.body,
              R"({"status":"not ready","parts":[{"name":"journal","ready":true,"detail":""},{"name":"views",)"
              R"("ready":false,"detail":"restoring"}]})");
    const auto metrics = ask("/metrics");
    EXPECT_NE(metrics.body.find("millrace_http_requests_total{listener=\"http\"}"), std::string::npos)
        << metrics.body;
    const auto api = ask("/api/v1/openapi.yaml");
    EXPECT_EQ(api.body.substr(0, 8), "openapi:");
    EXPECT_EQ(api.header("Content-Type"), "application/yaml");
}

}  // namespace
}  // namespace mr::serve
