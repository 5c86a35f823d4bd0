// Bytes of a connection cut into frames. The first byte says how the stream is cut.
// Invariants: no crash; never holds more than was fed; frames are within the limits.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "serve/kafka/frame_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    mr::serve::kafka::FrameReader reader({.produce_bytes_max = 4096, .request_bytes_max = 1024});
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t cut = 1 + data[0];
    std::size_t fed = 0;
    while (!rest.empty()) {
        const std::string_view part = rest.substr(0, cut);
        rest.remove_prefix(part.size());
        fed += part.size();
        if (!reader.feed(part)) return 0;
        MR_CHECK(reader.held_bytes() <= fed, "{} of {}", reader.held_bytes(), fed);
        while (reader.has_frame()) {
            const auto frame = reader.pop();
            MR_CHECK(frame.size() >= 8 && frame.size() <= 4096, "{}", frame.size());
            fed -= frame.size() + 4;
        }
    }
    return 0;
}
