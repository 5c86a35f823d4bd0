#include "harness/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace bench {

std::int64_t now_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

void sleep_until(std::int64_t ns) {
    const timespec t{ns / 1'000'000'000, ns % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr);
}

void die(const std::string& why) {
    fmt::print(stderr, "bench: {}\n", why);
    std::exit(1);
}

bool raise_priority(pid_t pid) {
    std::ofstream file(fmt::format("/proc/{}/autogroup", pid == 0 ? getpid() : pid));
    file << "-18" << std::flush;
    return file.good();
}

double load_average() {
    double load = 0;
    std::ifstream("/proc/loadavg") >> load;
    return load;
}

double median_fdatasync_ms(const std::string& directory, int samples) {
    const std::string path = directory + "/fdatasync.probe";
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0) die("cannot write in " + directory);
    const std::vector<char> block(4096, 'x');
    // As the journal does: into bytes that are there already, so that only data is synced.
    for (int i = 0; i < samples; ++i) {
        if (pwrite(file, block.data(), block.size(), i * 4096L) < 0) die("cannot write " + path);
    }
    fsync(file);
    std::vector<std::int64_t> took;
    for (int i = 0; i < samples; ++i) {
        if (pwrite(file, block.data(), block.size(), i * 4096L) < 0) die("cannot write " + path);
        const std::int64_t from = now_ns();
        fdatasync(file);
        took.push_back(now_ns() - from);
    }
    close(file);
    unlink(path.c_str());
    std::ranges::nth_element(took, took.begin() + samples / 2);
    return static_cast<double>(took[static_cast<std::size_t>(samples) / 2]) / 1e6;
}

Usage usage_of(pid_t pid) {
    Usage out;
    std::ifstream stat(fmt::format("/proc/{}/stat", pid));
    std::string line;
    std::getline(stat, line);
    if (const auto end = line.rfind(')'); end != std::string::npos) {
        std::istringstream fields(line.substr(end + 2));
        std::string field;
        double ticks = 0;
        for (int i = 3; i <= 15 && fields >> field; ++i) {
            if (i >= 14) ticks += std::strtod(field.c_str(), nullptr);
        }
        out.cpu_seconds = ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
    }
    std::ifstream status(fmt::format("/proc/{}/status", pid));
    while (std::getline(status, line)) {
        const auto mib = [&] { return std::strtod(line.c_str() + line.find(':') + 1, nullptr) / 1024; };
        if (line.starts_with("VmRSS:")) out.rss_mib = mib();
        if (line.starts_with("VmHWM:")) out.peak_mib = mib();
        if (line.starts_with("RssAnon:")) out.anonymous_mib = mib();
    }
    return out;
}

void reset_peak(pid_t pid) {
    std::ofstream(fmt::format("/proc/{}/clear_refs", pid)) << "5";
}

std::string moment(const std::string& directory) {
    return fmt::format("{} cores, load {:.1f}, median fdatasync {:.2f} ms",
                       std::thread::hardware_concurrency(), load_average(), median_fdatasync_ms(directory));
}

}  // namespace bench
