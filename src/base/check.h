// Checks for bugs. A failed check prints the values and aborts: recovery from journal and checkpoint is the
// ordinary way to start, so stopping is always safe, and going on with a broken invariant is not. Bytes from
// outside never reach a check; decoders return Result.
#pragma once

#include <fmt/format.h>

#include <string>

namespace mr {

[[noreturn]] void check_failed(const char* file, int line, const char* condition, const std::string& detail);

}  // namespace mr

/// Always on. `MR_CHECK(a <= b, "a {} b {}", a, b);`
#define MR_CHECK(condition, ...)                                                               \
    do {                                                                                       \
        if (!(condition)) [[unlikely]]                                                         \
            ::mr::check_failed(__FILE__, __LINE__, #condition, ::fmt::format("" __VA_ARGS__)); \
    } while (false)

/// For inner loops: off in the release build.
#ifdef MR_NO_DCHECK
#define MR_DCHECK(condition, ...)                    \
    do {                                             \
        if (false) MR_CHECK(condition, __VA_ARGS__); \
    } while (false)
#else
#define MR_DCHECK(condition, ...) MR_CHECK(condition, __VA_ARGS__)
#endif
