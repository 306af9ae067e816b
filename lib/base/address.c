/* IP addresses and host names as text.
 *
 * IPv4 is four decimal numbers without leading zeros, nothing else; a name whose last label is a
 * number (decimal, or hexadecimal behind "0x") would be taken for an IPv4 address by some resolvers
 * (WHATWG URL, "ends in a number") and is no name here. IPv6 is RFC 4291 section 2.2, canonical if
 * RFC 5952 would write it so. */
#include "base/address.h"

#include <svcroute/address.h>

#define NAME_MAX_BYTES 253
#define LABEL_MAX_BYTES 63

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool parse_ipv4(const char *data, size_t size, uint8_t bytes[4])
{
    size_t at = 0;

    if (size < 7 || size > 15) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        size_t start = at;
        unsigned value = 0;

        while (at < size && at < start + 3 && is_digit(data[at])) {
            value = value * 10 + (unsigned)(data[at] - '0');
            at++;
        }
        if (at == start || value > 255 || (data[start] == '0' && at > start + 1)) {
            return false;
        }
        bytes[i] = (uint8_t)value;
        if (i < 3 && (at == size || data[at++] != '.')) {
            return false;
        }
    }
    return at == size;
}

/* ---- IPv6 ---- */

/* Reads up to four hexadecimal digits; how many there were, 0 to 4. */
static size_t take_group(const char *data, size_t size, unsigned *value)
{
    size_t at = 0;

    *value = 0;
    while (at < size && at < 4 && svcr_hex_digit(data[at]) >= 0) {
        *value = *value << 4 | (unsigned)svcr_hex_digit(data[at]);
        at++;
    }
    return at;
}

/* Spreads what stands behind "::" to the end of the address; at least one group is left out. */
static bool close_gap(uint8_t bytes[16], size_t filled, size_t gap)
{
    size_t behind = filled - gap;

    if (filled > 14) {
        return false;
    }
    memmove(bytes + 16 - behind, bytes + gap, behind);
    memset(bytes + gap, 0, 16 - filled);
    return true;
}

