// Breaks the first rule.
#include <millrace/function.h>

#include <stdexcept>

namespace {
int throws(const millrace_call* /*call*/) {
    throw std::runtime_error("out of the blue");
}
}  // namespace

extern "C" const millrace_library* millrace_functions(uint32_t /*host_abi*/) {
    static const millrace_function table[] = {{"throws", "BIGINT", "BIGINT", 0, 0, throws}};
    static const millrace_library library = {MILLRACE_FUNCTION_ABI, 1, table};
    return &library;
}
