// Requests to the HTTP API of views and features ('v') and to the schema registry ('r'), behind the parser
// and the guard: "vPOST /api/v1/views:batch\n{…}". Invariants: no crash; every request is answered; what is
// answered is bounded.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/log.h"
#include "base/sim_file_system.h"
#include "net/internal/http_responder.h"
#include "net/internal/http_session.h"
#include "net/query_string.h"
#include "registry/registry.h"
#include "serve/http/feature_routes.h"
#include "serve/http/router.h"
#include "serve/http/view_routes.h"
#include "serve/registry/routes.h"
#include "views/testing/test_views.h"

namespace {

using namespace mr;

/// Views with a few rows and a registry with its journal; made anew before it grows large.
class Node {
  public:
    Node() {
        journal::Options options;
        options.directory = "/node/journal";
        options.checkpoint_directory = "/node/checkpoints";
        options.file_bytes = 4U << 20;
        auto opened = journal::Journal::open(disk_, clock_, metrics_, options, {&registry_});
        MR_CHECK(opened.has_value(), "{}", opened.error().message);
        journal_ = std::move(*opened);
        journal_->settle_once();
        MR_CHECK(views_.store().recovered(Seq(0)).has_value());
        routes_.add_to(router_);
        features_.add_to(router_);
        namespace t = views::testing;
        views_.create("p", {t::TestViews::view("zone_p95", t::zone_schema(), {0})});
        views_.step(
            {t::zone("C-07", "LYON-1", 398), t::zone("C-08", "LYON-1", 120), t::zone("P-01", "PARIS-2", 77)});
        run();
    }

    void ask(bool of_registry, net::HttpRequest request) {
        auto state =
            std::make_shared<net::HttpResponder::State>(loop_, std::make_shared<net::HttpExchange>());
        if (of_registry) {
            schemas_.handle(std::move(request), net::HttpResponder(state));
        } else {
            router_.handle(std::move(request), net::HttpResponder(state));
        }
        // min_version waits for a while.
        for (int i = 0; i < 3 && !state->answered; ++i) {
            run();
            clock_.advance_ms(200);
        }
        run();
        MR_CHECK(state->answered, "a request was not answered");
    }

  private:
    void run() {
        for (int quiet = 0; quiet < 2;) {
            const bool ran = journal_->run_once();
            const bool synced = journal_->sync_once();
            const bool looped = loop_.run_once(0);
            views_.run_posted();
            quiet = ran || synced || looped ? 0 : quiet + 1;
        }
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
    serve::RegistryRoutes schemas_{service_};
    views::testing::TestViews views_{clock_};
    serve::Router router_;
    serve::ViewRoutes routes_{loop_, views_.store(), {}};
    serve::FeatureRoutes features_{views_.store()};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    set_log_level(LogLevel::off);
    static std::unique_ptr<Node> node;
    static int asked = 0;
    if (node == nullptr || ++asked % 2'000 == 0) node = std::make_unique<Node>();
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (text.empty() || (text[0] != 'v' && text[0] != 'r')) return 0;
    const bool of_registry = text[0] == 'r';
    text.remove_prefix(1);
    const std::size_t line = std::min(text.find('\n'), text.size());
    const std::size_t space = text.substr(0, line).find(' ');
    if (space == std::string_view::npos) return 0;
    std::string_view target = text.substr(space + 1, line - space - 1);
    net::HttpRequest request{.method = std::string(text.substr(0, space)),
                             .path = {},
                             .query = {},
                             .headers = {},
                             .body = std::string(text.substr(std::min(line + 1, text.size()))),
                             .peer = "127.0.0.1:1"};
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos) {
        auto query = net::parse_query(target.substr(mark + 1));
        if (!query) return 0;
        request.query = std::move(*query);
    }
    request.headers.emplace_back("Content-Type", "application/json");
    node->ask(of_registry, std::move(request));
    return 0;
}
