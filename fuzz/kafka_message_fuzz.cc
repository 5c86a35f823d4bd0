// Every Kafka message. The first byte is the API's key, doubled, plus one for a response; the second the
// version; the rest the body. The seeds are the golden bytes of tests/golden/kafka. Invariants: no crash, no
// read outside the input; what decodes encodes, and decodes again to the same.
#include <array>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "wire/messages/all.h"

namespace {

namespace wire = mr::wire;

template <class M>
void again(const std::string& body, std::int16_t version) {
    const auto message = wire::decode_message<M>(mr::SharedBytes(body), version);
    if (!message) return;
    wire::Output first;
    wire::encode_message(*message, version, first);
    const std::string bytes = std::move(first).flatten();
    const auto back = wire::decode_message<M>(mr::SharedBytes(bytes), version);
    MR_CHECK(back.has_value(), "{}", back.error().message);
    wire::Output second;
    wire::encode_message(*back, version, second);
    MR_CHECK(std::move(second).flatten() == bytes);
    wire::print_message(*message, version);
}

using Run = void (*)(const std::string&, std::int16_t);

/// By what the first byte says.
std::array<Run, 256> all_runs() {
    std::array<Run, 256> runs{};
    wire::for_each_api([&]<class Request, class Response>() {
        const auto at = static_cast<std::size_t>(Request::kApi) * 2;
        runs[at] = again<Request>;
        runs[at + 1] = again<Response>;
    });
    return runs;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);
    static_cast<void>(wire::decode_request_header(input, size % 2 == 0));
    if (size < 2) return 0;
    static const std::array<Run, 256> runs = all_runs();
    if (runs[data[0]] != nullptr) runs[data[0]](input.substr(2), data[1] % 20);
    return 0;
}
