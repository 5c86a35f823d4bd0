// Who may ask what: callers with and without tokens, near and far; every route has its role; the registry.
#include "serve/http/access.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/sim_file_system.h"
#include "serve/testing/serve_fixture.h"

namespace mr::serve {
namespace {

using net::HttpRequest;
using security::Role;

constexpr const char* kNear = "127.0.0.1:50000";
constexpr const char* kFar = "10.0.0.9:50000";

HttpRequest request(std::string method, std::string path, const std::string& peer,
                    const std::string& authorization = {}) {
    HttpRequest out{.method = std::move(method),
                    .path = std::move(path),
                    .query = {},
                    .headers = {},
                    .body = {},
                    .peer = peer};
    if (!authorization.empty()) out.headers.emplace_back("Authorization", authorization);
    return out;
}

class AccessTest : public testing::ServeFixture {
  protected:
    void SetUp() override {
        journal::Options options;
        options.directory = "/node/journal";
        options.checkpoint_directory = "/node/checkpoints";
        options.file_bytes = 4U << 20;
        auto opened = journal::Journal::open(disk_, clock_, metrics_, options, {&store_});
        ASSERT_TRUE(opened) << opened.error().message;
        journal_ = std::move(*opened);
        journal_->settle_once();
    }
    /// A token of that role.
    std::string give(const std::string& name, Role role) {
        std::string token = security::new_token();
        change({name, security::token_digest(token), role});
        return token;
    }
    void take(const std::string& name) { change({name, {}, {}}); }
    void change(security::TokenChange wanted) {
        Status result;
        auto proposal =
            store_.change_token(std::move(wanted), [&](Status status) { result = std::move(status); });
        EXPECT_TRUE(journal_->try_submit(journal::Lane::control, proposal));
        while (journal_->run_once() || journal_->sync_once()) {
        }
        EXPECT_TRUE(result);
    }
    /// What a request needing `role` is answered: 0 is served.
    int status(const Access& access, const HttpRequest& asked, Role role) {
        const auto refusal = access.refuse(asked, role);
        return refusal ? refusal->status : 0;
    }

    SimFileSystem disk_{1};
    security::Store store_;
    std::unique_ptr<journal::Journal> journal_;
};

TEST_F(AccessTest, WithoutTokens) {
    const Access access(store_);
    EXPECT_EQ(status(access, request("GET", "/", kNear), Role::admin), 0);
    EXPECT_EQ(status(access, request("GET", "/", "[::1]:9"), Role::admin), 0);
    EXPECT_EQ(status(access, request("GET", "/", kFar), Role::anybody), 0);
    EXPECT_EQ(status(access, request("GET", "/", kFar), Role::viewer), 403);
    EXPECT_EQ(status(access, request("GET", "/", kFar, "Bearer x"), Role::viewer), 403);
    // A tab that still has the token of another life is no worse off.
    EXPECT_EQ(status(access, request("GET", "/", kNear, "Bearer x"), Role::admin), 0);
    const Access insecure(store_, {.insecure = true});
    EXPECT_EQ(status(insecure, request("GET", "/", kFar), Role::engineer), 0);
    EXPECT_EQ(status(insecure, request("GET", "/", kFar), Role::admin), 403);
}

TEST_F(AccessTest, WithTokensEverybodyNeedsOne) {
    const std::string admin = give("ops", Role::admin);
    const std::string viewer = give("grafana", Role::viewer);
    for (const bool insecure : {false, true}) {
        const Access access(store_, {.insecure = insecure});
        EXPECT_EQ(status(access, request("GET", "/", kNear), Role::viewer), 401);
        EXPECT_EQ(status(access, request("GET", "/", kFar), Role::viewer), 401);
        EXPECT_EQ(status(access, request("GET", "/", kNear), Role::anybody), 0);
        EXPECT_EQ(status(access, request("GET", "/", kFar, "Bearer " + admin), Role::admin), 0);
        EXPECT_EQ(status(access, request("GET", "/", kFar, "bearer " + viewer), Role::viewer), 0);
        EXPECT_EQ(status(access, request("POST", "/", kFar, "Bearer " + viewer), Role::operator_), 403);
        EXPECT_EQ(status(access, request("GET", "/", kNear, "Bearer " + viewer + "x"), Role::viewer), 401);
        EXPECT_EQ(status(access, request("GET", "/", kNear, "Bearer "), Role::viewer), 401);
        EXPECT_EQ(status(access, request("GET", "/", kNear, "Basic " + base64_encode("me:" + viewer)),
                         Role::viewer),
                  0);
        EXPECT_EQ(status(access, request("GET", "/", kNear, "Basic " + base64_encode(viewer)), Role::viewer),
                  401);
        EXPECT_EQ(status(access, request("GET", "/", kNear, "Basic !!"), Role::viewer), 401);
        EXPECT_EQ(status(access, request("GET", "/", kNear, "Digest " + viewer), Role::viewer), 401);
    }
    const Access trusting(store_, {.trust_local = true});
    EXPECT_EQ(status(trusting, request("GET", "/", kNear), Role::admin), 0);
    EXPECT_EQ(status(trusting, request("GET", "/", kFar), Role::viewer), 401);
    EXPECT_EQ(trusting.caller(request("GET", "/", kFar, "Bearer " + viewer)).name, "grafana");
}

class FakeSocket final : public net::WebSocket {
  public:
    using net::WebSocket::send_text;
    void send_text(std::string_view /*head*/, const SharedBytes& /*tail*/) override {}
    void close(std::uint16_t code, std::string_view /*reason*/) override { closed = code; }
    [[nodiscard]] std::size_t buffered_bytes() const override { return 0; }
    void pause_reading() override {}
    void resume_reading() override {}
    [[nodiscard]] bool open() const override { return closed == 0; }
    [[nodiscard]] const std::string& peer_address() const override { return peer_; }

