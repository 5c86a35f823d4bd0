// Manifests, manifest lists and table metadata come from a folder others may write to: whatever is in them,
// reading gives values or an error.
#include <cstdint>
#include <string_view>

#include "lake/avro.h"
#include "lake/manifest.h"
#include "lake/metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    static_cast<void>(mr::lake::decode_avro_file(bytes));
    static_cast<void>(mr::lake::decode_manifest_list(bytes));
    static_cast<void>(mr::lake::decode_manifest(bytes, {}));
    if (const auto metadata = mr::lake::TableMetadata::parse(bytes)) {
        static_cast<void>(metadata->to_json());
        static_cast<void>(metadata->newest_with("x"));
    }
    return 0;
}
