#include "net/internal/http_session.h"

#include <algorithm>

#include "base/log.h"
#include "net/internal/http_responder.h"

namespace mr::net {
namespace {

/// Is `token` among the comma-separated values of a header?
bool has_token(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view item = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        while (item.starts_with(' ') || item.starts_with('\t')) item.remove_prefix(1);
        while (item.ends_with(' ') || item.ends_with('\t')) item.remove_suffix(1);
        if (equal_ignoring_case(item, token)) return true;
    }
    return false;
}

bool header_has(const HttpRequest& request, std::string_view name, std::string_view token) {
    return std::ranges::any_of(request.headers, [&](const auto& header) {
        return equal_ignoring_case(header.first, name) && has_token(header.second, token);
    });
}

}  // namespace

HttpSession::HttpSession(std::shared_ptr<HttpShared> shared, std::shared_ptr<Connection> connection)
    : shared_(std::move(shared)), connection_(std::move(connection)), parser_(shared_->options.limits) {
    last_heard_ms_ = idle_since_ms_ = now_ms();
    shared_->sessions.insert(this);
}

HttpSession::~HttpSession() {
    shared_->sessions.erase(this);
}

void HttpSession::on_bytes(std::string_view bytes) {
    last_heard_ms_ = now_ms();
    if (websocket_) {
        websocket_->on_bytes(bytes);
        return;
    }
    if (!exchange_ && !parser_.in_request()) idle_since_ms_ = last_heard_ms_;
    parser_.feed(bytes);
    serve_next();
}

void HttpSession::on_writable() {
    if (websocket_) {
        websocket_->on_writable();
    } else {
        serve_next();
    }
}

void HttpSession::on_close() {
    if (exchange_) exchange_->session = nullptr;
    exchange_.reset();
    if (websocket_) websocket_->on_connection_closed();
    // The handler may keep the WebSocket, which keeps the connection: nothing else does any more.
    websocket_.reset();
}

void HttpSession::serve_next() {
    if (serving_) return;
    serving_ = true;
    while (!exchange_ && !websocket_ && connection_->open()) {
        // A client that pipelines requests and does not read the answers is not served ahead.
        if (connection_->buffered_bytes() > shared_->options.tcp.low_water_bytes) break;
        auto parsed = parser_.next();
        if (!parsed) {
            if (parser_.take_continue()) connection_->send(std::string("HTTP/1.1 100 Continue\r\n\r\n"));
            if (const auto& error = parser_.failed()) {
                refuse(HttpResponse::error(error->status, "invalid_argument", error->message));
            }
            break;
        }
        parser_.take_continue();
        dispatch(std::move(*parsed));
    }
    serving_ = false;
    // One request at a time: the next one waits in the kernel.
    const bool full = exchange_ || connection_->buffered_bytes() > shared_->options.tcp.low_water_bytes;
    if (full && !websocket_) {
        connection_->pause_reading();
    } else {
        connection_->resume_reading();
    }
}

void HttpSession::dispatch(ParsedRequest parsed) {
    HttpRequest& request = parsed.request;
    request.peer = connection_->peer_address();
    keep_alive_ = parsed.keep_alive && !shared_->draining;
    head_only_ = request.method == "HEAD";
    request_start_ns_ = shared_->loop.clock().monotonic_ns();
    shared_->requests.add();
    cors_.clear();
    if (const auto refusal = check_request(shared_->options.guard, request)) {
        shared_->refused.add();
        send(*refusal, keep_alive_, head_only_);
        return;
    }
    cors_ = cors_headers(shared_->options.guard, request);
    if (const auto preflight = answer_preflight(request)) return send(*preflight, keep_alive_, head_only_);
    if (try_upgrade(request)) return;
    exchange_ = std::make_shared<HttpExchange>(this);
    auto state = std::make_shared<HttpResponder::State>(shared_->loop, exchange_);
    shared_->handler(std::move(request), HttpResponder(std::move(state)));
}

void HttpSession::answer(const HttpResponse& response) {
    if (!exchange_) return;
    exchange_->session = nullptr;
    exchange_.reset();
    idle_since_ms_ = now_ms();
    shared_->seconds.record_ns(shared_->loop.clock().monotonic_ns() - request_start_ns_);
    send(response, keep_alive_ && !shared_->draining, head_only_);
    serve_next();
}

