// What a bench must know of the machine it runs on: the time, the load, how long a sync takes at the moment,
// and what another process uses. Thread: any.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

std::int64_t now_ns();
void sleep_until(std::int64_t ns);
/// Ends the process: a bench has nobody to hand an error to.
[[noreturn]] void die(const std::string& why);

/// Puts the processes of a session (that of `pid`; 0: ours) before those of others: autogroup scheduling
/// makes `nice` useless between sessions. Needs the right to do so; false without.
bool raise_priority(pid_t pid = 0);
/// The one-minute load average.
double load_average();
/// Median of `samples` fdatasyncs of 4 KiB into a file that was written before, in milliseconds.
double median_fdatasync_ms(const std::string& directory, int samples = 200);

struct Usage {
    double cpu_seconds = 0;  ///< user and system
    double rss_mib = 0;
    double peak_mib = 0;  ///< the highest resident size so far
    double anonymous_mib = 0;
};
Usage usage_of(pid_t pid);
/// From now on the peak counts anew.
void reset_peak(pid_t pid);

/// "14 cores, load 0.3" and so on: the line every figure stands under.
std::string moment(const std::string& directory);

}  // namespace bench
