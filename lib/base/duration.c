/* Durations: seconds in digits, else Go's duration text; and Go's canonical text of a duration.
 *
 * The reference reads digits with or without a sign by strconv.ParseInt and multiplies them by a
 * second, all else by time.ParseDuration; it writes with Duration.String (Go 1.x, strconv/atoi.go
 * and time/format.go describe them). What these do at the edges is kept:
 *
 * - a text is a sign, then one or more of number and unit; a number has digits before or behind its
 * point;
 * - each part must not exceed 2^63 ns on its own, nor the sum of those so far, and only a negative
 * text may reach 2^63. The sum is 64 bits without sign, so two parts of exactly 2^63 give 0;
 * - a fraction is cut after as many digits as fit 63 bits, then scaled to the unit in double
 * precision. */
#include "base/duration.h"

#define SECOND INT64_C(1000000000)
#define LIMIT (UINT64_C(1) << 63)

enum svcr_duration_result svcr_duration_seconds(int64_t seconds, bool wrap, int64_t *nanoseconds)
{
    int64_t product;

    if (__builtin_mul_overflow(seconds, SECOND, &product) && !wrap) {
        return SVCR_DURATION_OVERFLOW;
    }
    *nanoseconds = product;
    return SVCR_DURATION_OK;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes the sign off the front; true for "-". */
static bool take_sign(svcr_text *text)
{
    bool negative = text->size > 0 && text->data[0] == '-';

    if (negative || (text->size > 0 && text->data[0] == '+')) {
        text->data++;
        text->size--;
    }
    return negative;
}

static bool all_digits(svcr_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.data[i])) {
            return false;
        }
    }
    return text.size > 0;
}

static enum svcr_duration_result parse_seconds(svcr_text digits, bool negative, bool wrap,
                                               int64_t *nanoseconds)
{
    int64_t seconds = 0;

    for (size_t i = 0; i < digits.size; i++) {
        int64_t digit = digits.data[i] - '0';

        if (__builtin_mul_overflow(seconds, (int64_t)10, &seconds) ||
            __builtin_add_overflow(seconds, negative ? -digit : digit, &seconds)) {
            return wrap ? SVCR_DURATION_BAD : SVCR_DURATION_OVERFLOW;
        }
    }
    return svcr_duration_seconds(seconds, wrap, nanoseconds);
}

/* Takes digits off the front; false when their value exceeds 2^63 (all of them are taken all the
 * same). */
static bool take_integer(svcr_text *text, uint64_t *value)
{
    bool fits = true;

    *value = 0;
    while (text->size > 0 && is_digit(text->data[0])) {
        if (*value > LIMIT / 10) {
            fits = false;
        } else {
            *value = *value * 10 + (uint64_t)(text->data[0] - '0');
            fits = fits && *value <= LIMIT;
        }
        text->data++;
        text->size--;
    }
    return fits;
}

/* Takes digits off the front: value / scale is the fraction, without the digits that no longer fit.
 */
static void take_fraction(svcr_text *text, uint64_t *value, double *scale)
{
    bool full = false;

    *value = 0;
    *scale = 1;
    while (text->size > 0 && is_digit(text->data[0])) {
        if (!full) {
            uint64_t next = *value * 10 + (uint64_t)(text->data[0] - '0');

            full = *value > (LIMIT - 1) / 10 || next > LIMIT;
            if (!full) {
                *value = next;
                *scale *= 10;
            }
        }
        text->data++;
        text->size--;
    }
}

/* Takes a unit off the front: all up to the next digit or point. 0 if there is none of that name.
 */
static uint64_t take_unit(svcr_text *text)
{
    static const struct {
        svcr_text name;
        uint64_t nanoseconds;
    } units[] = {
        {{"ns", 2}, 1},
        {{"us", 2}, 1000},
        {{"\xc2\xb5s", 3}, 1000}, /* U+00B5, micro sign */
        {{"\xce\xbcs", 3}, 1000}, /* U+03BC, mu */
        {{"ms", 2}, 1000000},
        {{"s", 1}, UINT64_C(1000000000)},
        {{"m", 1}, UINT64_C(60000000000)},
        {{"h", 1}, UINT64_C(3600000000000)},
    };
    svcr_text name = {text->data, 0};

    while (name.size < text->size && text->data[name.size] != '.' &&
           !is_digit(text->data[name.size])) {
        name.size++;
    }
    text->data += name.size;
    text->size -= name.size;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (svcr_text_same(name, units[i].name)) {
            return units[i].nanoseconds;
        }
    }
    return 0;
}

/* Takes one number with its unit off the front. After an overflow the rest is still read, to tell a
 * text that is too large from one that is none. */
