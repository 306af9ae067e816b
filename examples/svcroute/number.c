/* Numbers in arguments and scripts: decimal digits alone, whatever the locale. */
#include "number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "output.h"

#define SECOND UINT64_C(1000000000)

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Digits from the start of the text; false if there are none or they do not fit. */
static bool read_digits(struct svcroute_text text, size_t *used, uint64_t *number)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < text.size && is_digit(text.data[i]); i++) {
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value)) {
            return false;
        }
    }
    *used = i;
    *number = value;
    return i > 0;
}

bool number_read(struct svcroute_text text, uint64_t *number)
{
    size_t used;
    return read_digits(text, &used, number) && used == text.size;
}

bool number_read_scaled(struct svcroute_text text, uint64_t unit, uint64_t *number)
{
    size_t used;
    uint64_t value;
    if (!read_digits(text, &used, &value) || __builtin_mul_overflow(value, unit, &value)) {
        return false;
    }
    if (used < text.size) {
        size_t first = used + 1;
        if (text.data[used] != '.' || first == text.size) {
            return false;
        }
        /* Units are powers of ten and a few times 60: a digit's worth is cut only below 1. */
        for (uint64_t worth = unit; first < text.size; first++) {
            if (!is_digit(text.data[first])) {
                return false;
            }
            worth /= 10;
            if (__builtin_add_overflow(value, worth * (uint64_t)(text.data[first] - '0'), &value)) {
                return false;
            }
        }
    }
    *number = value;
    return true;
}

bool number_read_time(struct svcroute_text text, uint64_t *nanoseconds)
{
    static const struct {
        const char *name;
        uint64_t nanoseconds;
    } units[] = {
        /* those that end like another one first */
        {"ns", 1},     {"us", 1000},       {"ms", 1000000},
        {"s", SECOND}, {"m", 60 * SECOND}, {"h", 3600 * SECOND},
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t size = strlen(units[i].name);
        if (text.size > size && memcmp(text.data + text.size - size, units[i].name, size) == 0) {
            text.size -= size;
            return number_read_scaled(text, units[i].nanoseconds, nanoseconds);
        }
    }
    *nanoseconds = 0;
    return text_equal(text, text_of("0"));
}

const char *number_time(uint64_t nanoseconds, char into[NUMBER_TIME_SIZE])
{
    int size = snprintf(into, NUMBER_TIME_SIZE, "%" PRIu64 ".%09" PRIu64, nanoseconds / SECOND,
                        nanoseconds % SECOND);
    while (into[size - 1] == '0') {
        size--;
    }
    size -= into[size - 1] == '.';
    snprintf(into + size, (size_t)(NUMBER_TIME_SIZE - size), "s");
    return into;
}
