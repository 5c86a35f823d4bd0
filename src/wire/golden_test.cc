// Every message in every version against the bytes of the official Java client (tests/golden/kafka, written
// by tests/clients/java/src/main/java/millrace/Golden.java): decode, encode, the same bytes again. Then the
// same bytes damaged.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <sstream>
#include <string>

#include "wire/messages/all.h"

namespace mr::wire {
namespace {

std::string unhex(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    }
    return out;
}

/// Decodes and encodes again.
using Again = std::function<Result<std::string>(const std::string& bytes, std::int16_t version)>;

template <class M>
Again again() {
    return [](const std::string& bytes, std::int16_t version) -> Result<std::string> {
        MR_TRY(const M message, decode_message<M>(SharedBytes(bytes), version));
        EXPECT_FALSE(print_message(message, version).empty());
        Output out;
        encode_message(message, version, out);
        return std::move(out).flatten();
    };
}

const std::map<std::string, std::pair<Again, Again>>& codecs() {
    static const auto all = [] {
        std::map<std::string, std::pair<Again, Again>> out;
        for_each_api([&]<class Request, class Response>() {
            out[std::string(to_string(Request::kApi))] = {again<Request>(), again<Response>()};
        });
        return out;
    }();
    return all;
}

struct Line {
    std::string what;
    std::int16_t version = 0;
    std::string bytes;
    const Again* codec = nullptr;
};

std::vector<Line> golden(const std::string& api) {
    std::ifstream file(MR_SOURCE_DIR "/tests/golden/kafka/" + api + ".hex");
    EXPECT_TRUE(file) << api;
    std::vector<Line> lines;
    for (std::string text; std::getline(file, text);) {
        if (text.starts_with('#')) continue;
        std::istringstream words(text);
        std::string kind;
        std::string form;
        std::string hex_bytes;
        Line line;
        words >> kind >> line.version >> form >> hex_bytes;
        line.what = api + " " + text.substr(0, text.rfind(' '));
        line.bytes = hex_bytes == "-" ? "" : unhex(hex_bytes);
        const auto& both = codecs().at(api);
        line.codec = kind == "request" ? &both.first : &both.second;
        lines.push_back(line);
    }
    EXPECT_FALSE(lines.empty()) << api;
    return lines;
}

TEST(Golden, SameBytesAsTheJavaClient) {
    for (const auto& [api, both] : codecs()) {
        for (const Line& line : golden(api)) {
            const auto bytes = (*line.codec)(line.bytes, line.version);
            ASSERT_TRUE(bytes) << line.what << ": " << bytes.error().message;
            EXPECT_EQ(hex(*bytes, 4096), hex(line.bytes, 4096)) << line.what;
        }
    }
}

// Goal: both request headers, which are what decides how the rest of a frame is read.
TEST(Golden, RequestHeaders) {
    std::ifstream file(MR_SOURCE_DIR "/tests/golden/kafka/Headers.hex");
    int headers = 0;
    for (std::string text; std::getline(file, text);) {
        if (text.starts_with('#')) continue;
        std::istringstream words(text);
        std::string kind, form, hex_bytes;
        int version = 0;
        words >> kind >> version >> form >> hex_bytes;
        const std::string bytes = unhex(hex_bytes);
        const auto header = decode_request_header(bytes, version == 2);
        ASSERT_TRUE(header) << text << ": " << header.error().message;
        EXPECT_EQ(header->second, bytes.size()) << text;
        EXPECT_EQ(header->first.client_id.has_value(), form == "full") << text;
        std::string again;
        encode_request_header(header->first, version == 2, again);
        EXPECT_EQ(hex(again, 4096), hex(bytes, 4096)) << text;
        for (std::size_t length = 0; length < bytes.size(); ++length)
            EXPECT_FALSE(decode_request_header(bytes.substr(0, length), version == 2)) << text << length;
        ++headers;
    }
    EXPECT_EQ(headers, 4);
}

// Goal: no message of any version survives being cut or being one byte too long, and none crashes.
TEST(Golden, TruncatedAndExtended) {
    for (const auto& [api, both] : codecs()) {
        for (const Line& line : golden(api)) {
            for (std::size_t length = 0; length < line.bytes.size(); ++length) {
                EXPECT_FALSE((*line.codec)(line.bytes.substr(0, length), line.version))
                    << line.what << length;
            }
            EXPECT_FALSE((*line.codec)(line.bytes + 'x', line.version)) << line.what;
        }
    }
}

// Goal: random damage gives an error or another message, which then encodes to bytes that decode again.
TEST(Golden, DamagedBytes) {
    std::mt19937 random(3);
    for (const auto& [api, both] : codecs()) {
        for (const Line& line : golden(api)) {
            for (int i = 0; i < 40 && !line.bytes.empty(); ++i) {
                std::string bad = line.bytes;
                for (int flips = 0; flips < 2; ++flips) {
                    bad[random() % bad.size()] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
                }
                const auto other = (*line.codec)(bad, line.version);
                if (!other) continue;
                const auto once_more = (*line.codec)(*other, line.version);
                ASSERT_TRUE(once_more) << line.what << ": " << once_more.error().message;
                EXPECT_EQ(*once_more, *other) << line.what;
            }
        }
    }
}

}  // namespace
}  // namespace mr::wire
