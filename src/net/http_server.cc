#include "net/http_server.h"

#include <atomic>

#include "net/internal/http_responder.h"
#include "net/internal/http_session.h"
#include "net/tls.h"

namespace mr::net {

namespace {

constexpr std::int64_t kTickMs = 1'000;

HttpResponse dropped() {
    return HttpResponse::error(500, "internal", "the request was not answered", "see the server's log");
}

}  // namespace

HttpResponder::State::~State() {
    if (answered.exchange(true)) return;
    loop.post([waiting = std::move(exchange)] {
        if (waiting->session != nullptr) waiting->session->answer(dropped());
    });
}

void HttpResponder::respond(HttpResponse response) const {
    if (state_->answered.exchange(true)) return;
    if (HttpSession* session = state_->exchange->session) session->answer(response);
}

void HttpResponder::post(HttpResponse response) const {
    if (state_->answered.exchange(true)) return;
    state_->loop.post([exchange = state_->exchange, response = std::move(response)] {
        if (exchange->session != nullptr) exchange->session->answer(response);
    });
}

bool HttpResponder::wanted() const {
    return !state_->answered.load() && state_->exchange->session != nullptr;
}

EventLoop& HttpResponder::loop() const {
    return state_->loop;
}

class HttpServer::Impl {
  public:
    Impl(EventLoop& loop, Metrics& metrics, HttpServerOptions options, HttpHandler handler) {
        const std::string labels = fmt::format("listener=\"{}\"", options.tcp.name);
        shared = std::make_shared<HttpShared>(
            loop, std::move(options), std::move(handler),
            metrics.counter("millrace_http_requests_total", "HTTP requests received", labels),
            metrics.counter("millrace_http_refused_total", "HTTP requests refused before any handler",
                            labels),
            metrics.histogram("millrace_http_request_seconds", "Time from a request to its answer", labels));
    }

    void tick() {
        const std::int64_t now_ms = shared->loop.clock().monotonic_ns() / 1'000'000;
        const auto sessions = shared->sessions;  // a tick may end one
        for (HttpSession* session : sessions) {
            if (shared->sessions.contains(session)) session->tick(now_ms);
        }
        timer = shared->loop.after(kTickMs, [this] { tick(); });
    }

    std::shared_ptr<HttpShared> shared;
    std::unique_ptr<TcpServer> tcp;
    Timer timer;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::listen(EventLoop& loop, Metrics& metrics,
                                                       HttpServerOptions options, HttpHandler handler) {
    auto impl = std::make_unique<Impl>(loop, metrics, std::move(options), std::move(handler));
    SessionFactory factory = [shared = impl->shared](std::shared_ptr<Connection> connection) {
        return std::make_unique<HttpSession>(shared, std::move(connection));
    };
    const HttpServerOptions& own = impl->shared->options;
    if (own.tls) factory = tls_factory(loop, own.tls, std::move(factory), own.tcp.name);
    MR_TRY(impl->tcp, TcpServer::listen(loop, own.tcp, std::move(factory)));
    impl->tick();
    return std::make_unique<HttpServer>(std::move(impl));
}

const HostPort& HttpServer::bound() const {
    return impl_->tcp->bound();
}

std::size_t HttpServer::connections() const {
    return impl_->tcp->connections();
}

void HttpServer::drain(std::uint16_t code, std::string_view reason) {
    impl_->shared->draining = true;
    impl_->tcp->stop_accepting();
    const auto sessions = impl_->shared->sessions;
    for (HttpSession* session : sessions) {
        if (impl_->shared->sessions.contains(session)) session->drain(code, reason);
    }
}

}  // namespace mr::net
