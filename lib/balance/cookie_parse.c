/* Reading Cookie headers, as the reference does (behaviour section 9): a part between semicolons is
 * a cookie if its name is a token and its value has no byte that a cookie may not have; every other
 * part is as if it were not there. */
#include "balance/cookie.h"

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static svcr_text trim(const char *from, const char *to)
{
    while (from < to && is_blank(*from)) {
        from++;
    }
    while (from < to && is_blank(to[-1])) {
        to--;
    }
    return (svcr_text){from, (size_t)(to - from)};
}

/* Takes one pair of quotes off; false if the value is none. */
static bool read_value(svcr_text *value)
{
    if (value->size > 1 && value->data[0] == '"' && value->data[value->size - 1] == '"') {
        value->data++;
        value->size -= 2;
    }
    for (size_t i = 0; i < value->size; i++) {
        unsigned char c = (unsigned char)value->data[i];

        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') {
            return false;
        }
    }
    return true;
}

/* A part with this name: what is behind its "=", nothing if it has none. The name asked for is a
 * token, so one that equals it needs no further look. */
static bool read_part(svcr_text part, svcr_text name, svcr_text *value)
{
    const char *at, *end = part.data + part.size;

    if (part.size < name.size || memcmp(part.data, name.data, name.size) != 0) {
        return false;
    }
    at = part.data + name.size;
    while (at < end && is_blank(*at)) {
        at++;
    }
    if (at < end && *at != '=') {
        return false;
    }
    at += at < end;
    *value = (svcr_text){at, (size_t)(end - at)};
    return read_value(value);
}

static bool too_many(const svcr_text *lines, size_t num)
{
    size_t bytes = num, cookies = num;

    for (size_t i = 0; i < num; i++) {
        bytes += lines[i].size;
    }
    if (bytes <= SVCR_COOKIES_MAX) { /* each has a byte of its own, or a line */
        return false;
    }
    for (size_t i = 0; i < num; i++) {
        for (size_t j = 0; j < lines[i].size; j++) {
            cookies += lines[i].data[j] == ';';
        }
    }
    return cookies > SVCR_COOKIES_MAX;
}

svcr_text svcr_cookie_find(const svcr_text *lines, size_t num, svcr_text name)
{
    if (too_many(lines, num)) {
        return SVCR_TEXT_ABSENT;
    }
    for (size_t i = 0; i < num; i++) {
        const char *at = lines[i].data, *end = at + lines[i].size;

        while (at < end) {
            const char *stop = memchr(at, ';', (size_t)(end - at));
            svcr_text part = trim(at, stop ? stop : end), value;

            if (read_part(part, name, &value)) {
                return value;
            }
            at = stop ? stop + 1 : end;
        }
    }
    return SVCR_TEXT_ABSENT;
}