static bool parse_ipv6(const char *data, size_t size, uint8_t bytes[16])
{
    const size_t none = 17;
    size_t at = 0, filled = 0, gap = none;

    if (size < 2 || size > 45) {
        return false;
    }
    if (data[0] == ':') {
        if (data[1] != ':') {
            return false;
        }
        gap = 0;
        at = 2;
    }
    while (at < size) {
        unsigned value;
        size_t digits = take_group(data + at, size - at, &value);

        if (filled <= 12 && digits > 0 && at + digits < size && data[at + digits] == '.') {
            if (!parse_ipv4(data + at, size - at, bytes + filled)) {
                return false;
            }
            filled += 4;
            break;
        }
        if (digits == 0 || filled == 16) {
            return false;
        }
        bytes[filled++] = (uint8_t)(value >> 8);
        bytes[filled++] = (uint8_t)value;
        at += digits;
        if (at == size) {
            break;
        }
        if (data[at++] != ':' || at == size) {
            return false;
        }
        if (data[at] == ':') {
            if (gap != none) {
                return false;
            }
            gap = filled;
            at++;
        }
    }
    return gap == none ? filled == 16 : close_gap(bytes, filled, gap);
}

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const uint8_t bytes[16])
{
    return memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static unsigned group_at(const uint8_t bytes[16], size_t index)
{
    return (unsigned)bytes[2 * index] << 8 | bytes[2 * index + 1];
}

/* The first of the longest runs of two or more zero groups (RFC 5952 section 4.2). */
static void find_gap(const uint8_t bytes[16], size_t *first, size_t *length)
{
    size_t run = 0;

    *first = 8;
    *length = 1;
    for (size_t i = 0; i < 8; i++) {
        run = group_at(bytes, i) == 0 ? run + 1 : 0;
        if (run > *length) {
            *length = run;
            *first = i + 1 - run;
        }
    }
}

static char *put_decimal(char *at, unsigned value)
{
    if (value >= 100) {
        *at++ = (char)('0' + value / 100);
    }
    if (value >= 10) {
        *at++ = (char)('0' + value / 10 % 10);
    }
    *at++ = (char)('0' + value % 10);
    return at;
}

static char *put_group(char *at, unsigned value)
{
    unsigned shift = value >= 0x1000 ? 12 : value >= 0x100 ? 8 : value >= 0x10 ? 4 : 0;

    for (;; shift -= 4) {
        *at++ = "0123456789abcdef"[value >> shift & 15];
        if (shift == 0) {
            return at;
        }
    }
}

size_t svcr_address_format_ipv6(const uint8_t bytes[16], char out[SVCR_ADDRESS_TEXT_MAX])
{
    char *at = out;
    size_t gap, length;

    if (is_mapped(bytes)) {
        memcpy(at, "::ffff:", 7);
        at += 7;
        for (size_t i = 12; i < 16; i++) {
            at = put_decimal(at, bytes[i]);
            *at++ = '.';
        }
        return (size_t)(at - out) - 1;
    }
    find_gap(bytes, &gap, &length);
    for (size_t i = 0; i < 8; i++) {
        if (i == gap) {
            *at++ = ':';
            *at++ = ':';
            i += length - 1;
            continue;
        }
        if (i > 0 && i != gap + length) {
            *at++ = ':';
        }
        at = put_group(at, group_at(bytes, i));
    }
    return (size_t)(at - out);
}

/* ---- local ---- */

static bool is_local_ipv4(const uint8_t *bytes)
{
    return bytes[0] == 127 || bytes[0] == 0 || (bytes[0] == 169 && bytes[1] == 254);
}

static bool is_local_ipv6(const uint8_t *bytes)
{
    static const uint8_t zeros[15];

    if (is_mapped(bytes)) {
        return is_local_ipv4(bytes + 12);
    }
    return (memcmp(bytes, zeros, sizeof(zeros)) == 0 && bytes[15] <= 1) ||
           (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

bool svcroute_address_is_local(const uint8_t *bytes, size_t size)
{
    if (!bytes) {
        return false;
    }
    return size == 4 ? is_local_ipv4(bytes) : size == 16 && is_local_ipv6(bytes);
}

/* ---- names ---- */

static bool is_localhost(svcr_text name)
{
    const svcr_text localhost = SVCR_TEXT("localhost");

    if (name.size < localhost.size) {
        return false;
    }
    if (name.size > localhost.size && name.data[name.size - localhost.size - 1] != '.') {
        return false;
    }
    name.data += name.size - localhost.size;
    name.size = localhost.size;
    return svcr_text_same_nocase(name, localhost);
}

static bool is_name_character(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static bool has_valid_labels(svcr_text name)
{
    size_t label = 0;

    if (name.size == 0 || name.size > NAME_MAX_BYTES) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '.') {
            if (label == 0) {
                return false;
            }
            label = 0;
        } else if (!is_name_character(name.data[i]) || ++label > LABEL_MAX_BYTES) {
            return false;
        }
    }
    return label > 0;
}

/* Whether the last label reads as a number, decimal or hexadecimal behind "0x". */
static bool ends_in_number(svcr_text name)
{
    size_t start = name.size;
    bool decimal = true;

    while (start > 0 && name.data[start - 1] != '.') {
        start--;
        decimal = decimal && is_digit(name.data[start]);
    }
    if (start == name.size || decimal) {
        return start < name.size;
    }
    if (name.size - start < 2 || name.data[start] != '0' || (name.data[start + 1] | 0x20) != 'x') {
        return false;
    }
    for (size_t i = start + 2; i < name.size; i++) {
        if (svcr_hex_digit(name.data[i]) < 0) {
            return false;
        }
    }
    return true;
}

static void judge_name(svcr_text name, struct svcr_address *out)
{
    bool number;

    if (name.size > 0 && name.data[name.size - 1] == '.') {
        name.size--;
    }
    number = ends_in_number(name);
    out->canonical = !number;
    out->local = is_localhost(name);
    out->valid_name = !number && has_valid_labels(name);
}

static void judge_ipv6(svcr_text text, struct svcr_address *out)
{
    const char *zone = memchr(text.data, '%', text.size);
    size_t size = zone ? (size_t)(zone - text.data) : text.size;
    char canonical[SVCR_ADDRESS_TEXT_MAX];

    if (!parse_ipv6(text.data, size, out->bytes)) {
        memset(out->bytes, 0, sizeof(out->bytes));
        out->canonical = 1;
        return;
    }
    out->local = is_local_ipv6(out->bytes);
    if (zone) {
        /* Without its zone the address is another one: its bytes are not given. */
        memset(out->bytes, 0, sizeof(out->bytes));
        return;
    }
    out->size = 16;
    out->valid_name = 1;
    out->canonical = svcr_address_format_ipv6(out->bytes, canonical) == size &&
                     memcmp(canonical, text.data, size) == 0;
}

void svcr_address_parse(svcr_text text, struct svcr_address *out)
{
    *out = (struct svcr_address){0};
    if (parse_ipv4(text.data, text.size, out->bytes)) {
        out->size = 4;
        out->canonical = 1;
        out->valid_name = 1;
        out->local = is_local_ipv4(out->bytes);
        return;
    }
    memset(out->bytes, 0, sizeof(out->bytes));
    if (text.size > 0 && memchr(text.data, ':', text.size)) {
        judge_ipv6(text, out);
    } else {
        judge_name(text, out);
    }
}
