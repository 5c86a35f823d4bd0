// Runs a fuzz target over files instead of libFuzzer: every file named, and every file in a folder named. A
// file that ends in .hex holds one input a line in hexadecimal; lines that begin with '#' are comments. Each
// input is also tried cut short and with bytes changed, so that a small corpus goes a long way.
//
//   <target> [--changes N] FILE…                so many changes of each input (200)
//   <target> [--seconds N [--seed S]] FILE…     for so long, other inputs made of those
//
// An input that brings the target down, or takes it longer than a minute, is written to ./crash-<target>.hex,
// to be run again and kept as a seed.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::size_t g_inputs = 0;
std::string g_name;
const std::string* g_current = nullptr;
std::vector<std::string> g_corpus;

constexpr unsigned kInputSecondsMax = 60;

/// A sanitizer ends in an abort, too, with abort_on_error=1.
void keep_input(int) {
    const std::string file = "crash-" + g_name + ".hex";
    if (std::FILE* out = std::fopen(file.c_str(), "w"); out != nullptr && g_current != nullptr) {
        for (const char c : *g_current) std::fprintf(out, "%02x", static_cast<unsigned char>(c));
        std::fputs("\n", out);
        std::fclose(out);
        std::fprintf(stderr, "the input is in %s\n", file.c_str());
    }
    std::signal(SIGABRT, SIG_DFL);
    std::raise(SIGABRT);
}

void run(const std::string& input) {
    g_current = &input;
    alarm(kInputSecondsMax);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    alarm(0);
    g_current = nullptr;
    ++g_inputs;
}

void run_with_damage(const std::string& input, int changes) {
    run(input);
    std::mt19937 random(static_cast<std::uint32_t>(input.size()));
    for (int i = 0; i < changes && !input.empty(); ++i) {
        std::string other = input;
        if (i % 4 == 0) other.resize(random() % input.size());
        for (std::uint32_t flips = random() % 4; flips > 0 && !other.empty(); --flips) {
            other[random() % other.size()] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
        }
        run(other);
    }
}

/// One change: bytes, a number at its limits, a piece cut out, doubled or taken from another input.
void change(std::string& input, std::mt19937_64& random) {
    if (input.empty()) input.assign(1, 0);
    const std::size_t at = random() % input.size();
    const std::size_t length = std::min<std::size_t>(1 + random() % 32, input.size() - at);
    switch (random() % 7) {
        case 0:
            input[at] = static_cast<char>(random());
            break;
        case 1:
            input[at] = static_cast<char>(input[at] ^ (1 << (random() % 8)));
            break;
        case 2: {
            static constexpr std::string_view kLimits[] = {{"\xff\xff\xff\xff", 4},
                                                           {"\x7f\xff\xff\xff", 4},
                                                           {"\x80\0\0\0", 4},
                                                           {"\0\0\0\0", 4},
                                                           {"\xff\xff\xff\xff\xff\xff\xff\xff", 8},
                                                           {"\x7f\xff", 2},
                                                           {"\x80\x80\x80\x80\x08", 5}};
            const std::string_view limit = kLimits[random() % std::size(kLimits)];
            input.replace(at, std::min(limit.size(), input.size() - at), limit);
            break;
        }
        case 3:
            input.erase(at, length);
            break;
        case 4:
            input.insert(at, input.substr(at, length));
            break;
        case 5:
            input.resize(at);
            break;
        default: {
            const std::string& other = g_corpus[random() % g_corpus.size()];
            if (other.empty()) break;
            const std::size_t from = random() % other.size();
            input.insert(at, other.substr(from, 1 + random() % 64));
        }
    }
}

void run_for(int seconds, std::uint64_t seed) {
    if (g_corpus.empty()) g_corpus.emplace_back();
    std::mt19937_64 random(seed);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (std::chrono::steady_clock::now() < end) {
        std::string input = g_corpus[random() % g_corpus.size()];
        for (std::uint64_t changes = 1 + random() % 6; changes > 0; --changes) change(input, random);
        run(input);
    }
}

std::string unhex(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out.push_back(static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16)));
    }
    return out;
}

void read_file(const std::filesystem::path& path) {
    if (path.extension() == ".md") return;
    std::ifstream file(path, std::ios::binary);
    if (path.extension() != ".hex") {
        g_corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        return;
    }
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && line[0] != '#') g_corpus.push_back(unhex(line));
    }
}

}  // namespace

int main(int argc, char** argv) {
    g_name = std::filesystem::path(argv[0]).filename().string();
    std::signal(SIGABRT, keep_input);
    std::signal(SIGALRM, keep_input);
    int seconds = 0;
    int changes = 200;
    std::uint64_t seed = std::random_device()();
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
            seconds = std::atoi(argv[++i]);
        } else if (std::strcmp(argv[i], "--changes") == 0 && i + 1 < argc) {
            changes = std::atoi(argv[++i]);
        } else if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = std::strtoull(argv[++i], nullptr, 10);
        } else if (std::filesystem::is_directory(argv[i])) {
            for (const auto& entry : std::filesystem::directory_iterator(argv[i])) read_file(entry.path());
        } else {
            read_file(argv[i]);
        }
    }
    run("");
    if (seconds > 0) {
        std::printf("%s --seconds %d --seed %llu\n", g_name.c_str(), seconds,
                    static_cast<unsigned long long>(seed));
        run_for(seconds, seed);
    } else {
        for (const std::string& input : g_corpus) run_with_damage(input, changes);
    }
    std::printf("%zu inputs\n", g_inputs);
    return 0;
}
