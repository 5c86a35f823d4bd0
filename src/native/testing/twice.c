/* Two functions of one name. */
#include <millrace/function.h>

static int none(const struct millrace_call* c) { return c == 0; }

const struct millrace_library* millrace_functions(uint32_t host_abi) {
    static const struct millrace_function table[] = {{"f", "INT", "INT", 0, 0, none}, {"f", "", "INT", 0, 0, none}};
    static const struct millrace_library library = {MILLRACE_FUNCTION_ABI, 2, table};
    return host_abi ? &library : 0;
}
