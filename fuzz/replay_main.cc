// Runs a fuzz target over files instead of libFuzzer: every file named, and every file in a folder named. A
// file that ends in .hex holds one input a line in hexadecimal; lines that begin with '#' are comments. Each
// input is also tried cut short and with bytes changed, so that a small corpus goes a long way.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::size_t g_inputs = 0;

void run(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    ++g_inputs;
}

void run_with_damage(const std::string& input) {
    run(input);
    std::mt19937 random(static_cast<std::uint32_t>(input.size()));
    for (int i = 0; i < 200 && !input.empty(); ++i) {
        std::string other = input;
        if (i % 4 == 0) other.resize(random() % input.size());
        for (std::uint32_t flips = random() % 4; flips > 0 && !other.empty(); --flips) {
            other[random() % other.size()] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
        }
        run(other);
    }
}

std::string unhex(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out.push_back(static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16)));
    }
    return out;
}

void run_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (path.extension() != ".hex") {
        run_with_damage(std::string(std::istreambuf_iterator<char>(file), {}));
        return;
    }
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && line[0] != '#') run_with_damage(unhex(line));
    }
}

}  // namespace

int main(int argc, char** argv) {
    run("");
    for (int i = 1; i < argc; ++i) {
        if (!std::filesystem::is_directory(argv[i])) {
            run_file(argv[i]);
            continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) run_file(entry.path());
    }
    std::printf("%zu inputs\n", g_inputs);
    return 0;
}