void HttpSession::send(const HttpResponse& response, bool keep_alive, bool head_only) {
    std::string head =
        fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, http_reason(response.status),
                    http_date(shared_->loop.clock().now().value));
    for (const auto& [name, value] : response.headers) {
        fmt::format_to(std::back_inserter(head), "{}: {}\r\n", name, value);
    }
    const bool bodyless = response.status == 304 || response.status == 204;
    if (!bodyless) fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n", response.body.size());
    head.append(cors_).append("X-Content-Type-Options: nosniff\r\n");
    head.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
    connection_->send(SharedBytes(std::move(head)));
    if (!bodyless && !head_only) connection_->send(response.body);
    if (!keep_alive) connection_->close();
}

void HttpSession::refuse(const HttpResponse& response) {
    shared_->refused.add();
    log_debug(shared_->options.tcp.name, "request of {} refused: {}", connection_->peer_address(),
              response.status);
    send(response, false, false);
}

bool HttpSession::try_upgrade(const HttpRequest& request) {
    const auto& routes = shared_->options.websockets;
    const auto route = std::ranges::find_if(
        routes, [&](const WebSocketRoute& candidate) { return candidate.path == request.path; });
    if (route == routes.end()) return false;
    const bool asked =
        header_has(request, "connection", "upgrade") && header_has(request, "upgrade", "websocket");
    const auto refuse_upgrade = [&](int status, std::string_view message) {
        shared_->refused.add();
        auto refusal = HttpResponse::error(status, "invalid_argument", message, "docs/formats/live.md")
                           .with("Sec-WebSocket-Version", "13");
        send(refusal, keep_alive_, head_only_);
        return true;
    };
    if (!asked || request.method != "GET") {
        return refuse_upgrade(426, fmt::format("{} speaks WebSocket only", route->path));
    }
    if (request.header("sec-websocket-version") != "13") {
        return refuse_upgrade(426, "only WebSocket version 13 is spoken here");
    }
    constexpr std::size_t kKeyLength = 24;  // 16 bytes in base64
    if (request.header("sec-websocket-key").value_or("").size() != kKeyLength) {
        return refuse_upgrade(400, "bad Sec-WebSocket-Key");
    }
    upgrade(request, *route);
    return true;
}

void HttpSession::upgrade(const HttpRequest& request, const WebSocketRoute& route) {
    if (route.refuse) {
        if (auto refusal = route.refuse(request)) {
            send(std::move(*refusal), keep_alive_, head_only_);
            return;
        }
    }
    const auto chosen = std::ranges::find_if(route.subprotocols, [&](const std::string& name) {
        return header_has(request, "sec-websocket-protocol", name);
    });
    if (chosen == route.subprotocols.end() && !route.subprotocols.empty()) {
        shared_->refused.add();
        send(HttpResponse::error(400, "invalid_argument", "no common WebSocket subprotocol",
                                 fmt::format("offer {}", fmt::join(route.subprotocols, ", "))),
             keep_alive_, head_only_);
        return;
    }
    auto socket = std::make_shared<WebSocketSession>(shared_->loop, connection_, route.message_bytes_max);
    auto handler = route.open(request, socket);
    if (!handler) {
        send(HttpResponse::error(handler.error()), keep_alive_, head_only_);
        return;
    }
    std::string head = fmt::format(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: {}\r\n",
        websocket_accept(*request.header("sec-websocket-key")));
    if (chosen != route.subprotocols.end()) {
        fmt::format_to(std::back_inserter(head), "Sec-WebSocket-Protocol: {}\r\n", *chosen);
    }
    head.append("\r\n");
    connection_->send(SharedBytes(std::move(head)));
    last_ping_ms_ = now_ms();
    websocket_ = std::move(socket);
    websocket_->start(std::move(*handler));
    if (const std::string rest = parser_.take_rest(); !rest.empty()) websocket_->on_bytes(rest);
}

void HttpSession::tick(std::int64_t now_ms) {
    const HttpServerOptions& options = shared_->options;
    if (websocket_) {
        const std::int64_t silent = now_ms - last_heard_ms_;
        if (silent >= options.websocket_silence_ms) {
            connection_->abort();
        } else if (silent >= options.ping_interval_ms && now_ms - last_ping_ms_ >= options.ping_interval_ms) {
            last_ping_ms_ = now_ms;
            websocket_->ping();
        }
    } else if (exchange_) {
        return;  // the handler's to answer
    } else if (parser_.in_request()) {
        if (now_ms - idle_since_ms_ >= options.request_timeout_ms) {
            refuse(HttpResponse::error(408, "invalid_argument", "the request took too long to arrive"));
        }
    } else if (now_ms - idle_since_ms_ >= options.keep_alive_ms) {
        connection_->close();
    }
}

void HttpSession::drain(std::uint16_t code, std::string_view reason) {
    if (websocket_) {
        websocket_->close(code, reason);
    } else if (!exchange_) {
        connection_->close();
    }
}

}  // namespace mr::net