static enum svcr_duration_result take_part(svcr_text *text, uint64_t *nanoseconds)
{
    size_t start = text->size, digits;
    uint64_t value, fraction = 0, unit;
    double scale = 1;
    bool fits = take_integer(text, &value);

    digits = start - text->size;
    if (text->size > 0 && text->data[0] == '.') {
        text->data++;
        text->size--;
        start = text->size;
        take_fraction(text, &fraction, &scale);
        digits += start - text->size;
    }
    if (digits == 0) {
        return SVCR_DURATION_BAD;
    }
    unit = take_unit(text);
    if (unit == 0) {
        return SVCR_DURATION_BAD;
    }
    if (!fits || value > LIMIT / unit) {
        return SVCR_DURATION_OVERFLOW;
    }
    value *= unit;
    if (fraction > 0) {
        double per_digit = (double)unit / scale;

        value += (uint64_t)((double)fraction * per_digit);
    }
    *nanoseconds = value;
    return value > LIMIT ? SVCR_DURATION_OVERFLOW : SVCR_DURATION_OK;
}

static enum svcr_duration_result parse_text(svcr_text text, bool negative, bool wrap,
                                            int64_t *nanoseconds)
{
    uint64_t sum = 0;
    bool overflow = false;

    if (text.size == 0) {
        return SVCR_DURATION_BAD;
    }
    while (text.size > 0) {
        uint64_t part = 0;
        enum svcr_duration_result result = take_part(&text, &part);

        if (result == SVCR_DURATION_BAD) {
            return SVCR_DURATION_BAD;
        }
        /* Both are at most 2^63: only twice exactly that wraps. */
        overflow |= __builtin_add_overflow(sum, part, &sum) && !wrap;
        overflow |= result == SVCR_DURATION_OVERFLOW || sum > LIMIT;
    }
    if (overflow || (sum == LIMIT && !negative)) {
        return wrap ? SVCR_DURATION_BAD : SVCR_DURATION_OVERFLOW;
    }
    *nanoseconds = sum == LIMIT ? INT64_MIN : negative ? -(int64_t)sum : (int64_t)sum;
    return SVCR_DURATION_OK;
}

enum svcr_duration_result svcr_duration_parse(svcr_text text, bool wrap, int64_t *nanoseconds)
{
    bool negative = take_sign(&text);

    if (all_digits(text)) {
        return parse_seconds(text, negative, wrap, nanoseconds);
    }
    return parse_text(text, negative, wrap, nanoseconds);
}

/* ---- formatting, from the last character to the first ---- */

static char *put_integer(char *at, uint64_t value)
{
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return at;
}

/* Puts the last `digits` decimal digits of a value behind a point, without zeros at the end, and
 * nothing if all are zero. *value keeps the rest. */
static char *put_fraction(char *at, uint64_t *value, unsigned digits)
{
    bool any = false;

    for (unsigned i = 0; i < digits; i++) {
        uint64_t digit = *value % 10;

        any = any || digit != 0;
        if (any) {
            *--at = (char)('0' + digit);
        }
        *value /= 10;
    }
    if (any) {
        *--at = '.';
    }
    return at;
}

/* Below a second the unit is chosen so that the number before the point is not 0. */
static char *put_small(char *at, uint64_t value)
{
    static const struct {
        uint64_t below;
        svcr_text unit;
        unsigned digits;
    } forms[] = {
        {1, {"s", 1}, 0},
        {1000, {"ns", 2}, 0},
        {1000000, {"\xc2\xb5s", 3}, 3},
        {1000000000, {"ms", 2}, 6},
    };
    size_t i = 0;

    while (value >= forms[i].below) {
        i++;
    }
    at -= forms[i].unit.size;
    memcpy(at, forms[i].unit.data, forms[i].unit.size);
    at = put_fraction(at, &value, forms[i].digits);
    return put_integer(at, value);
}

static char *put_large(char *at, uint64_t value)
{
    *--at = 's';
    at = put_fraction(at, &value, 9);
    at = put_integer(at, value % 60);
    value /= 60;
    if (value > 0) {
        *--at = 'm';
        at = put_integer(at, value % 60);
        value /= 60;
    }
    if (value > 0) {
        *--at = 'h';
        at = put_integer(at, value);
    }
    return at;
}

size_t svcr_duration_format(int64_t nanoseconds, char out[SVCR_DURATION_TEXT_MAX])
{
    uint64_t value = nanoseconds < 0 ? 0 - (uint64_t)nanoseconds : (uint64_t)nanoseconds;
    char text[SVCR_DURATION_TEXT_MAX], *end = text + sizeof(text);
    char *at = value < (uint64_t)SECOND ? put_small(end, value) : put_large(end, value);
    size_t size;

    if (nanoseconds < 0) {
        *--at = '-';
    }
    size = (size_t)(end - at);
    memcpy(out, at, size);
    return size;
}
