// Cuts a stream of bytes into Kafka's frames (int32 length, then that many bytes).
//
// Promises: a length is believed only so far as bytes arrive (a frame that claims 32 MiB costs what was
// received of it); the limits are checked as soon as length and api key are there; after an error nothing
// more is accepted. Thread: loop.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace mr::serve::kafka {

class FrameReader {
  public:
    struct Limits {
        std::size_t produce_bytes_max;
        std::size_t request_bytes_max;
    };
    explicit FrameReader(Limits limits) : limits_(limits) {}
    /// For frames that begin after this.
    void set_limits(Limits limits) { limits_ = limits; }

    /// Adds received bytes. corrupt when they cannot be a Kafka request: the connection is to be closed.
    Status feed(std::string_view bytes);
    /// Where the rest of a large frame, or some of it, may be received at once; empty: nowhere. Valid until
    /// the next call; filled() says how much of it was used.
    std::span<char> room();
    void filled(std::size_t bytes);

    /// The oldest whole frame, without its length.
    [[nodiscard]] bool has_frame() const { return !frames_.empty(); }
    [[nodiscard]] const SharedBytes& front() const { return frames_.front(); }
    SharedBytes pop();

    /// Bytes held: whole frames not yet popped and the part of the next.
    [[nodiscard]] std::size_t held_bytes() const { return held_ + have_; }

  private:
    Status check_length();
    /// Bytes of the frame that is under way, up to where it is known.
    [[nodiscard]] std::string_view got() const { return std::string_view(partial_).substr(0, have_); }
    /// Makes `partial_` hold `bytes` more than there are.
    void make_room(std::size_t bytes);
    void take_if_whole();

    Limits limits_;
    std::deque<SharedBytes> frames_;
    std::size_t held_ = 0;
    std::string partial_;          ///< length included, until the frame is whole; may be longer than `have_`
    std::size_t have_ = 0;         ///< bytes of it received
    std::size_t frame_bytes_ = 0;  ///< without the length; 0 while not known
    bool checked_key_ = false;
};

}  // namespace mr::serve::kafka
