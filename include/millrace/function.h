/* Functions of your own for millrace's SQL, in a shared library: the C ABI, version 1.
 *
 * A library exports one symbol, millrace_functions(), which gives a table of functions: name, types as SQL writes them, what
 * computes them. A project declares what it uses (docs/sql/user-functions.md):
 *
 *     CREATE FUNCTION distance_km AS 'distance_km' LANGUAGE C USING LIBRARY 'geo.so';
 *
 * A function gets whole columns in the layout of the Arrow C data interface and gives one back. Rules:
 *
 *   - The result depends on the arguments alone: no state between calls, no clock, no files. Whoever cannot promise that sets
 *     MILLRACE_VOLATILE.
 *   - Several threads call at the same time.
 *   - Arguments are borrowed: valid until call() returns, and not to be written to.
 *   - The result is moved to the caller, which calls its release() once. millrace/columns.h makes results.
 *   - Nothing is thrown across the boundary and no longjmp goes through it. What is wrong with a row is told by fail(): the row is
 *     set aside (rejected.<table>) with that message, the others go on.
 *
 * Types and their Arrow formats: BOOLEAN b, TINYINT c, SMALLINT s, INT i, BIGINT l, FLOAT f, DOUBLE g, DECIMAL(p, s) d:p,s,
 * STRING u (UTF-8), BYTES z, DATE tdD, TIME(0..3) ttm, TIMESTAMP(p) tsm: (p <= 3), tsu: (p <= 6), tsn:, TIMESTAMP_LTZ(p) the same
 * with the zone UTC, ARRAY<t> +l, ROW<name t, ...> +s. Values of DECIMAL are 128 bits wide and lie at addresses that are multiples of 16.
 *
 * Pure C99, no dependencies. A header of another version says so in MILLRACE_FUNCTION_ABI. */
#ifndef MILLRACE_FUNCTION_H
#define MILLRACE_FUNCTION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MILLRACE_FUNCTION_ABI 1

/* As https://arrow.apache.org/docs/format/CDataInterface.html has it, unless another header had it first. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char* format;
    const char* name;
    const char* metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema** children;
    struct ArrowSchema* dictionary;
    void (*release)(struct ArrowSchema*);
    void* private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void** buffers;
    struct ArrowArray** children;
    struct ArrowArray* dictionary;
    void (*release)(struct ArrowArray*);
    void* private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

/* Flags of a function. */
#define MILLRACE_NULL_ON_NULL 1u /* NULL where an argument is NULL; call() does not see such rows */
#define MILLRACE_VOLATILE 2u     /* the same arguments may give another result: never computed ahead or once for several places */

/* One batch. */
struct millrace_call {
    int64_t rows; /* at least 1 */
    int64_t argument_count;
    const struct ArrowArray* const* arguments; /* each of `rows` rows, offset 0 */
    const struct ArrowSchema* const* types;    /* of the arguments */
    const struct ArrowSchema* result_type;
    struct ArrowArray* result; /* to be filled: `rows` rows, no dictionary */
    void* host;
    /* Sets row `row` of this batch aside; -1: all of them. The text is copied. What the result says of such a row does not matter. */
    void (*fail)(void* host, int64_t row, const char* message);
};

struct millrace_function {
    const char* name;      /* what AS '…' of CREATE FUNCTION says */
    const char* arguments; /* "DOUBLE, STRING": SQL types, "" for none */
    const char* result;    /* "DOUBLE", "STRING NOT NULL" */
    uint32_t flags;
    uint32_t reserved; /* 0 */
    /* 0: `result` is filled. Anything else: it is not, and all rows are set aside. */
    int (*call)(const struct millrace_call* call);
};

struct millrace_library {
    uint32_t abi; /* MILLRACE_FUNCTION_ABI */
    uint32_t function_count;
    const struct millrace_function* functions;
};

#if defined(_WIN32)
#define MILLRACE_EXPORT __declspec(dllexport)
#else
#define MILLRACE_EXPORT __attribute__((visibility("default")))
#endif

/* The library's only entry. `host_abi` is the newest version the caller knows; a library that needs a newer one gives NULL. The table
 * stays as it is for as long as the library is loaded. */
MILLRACE_EXPORT const struct millrace_library* millrace_functions(uint32_t host_abi);

#ifdef __cplusplus
}
#endif

#endif /* MILLRACE_FUNCTION_H */
