/* Functions as they should be, and some that break a rule each. */
#include <millrace/columns.h>
#include <stdio.h>

static int add(const struct millrace_call* c) {
    int64_t i;
    if (millrace_make_fixed(c->result, c->rows, 8)) return 1;
    for (i = 0; i < c->rows; ++i)
        millrace_bigints(c->result)[i] = millrace_bigint(c->arguments[0], i) + millrace_bigint(c->arguments[1], i);
    return 0;
}

static int shout(const struct millrace_call* c) {
    int64_t i, length;
    if (millrace_make_texts(c->result, c->rows)) return 1;
    for (i = 0; i < c->rows; ++i) {
        char text[64];
        const char* from = millrace_text(c->arguments[0], i, &length);
        const int null = millrace_is_null(c->arguments[0], i);
        const int n = snprintf(text, sizeof text, "%.*s!", (int)length, from);
        if (millrace_add_text(c->result, i, null ? NULL : text, n)) return 1;
    }
    return 0;
}

static int half(const struct millrace_call* c) {
    int64_t i;
    if (millrace_make_fixed(c->result, c->rows, 8)) return 1;
    for (i = 0; i < c->rows; ++i) {
        const int64_t v = millrace_bigint(c->arguments[0], i);
        if (v % 2 != 0) c->fail(c->host, i, "odd numbers have no half");
        millrace_bigints(c->result)[i] = v / 2;
    }
    return 0;
}

/* Of an array of INT; NULLs in it count nothing. */
static int total(const struct millrace_call* c) {
    const struct ArrowArray* list = c->arguments[0];
    const int32_t* offsets = (const int32_t*)list->buffers[1];
    int64_t i;
    int32_t k;
    if (millrace_make_fixed(c->result, c->rows, 8)) return 1;
    for (i = 0; i < c->rows; ++i) {
        for (k = offsets[i]; k < offsets[i + 1]; ++k) {
            if (!millrace_is_null(list->children[0], k)) millrace_bigints(c->result)[i] += millrace_int(list->children[0], k);
        }
    }
    return 0;
}

static int is_long(const struct millrace_call* c) {
    int64_t i, length;
    if (millrace_make_booleans(c->result, c->rows)) return 1;
    for (i = 0; i < c->rows; ++i) {
        millrace_text(c->arguments[0], i, &length);
        if (millrace_is_null(c->arguments[0], i)) millrace_set_null(c->result, i);
        if (length > 2) millrace_set_true(c->result, i);
    }
    return 0;
}

static int answer(const struct millrace_call* c) {
    int64_t i;
    if (millrace_make_fixed(c->result, c->rows, 4)) return 1;
    for (i = 0; i < c->rows; ++i) millrace_ints(c->result)[i] = 42;
    return 0;
}

static int not_filled(const struct millrace_call* c) {
    (void)c;
    return 0;
}
static int refuses(const struct millrace_call* c) {
    c->fail(c->host, 0, "of this row I know why");
    return 7;
}
static int too_short(const struct millrace_call* c) { return millrace_make_fixed(c->result, c->rows - 1, 8); }
static int bad_text(const struct millrace_call* c) {
    int64_t i;
    if (millrace_make_texts(c->result, c->rows)) return 1;
    for (i = 0; i < c->rows; ++i) {
        if (millrace_add_text(c->result, i, i == 0 ? "\xff" : "good", i == 0 ? 1 : 4)) return 1;
    }
    return 0;
}
static int bad_offsets(const struct millrace_call* c) {
    if (bad_text(c)) return 1;
    ((int32_t*)c->result->buffers[1])[1] = -5;
    return 0;
}
static int nothing(const struct millrace_call* c) {
    int64_t i;
    if (millrace_make_fixed(c->result, c->rows, 8)) return 1;
    for (i = 0; i < c->rows; ++i) millrace_set_null(c->result, i);
    return 0;
}

static const struct millrace_function table[] = {
    {"add", "BIGINT, BIGINT", "BIGINT", MILLRACE_NULL_ON_NULL, 0, add},
    {"shout", "STRING", "STRING", 0, 0, shout},
    {"half", "BIGINT", "BIGINT", MILLRACE_NULL_ON_NULL, 0, half},
    {"total", "ARRAY<INT>", "BIGINT", MILLRACE_NULL_ON_NULL, 0, total},
    {"is_long", "STRING", "BOOLEAN", 0, 0, is_long},
    {"answer", "", "INT NOT NULL", MILLRACE_VOLATILE, 0, answer},
    {"not_filled", "BIGINT", "BIGINT", 0, 0, not_filled},
    {"refuses", "BIGINT", "BIGINT", 0, 0, refuses},
    {"too_short", "BIGINT", "BIGINT", 0, 0, too_short},
    {"bad_text", "BIGINT", "STRING", 0, 0, bad_text},
    {"bad_offsets", "BIGINT", "STRING", 0, 0, bad_offsets},
    {"nothing", "BIGINT", "BIGINT NOT NULL", 0, 0, nothing},
};
static const struct millrace_library library = {MILLRACE_FUNCTION_ABI, sizeof table / sizeof table[0], table};

const struct millrace_library* millrace_functions(uint32_t host_abi) {
    return host_abi >= MILLRACE_FUNCTION_ABI ? &library : NULL;
}
