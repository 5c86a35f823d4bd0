// What a registry deals in: a schema of one of three languages, its references, and how strictly versions of
// a subject must fit together. Thread: any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/avro/schema.h"

namespace mr::registry {

/// The values are on disk.
enum class SchemaType : std::uint8_t { avro = 1, json = 2, protobuf = 3 };
/// "AVRO", "JSON", "PROTOBUF"; an empty name means AVRO, as in Confluent's API.
std::string_view to_string(SchemaType type);
std::optional<SchemaType> parse_schema_type(std::string_view name);

/// The values are on disk.
enum class Compatibility : std::uint8_t {
    none = 1,
    backward = 2,
    backward_transitive = 3,
    forward = 4,
    forward_transitive = 5,
    full = 6,
    full_transitive = 7,
};
std::string_view to_string(Compatibility level);
std::optional<Compatibility> parse_compatibility(std::string_view name);
[[nodiscard]] bool is_transitive(Compatibility level);

/// The values are on disk.
enum class Mode : std::uint8_t {
    readwrite = 1,
    readonly = 2,
    readonly_override = 3,
    import = 4,
    forward = 5
};
std::string_view to_string(Mode mode);
std::optional<Mode> parse_mode(std::string_view name);

struct Reference {
    std::string name;  ///< what the schema calls it: a full name, an import path, a URL
    std::string subject;
    std::int32_t version = 0;
    bool operator==(const Reference&) const = default;
};

/// A schema that was understood. The text is the one form in which it is stored and compared.
class ParsedSchema {
  public:
    virtual ~ParsedSchema() = default;
    [[nodiscard]] virtual SchemaType type() const = 0;
    [[nodiscard]] virtual std::string canonical() const = 0;
    /// What keeps a reader with this schema from reading what `writer` wrote: one line each, empty when
    /// nothing does. REQUIRES: writer.type() == type().
    [[nodiscard]] virtual std::vector<std::string> cannot_read(const ParsedSchema& writer) const = 0;
};
using ParsedPtr = std::shared_ptr<const ParsedSchema>;

/// `references` are the parsed targets, in order. `is_new`: to be registered, so checked more strictly than
/// what was accepted once. invalid_argument says what is wrong with the text.
Result<ParsedPtr> parse_schema(SchemaType type, std::string_view text,
                               const std::vector<Reference>& references,
                               const std::vector<ParsedPtr>& targets, bool is_new);

/// The Avro document of a schema; nullptr for the other languages.
std::shared_ptr<const formats::avro::Document> avro_document(const ParsedSchema& schema);

/// Lines for every version that does not fit, newest first; empty when `schema` may follow `previous` (newest
/// first) at that level.
std::vector<std::string> check_compatible(const ParsedSchema& schema, const std::vector<ParsedPtr>& previous,
                                          Compatibility level);

}  // namespace mr::registry
