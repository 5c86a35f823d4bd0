// A node's serving side in a test: views without a journal, an HTTP server on a free port, a virtual clock,
// one thread. Header only; not part of the product.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "net/http_server.h"
#include "net/testing/test_client.h"
#include "net/testing/test_websocket.h"
#include "serve/http/feature_routes.h"
#include "serve/http/router.h"
#include "serve/http/view_routes.h"
#include "serve/live/live_service.h"
#include "views/testing/test_views.h"

namespace mr::serve::testing {

struct Reply {
    int status = 0;
    net::HttpHeaders headers;
    std::string body;
    [[nodiscard]] std::string header(std::string_view name) const {
        return std::string(net::find_header(headers, name).value_or(""));
    }
};

class ServeFixture : public ::testing::Test {
  protected:
    ServeFixture() : views_(clock_, store_options()) { EXPECT_TRUE(views_.store().recovered(Seq(0))); }

    void listen(ViewRoutesOptions options = {}, LiveOptions live = {}) {
        view_routes_ = std::make_unique<ViewRoutes>(loop_, views_.store(), std::move(options));
        view_routes_->add_to(router_);
        features_.add_to(router_);
        live_ = std::make_unique<LiveService>(loop_, views_.store(), metrics_, live);
        net::HttpServerOptions http;
        http.websockets.push_back(live_->route());
        auto server = net::HttpServer::listen(loop_, metrics_, http,
                                              [this](net::HttpRequest request, net::HttpResponder r) {
                                                  router_.handle(std::move(request), std::move(r));
                                              });
        ASSERT_TRUE(server) << server.error().message;
        server_ = std::move(*server);
    }
    /// The golden view, at version 1, with three rows at version 2.
    void zones() {
        views_.create("p", {views::testing::TestViews::view("zone_p95", views::testing::zone_schema(), {0})});
        views_.step({views::testing::zone("C-07", "LYON-1", 398), views::testing::zone("C-08", "LYON-1", 120),
                     views::testing::zone("P-01", "PARIS-2", 77)});
        settle();
    }
    /// Runs what the views posted to the loop.
    void settle() {
        views_.settle();
        for (int i = 0; i < 20; ++i) loop_.run_once(0);
    }
    Reply ask(std::string_view target, const net::HttpHeaders& headers = {}) {
        return exchange("GET", target, headers, {});
    }
    Reply post(std::string_view target, std::string_view body) {
        return exchange("POST", target, {{"Content-Type", "application/json"}}, body);
    }
    Reply exchange(std::string_view method, std::string_view target, const net::HttpHeaders& headers,
                   std::string_view body) {
        net::testing::TestClient client(loop_, server_->bound());
        std::string request =
            fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n",
                        method, target, body.size());
        for (const auto& [name, value] : headers) request += fmt::format("{}: {}\r\n", name, value);
        EXPECT_TRUE(client.send(request + "\r\n" + std::string(body)));
        EXPECT_TRUE(client.wait_end());
        return read_reply(client.received());
    }
    static Reply read_reply(std::string_view text) {
        Reply out;
        if (text.size() < 12) return out;
        out.status = std::stoi(std::string(text.substr(9, 3)));
        const std::size_t end = text.find("\r\n\r\n");
        std::string_view head = text.substr(0, end);
        out.body = text.substr(end + 4);
        while (!head.empty()) {
            const std::size_t line_end = std::min(head.find("\r\n"), head.size());
            const std::string_view line = head.substr(0, line_end);
            head.remove_prefix(std::min(line_end + 2, head.size()));
            const std::size_t colon = line.find(": ");
            if (colon != std::string_view::npos)
                out.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        }
        return out;
    }

    static constexpr std::int64_t kStart = 1795380269101;
    VirtualClock clock_{TimestampMs(kStart)};
    net::EventLoop loop_{clock_};
    Metrics metrics_;
    views::testing::TestViews views_;
    Router router_;
    FeatureRoutes features_{views_.store()};
    std::unique_ptr<ViewRoutes> view_routes_;
    std::unique_ptr<LiveService> live_;
    std::unique_ptr<net::HttpServer> server_;

  private:
    views::ViewStoreOptions store_options() {
        views::ViewStoreOptions options;
        options.post = [this](std::move_only_function<void()> work) { loop_.post(std::move(work)); };
        return options;
    }
};

}  // namespace mr::serve::testing
