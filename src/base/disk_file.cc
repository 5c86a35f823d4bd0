#include "base/disk_file.h"

namespace mr {

Result<bool> read_cached(const File& file, std::uint64_t offset, std::size_t length, std::string& out) {
    if (const auto* disk = dynamic_cast<const DiskFile*>(&file)) {
        return disk->read_cached(offset, length, out);
    }
    MR_TRY_VOID(file.read_at(offset, length, out));
    return true;
}

Status write_parts(File& file, std::uint64_t offset, std::span<const std::string_view> parts) {
    if (auto* disk = dynamic_cast<DiskFile*>(&file)) return disk->write_parts(offset, parts);
    std::string whole;
    for (const std::string_view part : parts) whole += part;
    return file.write_at(offset, whole);
}

}  // namespace mr
