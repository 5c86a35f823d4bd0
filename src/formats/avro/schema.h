// Avro schemas: parsed, checked, printed in one canonical text (Apache Avro 1.12's Schema.toString order), so
// that two schemas that differ in layout or attribute order only are the same schema.
//
// Input is foreign: size and depth are bounded, every failure is an error that names the place.
// Thread: any (immutable once parsed).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::formats::avro {

/// Nesting beyond this is refused.
inline constexpr int kDepthMax = 100;

enum class Type : std::uint8_t {
    null,
    boolean,
    int32,
    int64,
    float32,
    float64,
    bytes,
    string,
    record,
    enumeration,
    array,
    map,
    union_of,
    fixed,
};
/// "int", "record", …
std::string_view to_string(Type type);
/// Avro 1.12, schema resolution: whether a reader may ask for another scalar type than was written.
[[nodiscard]] bool promotes(Type writer, Type reader);

struct Schema;

struct Field {
    std::string name;
    std::vector<std::string> aliases;
    const Schema* type = nullptr;
    std::optional<std::string> default_json{};  ///< compact JSON text
    std::string doc;
    bool has_doc = false;
    std::string order;                                       ///< "" for ascending
    std::vector<std::pair<std::string, std::string>> props;  ///< other attributes, as JSON text
};

struct Schema {
    Type type{};
    std::string name;                  ///< of record, enum, fixed
    std::string name_space;            ///< theirs
    std::vector<std::string> aliases;  ///< full names
    std::string doc;
    bool has_doc = false;
    std::vector<Field> fields;
    std::vector<std::string> symbols;
    std::optional<std::string> enum_default{};
    std::vector<const Schema*> parts;                        ///< items, values, or the branches of a union
    std::int64_t size = 0;                                   ///< of fixed
    std::vector<std::pair<std::string, std::string>> props;  ///< logicalType and others, as JSON text

    [[nodiscard]] bool is_named() const {
        return type == Type::record || type == Type::enumeration || type == Type::fixed;
    }
    [[nodiscard]] std::string full_name() const {
        return name_space.empty() ? name : name_space + "." + name;
    }
};

/// A parsed schema; owner of all its parts (records may contain themselves).
class Document {
  public:
    struct Options {
        /// Documents whose named types may be used (schema references).
        std::span<const std::shared_ptr<const Document>> references{};
        /// New schemas must have defaults that fit their fields; stored ones are taken as they are.
        bool check_defaults = true;
    };
    static Result<std::shared_ptr<const Document>> parse(std::string_view text, const Options& options);
    static Result<std::shared_ptr<const Document>> parse(std::string_view text) {
        return parse(text, Options());
    }

    [[nodiscard]] const Schema& root() const { return *root_; }
    [[nodiscard]] std::string canonical() const;

    /// Named types defined here and in the references.
    [[nodiscard]] const Schema* find(std::string_view full_name) const;

  private:
    friend class Parser;
    std::vector<std::unique_ptr<Schema>> nodes_;
    std::vector<std::pair<std::string, const Schema*>> names_;
    std::vector<std::shared_ptr<const Document>> references_;
    const Schema* root_ = nullptr;
};

}  // namespace mr::formats::avro
