// Where formats with a registry find schemas, and leave theirs. The registry (src/registry) implements it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "formats/avro/schema.h"

namespace mr::formats {

class SchemaSource {
  public:
    virtual ~SchemaSource() = default;
    /// The Avro schema of that id, as known at entry `at` of the journal: what was registered by a later
    /// entry is not_found, so that whoever reads the journal again finds the same. unsupported: it is of
    /// another language. Thread: any.
    virtual Result<std::shared_ptr<const avro::Document>> avro_schema(std::int32_t id, Seq at) = 0;
    /// Any language: was that id registered before entry `at`?
    virtual Status known(std::int32_t id, Seq at) = 0;
    /// The id of that Avro schema in the subject, registered if it is not; waits until that is durable.
    /// invalid_argument if the subject's compatibility forbids it. Thread: the one that deploys.
    virtual Result<std::int32_t> register_avro(const std::string& subject, const std::string& text) = 0;
};

}  // namespace mr::formats
