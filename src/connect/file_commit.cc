#include "connect/file_commit.h"

#include <fmt/format.h>

#include <charconv>

#include "base/crc32c.h"

namespace mr::connect {
namespace {

constexpr std::string_view kMagic = "millrace-files 1";

template <class T>
bool number(std::string_view text, T& out) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    return failed == std::errc{} && end == text.data() + text.size();
}

/// "word rest"
std::pair<std::string_view, std::string_view> split(std::string_view line, char at) {
    const std::size_t i = line.find(at);
    if (i == std::string_view::npos) return {line, {}};
    return {line.substr(0, i), line.substr(i + 1)};
}

}  // namespace

std::string FileCommit::to_text() const {
    std::string out = fmt::format("{}\nnumber {}\nthrough {}\n", kMagic, number, position.through.value);
    for (const auto& [partition, next] : position.next_offset)
        out += fmt::format("offset {} {}\n", partition, next);
    for (const Rename& r : files) out += fmt::format("file {}\t{}\n", r.from, r.to);
    return out + fmt::format("crc32c {:08x}\n", crc32c(out));
}

Result<FileCommit> FileCommit::parse(std::string_view text) {
    const auto broken = [](std::string_view what) {
        return fail(Code::corrupt, "commit of files: {}", what);
    };
    if (!text.starts_with("millrace-files ")) return broken("it does not begin with millrace-files");
    if (!text.starts_with(std::string(kMagic) + "\n"))
        return fail(Code::unsupported, "commit of files: written by a later version");
    const std::size_t sum_at = text.rfind("crc32c ");
    if (sum_at == std::string_view::npos ||
        text.substr(sum_at) != fmt::format("crc32c {:08x}\n", crc32c(text.substr(0, sum_at))))
        return broken("the checksum does not fit");
    FileCommit out;
    std::string_view rest = text.substr(kMagic.size() + 1, sum_at - kMagic.size() - 1);
    while (!rest.empty()) {
        const auto [line, more] = split(rest, '\n');
        rest = more;
        const auto [word, value] = split(line, ' ');
        bool good = false;
        if (word == "number") {
            good = mr::connect::number(value, out.number);
        } else if (word == "through") {
            std::uint64_t seq = 0;
            good = mr::connect::number(value, seq);
            out.position.through = Seq(seq);
        } else if (word == "offset") {
            const auto [partition, next] = split(value, ' ');
            std::int32_t p = 0;
            std::int64_t n = 0;
            good = mr::connect::number(partition, p) && mr::connect::number(next, n);
            out.position.next_offset[p] = n;
        } else if (word == "file") {
            const auto [from, to] = split(value, '\t');
            good = !from.empty() && !to.empty();
            out.files.push_back({std::string(from), std::string(to)});
        }
        if (!good) return broken(fmt::format("'{}'", line));
    }
    return out;
}

}  // namespace mr::connect
