// Avro object container files: Iceberg's manifests and manifest lists. Written with a schema text that keeps
// every `field-id`; read by the schema inside the file, whoever wrote it, with fields found by their id.
// Reading takes hostile bytes: bounded depth, counts and inflated size. Format:
// docs/formats/iceberg-mapping.md. Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace mr::lake {

struct AvroFile {
    std::map<std::string, std::string, std::less<>> metadata;  ///< avro.schema and avro.codec among them
    std::string records;                                       ///< encoded one after the other
    std::int64_t count = 0;
};

/// One block, codec null. `metadata` without avro.codec; the sync marker is derived from the records, so
/// equal content gives equal bytes.
std::string encode_avro_file(const AvroFile& file);

/// A decoded datum; unions are resolved.
struct AvroValue {
    struct Field;
    std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<AvroValue>,
                 std::vector<Field>>
        data;

    /// The field of a record by its id; nullptr where it is missing or null.
    [[nodiscard]] const AvroValue* field(int id) const;
    [[nodiscard]] std::int64_t integer(int id, std::int64_t fallback = 0) const;
    [[nodiscard]] std::string text(int id) const;
    [[nodiscard]] bool boolean(int id) const;
    /// The elements of an array field; empty otherwise.
    [[nodiscard]] const std::vector<AvroValue>& array(int id) const;
};
struct AvroValue::Field {
    int id = -1;
    AvroValue value;
};

struct AvroRecords {
    std::map<std::string, std::string, std::less<>> metadata;
    std::vector<AvroValue> records;
};

/// corrupt, or unsupported (a codec other than null and deflate).
Result<AvroRecords> decode_avro_file(std::string_view bytes);

}  // namespace mr::lake
