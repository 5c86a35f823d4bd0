// The libraries of a project: files below its folder functions/, and nothing else. Each is read and loaded
// once an object of this class. Thread: one.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "native/library.h"

namespace mr::native {

class Libraries final : public plan::NativeLibraries {
  public:
    explicit Libraries(std::string folder) : folder_(std::move(folder)) {}

    Result<plan::NativeFunctionPtr> find(std::string_view library, std::string_view function) override;

  private:
    Result<std::shared_ptr<const Library>> load(const std::string& name) const;
    [[nodiscard]] std::unexpected<Error> missing(const std::string& name) const;

    const std::string folder_;
    std::map<std::string, Result<std::shared_ptr<const Library>>, std::less<>> loaded_;
};

}  // namespace mr::native
