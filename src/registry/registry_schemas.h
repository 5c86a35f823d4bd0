// The registry as formats see it (formats/schema_source.h): schemas as of a position of the journal, and
// registration for pipelines that write.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "formats/schema_source.h"
#include "registry/registry.h"
#include "registry/service.h"

namespace mr::registry {

class RegistrySchemas final : public formats::SchemaSource {
  public:
    /// `pump` runs the journal where no threads do (tests); else empty. Both must outlive it.
    RegistrySchemas(Registry& registry, RegistryService& service, std::function<void()> pump = {})
        : registry_(registry), service_(service), pump_(std::move(pump)) {}

    Result<std::shared_ptr<const formats::avro::Document>> avro_schema(std::int32_t id, Seq at) override;
    Status known(std::int32_t id, Seq at) override;
    Result<std::int32_t> register_avro(const std::string& subject, const std::string& text) override;

  private:
    [[nodiscard]] static Result<std::shared_ptr<const SchemaRecord>> find(const RegistryView& view,
                                                                          std::int32_t id, Seq at);
    Registry& registry_;
    RegistryService& service_;
    const std::function<void()> pump_;
};

}  // namespace mr::registry
