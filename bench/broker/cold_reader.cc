#include "broker/cold_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

#include "harness/kafka.h"
#include "harness/machine.h"
#include "harness/node_process.h"

namespace bench {
namespace {

/// So that reading a segment is reading the disk.
void drop_from_page_cache(const std::string& data) {
    std::error_code gone;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data, gone)) {
        if (entry.path().extension() != ".log") continue;
        const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0) continue;
        ::fdatasync(file);
        ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
        ::close(file);
    }
}

std::vector<std::string> command(const std::string& bootstrap, const std::string& topic, int partitions,
                                 const std::string& data) {
    std::vector<std::string> words = {std::filesystem::read_symlink("/proc/self/exe").string(),
                                      "--read-cold",
                                      topic,
                                      "--bootstrap",
                                      bootstrap,
                                      "--partitions",
                                      std::to_string(partitions)};
    if (!data.empty()) words.insert(words.end(), {"--work", data});
    return words;
}

}  // namespace

void read_cold_for_ever(const std::string& bootstrap, const std::string& topic, int partitions,
                        const std::string& data) {
    std::uint64_t bytes = 0;
    std::int64_t told = now_ns();
    for (;;) {
        if (!data.empty()) drop_from_page_cache(data);
        Consumer consumer(bootstrap, topic, partitions);
        // The end of the topic: nothing comes for a while.
        for (int idle = 0; idle < 5;) {
            const std::size_t got =
                consumer.poll(200, [&](std::string_view value) { bytes += value.size(); });
            idle = got > 0 ? 0 : idle + 1;
            if (now_ns() - told < 200'000'000) continue;
            told = now_ns();
            fmt::print("{}\n", bytes);
            std::fflush(stdout);
        }
    }
}

ColdReader::ColdReader(const std::string& bootstrap, const std::string& topic, int partitions,
                       const std::string& data, const std::string& log)
    : log_(log), pid_(spawn(command(bootstrap, topic, partitions, data), log)) {}

ColdReader::~ColdReader() {
    end_process(pid_);
}

std::uint64_t ColdReader::bytes() const {
    std::ifstream file(log_);
    std::uint64_t last = 0;
    for (std::uint64_t n = 0; file >> n;) last = n;
    return last;
}

}  // namespace bench