    std::uint16_t closed = 0;

  private:
    const std::string peer_ = kFar;
};

// Goal: no WebSocket opens without a token, and those of a token go with it.
TEST_F(AccessTest, WebSocket) {
    Access access(store_);
    int opened = 0;
    net::WebSocketRoute route{.path = "/live",
                              .subprotocols = {"millrace.v1"},
                              .open = [&](const HttpRequest&, std::shared_ptr<net::WebSocket>) {
                                  ++opened;
                                  return Result<std::unique_ptr<net::WebSocketHandler>>(nullptr);
                              }};
    const net::WebSocketRoute guarded = access.guard(route);
    const auto open = [&](const HttpRequest& asked) {
        EXPECT_FALSE(guarded.refuse(asked));
        auto socket = std::make_shared<FakeSocket>();
        EXPECT_TRUE(guarded.open(asked, socket));
        return socket;
    };
    const auto offering = [&](const std::string& token) {
        HttpRequest asked = request("GET", "/live", kFar);
        asked.headers.emplace_back("Sec-WebSocket-Protocol", "millrace.v1, bearer." + token);
        return asked;
    };
    EXPECT_EQ(guarded.refuse(request("GET", "/live", kFar))->status, 403);
    const auto local = open(request("GET", "/live", kNear));
    const std::string admin = give("ops", Role::admin);
    EXPECT_EQ(guarded.refuse(request("GET", "/live", kNear))->status, 401);
    EXPECT_EQ(guarded.refuse(offering(admin + "x"))->status, 401);
    const auto of_admin = open(offering(admin));
    const auto of_viewer = open(offering(give("wall", Role::viewer)));
    EXPECT_EQ(opened, 3);
    access.close_refused();
    EXPECT_EQ(local->closed, net::close_code::kPolicyViolation);
    EXPECT_TRUE(of_viewer->open());
    take("wall");
    access.close_refused();
    EXPECT_EQ(of_viewer->closed, net::close_code::kPolicyViolation);
    EXPECT_TRUE(of_admin->open());
}

TEST_F(AccessTest, Registry) {
    const std::string admin = give("ops", Role::admin);
    const std::string viewer = "Basic " + base64_encode("me:" + give("apps", Role::viewer));
    const std::string engineer = "Basic " + base64_encode("me:" + give("dev", Role::engineer));
    const Access access(store_);
    const auto asked = [&](const char* method, const char* path, const std::string& who) {
        const auto refusal = access.refuse_registry(request(method, path, kFar, who));
        return refusal ? refusal->status : 0;
    };
    EXPECT_EQ(asked("GET", "/subjects", ""), 401);
    EXPECT_EQ(asked("GET", "/subjects", viewer), 0);
    EXPECT_EQ(asked("POST", "/subjects/a-value", viewer), 0);
    EXPECT_EQ(asked("POST", "/compatibility/subjects/a-value/versions/latest", viewer), 0);
    for (const char* path : {"/subjects/a-value/versions", "/subjects/a-value/versions//",
                             "//subjects//a-value/versions/", "/%73ubjects/a-value"})
        EXPECT_EQ(asked("POST", path, viewer), 403) << path;
    EXPECT_EQ(asked("PUT", "/config", viewer), 403);
    EXPECT_EQ(asked("DELETE", "/subjects/a-value", viewer), 403);
    EXPECT_EQ(asked("POST", "/subjects/a-value/versions", engineer), 0);
    const auto challenge = access.refuse_registry(request("GET", "/subjects", kFar));
    EXPECT_EQ(net::find_header(challenge->headers, "WWW-Authenticate"), "Basic realm=\"millrace\"");
    EXPECT_TRUE(challenge->body.view().starts_with(R"({"error_code":40101)"));
}

// Goal: the gate stands before handlers, and a refusal is an answer like others.
TEST_F(AccessTest, Routes) {
    const std::string admin = give("ops", Role::admin);
    const Access access(store_);
    router_.set_gate(
        [&](const HttpRequest& asked, std::string_view route) { return access.refuse_route(asked, route); });
    listen();
    zones();
    const auto refused = ask("/api/v1/views");
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.header("WWW-Authenticate"), "Bearer realm=\"millrace\"");
    EXPECT_NE(refused.body.find(R"("code":"unauthenticated")"), std::string::npos);
    EXPECT_EQ(ask("/api/v1/views", {{"Authorization", "Bearer " + admin}}).status, 200);
    for (const std::string& route : router_.routes()) EXPECT_TRUE(role_of_route(route)) << route;
    EXPECT_FALSE(role_of_route("GET /api/v1/nothing"));
}

}  // namespace
}  // namespace mr::serve
