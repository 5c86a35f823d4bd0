#include "native/library.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <set>
#include <vector>

#include "base/json_writer.h"
#include "base/suggest.h"
#include "native/arrow_result.h"
#include "native/arrow_view.h"
#include "native/elf_check.h"

namespace mr::native {
namespace {

constexpr std::uint32_t kMostFunctions = 10'000;
constexpr std::size_t kLongestMessage = 1'000;
constexpr std::uint32_t kFlags = MILLRACE_NULL_ON_NULL | MILLRACE_VOLATILE;

// Newer kernels ask for it, older ones refuse it.
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }

  private:
    const int fd_;
};

int open_memory(const std::string& name) {
    const int fd = memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    return fd >= 0 || errno != EINVAL ? fd : memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

Status fill(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(Code::io_error, "{}", std::strerror(errno));
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        return fail(Code::io_error, "{}", std::strerror(errno));
    return {};
}

std::uint64_t digest_of(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    unsigned int length = 0;
    MR_CHECK(EVP_Digest(bytes.data(), bytes.size(), sum.data(), &length, EVP_sha256(), nullptr) == 1,
             "SHA-256 of {} bytes", bytes.size());
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < sizeof out; ++i) out = out << 8 | sum[i];
    return out;
}

/// The loader takes a path that it has loaded for the same library, and descriptors are used again: so the
/// digest is in the path, a zero as "./" and a one as ".//".
std::string path_of(int fd, std::uint64_t digest) {
    std::string out = "/proc/self/fd/";
    for (int i = 0; i < 64; ++i) out += (digest >> i & 1) != 0 ? ".//" : "./";
    return out + std::to_string(fd);
}

/// What fail() of a call writes to.
struct Failures {
    std::size_t rows;
    std::vector<bool> failed;  ///< empty: none
    std::vector<plan::NativeFunction::RowError>* errors;

    void set(std::size_t row, const std::string& message) {
        if (failed.empty()) failed.assign(rows, false);
        if (failed[row]) return;
        failed[row] = true;
        errors->push_back({row, message});
    }
    void set_all(const std::string& message) {
        for (std::size_t row = 0; row < rows; ++row) set(row, message);
    }
};

void fail_row(void* host, std::int64_t row, const char* message) {
    auto& failures = *static_cast<Failures*>(host);
    std::string text =
        message == nullptr ? "failed" : std::string(message, strnlen(message, kLongestMessage));
    if (!is_utf8(text)) text = "failed, with a message that is no UTF-8";
    const bool one = row >= 0 && static_cast<std::size_t>(row) < failures.rows;
    one ? failures.set(static_cast<std::size_t>(row), text) : failures.set_all(text);
}

class LibraryFunction final : public plan::NativeFunction {
  public:
    LibraryFunction(std::shared_ptr<const Library> library, const millrace_function& f,
                    Description description)
        : library_(std::move(library)), function_(f), description_(std::move(description)) {}

    [[nodiscard]] const Description& description() const override { return description_; }

    [[nodiscard]] ColumnPtr call(std::span<const ColumnPtr> arguments, std::size_t rows, const DataType& type,
                                 std::vector<RowError>& errors) const override {
        std::vector<std::unique_ptr<ArrayView>> arrays;
        std::vector<std::unique_ptr<SchemaView>> schemas;
        std::vector<const ArrowArray*> array_pointers;
        std::vector<const ArrowSchema*> schema_pointers;
        for (const ColumnPtr& a : arguments) {
            arrays.push_back(std::make_unique<ArrayView>(*a));
            schemas.push_back(std::make_unique<SchemaView>("", a->type()));
            array_pointers.push_back(arrays.back()->get());
            schema_pointers.push_back(schemas.back()->get());
        }
        const SchemaView result_type("", type);
        ArrowArray result{};
        Failures failures{rows, {}, &errors};
        const millrace_call call{.rows = static_cast<std::int64_t>(rows),
                                 .argument_count = static_cast<std::int64_t>(arguments.size()),
                                 .arguments = array_pointers.data(),
                                 .types = schema_pointers.data(),
                                 .result_type = result_type.get(),
                                 .result = &result,
                                 .host = &failures,
                                 .fail = fail_row};
        ColumnPtr out = taken(call, failures, type);
        if (result.release != nullptr) result.release(&result);
        return out;
    }

  private:
    /// The result as a column; what is wrong with it as a whole is wrong with each row.
    ColumnPtr taken(const millrace_call& call, Failures& failures, const DataType& type) const {
        if (const int state = run(call, failures); state != 0) {
            failures.set_all(fmt::format("the function failed with {}", state));
            return Column::nulls(type, failures.rows);
        }
        Result<ColumnPtr> column =
            column_of(*call.result, type, failures.rows, failures.failed, *failures.errors);
        if (column) return std::move(*column);
        failures.set_all("the result is no array of its type: " + column.error().message);
        return Column::nulls(type, failures.rows);
    }

