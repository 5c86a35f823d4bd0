// The program's log: spdlog to stderr, one line an event: time, level, thread, component, message. Data goes
// to stdout. Thread: any.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace mr {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

/// `off`: nothing at all, for tests that provoke thousands of errors.
/// Called once by `cli/`; before that, warnings and errors only.
void set_log_level(LogLevel level);
[[nodiscard]] bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view component, std::string_view message);

/// `log_info("broker", "topic {} created", name);`
template <class... Args>
void log_at(LogLevel level, std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
    if (log_enabled(level)) log_line(level, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_debug(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
    log_at(LogLevel::debug, component, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_info(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
    log_at(LogLevel::info, component, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_warn(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
    log_at(LogLevel::warn, component, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_error(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
    log_at(LogLevel::error, component, format, std::forward<Args>(args)...);
}

}  // namespace mr
