#include "base/result.h"

namespace mr {

std::string_view to_string(Code code) {
    switch (code) {
        case Code::invalid_argument:
            return "invalid argument";
        case Code::not_found:
            return "not found";
        case Code::already_exists:
            return "already exists";
        case Code::out_of_range:
            return "out of range";
        case Code::corrupt:
            return "corrupt";
        case Code::unavailable:
            return "unavailable";
        case Code::resource_exhausted:
            return "resource exhausted";
        case Code::fenced:
            return "fenced";
        case Code::permission_denied:
            return "permission denied";
        case Code::unsupported:
            return "unsupported";
        case Code::io_error:
            return "I/O error";
        case Code::internal:
            return "internal error";
    }
    return "unknown error";
}

std::unexpected<Error> annotate(Error error, std::string_view context) {
    error.message = fmt::format("{}: {}", context, error.message);
    return std::unexpected(std::move(error));
}

}  // namespace mr
