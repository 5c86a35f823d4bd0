#include "serve/kafka/frame_reader.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/overwrite.h"
#include "wire/api.h"

namespace mr::serve::kafka {
namespace {

constexpr std::size_t kLengthBytes = 4;
/// Key, version and correlation id: no request is shorter.
constexpr std::size_t kFrameBytesMin = 8;
/// With this much of a frame its api key is known.
constexpr std::size_t kKeyKnownBytes = kLengthBytes + 2;
/// Room made at once for a frame that claims to be large; beyond it the string grows with what arrives.
constexpr std::size_t kReserveMax = 1U << 20;
/// With this much of a frame missing it is worth being received where it belongs.
constexpr std::size_t kRoomMin = 32U << 10;

}  // namespace

Status FrameReader::check_length() {
    if (frame_bytes_ == 0 && have_ >= kLengthBytes) {
        const auto length = mr::internal::load<std::int32_t>(partial_.data(), Endian::big);
        const std::size_t largest = std::max(limits_.produce_bytes_max, limits_.request_bytes_max);
        if (length < static_cast<std::int32_t>(kFrameBytesMin) ||
            static_cast<std::size_t>(length) > largest) {
            return fail(Code::corrupt, "a request of {} bytes (at most {} are accepted) that begins with {}",
                        length, largest, hex(got(), 16));
        }
        frame_bytes_ = static_cast<std::size_t>(length);
    }
    if (!checked_key_ && have_ >= kKeyKnownBytes) {
        checked_key_ = true;
        const auto key = mr::internal::load<std::int16_t>(partial_.data() + kLengthBytes, Endian::big);
        const bool produce = key == static_cast<std::int16_t>(wire::ApiKey::produce);
        const std::size_t limit = produce ? limits_.produce_bytes_max : limits_.request_bytes_max;
        if (frame_bytes_ > limit) {
            return fail(Code::corrupt, "a {} request (api key {}) of {} bytes: at most {} are accepted",
                        wire::to_string(static_cast<wire::ApiKey>(key)), key, frame_bytes_, limit);
        }
        partial_.reserve(std::min(kLengthBytes + frame_bytes_, kReserveMax));
    }
    return {};
}

void FrameReader::make_room(std::size_t bytes) {
    const std::size_t wanted = have_ + bytes;
    if (partial_.size() >= wanted) return;
    // What is not received is not looked at either.
    overwrite(partial_, wanted, [](char*, std::size_t size) { return size; });
}

void FrameReader::take_if_whole() {
    if (frame_bytes_ == 0 || have_ < kLengthBytes + frame_bytes_) return;
    MR_DCHECK(have_ == kLengthBytes + frame_bytes_);
    partial_.resize(have_);
    held_ += have_;
    frames_.push_back(SharedBytes(std::move(partial_)).slice(kLengthBytes));
    partial_ = std::string();
    have_ = 0;
    frame_bytes_ = 0;
    checked_key_ = false;
}

Status FrameReader::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        std::size_t wanted = kLengthBytes;
        if (frame_bytes_ > 0) wanted = checked_key_ ? kLengthBytes + frame_bytes_ : kKeyKnownBytes;
        const std::size_t take = std::min(wanted - have_, bytes.size());
        make_room(take);
        std::memcpy(partial_.data() + have_, bytes.data(), take);
        have_ += take;
        bytes.remove_prefix(take);
        MR_TRY_VOID(check_length());
        take_if_whole();
    }
    return {};
}

std::span<char> FrameReader::room() {
    if (!checked_key_) return {};
    const std::size_t missing = kLengthBytes + frame_bytes_ - have_;
    if (missing < kRoomMin) return {};
    make_room(std::min(missing, kReserveMax));
    return std::span(partial_).subspan(have_, std::min(missing, partial_.size() - have_));
}

void FrameReader::filled(std::size_t bytes) {
    MR_DCHECK(have_ + bytes <= partial_.size());
    have_ += bytes;
    take_if_whole();
}

SharedBytes FrameReader::pop() {
    SharedBytes frame = std::move(frames_.front());
    frames_.pop_front();
    held_ -= frame.size() + kLengthBytes;
    return frame;
}

}  // namespace mr::serve::kafka
