// One Kafka connection: frames in, calls dispatched, answers out in order.
//
// Rules
//   1. One request at a time; only Produce may overtake the disk: up to Options::produce_in_flight_max of
//      them are on their way at once, submitted and answered in order.
//   2. While a request is being answered, or much is unsent, nothing more is read: the client feels it by
//      TCP's window.
//   3. A frame that is no Kafka request closes this connection with one log line, and nothing else.
//   4. Above a client quota the answer goes out at once, and the connection is not served for the time it
//   names.
//   5. Where the listener asks for SASL, nothing but that is served before it is done (authentication.h).
// Thread: loop.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/loop.h"
#include "net/tcp_server.h"
#include "serve/kafka/authentication.h"
#include "serve/kafka/call.h"
#include "serve/kafka/frame_reader.h"

namespace mr::serve::kafka {

class Service;

class Session final : public net::Session, private CallOwner {
  public:
    Session(Service& service, std::shared_ptr<const Listener> listener,
            std::shared_ptr<net::Connection> connection);
    ~Session() override;

    void on_bytes(std::string_view bytes) override;
    std::span<char> room() override { return closing_ ? std::span<char>() : frames_.room(); }
    void on_filled(std::size_t bytes) override;
    void on_writable() override;
    void on_close() override;

    /// Received and not yet processed.
    [[nodiscard]] std::size_t held_bytes() const { return frames_.held_bytes(); }
    /// Answered and not yet taken by the system: as last counted, and counted anew.
    [[nodiscard]] std::size_t counted_unsent() const { return counted_unsent_; }
    std::size_t recount_unsent() { return counted_unsent_ = closing_ ? 0 : connection_->buffered_bytes(); }
    /// Closes at once, with a log line.
    void shut(std::string_view why);
    /// Dispatches nothing more and closes when what was produced is answered; other waits are given up.
    void drain();
    /// Closes when nothing was asked and nothing is owed since `limit_ms` of the monotonic clock.
    void close_if_idle(std::int64_t limit_ms);
    /// Serves on after having been made to wait.
    void unmute();

  private:
    void answered(Call& call) override;
    void refused(Call& call, std::string_view why) override;
    std::int64_t charge(const Call& call) override;
    [[nodiscard]] Authentication* authentication() override { return authentication_.get(); }

    /// From now on requests come from that user.
    void set_user(std::string user);
    /// By the subject of the client's certificate, or nobody.
    [[nodiscard]] Status set_user_of_certificate();
    /// Does not serve a connection that came too early (connection_creation_rate), and closes it later.
    void refuse_if_too_early();
    void pump();
    [[nodiscard]] bool may_dispatch();
    void dispatch(const SharedBytes& frame);
    void dispatch_token(const SharedBytes& frame);
    void flush();
    void update_reading();
    void count_unsent();
    void mute(std::int64_t ms);

    Service& service_;
    std::shared_ptr<net::Connection> connection_;
    std::shared_ptr<const Listener> listener_;
    std::shared_ptr<const Origin> origin_;
    std::unique_ptr<Authentication> authentication_;  ///< nullptr: the listener has no SASL
    FrameReader frames_;
    std::deque<CallPtr> calls_;  ///< in the order of their requests
    std::int64_t last_active_ms_ = 0;
    std::size_t counted_bytes_ = 0;
    std::size_t counted_unsent_ = 0;
    std::int64_t muted_until_ms_ = 0;
    net::Timer mute_timer_;
    bool pumping_ = false;
    bool reading_ = true;
    bool draining_ = false;
    bool closing_ = false;
};

}  // namespace mr::serve::kafka
