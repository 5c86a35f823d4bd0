// gzip bodies for static files. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mr::net {

std::string gzip_compress(std::string_view bytes, int level = 9);
/// Refuses what is broken or larger than `bytes_max` once unpacked.
Result<std::string> gzip_decompress(std::string_view bytes, std::size_t bytes_max);

}  // namespace mr::net
