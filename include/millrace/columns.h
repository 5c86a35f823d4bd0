/* Helpers for functions in C and C++: reading arguments, making results. Nothing here is part of the ABI; all of it is compiled into the
 * library that uses it. Memory is malloc's; a maker that gives non-zero could not allocate, and left nothing behind. */
#ifndef MILLRACE_COLUMNS_H
#define MILLRACE_COLUMNS_H

#include <millrace/function.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Arguments --- */

static inline int millrace_is_null(const struct ArrowArray* a, int64_t row) {
    const uint8_t* bits = (const uint8_t*)a->buffers[0];
    row += a->offset;
    return bits != NULL && ((bits[row >> 3] >> (row & 7)) & 1) == 0;
}
static inline int millrace_boolean(const struct ArrowArray* a, int64_t row) {
    row += a->offset;
    return (((const uint8_t*)a->buffers[1])[row >> 3] >> (row & 7)) & 1;
}
static inline int32_t millrace_int(const struct ArrowArray* a, int64_t row) {
    return ((const int32_t*)a->buffers[1])[row + a->offset];
}
static inline int64_t millrace_bigint(const struct ArrowArray* a, int64_t row) {
    return ((const int64_t*)a->buffers[1])[row + a->offset];
}
static inline double millrace_double(const struct ArrowArray* a, int64_t row) {
    return ((const double*)a->buffers[1])[row + a->offset];
}
/* STRING and BYTES: not ended by a zero. */
static inline const char* millrace_text(const struct ArrowArray* a, int64_t row, int64_t* length) {
    const int32_t* offsets = (const int32_t*)a->buffers[1] + a->offset;
    *length = (int64_t)offsets[row + 1] - offsets[row];
    return (const char*)a->buffers[2] + offsets[row];
}

/* --- Results --- */

static inline void millrace_release_array(struct ArrowArray* a) {
    int64_t i;
    for (i = 0; i < a->n_buffers; ++i) free((void*)a->buffers[i]);
    free((void*)a->buffers);
    a->release = NULL;
}

static inline int millrace_make_array(struct ArrowArray* out, int64_t rows, int64_t n_buffers) {
    memset(out, 0, sizeof *out);
    out->buffers = (const void**)calloc((size_t)n_buffers, sizeof(void*));
    if (out->buffers == NULL) return 1;
    out->length = rows;
    out->n_buffers = n_buffers;
    out->release = millrace_release_array;
    /* Every row is there until millrace_set_null(). */
    out->buffers[0] = malloc((size_t)(rows + 7) / 8 + 1);
    if (out->buffers[0] == NULL) return millrace_release_array(out), 1;
    memset((void*)out->buffers[0], 0xff, (size_t)(rows + 7) / 8 + 1);
    return 0;
}
static inline void millrace_set_null(struct ArrowArray* out, int64_t row) {
    uint8_t* bits = (uint8_t*)out->buffers[0];
    bits[row >> 3] = (uint8_t)(bits[row >> 3] & ~(1u << (row & 7)));
    out->null_count = -1;
}

/* Zeros of `width` bytes a row (16 for DECIMAL); the values, to be written, are out->buffers[1]. */
static inline int millrace_make_fixed(struct ArrowArray* out, int64_t rows, size_t width) {
    if (millrace_make_array(out, rows, 2)) return 1;
    out->buffers[1] = calloc((size_t)rows + 1, width);
    if (out->buffers[1] == NULL) return millrace_release_array(out), 1;
    return 0;
}
static inline double* millrace_doubles(struct ArrowArray* out) { return (double*)out->buffers[1]; }
static inline int64_t* millrace_bigints(struct ArrowArray* out) { return (int64_t*)out->buffers[1]; }
static inline int32_t* millrace_ints(struct ArrowArray* out) { return (int32_t*)out->buffers[1]; }

static inline int millrace_make_booleans(struct ArrowArray* out, int64_t rows) {
    return millrace_make_fixed(out, rows / 8 + 1, 1) ? 1 : (out->length = rows, 0);
}
static inline void millrace_set_true(struct ArrowArray* out, int64_t row) {
    uint8_t* bits = (uint8_t*)out->buffers[1];
    bits[row >> 3] = (uint8_t)(bits[row >> 3] | (1u << (row & 7)));
}

/* STRING and BYTES: millrace_make_texts(), then one millrace_add_text() a row, in order; a text of NULL is NULL. Non-zero: could not
 * allocate, or more than two gigabytes; the array is released. */
static inline int millrace_make_texts(struct ArrowArray* out, int64_t rows) {
    if (millrace_make_array(out, rows, 3)) return 1;
    out->buffers[1] = calloc((size_t)rows + 1, sizeof(int32_t));
    out->buffers[2] = malloc(64);
    if (out->buffers[1] == NULL || out->buffers[2] == NULL) return millrace_release_array(out), 1;
    return 0;
}
static inline int millrace_add_text(struct ArrowArray* out, int64_t row, const char* text, int64_t length) {
    int32_t* offsets = (int32_t*)out->buffers[1];
    const int64_t begin = offsets[row];
    int64_t room = 64;
    if (text == NULL) {
        millrace_set_null(out, row);
        length = 0;
    }
    if (length < 0 || begin + length > INT32_MAX) return millrace_release_array(out), 1;
    while (room < begin) room *= 2;
    if (begin + length > room) {
        void* more;
        while (room < begin + length) room *= 2;
        more = realloc((void*)out->buffers[2], (size_t)room);
        if (more == NULL) return millrace_release_array(out), 1;
        out->buffers[2] = more;
    }
    if (length > 0) memcpy((char*)out->buffers[2] + begin, text, (size_t)length);
    offsets[row + 1] = (int32_t)(begin + length);
    return 0;
}

#ifdef __cplusplus
}
#endif

#endif /* MILLRACE_COLUMNS_H */
