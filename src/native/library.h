// One loaded library. What is loaded is a private, sealed copy in memory of the bytes that were read, so that
// the digest is that of the code that runs, and a file that is replaced or written over does not touch a node
// that runs. The library is let go with the last function of it. Thread: any (immutable).
#pragma once

#include <millrace/function.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plan/native_function.h"

namespace mr::native {

class Library : public std::enable_shared_from_this<Library> {
  public:
    /// `name` is for messages: "geo.so". An error reads "what; remedy".
    static Result<std::shared_ptr<const Library>> load(const std::string& name, std::string_view bytes);
    /// For load().
    Library(std::string name, std::uint64_t digest, void* handle)
        : name_(std::move(name)), digest_(digest), handle_(handle) {}
    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    [[nodiscard]] Result<plan::NativeFunctionPtr> find(std::string_view function) const;

  private:
    Status take_table();

    const std::string name_;
    const std::uint64_t digest_;
    void* const handle_;
    const millrace_library* table_ = nullptr;
};

}  // namespace mr::native
