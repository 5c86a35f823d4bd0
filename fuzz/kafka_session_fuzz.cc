// The bytes of a whole connection to the broker: frames, headers, bodies and what the handlers make of them,
// over a real journal. The seeds are what clients sent (fuzz/record.py); sixteen bytes
// 'T' stand for the id of the topic `t`. Invariants: no crash; a connection is answered or closed; what is
// sent stays bounded.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/log.h"
#include "serve/kafka/testing/broker_fixture.h"

namespace {

using namespace mr;
using namespace mr::serve::kafka;

constexpr std::size_t kSentMax = 64U << 20;
constexpr int kInputsPerBroker = 400;

struct Node {
    Node() {
        // After whatever the seeds were stamped with.
        fixture.advance(400'000'000'000);
        const Uuid id = fixture.make_topic("t", 2);
        topic_id = id.view();
        fixture.client().ask<wire::ProduceResponse>(
            serve::kafka::testing::produce_to("t", 0, serve::kafka::testing::batch_of(5, 1'700'000'000'000)),
            9);
    }
    serve::kafka::testing::BrokerFixture fixture;
    std::string topic_id;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    set_log_level(LogLevel::off);
    static std::unique_ptr<Node> node;
    static int inputs = 0;
    if (node == nullptr || ++inputs % kInputsPerBroker == 0) {
        node.reset();
        node = std::make_unique<Node>();
    }
    std::string bytes(reinterpret_cast<const char*>(data), size);
    const std::string marker(16, 'T');
    for (std::size_t at = bytes.find(marker); at != std::string::npos;
         at = bytes.find(marker, at + marker.size()))
        bytes.replace(at, marker.size(), node->topic_id);
    serve::kafka::testing::Client client(node->fixture);
    std::string_view rest(bytes);
    while (!rest.empty() && client.connection->open()) {
        const std::string_view part = rest.substr(0, 4'096);
        rest.remove_prefix(part.size());
        client.feed(part);
        node->fixture.run_all();
    }
    // Fetches that wait, members that are thrown out.
    for (const std::int64_t ms : {600, 50'000}) node->fixture.advance(ms);
    MR_CHECK(client.connection->sent.size() <= kSentMax, "{} bytes", client.connection->sent.size());
    return 0;
}
