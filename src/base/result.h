// Errors as values.
//
// Three kinds of trouble, never mixed (docs/ARCHITECTURE.md, "Errors"):
//   - an expected outcome ("no such key") is a std::optional or an enum;
//   - a failure of the world or of the user is a Result<T>: it carries a Code for the program and a message
//   written
//     for the person who reads it, naming the place and, where there is one, the remedy;
//   - a bug is MR_CHECK (base/check.h), which ends the process.
// Nothing of ours throws. Libraries that throw are wrapped where they are called.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace mr {

/// What kind of failure; each protocol maps these to its own codes in one file.
enum class Code : std::uint8_t {
    invalid_argument,    ///< the caller's input is wrong and will stay wrong
    not_found,           ///< the named thing does not exist
    already_exists,      ///< the named thing exists
    out_of_range,        ///< an offset, version or size outside what there is
    corrupt,             ///< bytes that fail a checksum or cannot be decoded
    unavailable,         ///< not now; the same call may succeed later
    resource_exhausted,  ///< a limit was reached: disk, memory, queue
    fenced,              ///< a newer epoch has taken over
    permission_denied,   ///< the principal may not
    unsupported,         ///< known, but not supported (yet)
    io_error,            ///< the operating system said no
    internal,            ///< should not happen; carries what was seen
};

std::string_view to_string(Code code);

struct Error {
    Code code = Code::internal;
    std::string message;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

/// `return fail(Code::not_found, "unknown topic: {}", name);`
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
    return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

/// Puts "`context`: " before the message of an error on its way up.
[[nodiscard]] std::unexpected<Error> annotate(Error error, std::string_view context);

}  // namespace mr

#define MR_CONCAT_(a, b) a##b
#define MR_CONCAT(a, b) MR_CONCAT_(a, b)

/// `MR_TRY(auto x, f());` binds the value or returns the error from the enclosing function.
#define MR_TRY(declaration, expression) MR_TRY_(declaration, expression, MR_CONCAT(mr_try_, __LINE__))
#define MR_TRY_(declaration, expression, name)                  \
    auto name = (expression);                                   \
    if (!name) return std::unexpected(std::move(name).error()); \
    declaration = std::move(*name)

/// `MR_TRY_VOID(f());` for a Status, or where the value is not wanted.
#define MR_TRY_VOID(expression)                                               \
    do {                                                                      \
        auto mr_status = (expression);                                        \
        if (!mr_status) return std::unexpected(std::move(mr_status).error()); \
    } while (false)
