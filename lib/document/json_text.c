/* JSON's scalars as text: strings with escapes or characters beyond ASCII, and numbers. */
#include "document/syntax.h"

/* The four digits of \uXXXX at `at`; -1 if they are none. */
static int32_t read_unit(const char *at, const char *end)
{
    if (end - at < 4) {
        return -1;
    }
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = svcr_hex_digit(at[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool is_high(int32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(int32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* The end of the escape whose backslash is at `at`, or NULL. */
static const char *check_escape(const char *at, const char *end, const char **why)
{
    at++;
    if (at == end || memchr("\"\\/bfnrtu", *at, 9) == NULL) {
        *why = "a backslash stands ahead of none of \" \\ / b f n r t u";
        return NULL;
    }
    if (*at++ != 'u') {
        return at;
    }
    int32_t unit = read_unit(at, end);
    if (unit < 0) {
        *why = "\\u needs four hexadecimal digits";
        return NULL;
    }
    at += 4;
    if (is_low(unit)) {
        *why = "the second half of a surrogate pair stands alone";
        return NULL;
    }
    if (!is_high(unit)) {
        return at;
    }
    if (end - at < 2 || at[0] != '\\' || at[1] != 'u' || !is_low(read_unit(at + 2, end))) {
        *why = "the first half of a surrogate pair stands alone";
        return NULL;
    }
    return at + 6;
}

const char *svcr_json_string(const char *at, const char *end, size_t *wide, bool *escapes,
                             const char **fault, const char **why)
{
    *wide = 0;
    *escapes = false;
    while (at < end && *at != '"') {
        uint8_t c = (uint8_t)*at;
        *fault = at;
        if (c == '\\') {
            *escapes = true;
            at = check_escape(at, end, why);
            if (at == NULL) {
                return NULL;
            }
        } else if (c < 0x20) {
            *why = "a control character stands in a string; write it as an escape";
            return NULL;
        } else if (c < 0x80) {
            at++;
        } else {
            uint32_t character;
            size_t size = svcr_utf8_decode(at, (size_t)(end - at), &character);
            if (size == 0) {
                *why = NULL;
                return NULL;
            }
            *wide += size - 1;
            at += size;
        }
    }
    if (at == end) {
        *fault = end;
        *why = "the text ends inside a string";
        return NULL;
    }
    return at;
}

static char plain_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

size_t svcr_json_unescape(const char *at, const char *end, char *out)
{
    char *start = out;
    while (at < end) {
        const char *backslash = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((backslash != NULL ? backslash : end) - at);
        memcpy(out, at, plain);
        out += plain;
        at += plain;
        if (backslash == NULL) {
            break;
        }
        if (at[1] != 'u') {
            *out++ = plain_escape(at[1]);
            at += 2;
            continue;
        }
        uint32_t character = (uint32_t)read_unit(at + 2, end);
        at += 6;
        if (is_high((int32_t)character)) {
            uint32_t low = (uint32_t)read_unit(at + 2, end);
            character = 0x10000 + ((character - 0xd800) << 10 | (low - 0xdc00));
            at += 6;
        }
        out += svcr_utf8_encode(character, out);
    }
    return (size_t)(out - start);
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9') {
        at++;
    }
    return at;
}

const char *svcr_json_number(const char *at, const char *end, bool *whole)
{
    const char *start = at;
    *whole = true;
    if (at < end && *at == '-') {
        at++;
    }
    const char *digits = at;
    at = at < end && *at == '0' ? at + 1 : skip_digits(at, end);
    if (at == digits) {
        return start;
    }
    if (at < end && *at == '.') {
        digits = at + 1;
        at = skip_digits(digits, end);
        if (at == digits) {
            return start;
        }
        *whole = false;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '-' || *at == '+')) {
            at++;
        }
        digits = at;
        at = skip_digits(digits, end);
        if (at == digits) {
            return start;
        }
        *whole = false;
    }
    return at;
}