    /// What is thrown in spite of the rules goes no further.
    int run(const millrace_call& call, Failures& failures) const {
        try {
            return function_.call(&call);
        } catch (const std::exception& e) {
            fail_row(&failures, -1, fmt::format("the function threw: {}", e.what()).c_str());
        } catch (...) {
            fail_row(&failures, -1, "the function threw");
        }
        return -1;
    }

    const std::shared_ptr<const Library> library_;
    const millrace_function& function_;
    const Description description_;
};

}  // namespace

Result<std::shared_ptr<const Library>> Library::load(const std::string& name, std::string_view bytes) {
    if (const Status whole = check_elf(bytes); !whole)
        return fail(Code::invalid_argument, "library {}: {}; build it again, or copy it whole", name,
                    whole.error().message);
    const Descriptor memory(open_memory("millrace " + name));
    if (memory.get() < 0)
        return fail(Code::io_error, "library {}: no memory to load it into: {}; is vm.memfd_noexec set?",
                    name, std::strerror(errno));
    if (const Status filled = fill(memory.get(), bytes); !filled)
        return fail(Code::io_error, "library {}: cannot copy it: {}; is there memory left?", name,
                    filled.error().message);
    const std::uint64_t digest = digest_of(bytes);
    const std::string path = path_of(memory.get(), digest);
    void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* const told = dlerror();
        std::string why = told == nullptr ? "cannot be loaded" : told;
        if (why.starts_with(path + ": ")) why.erase(0, path.size() + 2);
        return fail(Code::invalid_argument,
                    "library {}: {}; link it with everything it needs beyond the system's libraries", name,
                    why);
    }
    auto made = std::make_shared<Library>(name, digest, handle);
    MR_TRY_VOID(made->take_table());
    return made;
}

Library::~Library() {
    dlclose(handle_);
}

Status Library::take_table() {
    const auto entry = reinterpret_cast<decltype(&millrace_functions)>(dlsym(handle_, "millrace_functions"));
    if (entry == nullptr)
        return fail(Code::invalid_argument,
                    "library {} does not export millrace_functions; include/millrace/function.h says how to",
                    name_);
    table_ = entry(MILLRACE_FUNCTION_ABI);
    const std::uint32_t abi = table_ == nullptr ? 0 : table_->abi;
    if (abi != MILLRACE_FUNCTION_ABI) {
        const std::string theirs = abi == 0 ? "a newer one" : fmt::format("version {}", abi);
        return fail(Code::invalid_argument,
                    "library {} is for {} of the function ABI, this millrace has version {}; build it with "
                    "the header "
                    "of this millrace",
                    name_, theirs, MILLRACE_FUNCTION_ABI);
    }
    if (table_->function_count > kMostFunctions ||
        (table_->function_count > 0 && table_->functions == nullptr))
        return fail(Code::invalid_argument, "library {} says it has {} functions; its table is broken", name_,
                    table_->function_count);
    std::set<std::string_view> names;
    for (std::uint32_t i = 0; i < table_->function_count; ++i) {
        const millrace_function& f = table_->functions[i];
        const bool whole =
            f.name != nullptr && f.arguments != nullptr && f.result != nullptr && f.call != nullptr;
        if (!whole || (f.flags & ~kFlags) != 0 || f.reserved != 0)
            return fail(Code::invalid_argument,
                        "library {}: function {} of its table lacks its name, types or call, or has a flag "
                        "that is not "
                        "known; see include/millrace/function.h",
                        name_, i);
        if (!names.insert(f.name).second)
            return fail(Code::invalid_argument, "library {} has two functions {}; give one another name",
                        name_, f.name);
    }
    return {};
}

Result<plan::NativeFunctionPtr> Library::find(std::string_view function) const {
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < table_->function_count; ++i) {
        const millrace_function& f = table_->functions[i];
        if (f.name != function) {
            names.emplace_back(f.name);
            continue;
        }
        return std::make_shared<LibraryFunction>(
            shared_from_this(), f,
            plan::NativeFunction::Description{.name = f.name,
                                              .arguments = f.arguments,
                                              .result = f.result,
                                              .null_on_null = (f.flags & MILLRACE_NULL_ON_NULL) != 0,
                                              .is_volatile = (f.flags & MILLRACE_VOLATILE) != 0,
                                              .library = name_,
                                              .digest = digest_});
    }
    return fail(Code::not_found, "library {} has no function \"{}\"{}; it has {}", name_, function,
                did_you_mean(function, names),
                names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace mr::native
