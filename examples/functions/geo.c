/* Three functions for SQL: how far it is between two places, whether a GTIN's check digit is right, a postcode as it is written. */
#include <math.h>
#include <millrace/columns.h>

/* Great circle, in kilometres. Arguments are never NULL here: MILLRACE_NULL_ON_NULL. */
static int distance_km(const struct millrace_call* call) {
    const double degree = 3.14159265358979323846 / 180;
    int64_t row;
    if (millrace_make_fixed(call->result, call->rows, sizeof(double))) return 1;
    for (row = 0; row < call->rows; ++row) {
        const double lat1 = millrace_double(call->arguments[0], row), lon1 = millrace_double(call->arguments[1], row);
        const double lat2 = millrace_double(call->arguments[2], row), lon2 = millrace_double(call->arguments[3], row);
        const double a = sin((lat2 - lat1) * degree / 2), b = sin((lon2 - lon1) * degree / 2);
        const double h = a * a + cos(lat1 * degree) * cos(lat2 * degree) * b * b;
        /* The other way round, so that NaN is none either. */
        if (!(fabs(lat1) <= 90 && fabs(lat2) <= 90 && fabs(lon1) <= 180 && fabs(lon2) <= 180)) {
            call->fail(call->host, row, "a latitude is beyond 90 degrees, or a longitude beyond 180");
            continue;
        }
        millrace_doubles(call->result)[row] = 2 * 6371.0088 * asin(h < 1 ? sqrt(h) : 1);
    }
    return 0;
}

/* GTIN-8, -12, -13 and -14: the last digit follows from the others. */
static int gtin_ok(const struct millrace_call* call) {
    int64_t row;
    if (millrace_make_booleans(call->result, call->rows)) return 1;
    for (row = 0; row < call->rows; ++row) {
        int64_t length, i;
        const char* text = millrace_text(call->arguments[0], row, &length);
        int sum = 0, digits = length == 8 || (length >= 12 && length <= 14);
        for (i = 0; i < length && digits; ++i) {
            digits = text[i] >= '0' && text[i] <= '9';
            sum += (text[i] - '0') * ((length - i) % 2 == 0 ? 3 : 1);
        }
        if (digits && sum % 10 == 0) millrace_set_true(call->result, row);
    }
    return 0;
}

/* In capitals, without blanks and hyphens; of nothing but those NULL. */
static int postcode(const struct millrace_call* call) {
    char out[16];
    int64_t row;
    if (millrace_make_texts(call->result, call->rows)) return 1;
    for (row = 0; row < call->rows; ++row) {
        int64_t length, i, used = 0;
        const char* text = millrace_text(call->arguments[0], row, &length);
        for (i = 0; i < length; ++i) {
            const char c = text[i];
            if (c == ' ' || c == '-') continue;
            if (used == (int64_t)sizeof out) break;
            out[used++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        }
        if (i < length) call->fail(call->host, row, "a postcode has at most 16 letters and digits");
        if (millrace_add_text(call->result, row, used == 0 || i < length ? NULL : out, used)) return 1;
    }
    return 0;
}

static const struct millrace_function functions[] = {
    {"distance_km", "DOUBLE, DOUBLE, DOUBLE, DOUBLE", "DOUBLE", MILLRACE_NULL_ON_NULL, 0, distance_km},
    {"gtin_ok", "STRING", "BOOLEAN", MILLRACE_NULL_ON_NULL, 0, gtin_ok},
    {"postcode", "STRING", "STRING", MILLRACE_NULL_ON_NULL, 0, postcode},
};
static const struct millrace_library library = {MILLRACE_FUNCTION_ABI, sizeof functions / sizeof functions[0], functions};

const struct millrace_library* millrace_functions(uint32_t host_abi) {
    return host_abi >= MILLRACE_FUNCTION_ABI ? &library : NULL;
}
